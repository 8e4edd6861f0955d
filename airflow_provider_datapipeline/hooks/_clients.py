"""
One AWS client per process, connection, region and purpose.

A client costs 50 times the call made with it (45 ms; 150 ms and 9 MB with aiobotocore), and it owns the connection
pool: a client per call opens a connection per call. Hooks are made freely; the clients behind them live here.

A process that was forked builds its own: two processes on one TLS connection corrupt it. Asynchronous clients belong to
the event loop that they were made in, and are closed with it.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

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


@dataclass(eq=False)
class AsyncClient:
    """
    A client and what closes it: hold on to this object, not to ``client`` alone, until the call has ended.

    The generator is suspended where its client is open. Python has the event loop close it when nobody holds it any
    more, which after ``discard_async`` means: after the last call under way; ``asyncio.run`` closes it at its end.
    """

    client: Any
    opened: AsyncGenerator[Any, None]


Opener = Callable[[], AbstractAsyncContextManager[Any]]
"""Opens a client in the event loop that runs; not opened yet, so that nothing is left open if nobody gets to it."""

_AsyncSlots = dict[ClientKey, "asyncio.Task[AsyncClient]"]


@dataclass(eq=False)
class _Clients:
    lock: threading.Lock = field(default_factory=threading.Lock)
    slots: dict[ClientKey, _Slot] = field(default_factory=dict)
    loops: dict[asyncio.AbstractEventLoop, _AsyncSlots] = field(default_factory=dict)

    def slot(self, key: ClientKey) -> _Slot:
        with self.lock:
            return self.slots.setdefault(key, _Slot())

    def of_running_loop(self) -> _AsyncSlots:
        loop = asyncio.get_running_loop()
        with self.lock:
            if loop not in self.loops:
                for closed in [other for other in self.loops if other.is_closed()]:
                    del self.loops[closed]
            return self.loops.setdefault(loop, {})


_clients = _Clients()
_inherited: list[_Clients] = []


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
        _clients.loops.clear()


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
    slots = _clients.of_running_loop()
    task = slots.get(key)
    if task is None:
        # a task of its own: who waits for the client may be canceled, and the others still want it
        task = slots[key] = asyncio.create_task(_open(prepare))
        task.add_done_callback(partial(_drop_failure, slots, key))
    return await asyncio.shield(task)


def discard_async(key: ClientKey, client: AsyncClient) -> None:
    """Have the next call in this event loop build its client anew, unless ``client`` has been replaced already."""
    slots = _clients.of_running_loop()
    task = slots.get(key)
    if task is not None and task.done() and task.result() is client:
        del slots[key]


async def _open(prepare: Callable[[], Awaitable[Opener]]) -> AsyncClient:
    opener = await prepare()
    opened = _opened(opener())
    return AsyncClient(await anext(opened), opened)


async def _opened(context: AbstractAsyncContextManager[Any]) -> AsyncGenerator[Any, None]:
    async with context as client:
        yield client


def _drop_failure(slots: _AsyncSlots, key: ClientKey, task: asyncio.Task[AsyncClient]) -> None:
    if (task.cancelled() or task.exception() is not None) and slots.get(key) is task:
        del slots[key]
