"""The errors that the emulator answers. They have the names that AWS uses."""

from __future__ import annotations

_STATUS_OF_CODE = {"InternalServiceError": 500, "InternalFailure": 500, "ServiceUnavailable": 503}


class ServiceError(Exception):
    """
    An error that the caller receives as JSON.

    :param code: the name of the error without a prefix, sent as ``__type``
    :param message: the text, sent as ``message``
    :param status: the HTTP status; the default is that of AWS's API pages: 503 for ServiceUnavailable, 500 for
        internal errors, 400 for all others
    """

    def __init__(self, code: str, message: str, *, status: int | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status or _STATUS_OF_CODE.get(code, 400)


def invalid_request(message: str) -> ServiceError:
    """Return an InvalidRequestException."""
    return ServiceError("InvalidRequestException", message)


def task_not_found() -> ServiceError:
    """Return a TaskNotFoundException. Its text is invented, because no public sample exists."""
    return ServiceError("TaskNotFoundException", "The specified task was not found.")
