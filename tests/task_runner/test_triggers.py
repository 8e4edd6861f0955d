"""The triggers of the task runner: what they store, and when the one that polls fires."""

from __future__ import annotations

import asyncio
import itertools
import json
import pkgutil
import time
from typing import TYPE_CHECKING, Any

import pytest
from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline.pipeline_task import PipelineTask
from airflow_provider_datapipeline.runs import Assignment

if TYPE_CHECKING:
    from collections.abc import Callable

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow_provider_datapipeline._airflow import triggerer
from airflow_provider_datapipeline.triggers import datapipeline as triggers
from airflow_provider_datapipeline.triggers.datapipeline import PollForTaskTrigger, SuperviseDagRunTrigger

AWS = {
    "aws_conn_id": "emulated",
    "region_name": "us-east-1",
    "verify": "/etc/ssl/ca.pem",
    "botocore_config": {"max_pool_connections": 5},
    "airflow_conn_id": "airflow_api",
}
POLL = {
    "worker_group": "airflow",
    "poller_dag_id": "runner_poller",
    "runner_dag_id": "runner",
    "max_active_tasks": 10,
    "batch_size": 3,
    "hostname": "worker-1",
    "leaves_batch": False,
}
SUPERVISE = {"conf": "{}", "runner_dag_id": "runner", "run_id": "run_1", "beat": 60.0, "run_timeout": None}
SOON = 20.0


@pytest.fixture
def queued() -> list[int]:
    """How many runs of the runner wait to be started, in the manner of ``held``."""
    return [0]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, queued: list[int]) -> list[int]:
    """How many runs the runner has under way, one number for each question, the last one for all further ones."""
    under_way = [0]

    async def count(dag_id: str, run_ids: object, states: object) -> int:
        assert (dag_id, run_ids) == ("runner", None)
        assert states in (("queued", "running"), ("queued",))
        numbers = queued if states == ("queued",) else under_way
        return numbers.pop(0) if len(numbers) > 1 else numbers[0]

    monkeypatch.setattr(triggerer, "count_runs", count)
    monkeypatch.setattr(triggers, "backoff", lambda: itertools.repeat(0.01))
    monkeypatch.setattr(triggers, "_QUIET_SECONDS", 0.5)
    monkeypatch.setattr(triggers, "_NO_ROOM_SECONDS", 0.01)
    monkeypatch.setattr(triggers, "_STANDSTILL_SECONDS", 0.03)
    monkeypatch.setattr(triggers, "_MISCONFIGURED_SECONDS", 0.01)
    return under_way


async def event_of(**changes: Any) -> TriggerEvent:
    trigger = PollForTaskTrigger(**{**POLL, "aws_conn_id": "emulated", **changes})
    async with asyncio.timeout(SOON):
        (event,) = [event async for event in trigger.run()]
    return event


def commands(event: TriggerEvent) -> list[str]:
    return sorted(str(PipelineTask.from_conf(each["conf"]).fields["command"]) for each in event.payload["tasks"])


@pytest.mark.parametrize(("kind", "own"), [(PollForTaskTrigger, POLL), (SuperviseDagRunTrigger, SUPERVISE)])
def test_a_trigger_survives_being_stored(kind: Callable[..., Any], own: dict[str, Any]) -> None:
    """By a path written out here, since one that changes strands the triggers in a user's database."""
    path, parameters = json.loads(json.dumps(kind(**own, **AWS).serialize()))

    assert path == f"airflow_provider_datapipeline.triggers.datapipeline.{kind.__name__}"
    assert parameters == {**own, **AWS}
    assert pkgutil.resolve_name(path)(**parameters).serialize() == (path, parameters)


async def test_a_batch_is_what_there_is_when_nothing_more_comes(service, submit, held, sent) -> None:
    submit("echo 1", "echo 2")

    event = await event_of()

    assert commands(event) == ["echo 1", "echo 2"]
    json.dumps(event.payload)
    assert {record.parameters["hostname"] for record in service.received("PollForTask")} == {"worker-1"}
    assert not service.received("ReportTaskProgress")
    assert sent.names == ["held", "polls", "polled", "polls", "polled"]
    assert {tags["dag_id"] for _, _, tags in sent.values} == {"runner"}


async def test_a_batch_can_be_left_for_another_task(service, submit, held) -> None:
    """As XCom: below Airflow 3.3 no task may resume in a worker so soon."""
    submit("echo 1", "echo 2")
    resumed, left = await event_of(batch_size=1), await event_of(batch_size=1, leaves_batch=True)

    assert isinstance(left, TaskSuccessEvent)
    assert left.xcoms is not None
    assert [list(each) for each in left.xcoms["tasks"]] == [list(each) for each in resumed.payload["tasks"]]
    json.dumps(left.xcoms)


async def test_a_batch_is_no_larger_than_asked_for(service, submit, held) -> None:
    submit("echo 1", "echo 2", "echo 3", "echo 4")

    assert len(commands(await event_of(batch_size=3))) == 3
    assert len(service.received("PollForTask")) == 3


async def test_no_task_is_polled_that_cannot_start(service, submit, held, sent) -> None:
    """Ten may be held: while ten are, nothing is polled; while eight are, two. How many are held can be seen."""
    submit("echo 1", "echo 2", "echo 3")
    held[:] = [10, 11, 8]

    assert len(commands(await event_of())) == 2
    assert len(service.received("PollForTask")) == 2
    assert [value for name, value, _ in sent.values if name == "held"] == [10, 11, 8]


async def test_nothing_is_polled_while_the_runs_of_the_runner_do_not_start(
    service, submit, held, queued, caplog
) -> None:
    """Because the runner is paused, say: nobody would supervise what is polled. Told once, and only if it lasts."""
    submit("echo 1")
    held[:] = [2]
    queued[:] = [2] * 20 + [0]

    assert len(commands(await event_of(batch_size=1))) == 1
    assert not queued[0]
    told = [each.getMessage() for each in caplog.records if "Not polling" in each.getMessage()]
    assert len(told) == 1
    assert "2 runs of DAG runner have been queued" in told[0]


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServiceError"])
async def test_a_passing_error_is_polled_through(service, submit, held, code) -> None:
    service.fail_next("PollForTask", code, status=500 if code == "InternalServiceError" else None, times=2)
    submit("echo 1")

    assert commands(await event_of(batch_size=1)) == ["echo 1"]
    assert len(service.received("PollForTask")) == 3


async def test_tasks_received_before_an_error_are_started(service, submit, held) -> None:
    """Which the service would otherwise hand out again in two minutes."""
    submit("echo 1", "echo 2")
    trigger = PollForTaskTrigger(**{**POLL, "aws_conn_id": "emulated"})
    first = await trigger._next(None, [])
    assert first is not None
    service.fail_next("PollForTask", "AccessDeniedException")

    assert await trigger._next(1.0, [first]) is None


async def test_an_error_that_stays_fails_the_run_after_a_pause(service, held, sent) -> None:
    """The next run of the poller, which is continuous, reads the connection anew."""
    service.fail_next("PollForTask", "AccessDeniedException")

    assert isinstance(await event_of(), TaskFailedEvent)
    assert len(service.received("PollForTask")) == 1
    assert sent.names == ["held", "errors.access_denied"]


async def test_a_connection_that_is_missing_fails_the_run(held) -> None:
    assert isinstance(await event_of(aws_conn_id="not_there"), TaskFailedEvent)


async def test_a_poller_ends_after_its_lifetime(service, held, monkeypatch) -> None:
    monkeypatch.setattr(triggers, "_LIFETIME_SECONDS", 0.0)

    assert isinstance(await event_of(), TaskSuccessEvent)
    assert isinstance(await event_of(leaves_batch=True), TaskSkippedEvent)
    assert not service.received("PollForTask")


async def test_an_unknown_connection_to_airflow_does_not_stop_polling(service, submit, held, caplog) -> None:
    """Whether the poller is paused then stays unknown; nothing is said of it at first: Airflow may be starting."""
    submit("echo 1")

    assert commands(await event_of(batch_size=1, airflow_conn_id="not_there")) == ["echo 1"]
    assert "paused" not in caplog.text


async def test_an_api_of_airflow_that_stays_silent_is_told_once_a_minute(service, submit, held, monkeypatch, caplog):
    """Not at every look, of which there may be one every two seconds."""
    submit("echo 1")
    monkeypatch.setattr(triggers, "_silent_since", {"not_there": time.monotonic() - 61})
    held[:] = [10, 10, 10, 0]

    await event_of(batch_size=1, airflow_conn_id="not_there")

    (warning,) = [each for each in caplog.records if "paused" in each.getMessage()]
    assert warning.levelname == "WARNING"


async def test_a_run_made_by_hand_is_failed(service) -> None:
    trigger = SuperviseDagRunTrigger(**SUPERVISE, aws_conn_id="emulated")

    (event,) = [event async for event in trigger.run()]

    assert isinstance(event, TaskFailedEvent)
    assert not service.requests


async def test_a_refused_task_is_reported_failed(service, submit, hook) -> None:
    """From the conf of the runner run alone, without a target run."""
    submit("echo 1")
    task = await hook.apoll_for_task("airflow")
    assert task is not None
    await hook.areport_task_progress(task.task_id)
    conf = json.dumps(Assignment(task=task, refusal="not on this runner").runner_conf())

    async with asyncio.timeout(SOON):
        trigger = SuperviseDagRunTrigger(**{**SUPERVISE, "conf": conf}, aws_conn_id="emulated")
        (event,) = [event async for event in trigger.run()]

    assert isinstance(event, TaskFailedEvent)
    (attempt,) = service.attempts()
    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunRefused")
    assert attempt.error_message.startswith("not on this runner")
