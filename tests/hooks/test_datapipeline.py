"""The request that each call of the hook sends, in its synchronous and its asynchronous form."""

from __future__ import annotations

import inspect
import time

import pytest

from airflow_provider_datapipeline.exceptions import (
    InternalServiceError,
    InvalidReportError,
    TaskNotFoundError,
    ThrottledError,
)
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
from airflow_provider_datapipeline.reporting.status import TaskStatus
from tests.hooks.conftest import CONN_ID
from tests.hooks.stub_service import FAULT, HANG, HANG_UP, THROTTLED, Answer, refusal

TASK_OBJECT = {
    "taskId": "task-1",
    "pipelineId": "df-1",
    "attemptId": "@a_2012-12-12T00:00:00_Attempt=1",
    "objects": {
        "@a_2012-12-12T00:00:00_Attempt=1": {
            "id": "@a_2012-12-12T00:00:00_Attempt=1",
            "name": "@a_2012-12-12T00:00:00_Attempt=1",
            "fields": [{"key": "command", "stringValue": "echo hello"}],
        }
    },
}
QUICK = {"connect_timeout": 0.2, "read_timeout": 0.2}


async def test_a_polled_task_is_returned(serve, hook, invoke) -> None:
    service = serve(Answer({"taskObject": TASK_OBJECT}))

    task = await invoke(hook, "poll_for_task", "airflow", hostname="worker-1")

    assert task.task_id == "task-1"
    assert task.fields["command"] == "echo hello"
    assert service.operations == ["PollForTask"]
    assert service.requests[0].body == {"workerGroup": "airflow", "hostname": "worker-1"}


@pytest.mark.parametrize("body", [{}, {"taskObject": None}])
async def test_a_poll_without_work_returns_nothing(serve, hook, invoke, body) -> None:
    """It is not published which of the two bodies the service sends."""
    serve(Answer(body))

    assert await invoke(hook, "poll_for_task", "airflow") is None


@pytest.mark.parametrize("canceled", [True, False])
async def test_progress_is_reported_and_cancellation_returned(serve, hook, invoke, canceled) -> None:
    service = serve(Answer({"canceled": canceled}))

    assert await invoke(hook, "report_task_progress", "task-1", {"percentComplete": "50"}) is canceled
    assert service.operations == ["ReportTaskProgress"]
    assert service.requests[0].body == {
        "taskId": "task-1",
        "fields": [{"key": "percentComplete", "stringValue": "50"}],
    }


async def test_progress_needs_no_fields(serve, hook, invoke) -> None:
    service = serve(Answer({"canceled": False}))

    await invoke(hook, "report_task_progress", "task-1")

    assert service.requests[0].body == {"taskId": "task-1"}


async def test_a_status_is_set_with_its_error(serve, hook, invoke) -> None:
    service = serve()

    await invoke(
        hook,
        "set_task_status",
        "task-1",
        TaskStatus.FAILED,
        error_id="ValueError",
        error_message="wrong",
        error_stack_trace="Traceback",
    )

    assert service.operations == ["SetTaskStatus"]
    assert service.requests[0].body == {
        "taskId": "task-1",
        "taskStatus": "FAILED",
        "errorId": "ValueError",
        "errorMessage": "wrong",
        "errorStackTrace": "Traceback",
    }


async def test_what_is_refused_is_not_sent(serve, hook, invoke) -> None:
    service = serve()

    with pytest.raises(InvalidReportError):
        await invoke(hook, "set_task_status", "task-1", "FAILED", error_id="Service_Broken")

    assert service.requests == []


async def test_a_heartbeat_returns_whether_to_terminate(serve, hook, invoke) -> None:
    service = serve(Answer({"terminate": True}))

    assert await invoke(hook, "report_task_runner_heartbeat", "runner-1", worker_group="g", hostname="h") is True
    assert service.operations == ["ReportTaskRunnerHeartbeat"]
    assert service.requests[0].body == {"taskrunnerId": "runner-1", "workerGroup": "g", "hostname": "h"}


async def test_an_expression_is_evaluated(serve, hook, invoke) -> None:
    service = serve(Answer({"evaluatedExpression": "2012-12-12"}))

    assert await invoke(hook, "evaluate_expression", "df-1", "Schedule", "#{startDateTime}") == "2012-12-12"
    assert service.requests[0].body == {
        "pipelineId": "df-1",
        "objectId": "Schedule",
        "expression": "#{startDateTime}",
    }


async def test_objects_are_described_in_chunks_and_pages(serve, hook, invoke) -> None:
    """26 ids take two requests, and an answer that announces more results takes a third."""
    found = [{"id": f"o{n}", "name": f"o{n}", "fields": []} for n in range(3)]
    service = serve(
        Answer({"pipelineObjects": found[:1], "hasMoreResults": True, "marker": "m"}),
        Answer({"pipelineObjects": found[1:2], "hasMoreResults": False}),
        Answer({"pipelineObjects": found[2:]}),
    )

    objects = await invoke(hook, "describe_objects", "df-1", [f"o{n}" for n in range(26)], evaluate_expressions=True)

    assert objects == found
    assert [len(request.body["objectIds"]) for request in service.requests] == [25, 25, 1]
    assert [request.body.get("marker") for request in service.requests] == [None, "m", None]
    assert all(request.body["evaluateExpressions"] is True for request in service.requests)


async def test_every_page_of_a_query_is_fetched(serve, hook, invoke) -> None:
    service = serve(Answer({"ids": ["a", "b"], "hasMoreResults": True, "marker": "m"}), Answer({"ids": ["c"]}))
    query = {"selectors": [{"fieldName": "@status", "operator": {"type": "EQ", "values": ["FAILED"]}}]}

    assert await invoke(hook, "query_objects", "df-1", "INSTANCE", query=query) == ["a", "b", "c"]
    assert [request.body for request in service.requests] == [
        {"pipelineId": "df-1", "sphere": "INSTANCE", "query": query},
        {"pipelineId": "df-1", "sphere": "INSTANCE", "query": query, "marker": "m"},
    ]


async def test_a_status_of_objects_is_requested(serve, hook, invoke) -> None:
    service = serve()

    await invoke(hook, "set_status", "df-1", ["@a_2012-12-12T00:00:00"], "RERUN")

    assert service.requests[0].body == {
        "pipelineId": "df-1",
        "objectIds": ["@a_2012-12-12T00:00:00"],
        "status": "RERUN",
    }


async def test_an_answer_without_its_content_is_an_error(serve, hook, invoke) -> None:
    """A proxy may answer 200 to everything, which does not mean "not canceled"."""
    serve(Answer({}))

    with pytest.raises(InternalServiceError, match="canceled"):
        await invoke(hook, "report_task_progress", "task-1")


async def test_a_refusal_names_the_operation_and_keeps_its_cause(serve, hook, invoke) -> None:
    serve(refusal("TaskNotFoundException", message="No such task."))

    with pytest.raises(TaskNotFoundError, match=r"^SetTaskStatus: TaskNotFoundException: No such task\.") as refused:
        await invoke(hook, "set_task_status", "task-1", "FINISHED")

    assert refused.value.maybe_delivered is False
    assert type(refused.value.__cause__).__name__ == "TaskNotFoundException"


@pytest.mark.parametrize("answer", [FAULT, THROTTLED, HANG_UP])
async def test_a_poll_is_sent_once_whatever_happens(serve, invoke, answer) -> None:
    """If nobody reads the answer to a repeated poll, the task in it is lost for two minutes."""
    service = serve(answer)
    hook = DataPipelineHook(CONN_ID, config={"retries": {"max_attempts": 5}})

    with pytest.raises((InternalServiceError, ThrottledError)):
        await invoke(hook, "poll_for_task", "airflow")

    assert service.operations == ["PollForTask"]


@pytest.mark.parametrize(
    ("answer", "error", "maybe_delivered"),
    [
        (FAULT, InternalServiceError, True),
        (HANG, InternalServiceError, True),
        (THROTTLED, ThrottledError, False),
    ],
)
async def test_other_calls_are_tried_three_times_and_come_to_an_end(
    serve, invoke, answer, error, maybe_delivered
) -> None:
    """The limit of 30 s on a smaller scale: three tries of at most 0.4 s. ``test_config`` checks the pauses."""
    service = serve(answer)
    hook = DataPipelineHook(CONN_ID, config=QUICK)
    start = time.monotonic()

    with pytest.raises(error) as refused:
        await invoke(hook, "set_task_status", "task-1", "FINISHED")

    assert service.operations == ["SetTaskStatus"] * 3
    assert refused.value.maybe_delivered is maybe_delivered
    assert time.monotonic() - start < 3 * 0.4 + 2  # two seconds to build the client on a busy machine


@pytest.mark.parametrize(
    ("first", "maybe_delivered"), [(FAULT, True), (HANG, True), (HANG_UP, True), (THROTTLED, False)]
)
async def test_an_unseen_retry_is_told(serve, invoke, first, maybe_delivered) -> None:
    """The task may be unknown because the service has accepted the earlier try."""
    serve(first, refusal("TaskNotFoundException"))
    hook = DataPipelineHook(CONN_ID, config=QUICK)

    with pytest.raises(TaskNotFoundError) as refused:
        await invoke(hook, "set_task_status", "task-1", "FINISHED")

    assert refused.value.maybe_delivered is maybe_delivered


async def test_a_retry_that_succeeds_is_a_success(serve, hook, invoke) -> None:
    service = serve(THROTTLED, Answer({"canceled": True}))

    assert await invoke(hook, "report_task_progress", "task-1") is True
    assert len(service.requests) == 2


async def test_a_service_that_is_not_there_got_nothing(connect, invoke) -> None:
    connect("http://127.0.0.1:1")
    hook = DataPipelineHook(CONN_ID, config={"retries": {"total_max_attempts": 1}})

    with pytest.raises(InternalServiceError, match="EndpointConnectionError") as refused:
        await invoke(hook, "set_task_status", "task-1", "FINISHED")

    assert refused.value.maybe_delivered is False


def _public(prefix: str) -> set[str]:
    return {
        name
        for name, member in inspect.getmembers(DataPipelineHook, inspect.isfunction)
        if member.__qualname__.startswith("DataPipelineHook.")
        and not name.startswith("_")
        and inspect.iscoroutinefunction(member) is bool(prefix)
    }


def test_every_call_has_a_twin_with_the_same_signature() -> None:
    sync, twins = _public(""), _public("a")

    assert {f"a{name}" for name in sync} == twins
    assert len(sync) == 8
    for name in sync:
        assert inspect.signature(getattr(DataPipelineHook, name)) == inspect.signature(
            getattr(DataPipelineHook, f"a{name}")
        )
