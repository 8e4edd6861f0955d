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

from airflow_provider_datapipeline._airflow.triggerer import FAILED, SUCCESS, TERMINAL, UNFINISHED
from airflow_provider_datapipeline.reporting.masking import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_datapipeline.airflow_client import AirflowClient

log = logging.getLogger(__name__)

WATCH_SECONDS: Final = 3.0
_PRESENCE_SECONDS = 60.0  # until it is looked again whether runs are still there: a deleted one ends in no state

_CHUNK = 100  # run ids in one question: they travel in the URL of a request, which may have 64 KiB
_STATES = 2000  # of task instances in one answer, about: while it is made, the triggerer gets no other
_FIRST_CHUNK = 10  # runs whose task states are read at once while their number is not known
_PROGRESS_CALLS = 3  # of reading task states, in one look at a DAG


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
        self._states_per_run: dict[str, float] = {}
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

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while any(self._dags.values()):
            began = loop.time()
            for dag_id in list(self._dags):
                try:
                    await self._look(dag_id, loop.time())
                except Exception as error:  # noqa: BLE001  # a fault of ours must not blind all supervisions
                    log.error("Could not look at the runs of DAG %s: %s", dag_id, without_secrets(error))  # noqa: TRY400
            await asyncio.sleep(max(WATCH_SECONDS / 2, began + WATCH_SECONDS - loop.time()))

    async def _look(self, dag_id: str, now: float) -> None:
        runs = self._dags[dag_id]
        if not runs:
            del self._dags[dag_id]
            return
        run_ids = [run_id for run_id, (watched, _) in runs.items() if not watched.has_ended]
        for start in range(0, len(run_ids), _CHUNK):
            await self._look_for_ends(dag_id, run_ids[start : start + _CHUNK])
        is_due = now - self._present_at.get(dag_id, now - _PRESENCE_SECONDS) >= _PRESENCE_SECONDS
        if is_due:
            self._present_at[dag_id] = now
        doubtful = [
            run_id
            for run_id in run_ids
            if (seen := self._seen(dag_id, run_id)) is not None
            and not seen.has_ended
            and (is_due or seen.state is not State.UNDER_WAY)
        ]
        for start in range(0, len(doubtful), _CHUNK):
            await self._look_for_presence(dag_id, doubtful[start : start + _CHUNK])
        await self._read_progress(dag_id)

    async def _look_for_ends(self, dag_id: str, run_ids: Sequence[str]) -> None:
        ended, others = await self._sorted(dag_id, run_ids, TERMINAL)
        for run_id in others:
            if (watched := self._seen(dag_id, run_id)) is not None and watched.unreadable:
                watched.see(watched.state)
        # Each of the two is asked for: a run that was cleared between the questions is in neither.
        succeeded, others = await self._sorted(dag_id, ended, (SUCCESS,))
        failed, _ = await self._sorted(dag_id, others, (FAILED,))
        self._see(dag_id, succeeded, State.SUCCESS)
        self._see(dag_id, failed, State.FAILED)

    async def _look_for_presence(self, dag_id: str, run_ids: Sequence[str]) -> None:
        present, absent = await self._sorted(dag_id, run_ids, (*UNFINISHED, *TERMINAL))
        self._see(dag_id, present, State.UNDER_WAY)
        self._see(dag_id, absent, State.MISSING)

    async def _sorted(self, dag_id: str, run_ids: Sequence[str], states: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return which runs are in one of the states and which are not, found by halving; none where nobody says."""
        if not run_ids:
            return [], []
        try:
            number = await self._airflow.count_runs(dag_id, run_ids, states)
        except Exception as error:  # noqa: BLE001  # whatever Airflow says now, it may say something else in a moment
            why = without_secrets(error)
            if self._airflow.may_pass(error):
                log.warning("Could not read how runs of DAG %s stand; looking again. %s", dag_id, why)
                return [], []
            if len(run_ids) == 1:
                self._cannot_read(dag_id, run_ids[0], why or type(error).__name__)
                return [], []
        else:
            if number in (0, len(run_ids)):
                return (list(run_ids), []) if number else ([], list(run_ids))
        half = len(run_ids) // 2
        first, second = [await self._sorted(dag_id, part, states) for part in (run_ids[:half], run_ids[half:])]
        return first[0] + second[0], first[1] + second[1]

    def _cannot_read(self, dag_id: str, run_id: str, why: str) -> None:
        if (watched := self._seen(dag_id, run_id)) is not None:
            watched.see(watched.state, why)

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
        for _ in range(_PROGRESS_CALLS):
            if not wanted:
                return
            number = int(max(1, min(_CHUNK, _STATES / self._states_per_run.get(dag_id, _STATES / _FIRST_CHUNK))))
            run_ids, wanted = wanted[:number], wanted[number:]
            try:
                states = await self._airflow.task_states(dag_id, run_ids)
            except Exception as error:  # noqa: BLE001  # a heartbeat does without
                log.warning("Could not read how far runs of DAG %s are. %s", dag_id, without_secrets(error))
                return
            self._states_per_run[dag_id] = max(1.0, sum(map(len, states.values())) / len(run_ids))
            for run_id in run_ids:
                if (watched := self._seen(dag_id, run_id)) is not None:
                    watched.tasks, watched.is_wanted = states.get(run_id, {}), False


_watchers: WeakKeyDictionary[asyncio.AbstractEventLoop, RunWatcher] = WeakKeyDictionary()


def shared_watcher(airflow: AirflowClient) -> RunWatcher:
    """Return the watcher of the running event loop, which asks the client that it was first made with."""
    loop = asyncio.get_running_loop()
    if loop not in _watchers:
        _watchers[loop] = RunWatcher(airflow)
    return _watchers[loop]
