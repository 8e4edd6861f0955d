"""The hook and the sender against the emulated service, which verifies signatures and keeps the service's limits."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline.delivery.protocol import Delivery
from airflow_provider_datapipeline.delivery.sender import CLEARED, adeliver, deliver
from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings, Service
from airflow_provider_datapipeline.exceptions import AccessDeniedError, InvalidRequestError, PipelineNotFoundError
from airflow_provider_datapipeline.reporting.report import TaskReport
from airflow_provider_datapipeline.reporting.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

GROUP = "airflow"
FAILED = TaskReport(
    status=TaskStatus.FAILED, error_id="ValueError", error_message="wrong", error_stack_trace="Traceback"
)


@pytest.fixture
def service(connect: Callable[..., None]) -> Iterator[Service]:
    """An emulated service behind the connection ``stub``, which answers polls at once."""
    with EmulatorServer(EmulatorSettings(long_poll_seconds=0)) as server:
        connect(server.url)
        yield server.service


@pytest.fixture
def pipeline_id(service: Service) -> str:
    activity = {"id": "Hello", "type": "ShellCommandActivity", "command": "echo hello", "workerGroup": GROUP}
    default = {"id": "Default", "scheduleType": "ondemand", "failureAndRerunMode": "none"}
    return service.start_pipeline({"objects": [default, activity]})


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest, hook: DataPipelineHook) -> Callable[..., Awaitable[Delivery]]:
    async def call(pipeline_task_id: str, report: TaskReport) -> Delivery:
        if request.param == "async":
            return await adeliver(hook, pipeline_task_id, report)
        return await asyncio.to_thread(deliver, hook, pipeline_task_id, report)

    return call


@pytest.fixture
async def leased(pipeline_id: str, hook: DataPipelineHook) -> str:
    """Return the id of a task that was polled and acknowledged."""
    task = await hook.apoll_for_task(GROUP)
    assert task is not None
    assert await hook.areport_task_progress(task.task_id) is False
    return task.task_id


async def test_a_task_is_polled_run_and_reported(service, pipeline_id, hook, invoke) -> None:
    """All calls of a task runner about one pipeline, each signed with the connection's key."""
    task = await invoke(hook, "poll_for_task", GROUP, hostname="worker-1")
    assert (task.pipeline_id, task.fields["command"]) == (pipeline_id, "echo hello")
    assert await invoke(hook, "poll_for_task", GROUP) is None
    assert await invoke(hook, "report_task_progress", task.task_id, {"percentComplete": "50"}) is False
    assert await invoke(hook, "report_task_runner_heartbeat", "runner-1", worker_group=GROUP) is False
    assert await invoke(hook, "evaluate_expression", pipeline_id, task.attempt_id, "#{command}!") == "echo hello!"
    assert await invoke(hook, "query_objects", pipeline_id, "ATTEMPT") == [task.attempt_id]

    await invoke(hook, "set_task_status", task.task_id, **_parameters(FAILED))

    (attempt,) = [each for each in service.attempts() if each.attempt_id == task.attempt_id]
    assert (attempt.reported_status, attempt.hostname) == ("FAILED", "worker-1")
    assert (attempt.error_id, attempt.error_message, attempt.error_stack_trace) == ("ValueError", "wrong", "Traceback")
    (described,) = await invoke(hook, "describe_objects", pipeline_id, [task.attempt_id])
    assert {"key": "errorId", "stringValue": "ValueError"} in described["fields"]
    assert all(request.signature_verified for request in service.requests)


def _parameters(report: TaskReport) -> dict[str, Any]:
    return {
        "task_status": report.status,
        "error_id": report.error_id,
        "error_message": report.error_message,
        "error_stack_trace": report.error_stack_trace,
    }


async def test_a_canceled_task_is_told_on_progress(pipeline_id, leased, hook, invoke) -> None:
    (instance,) = await invoke(hook, "query_objects", pipeline_id, "INSTANCE")

    await invoke(hook, "set_status", pipeline_id, [instance], "TRY_CANCEL")

    assert await invoke(hook, "report_task_progress", leased) is True


async def test_pages_of_the_service_are_put_together(service, pipeline_id, hook, invoke) -> None:
    """The ids of components, instances and attempts, one on each page."""
    service.settings = EmulatorSettings(page_size=1)
    spheres = ("COMPONENT", "INSTANCE", "ATTEMPT")
    ids = [found for sphere in spheres for found in await invoke(hook, "query_objects", pipeline_id, sphere)]

    objects = await invoke(hook, "describe_objects", pipeline_id, ids)

    assert sorted(found["id"] for found in objects) == sorted(ids)
    assert len(ids) >= 3


async def test_the_services_refusals_are_typed(pipeline_id, hook, invoke) -> None:
    with pytest.raises(PipelineNotFoundError):
        await invoke(hook, "query_objects", "df-0123456789ABCDEFGHIJ", "INSTANCE")
    with pytest.raises(InvalidRequestError):
        await invoke(hook, "query_objects", pipeline_id, "GALAXY")


async def test_a_wrong_secret_is_access_denied(service, hook, invoke, monkeypatch) -> None:
    connection = json.loads(os.environ["AIRFLOW_CONN_STUB"]) | {"password": "wrong"}
    monkeypatch.setenv("AIRFLOW_CONN_STUB", json.dumps(connection))

    with pytest.raises(AccessDeniedError, match="aws_conn_id"):
        await invoke(hook, "poll_for_task", GROUP)


@pytest.mark.parametrize(
    ("repeated_status", "expected"),
    [
        ("accept", Delivery.DELIVERED),
        ("task_not_found", Delivery.REPEATED),
        ("invalid_request", Delivery.REPEATED),
    ],
)
async def test_a_lost_answer_is_no_lost_report(service, leased, send, repeated_status, expected) -> None:
    """It is not published what the service answers to the repeat. There is one report, and no error."""
    service.settings = EmulatorSettings(repeated_status=repeated_status, conflicting_status=repeated_status)
    service.lose_next_answer("SetTaskStatus")

    assert await send(leased, FAILED) is expected

    (attempt,) = service.attempts()
    assert (attempt.reported_status, attempt.error_message, attempt.accepted_reports) == ("FAILED", "wrong", 1)


@pytest.mark.parametrize("repeated_status", ["task_not_found", "invalid_request"])
async def test_a_second_report_never_replaces_the_first(service, leased, send, repeated_status) -> None:
    """A duplicate callback in another process ends with UNKNOWN_TASK, or with an error that names the refusal."""
    service.settings = EmulatorSettings(repeated_status=repeated_status, conflicting_status=repeated_status)
    assert await send(leased, FAILED) is Delivery.DELIVERED

    if repeated_status == "task_not_found":
        assert await send(leased, TaskReport.finished()) is Delivery.UNKNOWN_TASK
    else:
        with pytest.raises(InvalidRequestError):
            await send(leased, TaskReport.finished())

    (attempt,) = service.attempts()
    assert attempt.reported_status == "FAILED"


async def test_texts_that_the_service_refuses_do_not_cost_the_status(service, hook, leased, send) -> None:
    """The attempt's own fields leave no space for the error."""
    await hook.areport_task_progress(leased, {"attemptStatus": "x" * 9_000})
    report = TaskReport(status=TaskStatus.FAILED, error_id="ValueError", error_message="x" * 4_096)
    service.settings = EmulatorSettings(object_size_limit=10_000)

    assert await send(leased, report) is Delivery.DELIVERED

    (attempt,) = service.attempts()
    assert (attempt.reported_status, attempt.error_id) == ("FAILED", None)


async def test_a_dropped_request_is_sent_again(service, leased, send) -> None:
    service.drop_next("SetTaskStatus")

    assert await send(leased, TaskReport.finished()) is Delivery.DELIVERED
    assert len(service.received("SetTaskStatus")) == 2


async def test_twelve_polls_are_held_at_once(connect, hook) -> None:
    """There are more polls than botocore's ten connections, and the last one receives the task."""
    with EmulatorServer(EmulatorSettings(long_poll_seconds=30)) as server:
        connect(server.url)
        polls = [asyncio.create_task(hook.apoll_for_task(f"idle-{n}")) for n in range(11)]
        polls.append(asyncio.create_task(hook.apoll_for_task(GROUP)))
        async with asyncio.timeout(10):
            while len(server.service.received("PollForTask")) < 12:  # noqa: ASYNC110  # filled by another thread
                await asyncio.sleep(0.01)

        activity = {"id": "Hello", "type": "ShellCommandActivity", "command": "echo hello", "workerGroup": GROUP}
        server.service.start_pipeline({"objects": [{"id": "Default", "scheduleType": "ondemand"}, activity]})

        task = await asyncio.wait_for(polls[-1], 10)
        assert task is not None
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)


@pytest.mark.parametrize(
    ("report", "delivery"), [(FAILED, Delivery.UNKNOWN_TASK), (TaskReport.finished(), Delivery.REPEATED)]
)
def test_nothing_is_sent_about_a_cleared_run_whose_attempt_has_ended(
    service: Service, pipeline_id: str, hook: DataPipelineHook, report: TaskReport, delivery: Delivery
) -> None:
    """Not even if the service would accept another final status."""
    service.settings = EmulatorSettings(long_poll_seconds=0, conflicting_status="accept")
    task = hook.poll_for_task(GROUP)
    assert task is not None
    deliver(hook, task.task_id, TaskReport.finished(), task=task)

    assert deliver(hook, task.task_id, report, task=task, look_first=CLEARED) is delivery
    assert len(service.received("SetTaskStatus")) == 1


@pytest.mark.parametrize("may_look", [True, False])
def test_a_cleared_run_is_reported_when_it_was_not_before(
    service: Service, pipeline_id: str, hook: DataPipelineHook, may_look: bool
) -> None:
    """Also if the identity may not read the attempt."""
    task = hook.poll_for_task(GROUP)
    assert task is not None
    if not may_look:
        service.fail_next("DescribeObjects", "AccessDeniedException")

    assert deliver(hook, task.task_id, FAILED, task=task, look_first=CLEARED) is Delivery.DELIVERED
    assert [attempt.reported_status for attempt in service.attempts()] == ["FAILED"]
