"""
One AWS client per process, connection, region and purpose.

A client costs 50 times the call made with it (45 ms; 150 ms and 9 MB with aiobotocore), and it owns the connection
pool: a client per call opens a connection per call. Hooks are made freely; the clients behind them live here.

A process that was forked builds its own: two processes on one TLS connection corrupt it. Asynchronous clients belong to
the event loop that they were made in, and are closed with it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_datapipeline.hooks._per_loop import OpenClient, PerLoop

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from airflow_provider_datapipeline.hooks._config import Purpose


class ClientKey(NamedTuple):
    """What makes two calls share a client: all that decides how it is built, short of the connection's content."""

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: str
    purpose: Purpose


@dataclass(eq=False)
class _Slot:
    """Room for one client; its lock keeps builders of that client apart without keeping up those of another."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    client: Any = None


AsyncClient = OpenClient[Any]

Opener = Callable[[], AbstractAsyncContextManager[Any]]
"""Opens a client in the event loop that runs; not opened yet, so that nothing is left open if nobody gets to it."""


@dataclass(eq=False)
class _Clients:
    lock: threading.Lock = field(default_factory=threading.Lock)
    slots: dict[ClientKey, _Slot] = field(default_factory=dict)

    def slot(self, key: ClientKey) -> _Slot:
        with self.lock:
            return self.slots.setdefault(key, _Slot())


_clients = _Clients()
_inherited: list[_Clients] = []
_async_clients = PerLoop[ClientKey, AsyncClient]()


def _start_anew() -> None:
    global _clients  # noqa: PLW0603 - replaced whole, because its locks may be held by threads that a fork leaves behind
    _inherited.append(_clients)  # kept, because closing a connection here would end the parent's TLS session
    _clients = _Clients()


os.register_at_fork(after_in_child=_start_anew)


def forget_clients() -> None:
    """
    Make the next calls build new clients, which look up their connections again.

    A client built before keeps the endpoint and the region that its Airflow connection had then; changed credentials
    need no such call, because a client whose credentials are refused is dropped by itself.
    """
    with _clients.lock:
        _clients.slots.clear()
    _async_clients.clear()


def shared_client(key: ClientKey, build: Callable[[], Any]) -> Any:
    """Return the process's client for ``key``, which ``build`` makes where there is none."""
    slot = _clients.slot(key)
    with slot.lock:
        if slot.client is None:
            slot.client = build()
        return slot.client


def discard(key: ClientKey, client: Any) -> None:
    """Have the next call build its client anew, unless another caller has replaced ``client`` already."""
    slot = _clients.slot(key)
    with slot.lock:
        if slot.client is client:
            slot.client = None


async def shared_async_client(key: ClientKey, prepare: Callable[[], Awaitable[Opener]]) -> AsyncClient:
    """Return the event loop's client for ``key``; where there is none, ``prepare`` returns what opens one."""

    async def build() -> AsyncClient:
        opener = await prepare()
        return await AsyncClient.of(opener())

    return await _async_clients.get(key, build)


def discard_async(key: ClientKey, client: AsyncClient) -> None:
    """Have the next call in this event loop build its client anew, unless ``client`` has been replaced already."""
    _async_clients.discard(key, client)
