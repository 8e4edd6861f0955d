"""Logs in to an API server that a connection of type ``http`` leads to: with a user, with a token, or with neither."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_datapipeline.airflow_api import _http
from airflow_provider_datapipeline.airflow_api._sessions import Grant, seconds_of
from airflow_provider_datapipeline.airflow_api.errors import may_pass
from airflow_provider_datapipeline.exceptions import AirflowApiError

if TYPE_CHECKING:
    from airflow_provider_datapipeline.airflow_api._timing import Timing

_TOKEN_PATH = "/auth/token"  # noqa: S105  # the path at which tokens are given out, not a token


def api_url(host: str | None, port: int | None, schema: str | None) -> str:
    """
    Return the URL of the API server, without a slash at the end, from the parts of a connection.

    :param host: a name, an address or a URL, each with or without a path. A scheme or a port in it takes precedence
        over the other two parameters, as in Airflow's own HttpHook.
    """
    host = (host or "localhost").strip()
    if host.count(":") > 1 and "://" not in host and not host.startswith("["):
        host = f"[{host}]"  # an IPv6 address; one with a port has brackets already
    parts = urlsplit(host if "://" in host else f"{schema or 'http'}://{host}")
    address = parts.netloc if parts.port or not port else f"{parts.netloc.rstrip(':')}:{port}"
    return f"{parts.scheme}://{address}{parts.path.rstrip('/')}"


async def log_in(connection: Any, timing: Timing) -> Grant:
    """
    Log in with the user of an Airflow connection.

    :param connection: host, port, login and password of a user who may edit DAG runs; ``schema`` for https. A password
        without a login is used as a token.
    :raises httpx.HTTPError: the API server gave no answer, or one that may be different later
    :raises AirflowApiError: the API server refuses the login, or the connection does not lead to an API server; the
        text has the remedy
    """
    try:
        address = _http.Address(api_url(connection.host, connection.port, connection.schema))
    except ValueError as error:
        raise AirflowApiError(
            f"The connection {connection.conn_id!r} (airflow_conn_id) has the host {connection.host!r}, which is no "
            f"address: {error}. Correct its host and port."
        ) from None
    if connection.password and not connection.login:
        return Grant(address, connection.password, math.inf)  # until it is refused
    token = await _token(connection, address, timing)
    return Grant(address, token, seconds_of(token, timing))


async def _token(connection: Any, address: _http.Address, timing: Timing) -> str:
    import httpx

    if connection.login:
        user = {"username": connection.login, "password": connection.password}
        response = await _http.answer(
            connection.conn_id, address, "POST", _TOKEN_PATH, seconds=timing.request, json=user
        )
    else:
        # SimpleAuthManager with [core] simple_auth_manager_all_admins gives a token to everybody.
        response = await _http.answer(connection.conn_id, address, "GET", _TOKEN_PATH, seconds=timing.request)
    try:
        response.raise_for_status()
        return str(response.json()["access_token"])
    except httpx.HTTPStatusError as error:
        if may_pass(error):
            raise
        answer = f"HTTP {response.status_code}"
    except (ValueError, KeyError, TypeError):
        answer = f"HTTP {response.status_code} without an access_token"
    # Raised outside of the block, because the error of httpx holds the request with the password.
    raise AirflowApiError(
        f"Logging in to Airflow's API with the connection {connection.conn_id!r} (airflow_conn_id) failed: "
        f"{address.url}{_TOKEN_PATH} answered {answer} to {_user(connection)}. Correct the login and the password; or "
        "the host, if that is not the API server of an Airflow 3."
    )


def _user(connection: Any) -> str:
    return f"the user {connection.login!r}" if connection.login else "a request without a user"
