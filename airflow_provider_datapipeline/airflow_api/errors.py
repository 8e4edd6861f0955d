"""Which errors of Airflow's API may pass by themselves."""

from __future__ import annotations

from airflow_provider_datapipeline.exceptions import AirflowApiError, DataPipelineError

_SERVER_ERROR = 500
_REQUEST_TIMEOUT = 408
_TOO_MANY_REQUESTS = 429


def may_pass(error: BaseException) -> bool:
    """
    Tell whether the same request may succeed later although nobody has corrected anything.

    No: what the API server refuses (401, 403, 404, 400, 422), what leads nowhere (a connection that does not exist, an
    address that is none), and any other error of this package. Yes: no connection, no answer in time, 5xx, 408, 429,
    a throttled or unreachable AWS on the way to an MWAA environment, and what is not known.
    """
    if isinstance(error, AirflowApiError):
        return error.may_pass
    if isinstance(error, DataPipelineError):
        return False
    import httpx  # loaded already where the error is one of its own, and by Airflow 3.1 and newer

    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        return status >= _SERVER_ERROR or status in (_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS)
    return not isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError | httpx.InvalidURL)
