"""The questions that a trigger asks Airflow, without blocking the triggerer; Airflow 3 only."""

from __future__ import annotations

import asyncio
import contextlib
from enum import IntEnum
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import conf
from airflow_provider_datapipeline._airflow.threads import in_shared_thread
from airflow_provider_datapipeline._airflow.waiting_line import WaitingLine, await_turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

SUCCESS, FAILED = "success", "failed"
TERMINAL = (SUCCESS, FAILED)
QUEUED = ("queued",)
UNFINISHED = (*QUEUED, "running")

RUNS_AT_ONCE = 100
"""Run ids in one question: they travel in the URL of a request, which may have 64 KiB."""

_CALL_SECONDS = 30.0
"""How long to wait for one answer. Airflow's own client repeats a failed request for about a minute in all."""


class Priority(IntEnum):
    """Which question comes first; the triggerer's supervisor answers one question at a time."""

    WATCH = 0
    """Which runs have ended."""
    OUTCOME = 1
    """The task states and XComs of a run that has ended."""
    PROGRESS = 2
    """The task states of runs that go on."""
    LINK = 3
    """An XCom that only people need."""


class PriorityLock:
    """A lock that is handed on by priority."""

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting = WaitingLine()

    @contextlib.asynccontextmanager
    async def held(self, priority: int) -> AsyncIterator[None]:
        """Hold the lock until the context ends. Of those that wait, the lowest priority number gets it next."""
        if self._is_taken:
            await await_turn(self._waiting.join(priority), self._hand_on)
        self._is_taken = True
        try:
            yield
        finally:
            self._hand_on()

    def _hand_on(self) -> None:
        if not self._waiting.wake_first():
            self._is_taken = False


_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, PriorityLock] = WeakKeyDictionary()


async def ask(
    priority: Priority, question: Callable[..., Any], *parameters: Any, seconds: float = _CALL_SECONDS
) -> Any:
    """
    Ask a question that blocks, when its turn has come, and wait for the answer for a limited time.

    :param question: a function that blocks until it has the answer
    :param seconds: how long to wait for the answer, from the turn on
    :raises TimeoutError: there was no answer in time
    """
    lock = _locks.setdefault(asyncio.get_running_loop(), PriorityLock())
    async with lock.held(priority), asyncio.timeout(seconds):
        return await in_shared_thread(question, *parameters)


async def count_runs(dag_id: str, run_ids: Sequence[str] | None, states: Sequence[str]) -> int:
    """Return how many runs of a DAG, of these or of all, are in one of these states."""
    return int(await ask(Priority.WATCH, compat.count_runs, dag_id, run_ids, states))


async def task_states(
    dag_id: str, run_ids: Sequence[str], priority: Priority
) -> Mapping[str, Mapping[str, str | None]]:
    """Return the states of task instances, by run; a run without any is left out."""
    states: Mapping[str, Mapping[str, str | None]] = await ask(priority, compat.read_states_of_runs, dag_id, run_ids)
    return states


async def xcom(dag_id: str, run_id: str, task_id: str, map_index: int, key: str) -> Any:
    """Return an XCom, None if there is none."""
    return await ask(Priority.OUTCOME, compat.read_xcom, dag_id, run_id, task_id, map_index, key)


async def write_xcom(dag_id: str, run_id: str, task_id: str, key: str, value: Any) -> None:
    """Store an XCom of an unmapped task instance, with the lowest priority."""
    await ask(Priority.LINK, compat.write_xcom, dag_id, run_id, task_id, key, value)


def run_url(dag_id: str, run_id: str) -> str:
    """Return the address of a DAG run in Airflow's UI."""
    base: str = conf.get("api", "base_url", fallback="http://localhost:8080")
    return f"{base.rstrip('/')}/dags/{dag_id}/runs/{run_id}"
