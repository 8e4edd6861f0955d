"""
Notices when DAG runs end, with one reader for all triggers of a process.

No run has a question of its own. The runs of a DAG are counted together, a hundred at a time. Only if some of them have
ended, or are missing, further questions find out which. The states of tasks are read for many runs at once, and only
for runs whose next heartbeat is about to report them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from airflow_provider_datapipeline._airflow.triggerer import FAILED, RUNS_AT_ONCE, SUCCESS, TERMINAL, UNFINISHED
from airflow_provider_datapipeline._task_runner.held_tasks import HeldTaskCounter
from airflow_provider_datapipeline._task_runner.run_search import search_runs
from airflow_provider_datapipeline._task_runner.task_reader import TaskReader, runs_without_failure, runs_without_work
from airflow_provider_datapipeline.masking.masker import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient
    from airflow_provider_datapipeline._task_runner.heartbeats import Load

log = logging.getLogger(__name__)

WATCH_SECONDS: Final = 3.0
_EXISTENCE_SECONDS = 60.0  # between two checks whether runs still exist: a run that was deleted is in no state


class RunState(StrEnum):
    """The state of a run when it was read last."""

    UNSEEN = "unseen"
    UNDER_WAY = "under way"
    MISSING = "missing"
    SUCCESS = SUCCESS
    FAILED = FAILED


class WatchedRun:
    """
    One run, as it was read last.

    :ivar task_states: the states of its task instances when they were last requested; None before that
    :ivar unreadable: why Airflow refuses to tell the state of the run; empty if it does not
    :ivar wants_task_states: whether the next reading shall bring ``task_states`` up to date
    """

    def __init__(self) -> None:
        self.state = RunState.UNSEEN
        self.task_states: Mapping[str, str | None] | None = None
        self.unreadable = ""
        self.wants_task_states = False
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def has_ended(self) -> bool:
        """Whether Airflow has decided that the run is a success or a failure."""
        return self.state in (RunState.SUCCESS, RunState.FAILED)

    def request_task_states(self) -> None:
        """Have :attr:`task_states` brought up to date by the next reading."""
        self.wants_task_states = True

    def update(self, state: RunState, unreadable: str = "") -> None:
        """Store what was read, and wake everything that waits for a change."""
        if (state, unreadable) == (self.state, self.unreadable):
            return
        self.state, self.unreadable = state, unreadable
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def wait_for_change(self, seconds: float) -> None:
        """Return when :attr:`state` or :attr:`unreadable` has changed, or after so many seconds."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait({waiting}, timeout=seconds)
        finally:
            self._waiting.discard(waiting)


class RunWatcher:
    """
    Reads the states of all runs that are watched, every 3 seconds.

    :param airflow: answers the questions; its errors do not end the watch
    """

    def __init__(self, airflow: AirflowClient) -> None:
        self._airflow = airflow
        self._runs_by_dag: dict[str, dict[str, tuple[WatchedRun, int]]] = {}
        """By DAG id and run id: the run, and how many watch it."""
        self._existence_checked_at: dict[str, float] = {}
        self._task_reader = TaskReader(airflow)
        self._held_tasks = HeldTaskCounter(airflow)
        self._reader: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def watch(self, dag_id: str, run_id: str) -> Iterator[WatchedRun]:
        """Watch a run until the context ends. A trigger and its successor may watch the same run."""
        runs = self._runs_by_dag.setdefault(dag_id, {})
        watched, watchers = runs.get(run_id, (WatchedRun(), 0))
        runs[run_id] = (watched, watchers + 1)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_until_unwatched())
        try:
            yield watched
        finally:
            watched, watchers = runs[run_id]
            runs[run_id] = (watched, watchers - 1)
            if watchers == 1:
                del runs[run_id]

    async def wait_for_held_tasks(self, runner_dag_id: str, load: Load) -> None:
        """
        Have the tasks of a task runner counted every minute, and wait for the first number, for up to 20 s.

        :param load: gets the numbers
        """
        await self._held_tasks.wait_for_count(runner_dag_id, load)

    async def _read_until_unwatched(self) -> None:
        loop = asyncio.get_running_loop()
        while any(self._runs_by_dag.values()):
            began = loop.time()
            await self._held_tasks.count_due(began)
            for dag_id in list(self._runs_by_dag):
                try:
                    await self._read_dag(dag_id, loop.time())
                except Exception as error:  # noqa: BLE001  # a fault of ours must not end all supervisions
                    log.error(  # noqa: TRY400  # a traceback may hold a secret
                        "Could not look at the runs of DAG %s: %s", dag_id, without_secrets(error)
                    )
            await asyncio.sleep(max(WATCH_SECONDS / 2, began + WATCH_SECONDS - loop.time()))

    async def _read_dag(self, dag_id: str, now: float) -> None:
        runs = self._runs_by_dag[dag_id]
        if not runs:
            del self._runs_by_dag[dag_id]
            return
        run_ids = [run_id for run_id, (watched, _) in runs.items() if not watched.has_ended]
        refused: dict[str, str] = {}
        for start in range(0, len(run_ids), RUNS_AT_ONCE):
            refused |= await self._read_ends(dag_id, run_ids[start : start + RUNS_AT_ONCE])
        all_are_due = now - self._existence_checked_at.get(dag_id, -math.inf) >= _EXISTENCE_SECONDS
        if all_are_due:
            self._existence_checked_at[dag_id] = now
        to_check = [
            run_id
            for run_id in run_ids
            if run_id not in refused and self._needs_existence_check(dag_id, run_id, all_are_due=all_are_due)
        ]
        for start in range(0, len(to_check), RUNS_AT_ONCE):
            refused |= await self._read_existence(dag_id, to_check[start : start + RUNS_AT_ONCE])
        for run_id, why in refused.items():
            if (watched := self._watched(dag_id, run_id)) is not None:
                watched.update(watched.state, why)
        await self._read_task_states(dag_id)

    def _needs_existence_check(self, dag_id: str, run_id: str, *, all_are_due: bool) -> bool:
        watched = self._watched(dag_id, run_id)
        if watched is None or watched.has_ended:
            return False
        return all_are_due or watched.state is not RunState.UNDER_WAY or bool(watched.unreadable)

    async def _read_ends(self, dag_id: str, run_ids: Sequence[str]) -> dict[str, str]:
        """Find out which of the runs have ended; return those whose state Airflow refuses to tell."""
        task_states: dict[str, Mapping[str, str | None]] = {}

        async def likely_ended(mixed: Sequence[str]) -> set[str]:
            task_states.update(await self._task_reader.read(dag_id, mixed))
            return runs_without_work(task_states)

        async def likely_succeeded(mixed: Sequence[str]) -> set[str]:
            unread = [run_id for run_id in mixed if run_id not in task_states]
            task_states.update(await self._task_reader.read(dag_id, unread))
            return runs_without_failure(task_states)

        ended = await search_runs(self._airflow, dag_id, run_ids, TERMINAL, likely_ended)
        # A run that was cleared between two questions is in neither of the two states. So "not a success" does not mean
        # "failed", and each state has a question of its own.
        succeeded = await search_runs(self._airflow, dag_id, ended.matching, (SUCCESS,), likely_succeeded)
        failed = await search_runs(self._airflow, dag_id, succeeded.others, (FAILED,))
        self._update(dag_id, succeeded.matching, RunState.SUCCESS)
        self._update(dag_id, failed.matching, RunState.FAILED)
        return ended.refused | succeeded.refused | failed.refused

    async def _read_existence(self, dag_id: str, run_ids: Sequence[str]) -> dict[str, str]:
        """Find out which of the runs exist; return those whose state Airflow refuses to tell."""
        existing = await search_runs(self._airflow, dag_id, run_ids, (*UNFINISHED, *TERMINAL))
        self._update(dag_id, existing.matching, RunState.UNDER_WAY)
        self._update(dag_id, existing.others, RunState.MISSING)
        return existing.refused

    def _update(self, dag_id: str, run_ids: Sequence[str], state: RunState) -> None:
        for run_id in run_ids:
            if (watched := self._watched(dag_id, run_id)) is not None:
                watched.update(state)

    def _watched(self, dag_id: str, run_id: str) -> WatchedRun | None:
        """Return the run; None if its watch ended while a question about it was under way."""
        watched, _ = self._runs_by_dag.get(dag_id, {}).get(run_id, (None, 0))
        return watched

    async def _read_task_states(self, dag_id: str) -> None:
        wanted = [
            run_id
            for run_id, (watched, _) in self._runs_by_dag.get(dag_id, {}).items()
            if watched.wants_task_states and not watched.has_ended
        ]
        for run_id, task_states in (await self._task_reader.read(dag_id, wanted)).items():
            if (watched := self._watched(dag_id, run_id)) is not None:
                watched.task_states, watched.wants_task_states = task_states, False


_watchers: WeakKeyDictionary[asyncio.AbstractEventLoop, RunWatcher] = WeakKeyDictionary()


def shared_watcher(airflow: AirflowClient) -> RunWatcher:
    """
    Return the watcher of the running event loop.

    :param airflow: used by the watcher if there was none before; later callers share the first one's client
    """
    loop = asyncio.get_running_loop()
    if loop not in _watchers:
        _watchers[loop] = RunWatcher(airflow)
    return _watchers[loop]
