"""
Keeps open asynchronous clients, one for each event loop and key, and closes them.

Calls share a client. The last call that uses a discarded client closes it. What is still open when the event loop ends
is closed then.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from airflow_provider_datapipeline.hooks._per_loop import PerLoop
from airflow_provider_datapipeline.hooks._use_count import UseCount

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, eq=False)
class ClientInUse(Generic[V]):
    """
    A client for the time of one call.

    :param client: open for as long as the call is in the context manager that has returned this object
    :param discard: has the next call build its client anew, unless another call has replaced this client already
    """

    client: V
    discard: Callable[[], None]


class _OpenClient(Generic[V]):
    """A client that is open, the calls that use it, and what closes it."""

    def __init__(self, client: V, close: AsyncExitStack, open_clients: set[_OpenClient[V]]) -> None:
        self.client = client
        self.calls = UseCount()
        self._close = close
        self._open_clients = open_clients
        self._loop = asyncio.get_running_loop()
        self._closing: asyncio.Task[None] | None = None
        open_clients.add(self)

    def leave(self) -> None:
        if self.calls.leave() and not self._loop.is_closed():
            self.close()

    def discard(self) -> None:
        if self.calls.discard():
            self.close()

    def close(self) -> asyncio.Task[None]:
        """Close the client in a task of its own, because the caller may be canceled; return the task."""
        if self._closing is None or self._closing.cancelled():
            self._closing = self._loop.create_task(self._close.aclose())
            self._closing.add_done_callback(self._forget)
        return self._closing

    def _forget(self, closing: asyncio.Task[None]) -> None:
        if not closing.cancelled():
            self._open_clients.discard(self)


class OpenClients(Generic[K, V]):
    """Clients by event loop and key, which are open while a call uses them."""

    def __init__(self) -> None:
        self._clients = PerLoop[K, _OpenClient[V]](dropped=_OpenClient.discard)
        self._owners: dict[asyncio.AbstractEventLoop, _Owner[V]] = {}

    @asynccontextmanager
    async def use(
        self,
        key: K,
        prepare: Callable[[], Awaitable[AbstractAsyncContextManager[V]]],
        *,
        fits: Callable[[V], bool] = lambda _: True,
    ) -> AsyncIterator[ClientInUse[V]]:
        """
        Give the client of the running event loop to a call, and keep it open meanwhile; where there is none, open one.

        :param prepare: returns the context manager that opens and closes a client
        :param fits: whether this call can use a client that is there already; if not, that one is replaced
        """

        async def build() -> _OpenClient[V]:
            return await (await self._owner()).open(await prepare())

        while True:
            opened = await self._clients.get(key, build, fits=lambda opened: fits(opened.client))
            if opened.calls.enter():  # else another call has discarded it just now
                break
        try:
            yield ClientInUse(opened.client, lambda: self._discard(key, opened))
        finally:
            opened.leave()

    def clear(self) -> None:
        """Have every next call open its client anew, in any event loop."""
        self._clients.clear()

    def _discard(self, key: K, opened: _OpenClient[V]) -> None:
        self._clients.discard(key, opened)

    async def _owner(self) -> _Owner[V]:
        loop = asyncio.get_running_loop()
        if loop not in self._owners:
            for closed in [other for other in list(self._owners) if other.is_closed()]:
                self._owners.pop(closed, None)
            owner = self._owners[loop] = _Owner()
            await owner.begin()
        return self._owners[loop]


class _Owner(Generic[V]):
    """
    Owns the open clients of one event loop.

    At the end of an event loop asyncio closes every asynchronous generator that is suspended in it (``asyncio.run``
    calls ``shutdown_asyncgens`` after all tasks have ended). The generator here then closes what is still open.
    """

    def __init__(self) -> None:
        self._open_clients: set[_OpenClient[V]] = set()
        self._until_end = self._close_at_end()

    async def begin(self) -> None:
        """Have the running event loop know of the generator."""
        await anext(self._until_end)

    async def open(self, context: AbstractAsyncContextManager[V]) -> _OpenClient[V]:
        """Open a client."""
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(context)
            return _OpenClient(client, stack.pop_all(), self._open_clients)

    async def _close_at_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await asyncio.gather(*(opened.close() for opened in list(self._open_clients)), return_exceptions=True)
