"""
Keeps one Airflow connection and one login for each event loop and ``airflow_conn_id``.

A token is kept until it ends or is refused. After a 401 there is one new login, and the request is made once more.
After a 403 likewise, because some API servers answer 403 to a token that they do not know; others answer it where a
right is missing, which a new login does not change, so there is at most one such login a minute. The connection is read
again every minute, and whenever a request or a login was refused, so that a corrected connection is used without a
restart.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import AirflowNotFoundException
from airflow_provider_datapipeline._airflow.threads import in_thread
from airflow_provider_datapipeline.airflow_api import _http
from airflow_provider_datapipeline.exceptions import AirflowApiError
from airflow_provider_datapipeline.hooks._per_loop import PerLoop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_provider_datapipeline.airflow_api._timing import Timing

    LogIn = Callable[[Any, Timing], Awaitable["Grant"]]

_UNAUTHORIZED = 401
_FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Request:
    """
    What is asked of the API.

    :param path: begins with a slash, and follows the address of the API
    :param body: sent as JSON; None: no body
    """

    method: str
    path: str
    body: dict[str, Any] | None = None


@dataclass(frozen=True)
class Grant:
    """
    The result of a login.

    :param address: of the API that takes the token
    :param token: a bearer token
    :param seconds: how long the token is valid
    """

    address: _http.Address
    token: str = field(repr=False)
    seconds: float = field(compare=False)


@dataclass(frozen=True, eq=False)
class _ReadConnection:
    """
    An Airflow connection as it was read.

    :param content: the parts of it that a login depends on
    :param at: when it was read, ``timing.now()``
    """

    connection: Any
    content: tuple[Any, ...] = field(repr=False)
    at: float


@dataclass(frozen=True, eq=False)
class _Session:
    """
    A login that has succeeded.

    :param content: of the connection that the login was made with
    :param began: when the login was made, ``timing.now()``
    :param forbidden: when the last login was made because of a 403, ``timing.now()``
    """

    conn_id: str
    grant: Grant
    content: tuple[Any, ...] = field(repr=False)
    began: float
    forbidden: float

    async def send(self, request: Request, timing: Timing) -> Any:
        return await _http.answer(
            self.conn_id,
            self.grant.address,
            request.method,
            request.path,
            seconds=timing.request,
            token=self.grant.token,
            json=request.body,
        )

    def fits(self, read: _ReadConnection, now: float) -> bool:
        """Tell whether the login is still valid, and was made with the connection as it is now."""
        return self.content == read.content and now < self.began + self.grant.seconds

    def may_be_outdated(self, status: int, asked: float, timing: Timing) -> bool:
        """Tell whether a new login may change the answer to a request that was begun at the time ``asked``."""
        if self.began >= asked:
            return False
        return status == _UNAUTHORIZED or (status == _FORBIDDEN and timing.now() - self.forbidden >= timing.forbidden)


_connections = PerLoop[str, _ReadConnection]()
_sessions = PerLoop[str, _Session]()


async def send(conn_id: str, log_in: LogIn, request: Request, timing: Timing) -> tuple[Any, Any]:
    """
    Make a request.

    :param log_in: called with the Airflow connection if there is no valid token
    :return: the answer, an ``httpx.Response`` whatever its status, and the Airflow connection that was used
    :raises httpx.HTTPError: there was no answer, or none in time
    :raises AirflowApiError: the connection does not exist, or cannot be used
    :raises TimeoutError: the connection could not be read in time
    """
    asked = timing.now()
    read = await _read_connection(conn_id, timing)
    session = await _session(conn_id, read, log_in, timing)
    response = await session.send(request, timing)
    if not session.may_be_outdated(response.status_code, asked, timing):
        return response, read.connection
    _sessions.discard(conn_id, session)
    _connections.discard(conn_id, read)
    read = await _read_connection(conn_id, timing)
    forbidden = timing.now() if response.status_code == _FORBIDDEN else session.forbidden
    renewed = await _session(conn_id, read, log_in, timing, forbidden)
    if renewed.grant != session.grant:  # a token that the connection itself contains may still be the same
        response = await renewed.send(request, timing)
    return response, read.connection


async def _session(
    conn_id: str, read: _ReadConnection, log_in: LogIn, timing: Timing, forbidden: float = -math.inf
) -> _Session:
    async def begin() -> _Session:
        try:
            grant = await log_in(read.connection, timing)
        except Exception:
            _connections.discard(conn_id, read)
            raise
        return _Session(conn_id, grant, read.content, timing.now(), forbidden)

    return await _sessions.get(conn_id, begin, fits=lambda kept: kept.fits(read, timing.now()))


async def _read_connection(conn_id: str, timing: Timing) -> _ReadConnection:
    try:
        async with asyncio.timeout(timing.request) as bound:
            return await _connections.get(
                conn_id,
                # Not in the one thread that all share, which may be waiting for anything.
                partial(in_thread, _read_now, conn_id, timing),
                fits=lambda read: timing.now() - read.at < timing.connection,
            )
    except TimeoutError as error:
        if not bound.expired():
            raise
        raise TimeoutError(
            f"The connection {conn_id!r} (airflow_conn_id) could not be read within {timing.request:g} s."
        ) from error


def _read_now(conn_id: str, timing: Timing) -> _ReadConnection:
    try:
        connection = compat.connection(conn_id)
    except AirflowNotFoundException as error:
        raise AirflowApiError(
            f"The connection {conn_id!r} (airflow_conn_id) does not exist. Create it, for example with: "
            f"airflow connections add {conn_id} --conn-type http --conn-host HOST --conn-port 8080 --conn-login USER "
            "--conn-password PASSWORD"
        ) from error
    content = tuple(
        getattr(connection, name) for name in ("conn_type", "host", "port", "schema", "login", "password", "extra")
    )
    return _ReadConnection(connection, content, timing.now())


def seconds_of(token: str, timing: Timing) -> float:
    """Return how long a token is valid: until the end that it names, if it is a JWT whose end is in the future."""
    try:
        _, payload, _ = token.split(".")
        left = float(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]) - time.time()
    except (ValueError, TypeError, KeyError, OverflowError):
        return timing.token
    # With a wrong clock every token seems to have ended. The API server refuses those that really have.
    return left if left > 0 else timing.token
