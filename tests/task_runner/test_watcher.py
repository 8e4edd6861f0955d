"""The states of many runs as the one reader of a triggerer sees them, and the number of its questions to Airflow."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline._airflow import compat

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow_provider_datapipeline._airflow.triggerer import TERMINAL
from airflow_provider_datapipeline._task_runner.watcher import RunState, RunWatcher, WatchedRun, shared_watcher
from tests.task_runner.fake_airflow import FakeAirflow, NoSenseError
from tests.task_runner.fake_time import now, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DAG = "nightly"


@pytest.fixture
def airflow() -> FakeAirflow:
    return FakeAirflow()


def runs_of(airflow: FakeAirflow, number: int, state: str = "running", dag_id: str = DAG) -> list[str]:
    run_ids = [f"run_{each}" for each in range(number)]
    airflow.runs.update({(dag_id, run_id): state for run_id in run_ids})
    return run_ids


async def until(watched: WatchedRun, holds: Callable[[WatchedRun], Any], seconds: float = 60.0) -> float:
    """Wait until a condition holds for a watched run; return when it does."""
    end = now() + seconds
    while not holds(watched):
        assert now() < end, "it was not seen in time"
        await watched.wait_for_change(end - now())
    return now()


@contextlib.contextmanager
def all_watched(watcher: RunWatcher, run_ids: Sequence[str], dag_id: str = DAG) -> Any:
    with contextlib.ExitStack() as stack:
        yield {run_id: stack.enter_context(watcher.watch(dag_id, run_id)) for run_id in run_ids}


@pytest.mark.parametrize("state", ["success", "failed"])
def test_an_end_is_seen_within_three_seconds(airflow: FakeAirflow, state: str) -> None:
    async def test() -> None:
        runs_of(airflow, 1)
        with RunWatcher(airflow).watch(DAG, "run_0") as watched:
            await until(watched, lambda seen: seen.state is RunState.UNDER_WAY)
            await asyncio.sleep(100.5)
            airflow.runs[DAG, "run_0"] = state
            ended = now()

            assert await until(watched, lambda seen: seen.has_ended) - ended <= 3
            assert watched.state == state
            asked = len(airflow.calls)
            await asyncio.sleep(100)
            assert len(airflow.calls) == asked  # nothing more is to be known of it

    run(test())


def test_many_runs_of_a_dag_cost_one_question_per_look(airflow: FakeAirflow) -> None:
    async def test() -> None:
        run_ids = runs_of(airflow, 80)
        runs_of(airflow, 1, dag_id="hourly")
        watcher = RunWatcher(airflow)
        with all_watched(watcher, run_ids), watcher.watch("hourly", "run_0"):
            await asyncio.sleep(57)
            calls = [call for call in airflow.calls if 1 < call.at < 57]

            assert {(dag_id, len(ids), states) for dag_id, ids, states in (call.asked for call in calls)} == {
                (DAG, 80, TERMINAL),
                ("hourly", 1, TERMINAL),
            }
            assert len(calls) == 2 * 18  # two DAGs, every 3 s
            # Whether they are still there is one question more in a minute.
            await asyncio.sleep(60)
            assert len([call for call in airflow.calls if 57 < call.at < 117 and call.asked[0] == DAG]) == 19 + 1

    run(test())


def test_no_question_is_longer_than_a_url(airflow: FakeAirflow) -> None:
    async def test() -> None:
        with all_watched(RunWatcher(airflow), runs_of(airflow, 250)) as watched:
            await asyncio.sleep(1)
            assert {seen.state for seen in watched.values()} == {RunState.UNDER_WAY}
            assert {len(ids) for _, ids, _ in airflow.asked("count_runs")} == {100, 50}

    run(test())


def test_the_one_of_eighty_that_ended_is_found_by_halving(airflow: FakeAirflow) -> None:
    """About a dozen questions, not eighty. No other supervision is woken."""

    async def test() -> None:
        with all_watched(RunWatcher(airflow), runs_of(airflow, 80)) as watched:
            await asyncio.sleep(10)
            asked = len(airflow.calls)
            others = [
                asyncio.create_task(seen.wait_for_change(50)) for name, seen in watched.items() if name != "run_33"
            ]
            airflow.runs[DAG, "run_33"] = "failed"

            await until(watched["run_33"], lambda seen: seen.state is RunState.FAILED, 3)
            await asyncio.sleep(0)

            assert len(airflow.calls) - asked < 25
            assert not any(task.done() for task in others)
            for task in others:
                task.cancel()

    run(test())


def test_ends_of_both_kinds_are_told_apart(airflow: FakeAirflow) -> None:
    async def test() -> None:
        run_ids = runs_of(airflow, 20)
        with all_watched(RunWatcher(airflow), run_ids) as watched:
            await asyncio.sleep(10)
            for number, run_id in enumerate(run_ids):
                airflow.runs[DAG, run_id] = ("success", "failed", "running")[number % 3]
            await asyncio.sleep(3.1)

            states = {"success": RunState.SUCCESS, "failed": RunState.FAILED, "running": RunState.UNDER_WAY}
            assert all(watched[run_id].state is states[airflow.runs[DAG, run_id]] for run_id in run_ids)

    run(test())


def test_a_run_that_is_cleared_between_two_questions_has_not_ended(airflow: FakeAirflow) -> None:
    async def test() -> None:
        runs_of(airflow, 1)

        def clear(_: str, __: Any, states: tuple[str, ...]) -> None:
            if states == ("success",):
                airflow.runs[DAG, "run_0"] = "queued"

        with RunWatcher(airflow).watch(DAG, "run_0") as watched:
            await asyncio.sleep(10)
            airflow.fail("count_runs", clear, end=20)
            airflow.runs[DAG, "run_0"] = "success"
            await asyncio.sleep(20)
            assert ("success",) in [states for _, _, states in airflow.asked("count_runs")]
            assert watched.state is RunState.UNDER_WAY

            airflow.runs[DAG, "run_0"] = "failed"
            await until(watched, lambda seen: seen.state is RunState.FAILED, 4)

    run(test())


def test_a_run_that_is_not_there_is_missing_until_it_comes(airflow: FakeAirflow) -> None:
    async def test() -> None:
        with RunWatcher(airflow).watch(DAG, "run_0") as watched:
            await until(watched, lambda seen: seen.state is RunState.MISSING, 1)
            await asyncio.sleep(30)
            runs_of(airflow, 1, "queued")
            await until(watched, lambda seen: seen.state is RunState.UNDER_WAY, 3.1)

    run(test())


def test_a_run_that_is_deleted_is_missing_within_about_a_minute(airflow: FakeAirflow) -> None:
    async def test() -> None:
        with all_watched(RunWatcher(airflow), runs_of(airflow, 3)) as watched:
            await asyncio.sleep(10)
            del airflow.runs[DAG, "run_1"]

            await until(watched["run_1"], lambda seen: seen.state is RunState.MISSING, 63)
            assert watched["run_0"].state is watched["run_2"].state is RunState.UNDER_WAY

    run(test())


def test_what_passes_by_itself_changes_nothing(airflow: FakeAirflow, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        with all_watched(RunWatcher(airflow), runs_of(airflow, 5)) as watched:
            await asyncio.sleep(10)
            airflow.fail("*", ConnectionError("the API server is down"), begin=10, end=700)
            airflow.runs[DAG, "run_2"] = "success"
            asked = len(airflow.calls)
            await asyncio.sleep(600)
            assert len(airflow.calls) - asked <= 200 + 10 + 1  # one question per look and one more in a minute
            assert {(seen.state, seen.unreadable) for seen in watched.values()} == {(RunState.UNDER_WAY, "")}

            await until(watched["run_2"], lambda seen: seen.state is RunState.SUCCESS, 100)
            assert now() < 704

    run(test())
    assert "Could not read how runs of DAG nightly stand; looking again. the API server is down" in caplog.text


def test_one_run_that_airflow_refuses_does_not_blind_the_others(airflow: FakeAirflow) -> None:
    async def test() -> None:
        def refuse(_: str, run_ids: tuple[str, ...], __: Any) -> NoSenseError | None:
            return NoSenseError("422: no such id") if "run_33" in run_ids else None

        run_ids = runs_of(airflow, 80)
        airflow.fail("count_runs", refuse, end=100)
        with all_watched(RunWatcher(airflow), run_ids) as watched:
            await asyncio.sleep(10)
            assert watched["run_33"].unreadable == "422: no such id"
            assert watched["run_33"].state is RunState.UNSEEN
            others = [seen for run_id, seen in watched.items() if run_id != "run_33"]
            assert {(seen.state, seen.unreadable) for seen in others} == {(RunState.UNDER_WAY, "")}
            airflow.runs[DAG, "run_32"] = "success"
            await until(watched["run_32"], lambda seen: seen.state is RunState.SUCCESS, 3.1)

            # It was not the run's fault after all.
            await until(watched["run_33"], lambda seen: not seen.unreadable, 100)
            await until(watched["run_33"], lambda seen: seen.state is RunState.UNDER_WAY, 1)

    run(test())


def test_a_refusal_of_everything_does_not_cost_a_question_for_each_run(airflow: FakeAirflow) -> None:
    """As during an upgrade of Airflow. Eighty questions would delay those of all others."""

    async def test() -> None:
        airflow.fail("count_runs", NoSenseError("404"))
        with all_watched(RunWatcher(airflow), runs_of(airflow, 80)) as watched:
            await asyncio.sleep(28.5)
            assert all(seen.unreadable for seen in watched.values())
            assert len(airflow.calls) <= 10 * 80

    run(test())


def test_a_run_of_which_only_the_presence_is_refused_stays_unreadable(airflow: FakeAirflow) -> None:
    async def test() -> None:
        airflow.fail("count_runs", lambda *asked: NoSenseError("422") if "queued" in asked[2] else None)
        with RunWatcher(airflow).watch(DAG, "run_0") as watched:
            await until(watched, lambda seen: seen.unreadable, 1)
            await watched.wait_for_change(30)
            assert now() >= 30

    run(test())


def test_an_error_without_words_is_told_by_its_name(airflow: FakeAirflow) -> None:
    async def test() -> None:
        airflow.fail("count_runs", NoSenseError())
        with RunWatcher(airflow).watch(DAG, "run_0") as watched:
            assert await until(watched, lambda seen: seen.unreadable, 1) < 1
            assert watched.unreadable == "NoSenseError"

    run(test())


def test_a_fault_in_the_look_at_one_dag_does_not_blind_the_others(
    airflow: FakeAirflow, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        runs_of(airflow, 1, dag_id="hourly")
        runs_of(airflow, 1)
        airflow.fail("count_runs", lambda dag_id, *_: _Unjudged() if dag_id == DAG else None)
        airflow.may_pass = _judge  # type: ignore[method-assign]
        watcher = RunWatcher(airflow)
        with watcher.watch(DAG, "run_0") as lost, watcher.watch("hourly", "run_0") as watched:
            await until(watched, lambda seen: seen.state is RunState.UNDER_WAY, 1)
            airflow.runs["hourly", "run_0"] = "success"
            await until(watched, lambda seen: seen.has_ended, 4)
            assert lost.state is RunState.UNSEEN

    class _Unjudged(Exception):  # noqa: N818  # what it is, not that it is one
        pass

    def _judge(error: BaseException) -> bool:
        raise RuntimeError("a fault of ours")

    run(test())
    assert "Could not look at the runs of DAG nightly: a fault of ours" in caplog.text


def test_slow_answers_make_looks_rarer_and_still_leave_pauses(airflow: FakeAirflow) -> None:
    async def test() -> None:
        airflow.seconds["count_runs"] = 20
        with all_watched(RunWatcher(airflow), runs_of(airflow, 2)):
            await asyncio.sleep(200)
            looks = [call.at for call in airflow.calls if call.asked[2] == TERMINAL]
            assert all(later - sooner >= 21.5 for sooner, later in itertools.pairwise(looks))

    run(test())


# Who watches


def test_two_who_watch_one_run_see_the_same(airflow: FakeAirflow) -> None:
    """A trigger and its successor overlap when a triggerer is replaced."""

    async def test() -> None:
        runs_of(airflow, 1)
        watcher = RunWatcher(airflow)
        with watcher.watch(DAG, "run_0") as first:
            with watcher.watch(DAG, "run_0") as second:
                assert first is second
                await asyncio.sleep(10)
            waiting = [asyncio.create_task(first.wait_for_change(100)) for _ in range(2)]
            airflow.runs[DAG, "run_0"] = "success"
            await asyncio.gather(*waiting)
            assert first.has_ended
            assert now() < 14

    run(test())


def test_two_changes_in_a_row_wake_once() -> None:
    async def test() -> None:
        watched = WatchedRun()
        waiting = asyncio.create_task(watched.wait_for_change(100))
        await asyncio.sleep(1)
        watched.update(RunState.UNDER_WAY)
        watched.update(RunState.SUCCESS)
        await waiting
        assert (now(), watched.state) == (1, RunState.SUCCESS)

    run(test())


def test_nobody_is_asked_when_nobody_watches_and_again_when_somebody_does(airflow: FakeAirflow) -> None:
    async def test() -> None:
        watcher = RunWatcher(airflow)
        runs_of(airflow, 1)
        with watcher.watch(DAG, "run_0"):
            await asyncio.sleep(10)
        asked = len(airflow.calls)
        await asyncio.sleep(1000)
        assert len(airflow.calls) == asked
        assert len(asyncio.all_tasks()) == 1  # no reader is left

        with watcher.watch(DAG, "run_0") as watched:
            await until(watched, lambda seen: seen.state is RunState.UNDER_WAY, 1)

    run(test())


def test_a_dag_that_nobody_watches_any_more_costs_nothing(airflow: FakeAirflow) -> None:
    async def test() -> None:
        runs_of(airflow, 1)
        runs_of(airflow, 1, dag_id="hourly")
        watcher = RunWatcher(airflow)
        with watcher.watch(DAG, "run_0"):
            with watcher.watch("hourly", "run_0"):
                await asyncio.sleep(10)
            await asyncio.sleep(100)
        assert max(call.at for call in airflow.calls if call.asked[0] == "hourly") < 10
        assert max(call.at for call in airflow.calls if call.asked[0] == DAG) > 100

    run(test())


@pytest.mark.parametrize("state", ["success", "running", None])
def test_who_leaves_while_airflow_answers_hurts_nobody(
    airflow: FakeAirflow, state: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        airflow.seconds["count_runs"] = airflow.seconds["task_states"] = 2
        runs_of(airflow, 1)
        if state is not None:
            airflow.runs[DAG, "leaver"] = state
        watcher = RunWatcher(airflow)
        for after in range(9):
            with watcher.watch(DAG, "run_0") as stayed:
                with watcher.watch(DAG, "leaver") as left:
                    left.request_task_states()
                    await asyncio.sleep(1 + after)
                await until(stayed, lambda seen: seen.state is RunState.UNDER_WAY, 30)

    run(test())
    assert "Could not look" not in caplog.text


def test_who_leaves_while_its_progress_is_read_hurts_nobody(airflow: FakeAirflow) -> None:
    async def test() -> None:
        airflow.seconds["task_states"] = 2
        run_ids = runs_of(airflow, 2)
        airflow.tasks[DAG, "run_1"] = {"work": "running"}
        watcher = RunWatcher(airflow)
        with watcher.watch(DAG, run_ids[1]) as stayed:
            with watcher.watch(DAG, run_ids[0]) as left:
                left.request_task_states()
                stayed.request_task_states()
                await asyncio.sleep(1)
            await asyncio.sleep(2)
            assert [ids for _, ids, _ in airflow.asked("task_states")] == [("run_1", "run_0")]
            assert (stayed.task_states, left.task_states) == ({"work": "running"}, None)

    run(test())


def test_a_refused_run_that_is_left_meanwhile_hurts_nobody(
    airflow: FakeAirflow, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        airflow.seconds["count_runs"] = 2
        airflow.fail("count_runs", NoSenseError("422"))
        watcher = RunWatcher(airflow)
        with watcher.watch(DAG, "run_0"), watcher.watch("hourly", "run_0"):
            await asyncio.sleep(1)
        await asyncio.sleep(10)

    run(test())
    assert "Could not look" not in caplog.text


def test_one_watcher_serves_a_loop(airflow: FakeAirflow) -> None:
    async def test() -> RunWatcher:
        assert shared_watcher(airflow) is shared_watcher(FakeAirflow())
        return shared_watcher(airflow)

    assert run(test()) is not run(test())


# How far they are


def test_how_far_a_run_is_is_read_for_those_who_want_it(airflow: FakeAirflow) -> None:
    async def test() -> None:
        run_ids = runs_of(airflow, 8)
        for run_id in run_ids:
            airflow.tasks[DAG, run_id] = {"work": "running"}
        with all_watched(RunWatcher(airflow), run_ids) as watched:
            await asyncio.sleep(10)
            assert not airflow.asked("task_states")
            for run_id in run_ids[:5]:
                watched[run_id].request_task_states()
            await asyncio.sleep(10)

            assert [ids for _, ids, _ in airflow.asked("task_states")] == [tuple(run_ids[:5])]
            assert [watched[run_id].task_states for run_id in run_ids] == [{"work": "running"}] * 5 + [None] * 3

    run(test())


def test_a_run_without_tasks_has_none(airflow: FakeAirflow) -> None:
    async def test() -> None:
        runs_of(airflow, 1)
        with RunWatcher(airflow).watch(DAG, "run_0") as watched:
            watched.request_task_states()
            await asyncio.sleep(1)
            assert watched.task_states == {}

    run(test())


def test_answers_about_large_runs_are_kept_small_and_one_look_asks_but_three(airflow: FakeAirflow) -> None:
    """A triggerer gets one answer at a time: an answer with thousands of states would delay all others."""

    async def test() -> None:
        run_ids = runs_of(airflow, 40)
        for run_id in run_ids:
            airflow.tasks[DAG, run_id] = {f"work_{number}": "success" for number in range(500)}
        with all_watched(RunWatcher(airflow), run_ids) as watched:
            for seen in watched.values():
                seen.request_task_states()
            await asyncio.sleep(60)
            numbers = [len(ids) for _, ids, _ in airflow.asked("task_states")]
            assert numbers == [10] + [4] * 7 + [2]
            at = airflow.times("task_states")
            assert max(sum(time == other for other in at) for time in at) == 3
            assert not any(seen.wants_task_states for seen in watched.values())

    run(test())


def test_how_far_a_run_is_is_asked_again_where_airflow_does_not_say(
    airflow: FakeAirflow, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        runs_of(airflow, 1)
        airflow.tasks[DAG, "run_0"] = {"work": "queued"}
        airflow.fail("task_states", ConnectionError("away"), times=2)
        with RunWatcher(airflow).watch(DAG, "run_0") as watched:
            watched.request_task_states()
            await asyncio.sleep(10)
            assert watched.task_states == {"work": "queued"}
            assert len(airflow.asked("task_states")) == 3

    run(test())
    with_trouble = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert [each.getMessage() for each in with_trouble] == ["Could not read how far runs of DAG nightly are. away"] * 2
