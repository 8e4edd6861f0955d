"""
Keeps one AWS client for each process, connection, region and purpose.

A client costs 50 times the call made with it (45 ms; 150 ms and 9 MB with aiobotocore), and it owns the connection
pool, so a client for each call would open a connection for each call. Hooks are made freely, and share these clients.

A forked process builds its own clients, because two processes that write to one TLS connection corrupt it. An
asynchronous client belongs to the event loop in which it was made.

Calls share a client. A client that is discarded is closed by the last call that uses it; asynchronous clients are also
closed at the end of their event loop.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_datapipeline.hooks._open_clients import ClientInUse, OpenClients
from airflow_provider_datapipeline.hooks._use_count import UseCount

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from airflow_provider_datapipeline.hooks._config import Purpose


class ClientKey(NamedTuple):
    """Two calls with the same key share a client: all that decides how it is built, except the connection's content."""

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: str
    purpose: Purpose


Opener = Callable[[], AbstractAsyncContextManager[Any]]
"""Returns what opens a client in the running event loop. It opens nothing yet, so nothing is left open if unused."""


@dataclass(eq=False)
class _SharedClient:
    """A synchronous client, and the calls that use it."""

    client: Any
    calls: UseCount = field(default_factory=UseCount)

    def leave(self) -> None:
        if self.calls.leave():
            self.client.close()

    def discard(self) -> None:
        if self.calls.discard():
            self.client.close()


@dataclass(eq=False)
class _Slot:
    """
    The place of one client.

    :param lock: held while the client is built, so that it is built once; other clients have other locks
    :param is_forgotten: whether no further call will find this slot
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    shared: _SharedClient | None = None
    is_forgotten: bool = False

    def enter(self, build: Callable[[], Any], fits: Callable[[Any], bool]) -> _SharedClient:
        """Count a call that uses the client, which ``build`` makes where there is none."""
        with self.lock:
            if self.shared is not None and not fits(self.shared.client):
                self.shared.discard()
            if self.shared is None or not self.shared.calls.enter():
                self.shared = _SharedClient(build())
                self.shared.calls.enter()
            if self.is_forgotten:
                self.shared.discard()
            return self.shared

    def forget(self) -> None:
        """Discard the client without waiting for a call that is building it: that call then discards it."""
        self.is_forgotten = True
        if (shared := self.shared) is not None:
            shared.discard()


@dataclass(eq=False)
class _Clients:
    lock: threading.Lock = field(default_factory=threading.Lock)
    slots: dict[ClientKey, _Slot] = field(default_factory=dict)

    def slot(self, key: ClientKey) -> _Slot:
        with self.lock:
            return self.slots.setdefault(key, _Slot())

    def forget(self) -> None:
        with self.lock:
            slots, self.slots = self.slots, {}
        for slot in slots.values():
            slot.forget()


_clients = _Clients()
_inherited: list[_Clients] = []
_async_clients = OpenClients[ClientKey, Any]()


def _start_anew() -> None:
    global _clients  # noqa: PLW0603 - replaced whole, because its locks may be held by threads that a fork leaves behind
    _inherited.append(_clients)  # kept, because closing a connection here would end the parent's TLS session
    _clients = _Clients()


os.register_at_fork(after_in_child=_start_anew)


def forget_clients() -> None:
    """
    Have the next calls build new clients, which look up their connections again.

    A client built before keeps the endpoint and the region that its Airflow connection had then. Changed credentials
    need no such call, because a client whose credentials are refused is discarded by the call that was refused.
    """
    _clients.forget()
    _async_clients.clear()


@contextmanager
def use_client(
    key: ClientKey, build: Callable[[], Any], *, fits: Callable[[Any], bool] = lambda _: True
) -> Iterator[ClientInUse[Any]]:
    """
    Give the process's client for ``key`` to a call, and keep it open meanwhile.

    :param build: makes the client where there is none
    :param fits: whether this call can use a client that is there already; if not, that one is replaced
    """
    shared = _clients.slot(key).enter(build, fits)
    try:
        yield ClientInUse(shared.client, shared.discard)
    finally:
        shared.leave()


def use_async_client(
    key: ClientKey, prepare: Callable[[], Awaitable[Opener]]
) -> AbstractAsyncContextManager[ClientInUse[Any]]:
    """
    Give the running event loop's client for ``key`` to a call, and keep it open meanwhile.

    :param prepare: returns what opens the client where there is none
    """

    async def open_client() -> AbstractAsyncContextManager[Any]:
        return (await prepare())()

    return _async_clients.use(key, open_client)
