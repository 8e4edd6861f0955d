"""What a trigger may ask of Airflow, without blocking the triggerer; Airflow 3 only."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from enum import IntEnum
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import conf
from airflow_provider_datapipeline._airflow.threads import in_shared_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

SUCCESS, FAILED = "success", "failed"
TERMINAL = (SUCCESS, FAILED)
QUEUED = ("queued",)
UNFINISHED = (*QUEUED, "running")

RUNS_AT_ONCE = 100
"""Run ids in one question: they travel in the URL of a request, which may have 64 KiB."""

_CALL_SECONDS = 30.0
"""How long one answer is waited for; Airflow's own client repeats what fails for about a minute in all."""


class Priority(IntEnum):
    """Which question comes first; the triggerer's supervisor answers one after the other."""

    WATCH = 0
    """Which runs have ended."""
    OUTCOME = 1
    """What a run has left that has ended."""
    PROGRESS = 2
    """How far runs have come."""
    LINK = 3
    """What is for people alone."""


class PriorityLock:
    """Lets one in at a time, by priority."""

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    @contextlib.asynccontextmanager
    async def held(self, priority: int) -> AsyncIterator[None]:
        """Hold the lock; who waits with the lowest number gets it next."""
        if self._is_taken:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (priority, next(self._order), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._hand_on()
                raise
        self._is_taken = True
        try:
            yield
        finally:
            self._hand_on()

    def _hand_on(self) -> None:
        while self._waiting:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._is_taken = False


_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, PriorityLock] = WeakKeyDictionary()


async def _asked(priority: Priority, question: Callable[..., Any], *parameters: Any) -> Any:
    """
    Ask a question that blocks, in turn, and wait for the answer for a limited time.

    :raises TimeoutError: there was no answer in time
    """
    lock = _locks.setdefault(asyncio.get_running_loop(), PriorityLock())
    async with lock.held(priority), asyncio.timeout(_CALL_SECONDS):
        return await in_shared_thread(question, *parameters)


async def count_runs(dag_id: str, run_ids: Sequence[str] | None, states: Sequence[str]) -> int:
    """Return how many runs of a DAG, of these or of all, are in one of these states."""
    return int(await _asked(Priority.WATCH, compat.count_runs, dag_id, run_ids, states))


async def task_states(
    dag_id: str, run_ids: Sequence[str], priority: Priority
) -> Mapping[str, Mapping[str, str | None]]:
    """Return the states of task instances, by run; a run without any is left out."""
    states: Mapping[str, Mapping[str, str | None]] = await _asked(priority, compat.read_states_of_runs, dag_id, run_ids)
    return states


async def xcom(dag_id: str, run_id: str, task_id: str, map_index: int, key: str) -> Any:
    """Return an XCom, None if there is none."""
    return await _asked(Priority.OUTCOME, compat.read_xcom, dag_id, run_id, task_id, map_index, key)


async def write_xcom(dag_id: str, run_id: str, task_id: str, key: str, value: Any) -> None:
    """Store an XCom of an unmapped task instance, which is for people."""
    await _asked(Priority.LINK, compat.write_xcom, dag_id, run_id, task_id, key, value)


def run_url(dag_id: str, run_id: str) -> str:
    """Where Airflow shows a DAG run."""
    base: str = conf.get("api", "base_url", fallback="http://localhost:8080")
    return f"{base.rstrip('/')}/dags/{dag_id}/runs/{run_id}"
