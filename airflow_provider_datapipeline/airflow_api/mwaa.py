"""
The way to the API of an Amazon MWAA environment: AWS credentials, a web token, a login, and a token for some time.

The web token of CreateWebLoginToken is good for one login within 60 seconds. The login answers with a cookie, whose
value is the API's bearer token; AWS gives it 12 hours. It is kept for one, by event loop, connection and environment,
because whether a DAG is paused is asked every minute or two.

The login's path and its form are those of AWS's documentation and of the amazon provider's ``MwaaHook``, which cannot
serve here: it blocks, logs in for every call, and knows Airflow 3 in its newest releases only.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async

from airflow_provider_datapipeline.exceptions import AirflowApiError

if TYPE_CHECKING:
    import httpx

    from airflow_provider_datapipeline.hooks._mwaa import WebLogin

_ENVIRONMENT_VARIABLE = "AIRFLOW_ENV_NAME"
"""Where MWAA names the environment to the processes that run in it."""

_LOGIN_PATH = "/pluginsv2/aws_mwaa/login"
_COOKIE = "_token"
_KEPT_SECONDS = 3600.0
_TIMEOUT_SECONDS = 10.0
_REFUSED = (401, 403)
_NO_SUCH_PAGE = 404


@dataclass(frozen=True, eq=False)
class _Session:
    """
    A login that has succeeded.

    :param tls: made once for all requests, because reading a bundle of certificates takes some 20 ms
    :param end: ``time.monotonic()`` from which on it is not used any more
    """

    url: str
    tls: ssl.SSLContext
    token: str = field(repr=False)
    end: float

    async def send(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        async with _client(self.url, self.tls) as client:
            return await client.request(method, path, json=body, headers={"Authorization": f"Bearer {self.token}"})


_Sessions = dict[tuple[str, str], "asyncio.Task[_Session]"]
_of_loops: dict[asyncio.AbstractEventLoop, _Sessions] = {}


async def send(connection: Any, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
    """
    Make a request and return the answer, whatever its status but 401 and 403.

    :param connection: of type ``aws``, whose identity may call CreateWebLoginToken; ``env_name`` in its extra is the
        environment's name, and else what MWAA has set in its own processes
    :raises AirflowApiError: no environment is named, AWS gives no web token, or the environment does not let its
        holder in, or does not allow this; the text has the remedy, and no token
    :raises httpx.HTTPError: the environment's API gave no answer
    """
    environment = _environment_of(connection)
    sessions = _of_running_loop()
    key = (connection.conn_id, environment)
    kept = await _kept(sessions, key)
    if kept is not None:
        response = await kept.send(method, path, body)
        if response.status_code not in _REFUSED:
            return response
        _forget(sessions, key, kept)
    session = await _begun(sessions, key, connection)
    response = await session.send(method, path, body)
    if response.status_code in _REFUSED:
        raise AirflowApiError(
            f"The MWAA environment {environment!r} refuses {method} {path} with HTTP {response.status_code} after a "
            f"login with the connection {connection.conn_id!r} (airflow_conn_id). Its identity needs "
            "airflow:CreateWebLoginToken for a role that may edit DAG runs, and for no lesser one: User, Op or Admin."
        )
    return response


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


def _of_running_loop() -> _Sessions:
    loop = asyncio.get_running_loop()
    if loop not in _of_loops:
        for closed in [other for other in list(_of_loops) if other.is_closed()]:
            del _of_loops[closed]
    return _of_loops.setdefault(loop, {})


async def _kept(sessions: _Sessions, key: tuple[str, str]) -> _Session | None:
    """Return the session that there is, or that somebody is just beginning."""
    task = sessions.get(key)
    if task is None:
        return None
    session = await asyncio.shield(task)
    if time.monotonic() < session.end:
        return session
    _forget(sessions, key, session)
    return None


async def _begun(sessions: _Sessions, key: tuple[str, str], connection: Any) -> _Session:
    """Return a session that has just begun, or that somebody else has begun meanwhile."""
    task = sessions.get(key)
    if task is None:
        # A task of its own: who waits for the login may be canceled, and the others still want it.
        task = sessions[key] = asyncio.create_task(_begin(connection, key[1]))
        task.add_done_callback(partial(_drop_failure, sessions, key))
    return await asyncio.shield(task)


def _forget(sessions: _Sessions, key: tuple[str, str], session: _Session) -> None:
    """Have the next request log in anew, unless another one has done so already."""
    task = sessions.get(key)
    if task is not None and task.done() and task.result() is session:
        del sessions[key]


def _drop_failure(sessions: _Sessions, key: tuple[str, str], task: asyncio.Task[_Session]) -> None:
    if (task.cancelled() or task.exception() is not None) and sessions.get(key) is task:
        del sessions[key]


async def _begin(connection: Any, environment: str) -> _Session:
    # In a thread, because importing boto3, making a client and asking AWS all block; not in asgiref's one thread for
    # everybody, because AWS may take its time.
    login, tls = await sync_to_async(_web_login, thread_sensitive=False)(connection, environment)
    url = f"https://{login.host}"
    token = await _token(login, url, tls, environment)
    return _Session(url, tls, token, time.monotonic() + _KEPT_SECONDS)


def _web_login(connection: Any, environment: str) -> tuple[WebLogin, ssl.SSLContext]:
    from airflow_provider_datapipeline.hooks._mwaa import web_login

    login = web_login(connection, environment)
    return login, _tls(login.verify)


def _tls(verify: bool | str | None) -> ssl.SSLContext:
    import httpx

    if isinstance(verify, str):
        # httpx would warn of a path. botocore has read the very same bundle before, so that it is there.
        is_folder = Path(verify).is_dir()
        return ssl.create_default_context(capath=verify) if is_folder else ssl.create_default_context(cafile=verify)
    return httpx.create_ssl_context(verify=verify is not False)


async def _token(login: WebLogin, url: str, tls: ssl.SSLContext, environment: str) -> str:
    import httpx

    refusal = ""
    try:
        async with _client(url, tls) as client:
            response = await client.post(_LOGIN_PATH, data={"token": login.token})
    except httpx.HTTPError as error:
        # Told outside of this block: the error holds the request, and that the web token.
        refusal = (
            f"gave no answer ({type(error).__name__}: {error}). A private web server is reached from the environment's "
            "VPC alone."
        )
    else:
        token = response.cookies.get(_COOKIE)
        if token and not response.is_error:
            return token
        refusal = f"answered HTTP {response.status_code}" + ("." if response.is_error else f" without {_COOKIE}.")
        refusal += (
            " Environments of Airflow 2 have no such page."
            if response.status_code == _NO_SUCH_PAGE
            else " It takes a web token once, within 60 seconds; the next request asks for a new one."
        )
    raise AirflowApiError(f"Logging in to the MWAA environment {environment!r} failed: {url}{_LOGIN_PATH} {refusal}")


def _client(url: str, tls: ssl.SSLContext) -> httpx.AsyncClient:
    import httpx

    return httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_SECONDS, verify=tls)
