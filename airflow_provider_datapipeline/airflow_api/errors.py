"""Tells which errors of Airflow's API may pass by themselves."""

from __future__ import annotations

from airflow_provider_datapipeline.exceptions import AirflowApiError, DataPipelineError

_SERVER_ERROR = 500
_REQUEST_TIMEOUT = 408
_TOO_MANY_REQUESTS = 429


def may_pass(error: BaseException) -> bool:
    """
    Tell whether the same request may succeed later although nobody has corrected anything.

    False: the API server refuses the request (400, 401, 403, 404, 422), the Airflow connection does not exist, its
    address is not valid, and every other error of this package. True: no TCP connection, no answer in time, 5xx, 408,
    429, AWS throttles or cannot be reached on the way to an MWAA environment, and every error that is not known here.
    """
    if isinstance(error, AirflowApiError):
        return error.may_pass
    if isinstance(error, DataPipelineError):
        return False
    import httpx  # loaded already if the error is one of httpx's, and by Airflow 3.1 and newer

    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        return status >= _SERVER_ERROR or status in (_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS)
    return not isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError | httpx.InvalidURL)
