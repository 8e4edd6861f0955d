"""
One shared value per event loop and key: built once, whoever asks for it meanwhile, and built anew when it is outdated.

Without locks, so that a process that was forked in the middle of anything goes on: what it inherits belongs to event
loops that do not run in it, and is kept, unused, because closing it here would end the connections of its parent.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

K = TypeVar("K")
V = TypeVar("V")


class OpenClient(Generic[V]):
    """
    A client and what closes it: hold on to this object, not to ``client`` alone, until the call has ended.

    The generator is suspended where its client is open. Python has the event loop close it when nobody holds it any
    more, which after :meth:`PerLoop.discard` means: after the last call under way. ``asyncio.run`` closes it at its
    end.
    """

    def __init__(self, client: V, opened: AsyncGenerator[V, None]) -> None:
        self.client = client
        self._opened = opened

    @classmethod
    async def of(cls, context: AbstractAsyncContextManager[V]) -> OpenClient[V]:
        """Enter the context; it is left when nobody holds what is returned."""
        opened = _opened(context)
        return cls(await anext(opened), opened)


async def _opened(context: AbstractAsyncContextManager[V]) -> AsyncGenerator[V, None]:
    async with context as client:
        yield client


class PerLoop(Generic[K, V]):
    """Values by event loop and key. A loop's values go with it."""

    def __init__(self) -> None:
        self._loops: dict[asyncio.AbstractEventLoop, dict[K, asyncio.Task[V]]] = {}

    async def get(self, key: K, build: Callable[[], Awaitable[V]], *, fits: Callable[[V], bool] = lambda _: True) -> V:
        """
        Return the value that there is, or that somebody is just building; build it where there is none.

        What ``build`` raises is raised to all who wait for it, and not kept.

        :param fits: whether a value that is there already will do; one that does not is built anew, and what is then
            built is returned to whoever asked for it, whatever it is
        """
        tasks = self._of_running_loop()
        while (task := tasks.get(key)) is not None and (not task.done() or _has_succeeded(task)):
            if fits(value := await asyncio.shield(task)):
                return value
            del value
            if tasks.get(key) is task:
                del tasks[key]
        # A task of its own: who waits for the value may be canceled, and the others still want it.
        task = tasks[key] = asyncio.create_task(_built(build))
        task.add_done_callback(partial(_drop_failure, tasks, key))
        return await asyncio.shield(task)

    def discard(self, key: K, value: V) -> bool:
        """Have the next ``get`` in this event loop build anew; False: ``value`` has been replaced already."""
        tasks = self._of_running_loop()
        task = tasks.get(key)
        is_there = task is not None and _has_succeeded(task) and task.result() is value
        if is_there:
            del tasks[key]
        return is_there

    def clear(self) -> None:
        """Have every next ``get`` build anew, in any event loop."""
        self._loops.clear()

    def _of_running_loop(self) -> dict[K, asyncio.Task[V]]:
        loop = asyncio.get_running_loop()
        if loop not in self._loops:
            for closed in [other for other in list(self._loops) if other.is_closed()]:
                self._loops.pop(closed, None)
        return self._loops.setdefault(loop, {})


async def _built(build: Callable[[], Awaitable[V]]) -> V:
    return await build()


def _has_succeeded(task: asyncio.Task[V]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _drop_failure(tasks: dict[K, asyncio.Task[V]], key: K, task: asyncio.Task[V]) -> None:
    if not _has_succeeded(task) and tasks.get(key) is task:
        del tasks[key]
