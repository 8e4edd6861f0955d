"""The errors that the emulator answers, by AWS's names."""

from __future__ import annotations

_STATUS_OF_CODE = {"InternalServiceError": 500, "InternalFailure": 500, "ServiceUnavailable": 503}


class ServiceError(Exception):
    """
    An error that a caller gets as JSON.

    :param code: the bare name, sent as ``__type``
    :param message: sent as ``message``
    :param status: HTTP status; by default 500 for internal errors and 400 for all others, as on the API pages
    """

    def __init__(self, code: str, message: str, *, status: int | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status or _STATUS_OF_CODE.get(code, 400)


def invalid_request(message: str) -> ServiceError:
    """An InvalidRequestException."""
    return ServiceError("InvalidRequestException", message)


def task_not_found() -> ServiceError:
    """A TaskNotFoundException; no public sample of its text exists."""
    return ServiceError("TaskNotFoundException", "The specified task was not found.")
