"""What a trigger asks of Airflow: when runs end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline._airflow import compat, triggerer
from airflow_provider_datapipeline._airflow.names import DAG  # noqa: F401  # Airflow 2 reads no connection before it is loaded
from airflow_provider_datapipeline._airflow.triggerer import RunWatcher

if TYPE_CHECKING:
    from collections.abc import Sequence

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

LONG = 20.0


@dataclass
class Runs:
    """Stands in for Airflow's count of runs."""

    ended: set[str] = field(default_factory=set)
    calls: list[tuple[str, int]] = field(default_factory=list)
    errors: int = 0

    async def count(self, dag_id: str, run_ids: Sequence[str], states: Sequence[str]) -> int:
        assert tuple(states) == ("success", "failed")
        self.calls.append((dag_id, len(run_ids)))
        if self.errors:
            self.errors -= 1
            raise ConnectionError("the API server is down")
        return len(self.ended.intersection(run_ids))


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    runs = Runs()
    monkeypatch.setattr(triggerer, "count_runs", runs.count)
    monkeypatch.setattr(triggerer, "_WATCH_SECONDS", 0.02)
    return runs


async def calls(runs: Runs, number: int) -> None:
    async with asyncio.timeout(LONG):
        while len(runs.calls) < number:  # noqa: ASYNC110  # simpler than an event for each number
            await asyncio.sleep(0.01)


async def test_a_wait_ends_with_the_run(runs: Runs) -> None:
    waiting = asyncio.create_task(RunWatcher().ended("nightly", "run_1", timeout=LONG))
    await calls(runs, 2)
    assert not waiting.done()

    runs.ended.add("run_1")

    async with asyncio.timeout(LONG / 2):
        await waiting


async def test_many_runs_of_a_dag_are_one_question(runs: Runs) -> None:
    watcher = RunWatcher()
    waiting = [asyncio.create_task(watcher.ended("nightly", f"run_{n}", timeout=LONG)) for n in range(80)]
    waiting.append(asyncio.create_task(watcher.ended("hourly", "run_1", timeout=LONG)))
    await calls(runs, 4)

    assert set(runs.calls) == {("nightly", 80), ("hourly", 1)}
    runs.ended |= {f"run_{n}" for n in range(80)}
    async with asyncio.timeout(LONG / 2):
        await asyncio.gather(*waiting)


async def test_only_who_waits_for_the_run_that_ended_is_woken(runs: Runs) -> None:
    """One of eighty is found by halving: some dozen questions, not eighty."""
    watcher = RunWatcher()
    waiting = {f"run_{n}": asyncio.create_task(watcher.ended("nightly", f"run_{n}", timeout=LONG)) for n in range(80)}
    await calls(runs, 1)
    asked = len(runs.calls)
    runs.ended.add("run_33")

    async with asyncio.timeout(LONG / 2):
        await waiting["run_33"]

    assert [run_id for run_id, task in waiting.items() if task.done()] == ["run_33"]
    assert len(runs.calls) - asked < 25
    runs.ended |= set(waiting)
    await asyncio.gather(*waiting.values())


async def test_a_wait_survives_errors_of_airflow(runs: Runs) -> None:
    runs.errors = 3
    runs.ended.add("run_1")

    async with asyncio.timeout(LONG / 2):
        await RunWatcher().ended("nightly", "run_1", timeout=LONG)

    assert len(runs.calls) == 4


async def test_a_wait_ends_after_its_time(runs: Runs) -> None:
    """Without an error; and nobody is asked any more when nobody waits."""
    watcher = RunWatcher()

    async with asyncio.timeout(LONG):
        await watcher.ended("nightly", "run_1", timeout=0.05)

    assert watcher._reader is not None
    async with asyncio.timeout(LONG):
        await watcher._reader


async def test_two_who_wait_for_one_run_are_both_woken(runs: Runs) -> None:
    """A trigger and its successor, which overlap when a triggerer is replaced."""
    watcher = RunWatcher()
    patient = asyncio.create_task(watcher.ended("nightly", "run_1", timeout=LONG))
    await watcher.ended("nightly", "run_1", timeout=0.05)

    runs.ended.add("run_1")

    async with asyncio.timeout(LONG / 2):
        await patient
