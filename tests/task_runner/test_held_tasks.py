"""The tasks of a task runner are counted early enough, and not too often."""

from __future__ import annotations

import asyncio

import pytest

from airflow_provider_datapipeline._airflow import compat

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow_provider_datapipeline._airflow.triggerer import UNFINISHED
from airflow_provider_datapipeline._task_runner.heartbeats import Load
from airflow_provider_datapipeline._task_runner.held_tasks import HeldTaskCounter
from airflow_provider_datapipeline._task_runner.watcher import RunWatcher
from tests.task_runner.fake_airflow import FakeAirflow
from tests.task_runner.fake_time import now, run

RUNNER = "runner"
HOUR = 3600.0


@pytest.fixture
def airflow() -> FakeAirflow:
    airflow = FakeAirflow()
    hold(airflow, 7)
    airflow.runs[RUNNER, "ended"] = "success"
    return airflow


def hold(airflow: FakeAirflow, number: int) -> None:
    airflow.runs.update({(RUNNER, f"run_{each}"): "running" for each in range(number)})


def test_runs_that_are_under_way_are_counted_once_a_minute(airflow: FakeAirflow) -> None:
    async def test() -> None:
        counter, load = HeldTaskCounter(airflow), Load()
        waiting = [asyncio.create_task(counter.wait_for_count(RUNNER, load)) for _ in range(3)]
        await asyncio.sleep(0)
        await counter.count_due(now())
        await asyncio.gather(*waiting)
        assert (load.held, now()) == ({RUNNER: 7}, 0)

        hold(airflow, 12)
        for _ in range(50):
            await asyncio.sleep(3)
            await counter.count_due(now())
        assert load.held == {RUNNER: 12}

        await counter.wait_for_count(RUNNER, load)
        assert now() == 150  # the number is known

    run(test())
    assert airflow.asked("count_runs") == [(RUNNER, None, UNFINISHED)] * 3
    assert airflow.times("count_runs") == [0, 60, 120]


def test_each_runner_is_counted_for_itself(airflow: FakeAirflow) -> None:
    async def test() -> None:
        airflow.runs["another", "run_0"] = "queued"
        airflow.fail("count_runs", lambda dag_id, *_: OSError("away") if dag_id == RUNNER else None)
        counter, load = HeldTaskCounter(airflow), Load()
        waiting = [asyncio.create_task(counter.wait_for_count(dag_id, load)) for dag_id in (RUNNER, "another")]
        await asyncio.sleep(0)
        await counter.count_due(now())
        await waiting[1]
        assert (load.held, now()) == ({"another": 1}, 0)
        await waiting[0]

    run(test())


@pytest.mark.parametrize("is_asked", [False, True])
def test_nobody_waits_longer_than_twenty_seconds(airflow: FakeAirflow, is_asked: bool) -> None:
    """A lease that is planned with too small a number is better than a lost lease."""

    async def test() -> None:
        airflow.fail("count_runs", OSError("away"))
        counter, load = HeldTaskCounter(airflow), Load()
        waiting = asyncio.create_task(counter.wait_for_count(RUNNER, load))
        await asyncio.sleep(1)
        if is_asked:
            await counter.count_due(now())
        await waiting
        assert (load.held, now()) == ({}, 20)
        assert len(asyncio.all_tasks()) == 1

    run(test())


def test_what_could_not_be_counted_is_counted_again_soon(airflow: FakeAirflow) -> None:
    async def test() -> None:
        airflow.fail("count_runs", OSError("away"), times=1)
        counter, load = HeldTaskCounter(airflow), Load()
        waiting = asyncio.create_task(counter.wait_for_count(RUNNER, load))
        for _ in range(3):
            await asyncio.sleep(3)
            await counter.count_due(now())
        await waiting
        assert airflow.times("count_runs") == [3, 9]

    run(test())


def test_an_error_keeps_the_number_that_was_known(airflow: FakeAirflow, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        counter, load = HeldTaskCounter(airflow), Load()
        waiting = asyncio.create_task(counter.wait_for_count(RUNNER, load))
        await asyncio.sleep(0)
        await counter.count_due(now())
        await waiting
        airflow.fail("count_runs", OSError("away"), end=100)
        hold(airflow, 12)
        for number in (7, 12):
            await asyncio.sleep(60)
            await counter.count_due(now())
            assert load.held == {RUNNER: number}

    run(test())
    assert caplog.messages == [f"Could not count the runs of DAG {RUNNER}. away"]


def test_the_watcher_counts_between_its_looks(airflow: FakeAirflow) -> None:
    async def test() -> None:
        watcher, load = RunWatcher(airflow), Load()
        with watcher.watch("nightly", "run_0"):
            await asyncio.sleep(10)
            assert not [asked for asked in airflow.asked("count_runs") if asked[0] == RUNNER]
            await watcher.wait_for_held_tasks(RUNNER, load)
            assert load.held == {RUNNER: 7}
            assert now() <= 13

    run(test())


def test_a_number_is_not_taken_for_known_after_an_hour_in_which_nobody_counted(airflow: FakeAirflow) -> None:
    """As in a triggerer that has been idle until it takes over from another one."""

    async def test() -> None:
        watcher, load = RunWatcher(airflow), Load()
        with watcher.watch("nightly", "run_0"):
            await watcher.wait_for_held_tasks(RUNNER, load)
        await asyncio.sleep(HOUR)
        hold(airflow, 500)
        airflow.seconds["count_runs"] = 1
        with watcher.watch("nightly", "run_0"):
            await watcher.wait_for_held_tasks(RUNNER, load)
            assert load.held == {RUNNER: 500}

    run(test())


def test_who_is_canceled_while_it_waits_leaves_nothing_behind(airflow: FakeAirflow) -> None:
    async def test() -> None:
        waiting = asyncio.create_task(HeldTaskCounter(airflow).wait_for_count(RUNNER, Load()))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.sleep(60)
        assert len(asyncio.all_tasks()) == 1

    run(test())
