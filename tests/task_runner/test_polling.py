"""The poller with fakes of Airflow and of the service, in fake time."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._task_runner.rate_limits import POLL_RATE, rate_limiter_for
from airflow_provider_datapipeline.exceptions import (
    AccessDeniedError,
    ConfigurationError,
    InternalServiceError,
    ThrottledError,
)
from airflow_provider_datapipeline.pipeline_task import PipelineTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_datapipeline._task_runner.poll_registry import PolledTask

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow_provider_datapipeline._task_runner.polling import CannotPollError, Poller, event_payload
from tests.task_runner.fake_airflow import FakeAirflow, FakeService
from tests.task_runner.fake_time import CLOCK, now, run

RUNNER, POLLER = "runner", "runner_poller"
POLL = "PollForTask"


def offer(fake_service: FakeService, *commands: str) -> None:
    fake_service.offered += [
        PipelineTask(task_id=command, pipeline_id="df-1", attempt_id=f"@{command}_Attempt=1", fields={})
        for command in commands
    ]


def hold(fake_airflow: FakeAirflow, number: int, state: str = "running") -> None:
    """Let the runner DAG have so many runs, all in one state."""
    fake_airflow.runs = {(RUNNER, f"run_{each}"): state for each in range(number)}


def later(seconds: float, do: Any, *parameters: Any) -> None:
    asyncio.get_running_loop().call_later(seconds, do, *parameters)


def poller_of(fake_service: FakeService, fake_airflow: FakeAirflow, **changes: Any) -> Poller:
    settings: dict[str, Any] = {
        "hook": fake_service,
        "account": "account",
        "airflow": fake_airflow,
        "worker_group": "etl",
        "poller_dag_id": POLLER,
        "runner_dag_id": RUNNER,
        "max_active_tasks": 10,
        "batch_size": 3,
        "hostname": "worker-1",
        "clock": CLOCK,
    }
    return Poller(**{**settings, **changes})


def names(batch: Sequence[PolledTask]) -> list[str]:
    return [each.task.task_id for each in batch]


def one_batch(fake_service: FakeService, fake_airflow: FakeAirflow, *prepare: tuple[Any, ...], **changes: Any):
    """Poll for a batch; return its tasks and how long it took."""

    async def poll() -> tuple[list[str], float]:
        for each in prepare:
            later(*each)
        return names(await poller_of(fake_service, fake_airflow, **changes).batch()), now()

    return run(poll())


# A batch


def test_a_batch_is_what_there_is_when_nothing_more_comes(fake_service, fake_airflow, sent) -> None:
    offer(fake_service, "a", "b")

    batch, seconds = one_batch(fake_service, fake_airflow)

    assert batch == ["a", "b"]
    assert seconds == pytest.approx(1)
    assert set(fake_service.asked(POLL)) == {("etl", "worker-1")}
    assert not fake_service.asked("ReportTaskProgress")  # nothing is acknowledged before it can start
    assert sent.names == ["held", "polls", "polled", "polls", "polled"]
    assert {tags["dag_id"] for _, _, tags in sent.values} == {RUNNER}


def test_a_task_that_comes_within_a_second_belongs_to_the_batch(fake_service, fake_airflow) -> None:
    offer(fake_service, "a")

    batch, _ = one_batch(fake_service, fake_airflow, (0.8, offer, fake_service, "b"), (1.6, offer, fake_service, "c"))

    assert batch == ["a", "b", "c"]


def test_the_poll_that_a_batch_leaves_is_the_next_batch_s(fake_service, fake_airflow) -> None:
    """A poll that is cancelled may already own a task, which would be lost for two minutes."""
    offer(fake_service, "a")

    async def two_batches() -> list[list[str]]:
        first = names(await poller_of(fake_service, fake_airflow).batch())
        later(20, offer, fake_service, "b")
        return [first, names(await poller_of(fake_service, fake_airflow).batch())]

    assert run(two_batches()) == [["a"], ["b"]]
    assert len(fake_service.asked(POLL)) == 3


def test_a_batch_is_no_larger_than_asked_for(fake_service, fake_airflow) -> None:
    offer(fake_service, "a", "b", "c", "d")

    assert one_batch(fake_service, fake_airflow) == (["a", "b", "c"], 0)
    assert len(fake_service.asked(POLL)) == 3


def test_a_batch_is_json_with_the_time_of_each_poll(fake_service, fake_airflow) -> None:
    offer(fake_service, "a", "b")

    async def stored() -> dict[str, Any]:
        return json.loads(json.dumps(event_payload(await poller_of(fake_service, fake_airflow).batch())))

    tasks = run(stored())["tasks"]
    assert [PipelineTask.from_conf(each["conf"]).task_id for each in tasks] == ["a", "b"]
    assert tasks[0]["at"] <= tasks[1]["at"]


# Room


def test_no_task_is_polled_that_cannot_start(fake_service, fake_airflow, sent) -> None:
    """Ten tasks may be held. With ten nothing is polled, and with eight two tasks are polled."""
    offer(fake_service, "a", "b", "c")
    hold(fake_airflow, 11)

    batch, seconds = one_batch(fake_service, fake_airflow, (30, hold, fake_airflow, 10), (60, hold, fake_airflow, 8))

    assert batch == ["a", "b"]
    assert 60 <= seconds <= 63
    assert len(fake_service.asked(POLL)) == 2
    held = [value for name, value, _ in sent.values if name == "held"]
    assert (held[0], held[-1], set(held)) == (11, 8, {8, 10, 11})


def test_airflow_s_api_is_asked_at_most_every_ten_seconds_while_there_is_no_room(fake_service, fake_airflow) -> None:
    """It was once asked every two seconds, and each question needed a login."""
    hold(fake_airflow, 10)

    assert one_batch(fake_service, fake_airflow) == ([], pytest.approx(600, abs=3))
    asked = fake_airflow.times("is_paused")
    assert 50 <= len(asked) <= 61
    assert all(later - earlier >= 10 for earlier, later in itertools.pairwise(asked))
    assert fake_airflow.asked("is_paused")[0] == (POLLER,)


# Passing troubles of Airflow


def test_a_failing_count_of_runs_does_not_end_polling(fake_service, fake_airflow, warned) -> None:
    """An error once failed the poller's task. Nothing is polled meanwhile, because it might not be started."""
    offer(fake_service, "a", "b", "c")
    fake_airflow.fail("count_runs", RuntimeError("no answer for http://user:pass-1234@api"), end=120)

    batch, seconds = one_batch(fake_service, fake_airflow)

    assert batch == ["a", "b", "c"]
    assert seconds == 120
    assert min(fake_service.times(POLL)) == 120
    warnings = warned("Could not count the runs of DAG runner")
    assert len(warnings) == 12
    assert "pass-1234" not in "".join(warnings)


def test_a_failing_count_of_queued_runs_is_as_good_as_a_standstill(fake_service, fake_airflow) -> None:
    offer(fake_service, "a")
    hold(fake_airflow, 1)

    def fail(dag_id: str, run_ids: object, states: tuple[str, ...]) -> Exception | None:
        return OSError("api away") if states == ("queued",) else None

    fake_airflow.fail("count_runs", fail, end=60)

    batch, seconds = one_batch(fake_service, fake_airflow)
    assert (batch, seconds) == (["a"], pytest.approx(61))


def test_nothing_is_polled_while_the_runs_of_the_runner_do_not_start(fake_service, fake_airflow, warned) -> None:
    """For example if the runner is paused: polled tasks would not be supervised. One warning comes, after a while."""
    offer(fake_service, "a")
    hold(fake_airflow, 2, "queued")

    batch, seconds = one_batch(fake_service, fake_airflow, (300, hold, fake_airflow, 2))

    assert batch == ["a"]
    assert 300 <= seconds <= 304
    (warning,) = warned("Not polling")
    assert "2 runs of DAG runner have been queued" in warning


def test_a_standstill_is_told_again_when_there_was_none_between(fake_service, fake_airflow, warned) -> None:
    hold(fake_airflow, 2, "queued")
    moments = [(200, hold, fake_airflow, 10), (210, hold, fake_airflow, 2, "queued"), (400, hold, fake_airflow, 10)]

    one_batch(fake_service, fake_airflow, *moments)

    assert len(warned("Not polling")) == 2


def test_a_batch_that_has_just_begun_to_start_is_no_standstill(fake_service, fake_airflow, warned) -> None:
    offer(fake_service, "a")
    hold(fake_airflow, 2, "queued")

    batch, seconds = one_batch(fake_service, fake_airflow, (55, hold, fake_airflow, 2))

    assert batch == ["a"]
    assert 55 <= seconds <= 58
    assert not warned("Not polling")


# A poller that is paused


def test_a_paused_poller_polls_nothing_and_ends(fake_service, fake_airflow) -> None:
    offer(fake_service, "a")
    fake_airflow.paused.add(POLLER)

    assert one_batch(fake_service, fake_airflow) == ([], 0)
    assert not fake_service.calls


def test_a_poller_that_is_paused_while_there_is_no_room_ends_soon(fake_service, fake_airflow) -> None:
    hold(fake_airflow, 10)

    _, seconds = one_batch(fake_service, fake_airflow, (95, fake_airflow.paused.add, POLLER))

    assert 95 <= seconds <= 95 + 13


def test_without_the_api_nobody_knows_what_is_paused(fake_service) -> None:
    fake_airflow = FakeAirflow(can_stop=False)
    fake_airflow.paused.add(POLLER)
    offer(fake_service, "a")

    assert one_batch(fake_service, fake_airflow)[0] == ["a"]
    assert not fake_airflow.asked("is_paused")


def test_polling_does_not_depend_on_the_api(fake_service, fake_airflow, warned) -> None:
    """No warning at first, because Airflow may be starting; then one a minute, however often it is asked."""
    hold(fake_airflow, 10)
    fake_airflow.fail("is_paused", OSError("http://user:pass-1234@api refused"))

    batch, _ = one_batch(fake_service, fake_airflow, (290, hold, fake_airflow, 0), (290, offer, fake_service, "a"))

    assert batch == ["a"]
    warnings = warned("whether DAG runner_poller is paused")
    assert len(warnings) == 4
    assert "pass-1234" not in "".join(warnings)


def test_an_api_that_answers_again_is_no_longer_silent(fake_service, fake_airflow, warned) -> None:
    hold(fake_airflow, 10)
    for begin in range(0, 600, 60):
        fake_airflow.fail("is_paused", OSError("api away"), begin=begin, end=begin + 45)

    one_batch(fake_service, fake_airflow)

    assert fake_airflow.asked("is_paused")
    assert not warned("whether DAG runner_poller is paused")


# Errors of the fake_service


@pytest.mark.parametrize(
    "error",
    [
        ThrottledError(POLL, "ThrottlingException", "Rate exceeded"),
        InternalServiceError(POLL, "InternalServiceError", "try again"),
    ],
)
def test_a_passing_error_is_polled_through(fake_service, fake_airflow, warned, error) -> None:
    fake_service.fail(POLL, error, times=4)
    offer(fake_service, "a", "b", "c")

    batch, seconds = one_batch(fake_service, fake_airflow)

    assert batch == ["a", "b", "c"]
    assert 0.5 + 1 + 2 + 4 <= seconds <= 1 + 2 + 4 + 8 + 4
    assert len(warned("Polling again in")) == 4


def test_pauses_begin_anew_after_a_poll_that_succeeded(fake_service, fake_airflow, warned) -> None:
    """They grow again, to a minute at the most."""
    fake_service.poll_seconds = 5
    fake_service.fail(POLL, InternalServiceError(POLL, "InternalServiceError", "try again"), times=5)
    fake_service.fail(POLL, InternalServiceError(POLL, "InternalServiceError", "try again"), begin=100, end=110)

    one_batch(fake_service, fake_airflow)

    pauses = [int(each.split(" in ")[1].split(" s")[0]) for each in warned("Polling again in")]
    assert pauses[4] >= 8
    assert pauses[5] <= 1


def test_a_throttled_poll_slows_all_of_the_account_down(fake_service, fake_airflow) -> None:
    async def rate() -> float:
        fake_service.fail(POLL, ThrottledError(POLL, "ThrottlingException", "Rate exceeded"), times=1)
        later(0.4, offer, fake_service, "a")
        polling_ = asyncio.create_task(poller_of(fake_service, fake_airflow).batch())
        await asyncio.sleep(0.1)
        rate = rate_limiter_for(POLL_RATE, POLL, "account").rate
        await polling_
        return rate

    assert run(rate()) == POLL_RATE.first / 2


@pytest.mark.parametrize(
    "error",
    [
        AccessDeniedError(POLL, "AccessDeniedException", "not allowed"),
        ThrottledError(POLL, "ThrottlingException", "Rate exceeded"),
        ConfigurationError("no region"),
    ],
)
def test_tasks_received_before_an_error_are_started(fake_service, fake_airflow, warned, error) -> None:
    """Otherwise the service would hand them out again after two minutes."""
    offer(fake_service, "a", "b")
    answers = iter([None, error])
    fake_service.fail(POLL, lambda *_: next(answers))

    assert one_batch(fake_service, fake_airflow)[0] == ["a"]
    assert len(warned("Starting with the tasks received so far")) == 1


@pytest.mark.parametrize(
    "error",
    [AccessDeniedError(POLL, "AccessDeniedException", "not allowed"), ConfigurationError("key pass-1234 of no region")],
)
def test_an_error_that_stays_fails_the_run_after_a_pause(fake_service, fake_airflow, warned, error) -> None:
    """The poller's schedule is continuous, and its next run reads the connection again."""
    fake_service.fail(POLL, error)

    async def seconds() -> float:
        with pytest.raises(CannotPollError):
            await poller_of(fake_service, fake_airflow).batch()
        return now()

    assert run(seconds()) == 60
    assert len(fake_service.asked(POLL)) == 1
    assert len(warned("Cannot poll; trying again in 60 s.")) == 1


# A poller's life


def test_a_poller_ends_after_ten_minutes_without_a_task(fake_service, fake_airflow) -> None:
    """It does not cancel a poll for that."""
    batch, seconds = one_batch(fake_service, fake_airflow)

    assert batch == []
    assert 600 <= seconds <= 600 + fake_service.poll_seconds
    assert len(fake_service.asked(POLL)) == 7


def test_a_poller_asks_airflow_anew_after_each_poll(fake_service, fake_airflow) -> None:
    one_batch(fake_service, fake_airflow)

    assert len(fake_airflow.asked("count_runs")) == len(fake_airflow.asked("is_paused")) == 7
    assert set(fake_airflow.asked("count_runs")) == {(RUNNER, None, ("queued", "running"))}


def test_polls_stay_within_the_account_s_rate(fake_service, fake_airflow) -> None:
    """However fast the service answers."""
    fake_service.poll_seconds = 0

    one_batch(fake_service, fake_airflow)

    polls = fake_service.times(POLL)
    assert len(polls) <= 100 + 2 * 600 + 1
    assert len([at for at in polls if at > 300]) <= 2 * 300 + 1


def test_task_runners_of_one_worker_group_do_not_take_each_other_s_tasks(fake_service, fake_airflow) -> None:
    """With one connection in one triggerer, both once got the same task."""

    async def both() -> list[list[str]]:
        runners = [
            poller_of(fake_service, fake_airflow, runner_dag_id=name, batch_size=1) for name in ("nightly", "hourly")
        ]
        polls = [asyncio.create_task(each.batch()) for each in runners]
        await asyncio.sleep(5)
        assert len(fake_service.asked(POLL)) == 2
        offer(fake_service, "a", "b")
        return sorted([names(await each) for each in polls])

    assert run(both()) == [["a"], ["b"]]
