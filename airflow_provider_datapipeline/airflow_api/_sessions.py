"""
One connection and one login per event loop and ``airflow_conn_id``, kept for as long as they are good.

A token is kept until it ends or is refused. It is refused with 401, and then there is one new login and one repeat; or
with 403, which some say of a token that they do not know, and others of a right that is missing: a new login changes
nothing of the latter, so it is tried once a minute at the most. The connection is read anew every minute, and whenever
what it led to was refused, so that one which was changed is used without a restart.
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

    LogIn = Callable[[Any], Awaitable["Grant"]]

CONNECTION_SECONDS = 60.0
FORBIDDEN_SECONDS = 60.0
TOKEN_SECONDS = 3600.0
"""How long a token is kept that does not say when it ends."""

_UNAUTHORIZED = 401
_FORBIDDEN = 403


@dataclass(frozen=True)
class Grant:
    """
    What a login comes to.

    :param token: a bearer token
    :param seconds: for how long it is good
    """

    address: _http.Address
    token: str = field(repr=False)
    seconds: float = field(compare=False)


@dataclass(frozen=True, eq=False)
class _Read:
    connection: Any
    content: tuple[Any, ...] = field(repr=False)
    at: float


@dataclass(frozen=True, eq=False)
class _Session:
    """
    A login that has succeeded.

    :param content: of the connection that it was made with
    :param began: ``time.monotonic()``
    :param forbidden: when the last login was made because of a 403
    """

    conn_id: str
    grant: Grant
    content: tuple[Any, ...] = field(repr=False)
    began: float
    forbidden: float

    async def send(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        grant = self.grant
        return await _http.answer(self.conn_id, grant.address, method, path, token=grant.token, json=body)

    def fits(self, read: _Read) -> bool:
        return self.content == read.content and time.monotonic() < self.began + self.grant.seconds

    def may_be_outdated(self, status: int, asked: float) -> bool:
        """Tell whether a new login may help against an answer to what was asked then."""
        if self.began >= asked:
            return False
        return status == _UNAUTHORIZED or (
            status == _FORBIDDEN and time.monotonic() - self.forbidden >= FORBIDDEN_SECONDS
        )


_connections = PerLoop[str, _Read]()
_sessions = PerLoop[str, _Session]()


async def send(
    conn_id: str, log_in: LogIn, method: str, path: str, body: dict[str, Any] | None = None
) -> tuple[Any, Any]:
    """
    Make a request; return the answer, an ``httpx.Response`` whatever its status, and the connection that led there.

    :param log_in: called with the connection where there is no token that is good
    :raises httpx.HTTPError: there was no answer, or none in time
    :raises AirflowApiError: the connection does not exist, or cannot be used
    :raises TimeoutError: the connection could not be read in time
    """
    asked = time.monotonic()
    read = await _read(conn_id)
    session = await _session(conn_id, read, log_in)
    response = await session.send(method, path, body)
    if not session.may_be_outdated(response.status_code, asked):
        return response, read.connection
    _sessions.discard(conn_id, session)
    _connections.discard(conn_id, read)
    read = await _read(conn_id)
    forbidden = time.monotonic() if response.status_code == _FORBIDDEN else session.forbidden
    renewed = await _session(conn_id, read, log_in, forbidden)
    if renewed.grant != session.grant:  # else a token from the connection, which is still the same
        response = await renewed.send(method, path, body)
    return response, read.connection


async def _session(conn_id: str, read: _Read, log_in: LogIn, forbidden: float = -math.inf) -> _Session:
    async def begin() -> _Session:
        try:
            grant = await log_in(read.connection)
        except Exception:
            _connections.discard(conn_id, read)
            raise
        return _Session(conn_id, grant, read.content, time.monotonic(), forbidden)

    return await _sessions.get(conn_id, begin, fits=lambda kept: kept.fits(read))


async def _read(conn_id: str) -> _Read:
    try:
        async with asyncio.timeout(_http.TIMEOUT_SECONDS) as bound:
            return await _connections.get(
                conn_id,
                # Not in the one thread that all share, which may be waiting for anything.
                partial(in_thread, _read_now, conn_id),
                fits=lambda read: time.monotonic() - read.at < CONNECTION_SECONDS,
            )
    except TimeoutError as error:
        if not bound.expired():
            raise
        raise TimeoutError(
            f"The connection {conn_id!r} (airflow_conn_id) could not be read within {_http.TIMEOUT_SECONDS:g} s."
        ) from error


def _read_now(conn_id: str) -> _Read:
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
    return _Read(connection, content, time.monotonic())


def seconds_of(token: str) -> float:
    """Return for how long a token is good, by its own word if it is a JWT whose end is to come."""
    try:
        _, payload, _ = token.split(".")
        left = float(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]) - time.time()
    except (ValueError, TypeError, KeyError, OverflowError):
        return TOKEN_SECONDS
    # A clock that goes wrong says of every token that it has ended; the API server will say so itself.
    return left if left > 0 else TOKEN_SECONDS
