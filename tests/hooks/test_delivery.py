"""What an answer means, on the wire, in the log and in the metrics."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline.delivery.protocol import Delivery
from airflow_provider_datapipeline.delivery.sender import adeliver, deliver
from airflow_provider_datapipeline.exceptions import (
    ConnectionMissingError,
    InternalServiceError,
    InvalidRequestError,
    ThrottledError,
)
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
from airflow_provider_datapipeline.pipeline_task import PipelineTask
from airflow_provider_datapipeline.reporting.report import TaskReport
from airflow_provider_datapipeline.reporting.status import TaskStatus
from tests.hooks.conftest import CONN_ID
from tests.hooks.stub_service import FAULT, HANG, HANG_UP, THROTTLED, Answer, refusal
from tests.support.reports import wire_fields

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TASK = "begin0123456789" + "x" * 900 + "9876543210end"
FINISHED = TaskReport.finished()
FAILED = TaskReport(
    status=TaskStatus.FAILED, error_id="ValueError", error_message="wrong", error_stack_trace="Traceback"
)
UNMET = TaskReport(status=TaskStatus.FALSE)
NOT_FOUND = refusal("TaskNotFoundException", message="No such task.")
INVALID = refusal("InvalidRequestException", message="Not like that.")
QUICK = {"connect_timeout": 0.2, "read_timeout": 0.2}


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Callable[..., Awaitable[Delivery]]:
    """Deliver in the synchronous or in the asynchronous form."""

    async def call(report: TaskReport, *, conn_id: str = CONN_ID, **kwargs: Any) -> Delivery:
        hook = DataPipelineHook(conn_id, config=QUICK)
        if request.param == "async":
            return await adeliver(hook, TASK, report, **kwargs)
        return await asyncio.to_thread(deliver, hook, TASK, report, **kwargs)

    return call


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[str, str]]]:
    """What the sender logged: level and text."""
    caplog.set_level(logging.INFO, logger="airflow_provider_datapipeline.delivery.sender")

    def read() -> list[tuple[str, str]]:
        return [
            (record.levelname, record.getMessage())
            for record in caplog.records
            if record.name == "airflow_provider_datapipeline.delivery.sender"
        ]

    return read


async def test_a_report_is_delivered_in_one_request(serve, send, lines, sent) -> None:
    service = serve()

    assert await send(FAILED) is Delivery.DELIVERED
    assert [request.body for request in service.requests] == [{"taskId": TASK} | wire_fields(FAILED)]
    assert sent.names == ["reported.failed"]
    assert lines() == [("INFO", "reported: status=FAILED error_id=ValueError task=begin01234...6543210end")]


async def test_the_line_says_about_which_attempt_and_run(serve, send, lines, sent) -> None:
    """Where that is known; metrics have the DAG as a tag."""
    task = PipelineTask(task_id=TASK, pipeline_id="df-1", attempt_id="@Hello_2026-11-22T10:00:00_Attempt=1")
    serve()

    await send(FINISHED, task=task, about={"dag": "nightly", "run": "run 1"})

    ((_, text),) = lines()
    assert text == (
        'reported: status=FINISHED dag=nightly run="run 1" pipeline=df-1 '
        "attempt=@Hello_2026-11-22T10:00:00_Attempt=1 task=begin01234...6543210end"
    )
    assert sent.values == [("reported.finished", 1, {"dag_id": "nightly"})]


@pytest.mark.parametrize("first", [FAULT, HANG, HANG_UP])
async def test_an_unknown_task_after_a_try_that_may_have_arrived_had_the_report(
    serve, send, lines, sent, first
) -> None:
    """The answer to the first try was lost, not the report."""
    serve(first, NOT_FOUND)

    assert await send(FINISHED) is Delivery.REPEATED
    assert sent.names == ["errors.not_found", "reported.finished", "repeated"]
    assert [level for level, _ in lines()] == ["INFO"]


@pytest.mark.parametrize("answers", [[NOT_FOUND], [THROTTLED, NOT_FOUND]])
async def test_an_unknown_task_otherwise_is_gone(serve, send, lines, sent, answers) -> None:
    """A try that was throttled did not arrive."""
    serve(*answers)

    assert await send(FINISHED) is Delivery.UNKNOWN_TASK
    assert sent.names == ["errors.not_found", "gone"]
    ((level, text),) = lines()
    assert level == "WARNING"
    assert "already reported, canceled or given to another runner" in text


async def test_an_unknown_task_is_a_repeat_if_the_caller_knows_of_an_earlier_delivery(serve, send) -> None:
    serve(NOT_FOUND)

    assert await send(FINISHED, may_have_arrived=True) is Delivery.REPEATED


@pytest.mark.parametrize("code", ["PipelineDeletedException", "PipelineNotFoundException"])
async def test_a_pipeline_that_is_gone_needs_no_report(serve, send, lines, code) -> None:
    serve(refusal(code))

    assert await send(FAILED) is Delivery.UNKNOWN_TASK
    ((level, text),) = lines()
    assert level == "WARNING"
    assert code in text


async def test_refused_texts_are_left_out(serve, send, lines, sent) -> None:
    """A status without its error is worth more than none; the log says what is missing and why."""
    service = serve(INVALID, Answer())

    assert await send(FAILED) is Delivery.DELIVERED
    assert [request.body for request in service.requests] == [
        {"taskId": TASK} | wire_fields(FAILED),
        {"taskId": TASK, "taskStatus": "FAILED"},
    ]
    assert sent.names == ["errors.refused", "reported.failed", "texts_refused"]
    ((level, text),) = lines()
    assert level == "WARNING"
    assert "without any error text" in text
    assert "Not like that." in text


@pytest.mark.parametrize(("report", "requests"), [(FAILED, 2), (FINISHED, 1)])
async def test_a_status_that_is_refused_bare_is_an_error(serve, send, lines, report, requests) -> None:
    """Raised, not logged: whoever wanted to report decides how loud it is."""
    service = serve(INVALID)

    with pytest.raises(InvalidRequestError, match="Not like that"):
        await send(report)

    assert len(service.requests) == requests
    assert lines() == []


@pytest.mark.parametrize("report", [FINISHED, FAILED])
async def test_an_invalid_repeat_had_the_report(serve, send, report) -> None:
    """Which error a second report of a task gets is not published; bare, it cannot be the texts."""
    serve(FAULT, INVALID)

    assert await send(report) is Delivery.REPEATED


def described(status: str, **fields: str) -> Answer:
    """The attempt of a task, as DescribeObjects tells it."""
    pairs = [{"key": key, "stringValue": value} for key, value in {"@status": status, **fields}.items()]
    return Answer({"pipelineObjects": [{"id": "attempt", "name": "attempt", "fields": pairs}]})


POLLED = PipelineTask(task_id=TASK, pipeline_id="df-1", attempt_id="attempt")


@pytest.mark.parametrize(
    ("attempt", "report", "expected"),
    [
        (described("FAILED"), FAILED, Delivery.REPEATED),
        (described("FINISHED"), FINISHED, Delivery.REPEATED),
        (described("FAILED", attemptStatus="FALSE"), UNMET, Delivery.REPEATED),
        (described("FAILED"), FINISHED, Delivery.UNKNOWN_TASK),
        (described("CANCELED"), FAILED, Delivery.UNKNOWN_TASK),
    ],
)
async def test_a_refused_bare_status_of_a_known_task_is_settled_by_its_attempt(
    serve, send, attempt, report, expected
) -> None:
    """A duplicate callback in another process knows of no earlier try."""
    service = serve(*[INVALID] * (1 if report == report.status_only() else 2), attempt)

    assert await send(report, task=POLLED) is expected
    assert service.operations[-1] == "DescribeObjects"
    assert service.requests[-1].body["objectIds"] == ["attempt"]


@pytest.mark.parametrize("answer", [described("RUNNING"), refusal("AccessDeniedException"), NOT_FOUND])
async def test_a_refused_bare_status_that_the_attempt_does_not_explain_is_an_error(serve, send, answer) -> None:
    """The refusal is what is told, not that nobody may look at the attempt."""
    serve(INVALID, answer)

    with pytest.raises(InvalidRequestError, match="Not like that"):
        await send(FINISHED, task=POLLED)


async def test_invalid_texts_after_a_failed_try_are_still_left_out(serve, send) -> None:
    """The service's fault is no reason to believe that it took what it refuses."""
    service = serve(FAULT, INVALID, Answer())

    assert await send(FAILED) is Delivery.DELIVERED
    assert service.requests[-1].body == {"taskId": TASK, "taskStatus": "FAILED"}


@pytest.mark.parametrize(("answer", "error"), [(THROTTLED, ThrottledError), (FAULT, InternalServiceError)])
async def test_what_does_not_come_through_is_raised(serve, send, sent, answer, error) -> None:
    """And counted with its kind, and with the call that it was."""
    serve(answer)

    with pytest.raises(error):
        await send(FINISHED)

    kind = "throttled" if error is ThrottledError else "unavailable"
    assert sent.values == [(f"errors.{kind}", 1, {"operation": "SetTaskStatus"}), ("delivery_errors", 1, {})]


async def test_a_missing_connection_is_raised(send, sent) -> None:
    with pytest.raises(ConnectionMissingError):
        await send(FINISHED, conn_id="no_such_connection")

    assert sent.names == ["errors.configuration", "delivery_errors"]


async def test_a_cancelled_delivery_is_counted(serve, sent) -> None:
    """As one whose end is not known."""
    serve(HANG)
    under_way = asyncio.create_task(adeliver(DataPipelineHook(CONN_ID, config=QUICK), TASK, FINISHED))
    await asyncio.sleep(0)

    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way

    assert sent.names == ["delivery_errors"]


def test_importing_the_sender_loads_no_aws_library() -> None:
    """Callbacks name it, and every parse of a DAG file would pay."""
    code = (
        "import sys, airflow_provider_datapipeline.delivery.sender; "
        "print([name for name in ('boto3', 'botocore', 'aiobotocore') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip().splitlines()[-1] == "[]"
