"""The triggers of the task runner: their stored form, and how they end their task."""

from __future__ import annotations

import asyncio
import json
import pkgutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._task_runner.assignment import Assignment
from airflow_provider_datapipeline.pipeline_task import PipelineTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow_provider_datapipeline._task_runner.airflow_client import TriggererAirflow
from airflow_provider_datapipeline.triggers.datapipeline import PollForTaskTrigger, SuperviseDagRunTrigger
from tests.task_runner.fake_airflow import FakeAirflow
from tests.task_runner.fake_time import now, run

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
    "batch_size": 1,
    "hostname": "worker-1",
    "leaves_batch": False,
}
SUPERVISE = {"conf": "{}", "runner_dag_id": "runner", "run_id": "run_1", "beat": 60.0, "run_timeout": None}
SOON = 20.0


@pytest.fixture
def airflow() -> FakeAirflow:
    """Airflow as the triggers reach it: outside a triggerer there is none."""
    return FakeAirflow()


def poll_trigger(airflow: AirflowClient, **changes: Any) -> PollForTaskTrigger:
    class Trigger(PollForTaskTrigger):
        def _airflow_client(self) -> AirflowClient:
            return airflow

    return Trigger(**{**POLL, "aws_conn_id": "emulated", **changes})


def supervise_trigger(airflow: AirflowClient, **changes: Any) -> SuperviseDagRunTrigger:
    class Trigger(SuperviseDagRunTrigger):
        def _airflow_client(self) -> AirflowClient:
            return airflow

    return Trigger(**{**SUPERVISE, "aws_conn_id": "emulated", **changes})


async def event_of(trigger: PollForTaskTrigger | SuperviseDagRunTrigger) -> TriggerEvent:
    (event,) = [event async for event in trigger.run()]
    return event


async def polled(airflow: AirflowClient, **changes: Any) -> TriggerEvent:
    async with asyncio.timeout(SOON):
        return await event_of(poll_trigger(airflow, **changes))


def commands(event: TriggerEvent) -> list[str]:
    return sorted(str(PipelineTask.from_conf(each["conf"]).fields["command"]) for each in event.payload["tasks"])


@pytest.mark.parametrize(
    ("kind", "own"),
    [(PollForTaskTrigger, POLL), (SuperviseDagRunTrigger, {**SUPERVISE, "error_detail": "type"})],
)
def test_a_trigger_survives_being_stored(kind: Callable[..., Any], own: dict[str, Any]) -> None:
    """The path is written out here, because triggers in a user's database could not be loaded by another path."""
    path, parameters = json.loads(json.dumps(kind(**own, **AWS).serialize()))

    assert path == f"airflow_provider_datapipeline.triggers.datapipeline.{kind.__name__}"
    assert parameters == {**own, **AWS}
    assert pkgutil.resolve_name(path)(**parameters).serialize() == (path, parameters)


@pytest.mark.parametrize(("conn_id", "can_stop"), [("airflow_api", True), (None, False)])
def test_a_trigger_reaches_airflow_s_api_by_its_connection(conn_id: str | None, can_stop: bool) -> None:
    for trigger in (
        PollForTaskTrigger(**POLL, airflow_conn_id=conn_id),
        SuperviseDagRunTrigger(**SUPERVISE, airflow_conn_id=conn_id),
    ):
        client = trigger._airflow_client()
        assert isinstance(client, TriggererAirflow)
        assert client.can_stop is can_stop


# The poller's


async def test_a_batch_resumes_the_task(service, submit, airflow) -> None:
    submit("echo 1")

    event = await polled(airflow)

    assert type(event) is TriggerEvent
    assert commands(event) == ["echo 1"]
    json.dumps(event.payload)
    assert {record.parameters["hostname"] for record in service.received("PollForTask")} == {"worker-1"}


async def test_a_batch_can_be_left_for_another_task(service, submit, airflow) -> None:
    """As an XCom: below Airflow 3.3 a task must not resume in a worker so soon."""
    submit("echo 1", "echo 2")
    resumed, left = await polled(airflow), await polled(airflow, leaves_batch=True)

    assert isinstance(left, TaskSuccessEvent)
    assert left.xcoms is not None
    assert [list(each) for each in left.xcoms["tasks"]] == [list(each) for each in resumed.payload["tasks"]]
    json.dumps(left.xcoms)


async def test_the_host_is_the_triggerer_s_unless_it_is_named(service, submit, airflow) -> None:
    submit("echo 1")

    await polled(airflow, hostname=None)

    assert service.received("PollForTask")[0].parameters["hostname"] == socket.gethostname()


def test_an_error_that_stays_fails_the_run(airflow) -> None:
    """After a minute. A missing connection is such an error: neither the account nor a task can be had without it."""

    async def failed() -> tuple[TriggerEvent, float]:
        return await event_of(poll_trigger(airflow, aws_conn_id="not_there")), now()

    event, seconds = run(failed())

    assert isinstance(event, TaskFailedEvent)
    assert seconds == pytest.approx(60)


@pytest.mark.parametrize(("leaves_batch", "kind"), [(False, TaskSuccessEvent), (True, TaskSkippedEvent)])
def test_a_poller_ends_after_its_lifetime(service, airflow, leaves_batch: bool, kind: type[TriggerEvent]) -> None:
    """The task is skipped if another task would look for its batch."""
    airflow.runs = {("runner", f"run_{number}"): "running" for number in range(10)}
    trigger = poll_trigger(airflow, leaves_batch=leaves_batch)

    assert isinstance(run(event_of(trigger)), kind)
    assert not service.requests


async def test_an_unknown_connection_to_airflow_does_not_stop_polling(service, submit, caplog) -> None:
    """Then nobody knows whether the poller is paused. There is no warning at first, because Airflow may be starting."""

    class NoRuns(TriggererAirflow):
        async def count_runs(self, *_: object) -> int:
            return 0  # outside a triggerer nobody would say

    submit("echo 1")

    assert commands(await polled(NoRuns("not_there"), airflow_conn_id="not_there")) == ["echo 1"]
    assert "paused" not in caplog.text


def test_the_first_use_of_the_hook_does_not_block_the_event_loop() -> None:
    """The import of boto3 takes half a second or more, and no other trigger would run meanwhile."""
    code = """
import asyncio, sys, threading
from airflow_provider_datapipeline.triggers.datapipeline import PollForTaskTrigger

class Watch:
    in_loop, in_threads = set(), set()
    def find_spec(self, name, path=None, target=None):
        package = name.partition(".")[0]
        if package in ("boto3", "botocore", "aiobotocore"):
            where = self.in_loop if threading.current_thread() is threading.main_thread() else self.in_threads
            where.add(package)

sys.meta_path.insert(0, Watch())
parameters = dict(worker_group="g", poller_dag_id="p", runner_dag_id="r", max_active_tasks=1, batch_size=1,
                  hostname=None, aws_conn_id=None)

async def use():
    trigger = PollForTaskTrigger(**parameters)
    await trigger.ahook()

asyncio.run(use())
print(sorted(Watch.in_loop), "botocore" in Watch.in_threads)
"""
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert ran.stdout.splitlines()[-1] == "[] True"


# The supervisor's


@pytest.fixture
async def task(submit, hook) -> PipelineTask:
    """A task that has been handed out and acknowledged."""
    submit("echo 1")
    received: PipelineTask | None = await hook.apoll_for_task("airflow")
    assert received is not None
    await hook.areport_task_progress(received.task_id)
    return received


async def supervised(airflow: AirflowClient, assignment: Assignment, **changes: Any) -> TriggerEvent:
    trigger = supervise_trigger(airflow, conf=json.dumps(assignment.runner_conf()), **changes)
    async with asyncio.timeout(SOON):
        return await event_of(trigger)


async def test_a_run_made_by_hand_is_failed(service, airflow) -> None:
    event = await event_of(supervise_trigger(airflow))

    assert isinstance(event, TaskFailedEvent)
    assert not service.requests


async def test_a_refused_task_is_reported_failed(service, task, airflow) -> None:
    """From the conf of the runner run alone, without a target run."""
    event = await supervised(airflow, Assignment(task=task, refusal="not on this runner"))

    assert isinstance(event, TaskFailedEvent)
    (attempt,) = service.attempts()
    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunRefused")
    assert attempt.error_message.startswith("not on this runner")


@pytest.mark.parametrize(
    ("option", "given"), [("full", "type"), ("type", None), ("full", "classes")], ids=["given", "by option", "misspelt"]
)
async def test_it_can_be_reported_without_any_text(  # noqa: PLR0917  # fixtures
    service, task, airflow, monkeypatch, option: str, given: str | None
) -> None:
    monkeypatch.setenv("AIRFLOW__DATAPIPELINE__ERROR_DETAIL", option)

    await supervised(airflow, Assignment(task=task, refusal="secret"), error_detail=given)

    (attempt,) = service.attempts()
    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunRefused")
    assert attempt.error_message.startswith("No DAG run was started. Why, says the log of the task that polled.\n")


@pytest.mark.parametrize(
    ("state", "kind", "status"),
    [("success", TaskSuccessEvent, "FINISHED"), ("failed", TaskFailedEvent, "FAILED")],
)
async def test_the_runner_run_ends_as_the_target_run(  # noqa: PLR0917  # fixtures
    service, task, airflow, state: str, kind: type[TriggerEvent], status: str
) -> None:
    airflow.runs["nightly", "run_1"] = state
    airflow.tasks["nightly", "run_1"] = {"work": state}

    event = await supervised(airflow, Assignment(task=task, target_dag_id="nightly"))

    assert isinstance(event, kind)
    assert service.attempts()[0].reported_status == status


async def test_the_runner_run_of_a_task_that_was_lost_is_skipped(service, make_task, airflow) -> None:
    airflow.runs["nightly", "run_1"] = "running"

    event = await supervised(airflow, Assignment(task=make_task(), target_dag_id="nightly"))

    assert isinstance(event, TaskSkippedEvent)
    assert airflow.runs["nightly", "run_1"] == "failed"
