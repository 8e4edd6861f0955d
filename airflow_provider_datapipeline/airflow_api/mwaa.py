"""
The way to the API of an Amazon MWAA environment: AWS credentials, a web token, a login, and a token for some time.

The web token of CreateWebLoginToken is good for one login within 60 seconds. The login answers with a cookie, whose
value is the API's bearer token; AWS gives it 12 hours.

The login's path and its form are those of AWS's documentation and of the amazon provider's ``MwaaHook``, which cannot
serve here: it blocks, logs in for every call, and knows Airflow 3 in its newest releases only.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow.threads import in_thread
from airflow_provider_datapipeline.airflow_api import _http
from airflow_provider_datapipeline.airflow_api._sessions import Grant, seconds_of
from airflow_provider_datapipeline.exceptions import AirflowApiError

if TYPE_CHECKING:
    from airflow_provider_datapipeline.hooks._mwaa import WebLogin

_ENVIRONMENT_VARIABLE = "AIRFLOW_ENV_NAME"
"""Where MWAA names the environment to the processes that run in it."""

_LOGIN_PATH = "/pluginsv2/aws_mwaa/login"
_COOKIE = "_token"
_REFUSED = (401, 403)
_NO_SUCH_PAGE = 404


async def log_in(connection: Any) -> Grant:
    """
    Return what the environment lets the connection's identity in with.

    :param connection: of type ``aws``, whose identity may call CreateWebLoginToken; ``env_name`` in its extra is the
        environment's name, and else what MWAA has set in its own processes
    :raises AirflowApiError: no environment is named, AWS gives no web token, or the environment does not let its
        holder in; the text has the remedy, and no token
    """
    environment = _environment_of(connection)
    # In a thread, because importing boto3, making a client and asking AWS all block; not in the one that all
    # share, because AWS may take its time.
    login = await in_thread(_web_login, connection, environment)
    address = _http.Address(f"https://{login.host}", login.verify)
    token = await _token(connection, login, address, environment)
    return Grant(address, token, seconds_of(token))


def check(connection: Any, method: str, path: str, status: int) -> None:
    """
    Judge the status of an answer.

    :raises AirflowApiError: the environment does not allow this to the connection's identity
    """
    if status in _REFUSED:
        raise AirflowApiError(
            f"The MWAA environment {_environment_of(connection)!r} refuses {method} {path} with HTTP {status} after a "
            f"login with the connection {connection.conn_id!r} (airflow_conn_id). Its identity needs "
            "airflow:CreateWebLoginToken for a role that may edit DAG runs, and for no lesser one: User, Op or Admin."
        )


def _environment_of(connection: Any) -> str:
    """
    Return the name of the MWAA environment that a connection means.

    :raises AirflowApiError: it names none, and this process does not run in one
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


async def _token(connection: Any, login: WebLogin, address: _http.Address, environment: str) -> str:
    import httpx

    passes = True
    try:
        response = await _http.answer(connection.conn_id, address, "POST", _LOGIN_PATH, data={"token": login.token})
    except httpx.HTTPError as error:
        # Told outside of this block: the error holds the request, and that the web token.
        refusal = (
            f"gave no answer ({type(error).__name__}: {error}). A private web server is reached from the environment's "
            "VPC alone."
        )
    else:
        token: str | None = response.cookies.get(_COOKIE)
        if token and not response.is_error:
            return token
        refusal = f"answered HTTP {response.status_code}" + ("." if response.is_error else f" without {_COOKIE}.")
        passes = response.status_code != _NO_SUCH_PAGE
        refusal += (
            " It takes a web token once, within 60 seconds; the next request asks for a new one."
            if passes
            else " Environments of Airflow 2 have no such page."
        )
    raise AirflowApiError(
        f"Logging in to the MWAA environment {environment!r} failed: {address.url}{_LOGIN_PATH} {refusal}",
        may_pass=passes,
    )
