"""
Logs in to the API of an Amazon MWAA environment with AWS credentials.

CreateWebLoginToken of AWS returns a web token, which is valid for one login within 60 seconds. The environment's web
server answers the login with a cookie, whose value is the API's bearer token. The bearer token is valid for 12 hours.

The path and the form of the login are those of AWS's documentation and of the amazon provider's ``MwaaHook``. That hook
cannot be used here: it blocks, logs in for every call, and only its newest releases know Airflow 3.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow.threads import in_thread
from airflow_provider_datapipeline.airflow_api import _http
from airflow_provider_datapipeline.airflow_api._sessions import Grant, seconds_of
from airflow_provider_datapipeline.exceptions import AirflowApiError

if TYPE_CHECKING:
    from airflow_provider_datapipeline.airflow_api._timing import Timing
    from airflow_provider_datapipeline.hooks._mwaa import WebLogin

_ENVIRONMENT_VARIABLE = "AIRFLOW_ENV_NAME"
"""The variable in which MWAA tells its processes the name of the environment."""

_LOGIN_PATH = "/pluginsv2/aws_mwaa/login"
_COOKIE = "_token"
_REFUSED = (401, 403)
_NO_SUCH_PAGE = 404


async def log_in(connection: Any, timing: Timing) -> Grant:
    """
    Log in with the identity of an Airflow connection.

    :param connection: of type ``aws``; its identity may call CreateWebLoginToken. ``env_name`` in its extra is the name
        of the environment; without it, the name that MWAA has set in its own processes is used.
    :raises AirflowApiError: no environment is named, AWS gives no web token, or the environment refuses the login; the
        text has the remedy, and no token
    """
    environment = _environment_of(connection)
    # In a thread, because importing boto3, making a client and asking AWS all block; not in the one thread that all
    # share, because AWS may answer late.
    login = await in_thread(_web_login, connection, environment)
    address = _http.Address(f"https://{login.host}", login.verify)
    token = await _token(connection, login, address, environment, timing)
    return Grant(address, token, seconds_of(token, timing))


def check(connection: Any, method: str, path: str, status: int) -> None:
    """
    Check the status of an answer.

    :raises AirflowApiError: the environment does not allow the request to the connection's identity
    """
    if status in _REFUSED:
        raise AirflowApiError(
            f"The MWAA environment {_environment_of(connection)!r} refuses {method} {path} with HTTP {status} after a "
            f"login with the connection {connection.conn_id!r} (airflow_conn_id). Its identity needs "
            "airflow:CreateWebLoginToken for a role that may edit DAG runs, and for no lesser one: User, Op or Admin."
        )


def _environment_of(connection: Any) -> str:
    """
    Return the name of the MWAA environment that a connection leads to.

    :raises AirflowApiError: the connection names no environment, and this process does not run in one
    """
    name = connection.extra_dejson.get("env_name") or os.environ.get(_ENVIRONMENT_VARIABLE, "")
    if not str(name).strip():
        raise AirflowApiError(
            f"The connection {connection.conn_id!r} (airflow_conn_id) is of type aws, and so leads to Airflow's API on "
            f"Amazon MWAA, but of which environment is not known: there is neither env_name in its extra nor "
            f"{_ENVIRONMENT_VARIABLE}, which MWAA sets. Add it to the extra: "
            '{"env_name": "my-environment"}. For an Airflow elsewhere, name a connection of type http.'
        )
    return str(name).strip()


def _web_login(connection: Any, environment: str) -> WebLogin:
    from airflow_provider_datapipeline.hooks._mwaa import web_login

    return web_login(connection, environment)


async def _token(connection: Any, login: WebLogin, address: _http.Address, environment: str, timing: Timing) -> str:
    import httpx

    may_pass = True
    form = {"token": login.token}
    try:
        response = await _http.answer(
            connection.conn_id, address, "POST", _LOGIN_PATH, seconds=timing.request, data=form
        )
    except httpx.HTTPError as error:
        # Raised outside of this block, because the error of httpx holds the request with the web token.
        refusal = (
            f"gave no answer ({type(error).__name__}: {error}). A private web server is reached from the environment's "
            "VPC alone."
        )
    else:
        token: str | None = response.cookies.get(_COOKIE)
        if token and not response.is_error:
            return token
        refusal = f"answered HTTP {response.status_code}" + ("." if response.is_error else f" without {_COOKIE}.")
        may_pass = response.status_code != _NO_SUCH_PAGE
        refusal += (
            " It takes a web token once, within 60 seconds; the next request asks for a new one."
            if may_pass
            else " Environments of Airflow 2 have no such page."
        )
    raise AirflowApiError(
        f"Logging in to the MWAA environment {environment!r} failed: {address.url}{_LOGIN_PATH} {refusal}",
        may_pass=may_pass,
    )
