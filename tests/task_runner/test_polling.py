"""The whole of the poller, with a fake of Airflow and of the service, in fake time."""

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

from airflow_provider_datapipeline._task_runner import polling
from airflow_provider_datapipeline._task_runner.polling import CannotPollError, Poller, event_payload
from tests.task_runner.fake_airflow import FakeAirflow, FakeService
from tests.task_runner.fake_time import CLOCK, now, run

RUNNER, POLLER = "runner", "runner_poller"
POLL = "PollForTask"


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> FakeAirflow:
    monkeypatch.setattr(polling, "_silent_since", {})  # kept by a process for all its pollers
    return FakeAirflow()


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture):
    def read(part: str) -> list[str]:
        return [each.getMessage() for each in caplog.records if part in each.getMessage()]

    return read


def offer(service: FakeService, *commands: str) -> None:
    service.offered += [
        PipelineTask(task_id=command, pipeline_id="df-1", attempt_id=f"@{command}_Attempt=1", fields={})
        for command in commands
    ]


def hold(airflow: FakeAirflow, number: int, state: str = "running") -> None:
    """The runner has so many runs in a state, and no others."""
    airflow.runs = {(RUNNER, f"run_{each}"): state for each in range(number)}


def later(seconds: float, do: Any, *parameters: Any) -> None:
    asyncio.get_running_loop().call_later(seconds, do, *parameters)


def poller_of(service: FakeService, airflow: FakeAirflow, **changes: Any) -> Poller:
    settings: dict[str, Any] = {
        "hook": service,
        "account": "account",
        "airflow": airflow,
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


def one_batch(service: FakeService, airflow: FakeAirflow, *prepare: tuple[Any, ...], **changes: Any):
    """Poll for a batch; return its tasks and how long it took."""

    async def poll() -> tuple[list[str], float]:
        for each in prepare:
            later(*each)
        return names(await poller_of(service, airflow, **changes).batch()), now()

    return run(poll())


# A batch


def test_a_batch_is_what_there_is_when_nothing_more_comes(service, airflow, sent) -> None:
    offer(service, "a", "b")

    batch, seconds = one_batch(service, airflow)

    assert batch == ["a", "b"]
    assert seconds == pytest.approx(1)
    assert set(service.asked(POLL)) == {("etl", "worker-1")}
    assert not service.asked("ReportTaskProgress")  # nothing is acknowledged before it can start
    assert sent.names == ["held", "polls", "polled", "polls", "polled"]
    assert {tags["dag_id"] for _, _, tags in sent.values} == {RUNNER}


def test_a_task_that_comes_within_a_second_belongs_to_the_batch(service, airflow) -> None:
    offer(service, "a")

    batch, _ = one_batch(service, airflow, (0.8, offer, service, "b"), (1.6, offer, service, "c"))

    assert batch == ["a", "b", "c"]


def test_the_poll_that_a_batch_leaves_is_the_next_batch_s(service, airflow) -> None:
    """Cut off, it might be the one that gets a task, which would be lost for two minutes."""
    offer(service, "a")

    async def two_batches() -> list[list[str]]:
        first = names(await poller_of(service, airflow).batch())
        later(20, offer, service, "b")
        return [first, names(await poller_of(service, airflow).batch())]

    assert run(two_batches()) == [["a"], ["b"]]
    assert len(service.asked(POLL)) == 3


def test_a_batch_is_no_larger_than_asked_for(service, airflow) -> None:
    offer(service, "a", "b", "c", "d")

    assert one_batch(service, airflow) == (["a", "b", "c"], 0)
    assert len(service.asked(POLL)) == 3


def test_a_batch_is_json_with_the_time_of_each_poll(service, airflow) -> None:
    offer(service, "a", "b")

    async def stored() -> dict[str, Any]:
        return json.loads(json.dumps(event_payload(await poller_of(service, airflow).batch())))

    tasks = run(stored())["tasks"]
    assert [PipelineTask.from_conf(each["conf"]).task_id for each in tasks] == ["a", "b"]
    assert tasks[0]["at"] <= tasks[1]["at"]


# Room


def test_no_task_is_polled_that_cannot_start(service, airflow, sent) -> None:
    """Ten may be held: while ten are, nothing is polled; while eight are, two."""
    offer(service, "a", "b", "c")
    hold(airflow, 11)

    batch, seconds = one_batch(service, airflow, (30, hold, airflow, 10), (60, hold, airflow, 8))

    assert batch == ["a", "b"]
    assert 60 <= seconds <= 63
    assert len(service.asked(POLL)) == 2
    held = [value for name, value, _ in sent.values if name == "held"]
    assert (held[0], held[-1], set(held)) == (11, 8, {8, 10, 11})


def test_airflow_s_api_is_asked_at_most_every_ten_seconds_while_there_is_no_room(service, airflow) -> None:
    """It was asked, with a login of its own each, every two."""
    hold(airflow, 10)

    assert one_batch(service, airflow) == ([], pytest.approx(600, abs=3))
    asked = airflow.times("is_paused")
    assert 50 <= len(asked) <= 61
    assert all(later - earlier >= 10 for earlier, later in itertools.pairwise(asked))
    assert airflow.asked("is_paused")[0] == (POLLER,)


# Passing troubles of Airflow


def test_a_failing_count_of_runs_does_not_end_polling(service, airflow, told) -> None:
    """It had the poller's task fail; nothing is polled meanwhile, since nobody knows whether it could start."""
    offer(service, "a", "b", "c")
    airflow.fail("count_runs", RuntimeError("no answer for http://user:pass-1234@api"), end=120)

    batch, seconds = one_batch(service, airflow)

    assert batch == ["a", "b", "c"]
    assert seconds == 120
    assert min(service.times(POLL)) == 120
    warnings = told("Could not count the runs of DAG runner")
    assert len(warnings) == 12
    assert "pass-1234" not in "".join(warnings)


def test_a_failing_count_of_queued_runs_is_as_good_as_a_standstill(service, airflow) -> None:
    offer(service, "a")
    hold(airflow, 1)

    def fail(dag_id: str, run_ids: object, states: tuple[str, ...]) -> Exception | None:
        return OSError("api away") if states == ("queued",) else None

    airflow.fail("count_runs", fail, end=60)

    batch, seconds = one_batch(service, airflow)
    assert (batch, seconds) == (["a"], pytest.approx(61))


def test_nothing_is_polled_while_the_runs_of_the_runner_do_not_start(service, airflow, told) -> None:
    """Because the runner is paused, say: nobody would supervise what is polled. Told once, and only if it lasts."""
    offer(service, "a")
    hold(airflow, 2, "queued")

    batch, seconds = one_batch(service, airflow, (300, hold, airflow, 2))

    assert batch == ["a"]
    assert 300 <= seconds <= 304
    (warning,) = told("Not polling")
    assert "2 runs of DAG runner have been queued" in warning


def test_a_standstill_is_told_again_when_there_was_none_between(service, airflow, told) -> None:
    hold(airflow, 2, "queued")
    moments = [(200, hold, airflow, 10), (210, hold, airflow, 2, "queued"), (400, hold, airflow, 10)]

    one_batch(service, airflow, *moments)

    assert len(told("Not polling")) == 2


def test_a_batch_that_has_just_begun_to_start_is_no_standstill(service, airflow, told) -> None:
    offer(service, "a")
    hold(airflow, 2, "queued")

    batch, seconds = one_batch(service, airflow, (55, hold, airflow, 2))

    assert batch == ["a"]
    assert 55 <= seconds <= 58
    assert not told("Not polling")


# A poller that is paused


def test_a_paused_poller_polls_nothing_and_ends(service, airflow) -> None:
    offer(service, "a")
    airflow.paused.add(POLLER)

    assert one_batch(service, airflow) == ([], 0)
    assert not service.calls


def test_a_poller_that_is_paused_while_there_is_no_room_ends_soon(service, airflow) -> None:
    hold(airflow, 10)

    _, seconds = one_batch(service, airflow, (95, airflow.paused.add, POLLER))

    assert 95 <= seconds <= 95 + 13


def test_without_the_api_nobody_knows_what_is_paused(service) -> None:
    airflow = FakeAirflow(can_stop=False)
    airflow.paused.add(POLLER)
    offer(service, "a")

    assert one_batch(service, airflow)[0] == ["a"]
    assert not airflow.asked("is_paused")


def test_polling_does_not_depend_on_the_api(service, airflow, told) -> None:
    """Nothing is said of it at first, since Airflow may be starting; then once a minute, however often it is asked."""
    hold(airflow, 10)
    airflow.fail("is_paused", OSError("http://user:pass-1234@api refused"))

    batch, _ = one_batch(service, airflow, (290, hold, airflow, 0), (290, offer, service, "a"))

    assert batch == ["a"]
    warnings = told("whether DAG runner_poller is paused")
    assert len(warnings) == 4
    assert "pass-1234" not in "".join(warnings)


def test_an_api_that_answers_again_is_no_longer_silent(service, airflow, told) -> None:
    hold(airflow, 10)
    for begin in range(0, 600, 60):
        airflow.fail("is_paused", OSError("api away"), begin=begin, end=begin + 45)

    one_batch(service, airflow)

    assert airflow.asked("is_paused")
    assert not told("whether DAG runner_poller is paused")


# Errors of the service


@pytest.mark.parametrize(
    "error",
    [
        ThrottledError(POLL, "ThrottlingException", "Rate exceeded"),
        InternalServiceError(POLL, "InternalServiceError", "try again"),
    ],
)
def test_a_passing_error_is_polled_through(service, airflow, told, error) -> None:
    service.fail(POLL, error, times=4)
    offer(service, "a", "b", "c")

    batch, seconds = one_batch(service, airflow)

    assert batch == ["a", "b", "c"]
    assert 0.5 + 1 + 2 + 4 <= seconds <= 1 + 2 + 4 + 8 + 4
    assert len(told("Polling again in")) == 4


def test_pauses_begin_anew_after_a_poll_that_succeeded(service, airflow, told) -> None:
    """And grow to a minute at the most."""
    service.poll_seconds = 5
    service.fail(POLL, InternalServiceError(POLL, "InternalServiceError", "try again"), times=5)
    service.fail(POLL, InternalServiceError(POLL, "InternalServiceError", "try again"), begin=100, end=110)

    one_batch(service, airflow)

    pauses = [int(each.split(" in ")[1].split(" s")[0]) for each in told("Polling again in")]
    assert pauses[4] >= 8
    assert pauses[5] <= 1


def test_a_throttled_poll_slows_all_of_the_account_down(service, airflow) -> None:
    async def rate() -> float:
        service.fail(POLL, ThrottledError(POLL, "ThrottlingException", "Rate exceeded"), times=1)
        later(0.4, offer, service, "a")
        polling_ = asyncio.create_task(poller_of(service, airflow).batch())
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
def test_tasks_received_before_an_error_are_started(service, airflow, told, error) -> None:
    """Which the service would otherwise hand out again in two minutes."""
    offer(service, "a", "b")
    answers = iter([None, error])
    service.fail(POLL, lambda *_: next(answers))

    assert one_batch(service, airflow)[0] == ["a"]
    assert len(told("Starting with the tasks received so far")) == 1


@pytest.mark.parametrize(
    "error",
    [AccessDeniedError(POLL, "AccessDeniedException", "not allowed"), ConfigurationError("key pass-1234 of no region")],
)
def test_an_error_that_stays_fails_the_run_after_a_pause(service, airflow, told, error) -> None:
    """The next run of the poller, which is continuous, reads the connection anew."""
    service.fail(POLL, error)

    async def seconds() -> float:
        with pytest.raises(CannotPollError):
            await poller_of(service, airflow).batch()
        return now()

    assert run(seconds()) == 60
    assert len(service.asked(POLL)) == 1
    assert len(told("Cannot poll; trying again in 60 s.")) == 1


# A poller's life


def test_a_poller_ends_after_ten_minutes_without_a_task(service, airflow) -> None:
    """It does not cut a poll for that."""
    batch, seconds = one_batch(service, airflow)

    assert batch == []
    assert 600 <= seconds <= 600 + service.poll_seconds
    assert len(service.asked(POLL)) == 7


def test_a_poller_asks_airflow_anew_after_each_poll(service, airflow) -> None:
    one_batch(service, airflow)

    assert len(airflow.asked("count_runs")) == len(airflow.asked("is_paused")) == 7
    assert set(airflow.asked("count_runs")) == {(RUNNER, None, ("queued", "running"))}


def test_polls_stay_within_the_account_s_rate(service, airflow) -> None:
    """Whatever the service answers, and how fast."""
    service.poll_seconds = 0

    one_batch(service, airflow)

    polls = service.times(POLL)
    assert len(polls) <= 100 + 2 * 600 + 1
    assert len([at for at in polls if at > 300]) <= 2 * 300 + 1


def test_task_runners_of_one_worker_group_do_not_take_each_other_s_tasks(service, airflow) -> None:
    """Both got the same task where they shared a connection in one triggerer."""

    async def both() -> list[list[str]]:
        runners = [poller_of(service, airflow, runner_dag_id=name, batch_size=1) for name in ("nightly", "hourly")]
        polls = [asyncio.create_task(each.batch()) for each in runners]
        await asyncio.sleep(5)
        assert len(service.asked(POLL)) == 2
        offer(service, "a", "b")
        return sorted([names(await each) for each in polls])

    assert run(both()) == [["a"], ["b"]]
