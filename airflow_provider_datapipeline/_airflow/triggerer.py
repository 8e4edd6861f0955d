"""What a trigger may ask of Airflow, without blocking the triggerer; Airflow 3 only."""

from __future__ import annotations

import asyncio
import logging
import weakref
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import conf

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

TERMINAL = ("success", "failed")
QUEUED = ("queued",)
UNFINISHED = (*QUEUED, "running")

_CHUNK = 100  # run ids in one call: they travel in the URL of a request, which may have 64 KiB
_WATCH_SECONDS = 3.0

# In threads of asgiref, which up to Airflow 3.2 are the only ones that the triggerer answers.
count_runs = sync_to_async(compat.count_runs)
run_state = sync_to_async(compat.run_state)
task_states = sync_to_async(compat.read_task_states)
xcom = sync_to_async(compat.read_xcom)
write_xcom = sync_to_async(compat.write_xcom)


def run_url(dag_id: str, run_id: str) -> str:
    """Where Airflow shows a DAG run."""
    base: str = conf.get("api", "base_url", fallback="http://localhost:8080")
    return f"{base.rstrip('/')}/dags/{dag_id}/runs/{run_id}"


class RunWatcher:
    """
    Tells when DAG runs end: one reader for all triggers of a process.

    A run costs no query of its own: the runs of a DAG are counted together, and only where some have ended is it found
    out which.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, set[asyncio.Event]]] = {}
        self._reader: asyncio.Task[None] | None = None

    async def ended(self, dag_id: str, run_id: str, *, timeout: float) -> None:  # noqa: ASYNC109  # ends without error
        """Return when the run has ended, or after ``timeout`` seconds."""
        runs = self._waiting.setdefault(dag_id, {})
        event = asyncio.Event()  # of this waiter alone: a trigger and its successor may wait for one run
        runs.setdefault(run_id, set()).add(event)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait_for(event.wait(), timeout)
        except TimeoutError:
            pass
        finally:
            runs[run_id].discard(event)
            if not runs[run_id]:
                del runs[run_id]

    async def _read(self) -> None:
        while any(self._waiting.values()):
            await asyncio.sleep(_WATCH_SECONDS)
            for dag_id, runs in list(self._waiting.items()):
                try:
                    await self._read_dag(dag_id, list(runs))
                except Exception:  # whatever Airflow says now, it may say something else in a moment
                    log.exception("Could not read how the runs of DAG %s stand; trying again", dag_id)

    async def _read_dag(self, dag_id: str, run_ids: list[str]) -> None:
        for start in range(0, len(run_ids), _CHUNK):
            for run_id in await _ended_of(dag_id, run_ids[start : start + _CHUNK]):
                for event in self._waiting[dag_id].get(run_id, ()):
                    event.set()


async def _ended_of(dag_id: str, run_ids: Sequence[str]) -> Sequence[str]:
    ended = await count_runs(dag_id, run_ids, TERMINAL)
    if ended in (0, len(run_ids)):
        return run_ids if ended else ()
    half = len(run_ids) // 2
    return [*await _ended_of(dag_id, run_ids[:half]), *await _ended_of(dag_id, run_ids[half:])]


_watchers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, RunWatcher] = weakref.WeakKeyDictionary()


def watcher() -> RunWatcher:
    """Return the watcher of the running event loop."""
    return _watchers.setdefault(asyncio.get_running_loop(), RunWatcher())
