"""The way to an API server that a connection of type ``http`` leads to: with a user, with a token, or with neither."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_datapipeline.airflow_api import _http
from airflow_provider_datapipeline.airflow_api._sessions import Grant, seconds_of
from airflow_provider_datapipeline.airflow_api.errors import may_pass
from airflow_provider_datapipeline.exceptions import AirflowApiError

_TOKEN_PATH = "/auth/token"  # noqa: S105  # where tokens are, and none


def api_url(host: str | None, port: int | None, schema: str | None) -> str:
    """
    Return the address of the API server that a connection gives, without a slash at the end.

    :param host: a name or an address, or a URL, both with or without a path; what it says of scheme and port counts
        more than the two others, as in Airflow's own HttpHook
    """
    host = (host or "localhost").strip()
    if host.count(":") > 1 and "://" not in host and not host.startswith("["):
        host = f"[{host}]"  # an IPv6 address; with a port of its own it stands in brackets already
    parts = urlsplit(host if "://" in host else f"{schema or 'http'}://{host}")
    address = parts.netloc if parts.port or not port else f"{parts.netloc.rstrip(':')}:{port}"
    return f"{parts.scheme}://{address}{parts.path.rstrip('/')}"


async def log_in(connection: Any) -> Grant:
    """
    Return what the API server lets the connection's user in with.

    :param connection: host, port, login and password of a user who may edit DAG runs; ``schema`` for https. A password
        alone is taken for a token.
    :raises httpx.HTTPError: the API server gave no answer, or could not say
    :raises AirflowApiError: it refuses the login, or the connection leads elsewhere; the text has the remedy
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
    token = await _token(connection, address)
    return Grant(address, token, seconds_of(token))


async def _token(connection: Any, address: _http.Address) -> str:
    import httpx

    if connection.login:
        user = {"username": connection.login, "password": connection.password}
        response = await _http.answer(connection.conn_id, address, "POST", _TOKEN_PATH, json=user)
    else:
        # SimpleAuthManager with [core] simple_auth_manager_all_admins hands a token to anybody.
        response = await _http.answer(connection.conn_id, address, "GET", _TOKEN_PATH)
    try:
        response.raise_for_status()
        return str(response.json()["access_token"])
    except httpx.HTTPStatusError as error:
        if may_pass(error):
            raise
        said = f"HTTP {response.status_code}"
    except (ValueError, KeyError, TypeError):
        said = f"HTTP {response.status_code} without an access_token"
    # Told outside of the block: the error of httpx holds the request, and that the password.
    raise AirflowApiError(
        f"Logging in to Airflow's API with the connection {connection.conn_id!r} (airflow_conn_id) failed: "
        f"{address.url}{_TOKEN_PATH} answered {said} to {_named(connection)}. Correct the login and the password; or "
        "the host, if that is not the API server of an Airflow 3."
    )


def _named(connection: Any) -> str:
    return f"the user {connection.login!r}" if connection.login else "a request without a user"
