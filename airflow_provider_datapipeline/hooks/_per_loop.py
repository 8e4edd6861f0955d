"""
Keeps one value for each event loop and key. A value is built once, however many callers want it meanwhile.

There are no locks, so a process that was forked at any moment goes on. The values that it inherits belong to event
loops that do not run in it. They stay unused, because closing them here would end the connections of the parent.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

K = TypeVar("K")
V = TypeVar("V")


@dataclass(eq=False)
class _LoopValues(Generic[K, V]):
    """
    The values of one event loop.

    :param clears: how often :meth:`PerLoop.clear` had been called when these values were last checked
    :param tasks: for each key the task that builds the value, or has built it
    """

    clears: int
    tasks: dict[K, asyncio.Task[V]] = field(default_factory=dict)


class PerLoop(Generic[K, V]):
    """
    Values by event loop and key. When an event loop is closed, its values are forgotten.

    :param dropped: called in the value's event loop with each value that ``get`` will not return again, because it was
        discarded, did not fit, or was cleared
    """

    def __init__(self, dropped: Callable[[V], None] = lambda _: None) -> None:
        self._loops: dict[asyncio.AbstractEventLoop, _LoopValues[K, V]] = {}
        self._dropped = dropped
        self._clears = 0

    async def get(self, key: K, build: Callable[[], Awaitable[V]], *, fits: Callable[[V], bool] = lambda _: True) -> V:
        """
        Return the value of the running event loop, and build it if there is none.

        Callers that come while the value is being built wait for it. If ``build`` raises an error, all of them receive
        the error, and the next caller builds again.

        :param fits: whether this caller can use a value that somebody else has built. If not, the caller builds
            another value, which replaces the first one, and is returned without calling ``fits``.
        """
        tasks = self._tasks_of_running_loop()
        while (task := tasks.get(key)) is not None and (not task.done() or _has_succeeded(task)):
            value = await asyncio.shield(task)
            if fits(value):
                return value
            self._drop(tasks, key, task)
        # The build is a task of its own, because its first caller may be canceled while others still wait for it.
        task = tasks[key] = asyncio.create_task(_built(build))
        task.add_done_callback(partial(_forget_failure, tasks, key))
        return await asyncio.shield(task)

    def discard(self, key: K, value: V) -> bool:
        """
        Have the next ``get`` in the running event loop build a value.

        :return: False if ``value`` had been replaced already, so that nothing was discarded
        """
        tasks = self._tasks_of_running_loop()
        task = tasks.get(key)
        if task is None or not _has_succeeded(task) or task.result() is not value:
            return False
        self._drop(tasks, key, task)
        return True

    def clear(self) -> None:
        """
        Have every next ``get`` build a value, in any event loop.

        Each event loop drops its values when it calls a method of this object again: another thread must not.
        """
        self._clears += 1

    def _tasks_of_running_loop(self) -> dict[K, asyncio.Task[V]]:
        loop = asyncio.get_running_loop()
        values = self._loops.get(loop)
        if values is None:
            for closed in [other for other in list(self._loops) if other.is_closed()]:
                self._loops.pop(closed, None)
            values = self._loops[loop] = _LoopValues(self._clears)
        if values.clears != self._clears:
            values.clears = self._clears
            for key, task in list(values.tasks.items()):
                self._drop(values.tasks, key, task)
        return values.tasks

    def _drop(self, tasks: dict[K, asyncio.Task[V]], key: K, task: asyncio.Task[V]) -> None:
        if tasks.get(key) is not task:
            return  # another caller has dropped it, and perhaps replaced it
        del tasks[key]
        if task.done():
            self._tell_dropped(task)
        else:
            task.add_done_callback(self._tell_dropped)

    def _tell_dropped(self, task: asyncio.Task[V]) -> None:
        if _has_succeeded(task):
            self._dropped(task.result())


async def _built(build: Callable[[], Awaitable[V]]) -> V:
    return await build()


def _has_succeeded(task: asyncio.Task[V]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _forget_failure(tasks: dict[K, asyncio.Task[V]], key: K, task: asyncio.Task[V]) -> None:
    if not _has_succeeded(task) and tasks.get(key) is task:
        del tasks[key]
