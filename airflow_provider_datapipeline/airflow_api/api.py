"""Asks Airflow's API to stop a run, or whether a DAG is paused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_provider_datapipeline.airflow_api import _sessions, mwaa, server
from airflow_provider_datapipeline.airflow_api._timing import Timing
from airflow_provider_datapipeline.exceptions import AirflowApiError

if TYPE_CHECKING:
    import httpx

    from airflow_provider_datapipeline.airflow_api._sessions import Grant

MISSING = "missing"
"""What :meth:`AirflowApi.stop_run` returns if the run does not exist."""

_MWAA = "aws"
_ENDED = ("success", "failed")
_NOT_FOUND = 404
_TIMING = Timing()


class AirflowApi:
    """
    Airflow's public REST API, for requests that a trigger cannot make otherwise.

    Objects are cheap: in one event loop, all objects with the same connection share its client and its token. A request
    has ten seconds, so a call is bounded: reading the connection (10 s), logging in (10 s; on MWAA 40 s, of which AWS
    has 30) and the request, at most twice. For each error that a method raises,
    :func:`~airflow_provider_datapipeline.airflow_api.errors.may_pass` tells whether the same call may succeed later.

    :param conn_id: an Airflow connection. If its type is ``aws``, it leads to the API of an Amazon MWAA environment,
        see :mod:`~airflow_provider_datapipeline.airflow_api.mwaa`. If its type is ``http`` or any other, it leads to an
        API server, see :mod:`~airflow_provider_datapipeline.airflow_api.server`.
    :param timing: how long a request may take, and how long a login is kept
    """

    def __init__(self, conn_id: str, *, timing: Timing = _TIMING) -> None:
        self._conn_id = conn_id
        self._timing = timing

    async def stop_run(self, dag_id: str, run_id: str) -> str | None:
        """
        Mark a run as failed, which ends its tasks, unless the run has ended already.

        :return: None if the run was stopped. Otherwise nothing was changed: ``success`` or ``failed`` if the run has
            ended so by itself, :data:`MISSING` if it does not exist.
        :raises httpx.HTTPError: the API server did not do it, or gave no answer
        :raises AirflowApiError: the connection does not open Airflow's API; the text has the remedy
        :raises TimeoutError: the connection could not be read in time
        """
        path = f"/api/v2/dags/{_segment(dag_id)}/dagRuns/{_segment(run_id)}"
        response = await self._request("GET", path)
        if not _is_missing(response, run_id):
            state = _content(response).get("state")
            if state in _ENDED:
                return str(state)
            response = await self._request("PATCH", path, {"state": "failed"})
            if not _is_missing(response, run_id):
                response.raise_for_status()
                return None
        return MISSING

    async def is_paused(self, dag_id: str) -> bool:
        """
        Tell whether a DAG is paused.

        :raises httpx.HTTPError: the API server did not say, or gave no answer
        :raises AirflowApiError: the connection does not open Airflow's API; the text has the remedy
        :raises TimeoutError: the connection could not be read in time
        """
        return bool(_content(await self._request("GET", f"/api/v2/dags/{_segment(dag_id)}")).get("is_paused"))

    async def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        response: httpx.Response
        request = _sessions.Request(method, path, body)
        response, connection = await _sessions.send(self._conn_id, _log_in, request, self._timing)
        if connection.conn_type == _MWAA:
            mwaa.check(connection, method, path, response.status_code)
        return response


async def _log_in(connection: Any, timing: Timing) -> Grant:
    return await (mwaa.log_in if connection.conn_type == _MWAA else server.log_in)(connection, timing)


def _segment(name: str) -> str:
    """Return an id as one segment of a path; characters that may stand in a segment unquoted stay as they are."""
    quoted = quote(name, safe=":+@,;=")
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")  # "." and ".." would mean another folder


def _is_missing(response: httpx.Response, run_id: str) -> bool:
    """Tell whether the API server says that the run does not exist: a wrong address is answered with 404, too."""
    if response.status_code != _NOT_FOUND:
        return False
    try:
        return run_id in str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return False


def _content(response: httpx.Response) -> dict[str, Any]:
    response.raise_for_status()
    try:
        content = response.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise AirflowApiError(
            f"{response.request.url} (airflow_conn_id) answered HTTP {response.status_code} with something that is not "
            "Airflow's. Correct the connection's host: it must lead to the API server of an Airflow 3."
        )
    return content
