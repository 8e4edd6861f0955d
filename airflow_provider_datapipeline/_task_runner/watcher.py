"""
Tells when DAG runs end: one reader for all triggers of a process.

A run costs no question of its own. The runs of a DAG are counted together, a hundred at a time, and only where some
have ended, or are missing, is it found out which. How far they have come is read for many runs at once, and only of
those whose next heartbeat is about to tell it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from airflow_provider_datapipeline._airflow.triggerer import FAILED, RUNS_AT_ONCE, SUCCESS, TERMINAL, UNFINISHED
from airflow_provider_datapipeline._task_runner.census import Census
from airflow_provider_datapipeline._task_runner.run_sorter import sort_runs
from airflow_provider_datapipeline._task_runner.task_reader import TaskReader, look_ended, look_good
from airflow_provider_datapipeline.masking.masker import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient
    from airflow_provider_datapipeline._task_runner.heartbeats import Load

log = logging.getLogger(__name__)

WATCH_SECONDS: Final = 3.0
_PRESENCE_SECONDS = 60.0  # until it is looked again whether runs are still there: a deleted one ends in no state


class State(StrEnum):
    """How a run stands, as it was seen last."""

    UNSEEN = "unseen"
    UNDER_WAY = "under way"
    MISSING = "missing"
    SUCCESS = SUCCESS
    FAILED = FAILED


class Watched:
    """
    One run as it was seen last.

    :ivar state: how it stands
    :ivar tasks: the states of its task instances when they were last asked for; None before
    :ivar unreadable: why its state cannot be read, which will not pass by itself; empty where it can
    """

    def __init__(self) -> None:
        self.state = State.UNSEEN
        self.tasks: Mapping[str, str | None] | None = None
        self.unreadable = ""
        self.is_wanted = False
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def has_ended(self) -> bool:
        """Whether Airflow has a verdict on it."""
        return self.state in (State.SUCCESS, State.FAILED)

    def want_tasks(self) -> None:
        """Have :attr:`tasks` brought up to date with the next look."""
        self.is_wanted = True

    def see(self, state: State, unreadable: str = "") -> None:
        """Keep what was seen, and wake who waits for a change."""
        if (state, unreadable) == (self.state, self.unreadable):
            return
        self.state, self.unreadable = state, unreadable
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def changed(self, seconds: float) -> None:
        """Return when something else was seen, or after so many seconds."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait({waiting}, timeout=seconds)
        finally:
            self._waiting.discard(waiting)


class RunWatcher:
    """
    Looks at the runs that somebody watches.

    :param airflow: is asked; nothing that it raises ends the watch
    """

    def __init__(self, airflow: AirflowClient) -> None:
        self._airflow = airflow
        self._dags: dict[str, dict[str, tuple[Watched, int]]] = {}
        self._present_at: dict[str, float] = {}
        self._tasks = TaskReader(airflow)
        self._census = Census(airflow)
        self._reader: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def watch(self, dag_id: str, run_id: str) -> Iterator[Watched]:
        """Look at a run until the context is left; a trigger and its successor may watch the same one."""
        runs = self._dags.setdefault(dag_id, {})
        watched, watchers = runs.get(run_id, (Watched(), 0))
        runs[run_id] = (watched, watchers + 1)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        try:
            yield watched
        finally:
            watched, watchers = runs[run_id]
            runs[run_id] = (watched, watchers - 1)
            if watchers == 1:
                del runs[run_id]

    async def counted(self, runner_dag_id: str, load: Load) -> None:
        """Have the runs of a task runner counted every minute, and return when they have been, or after a while."""
        await self._census.counted(runner_dag_id, load)

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while any(self._dags.values()):
            began = loop.time()
            await self._census.take(began)
            for dag_id in list(self._dags):
                try:
                    await self._look(dag_id, loop.time())
                except Exception as error:  # noqa: BLE001  # a fault of ours must not blind all supervisions
                    log.error(  # noqa: TRY400  # a traceback may hold a secret
                        "Could not look at the runs of DAG %s: %s", dag_id, without_secrets(error)
                    )
            await asyncio.sleep(max(WATCH_SECONDS / 2, began + WATCH_SECONDS - loop.time()))

    async def _look(self, dag_id: str, now: float) -> None:
        runs = self._dags[dag_id]
        if not runs:
            del self._dags[dag_id]
            return
        run_ids = [run_id for run_id, (watched, _) in runs.items() if not watched.has_ended]
        refused: dict[str, str] = {}
        for start in range(0, len(run_ids), RUNS_AT_ONCE):
            refused |= await self._look_for_ends(dag_id, run_ids[start : start + RUNS_AT_ONCE])
        is_due = now - self._present_at.get(dag_id, now - _PRESENCE_SECONDS) >= _PRESENCE_SECONDS
        if is_due:
            self._present_at[dag_id] = now
        doubtful = [
            run_id
            for run_id in run_ids
            if run_id not in refused
            and (seen := self._seen(dag_id, run_id)) is not None
            and not seen.has_ended
            and (is_due or seen.state is not State.UNDER_WAY or seen.unreadable)
        ]
        for start in range(0, len(doubtful), RUNS_AT_ONCE):
            refused |= await self._look_for_presence(dag_id, doubtful[start : start + RUNS_AT_ONCE])
        for run_id, why in refused.items():
            if (watched := self._seen(dag_id, run_id)) is not None:
                watched.see(watched.state, why)
        await self._read_progress(dag_id)

    async def _look_for_ends(self, dag_id: str, run_ids: Sequence[str]) -> dict[str, str]:
        tasks: dict[str, Mapping[str, str | None]] = {}

        async def likely_ended(mixed: Sequence[str]) -> set[str]:
            tasks.update(await self._tasks.read(dag_id, mixed))
            return look_ended(tasks)

        async def likely_succeeded(mixed: Sequence[str]) -> set[str]:
            missing = [run_id for run_id in mixed if run_id not in tasks]
            tasks.update(await self._tasks.read(dag_id, missing))
            return look_good(tasks)

        ended = await sort_runs(self._airflow, dag_id, run_ids, TERMINAL, likely_ended)
        # Each of the two is asked for: a run that was cleared between the questions is in neither.
        succeeded = await sort_runs(self._airflow, dag_id, ended.found, (SUCCESS,), likely_succeeded)
        failed = await sort_runs(self._airflow, dag_id, succeeded.others, (FAILED,))
        self._see(dag_id, succeeded.found, State.SUCCESS)
        self._see(dag_id, failed.found, State.FAILED)
        return ended.refused | succeeded.refused | failed.refused

    async def _look_for_presence(self, dag_id: str, run_ids: Sequence[str]) -> dict[str, str]:
        present = await sort_runs(self._airflow, dag_id, run_ids, (*UNFINISHED, *TERMINAL))
        self._see(dag_id, present.found, State.UNDER_WAY)
        self._see(dag_id, present.others, State.MISSING)
        return present.refused

    def _see(self, dag_id: str, run_ids: Sequence[str], state: State) -> None:
        for run_id in run_ids:
            if (watched := self._seen(dag_id, run_id)) is not None:
                watched.see(state)

    def _seen(self, dag_id: str, run_id: str) -> Watched | None:
        watched, _ = self._dags.get(dag_id, {}).get(run_id, (None, 0))
        return watched

    async def _read_progress(self, dag_id: str) -> None:
        wanted = [
            run_id
            for run_id, (watched, _) in self._dags.get(dag_id, {}).items()
            if watched.is_wanted and not watched.has_ended
        ]
        for run_id, tasks in (await self._tasks.read(dag_id, wanted)).items():
            if (watched := self._seen(dag_id, run_id)) is not None:
                watched.tasks, watched.is_wanted = tasks, False


_watchers: WeakKeyDictionary[asyncio.AbstractEventLoop, RunWatcher] = WeakKeyDictionary()


def shared_watcher(airflow: AirflowClient) -> RunWatcher:
    """Return the watcher of the running event loop, which asks the client that it was first made with."""
    loop = asyncio.get_running_loop()
    if loop not in _watchers:
        _watchers[loop] = RunWatcher(airflow)
    return _watchers[loop]
