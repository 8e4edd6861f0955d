"""What the hook refuses before it sends anything, and what its requests contain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline.exceptions import InternalServiceError, InvalidReportError
from airflow_provider_datapipeline.hooks import _requests as requests
from airflow_provider_datapipeline.reporting.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ASTRAL = "\N{PARTY POPPER}"  # two UTF-16 units


def status(pipeline_task_id="task", task_status="FAILED", error_id=None, message=None, trace=None) -> requests.Call:
    return next(requests.set_task_status(pipeline_task_id, task_status, error_id, message, trace))


def run(
    exchange: requests.Exchange[Any], answer: Callable[[requests.Call], Mapping[str, Any]]
) -> tuple[list[requests.Call], Any]:
    """Answer the calls of an exchange; return all of them, and the result."""
    calls = [next(exchange)]
    while True:
        try:
            calls.append(exchange.send(answer(calls[-1])))
        except StopIteration as end:
            return calls, end.value


@pytest.mark.parametrize(
    ("given", "named", "limit"),
    [
        ({"pipeline_task_id": ""}, "pipeline_task_id", "1 to 2048"),
        ({"pipeline_task_id": "x" * 2049}, "pipeline_task_id has 2049", "2048"),
        ({"pipeline_task_id": ASTRAL * 1025}, "pipeline_task_id has 2050", "2048"),
        ({"pipeline_task_id": None}, "pipeline_task_id is None", "1 to 2048"),
        ({"task_status": "DONE"}, "task_status is 'DONE'", "FINISHED, FAILED, FALSE"),
        ({"task_status": "finished"}, "task_status is 'finished'", "FINISHED, FAILED, FALSE"),
        ({"task_status": None}, "task_status is None", "FINISHED, FAILED, FALSE"),
        ({"error_id": "x" * 1025}, "error_id has 1025", "1024"),
        ({"error_id": ASTRAL * 513}, "error_id has 1026", "1024"),
        ({"error_id": "Service_Broken"}, "error_id 'Service_Broken'", "reserves"),
        ({"trace": "x" * 1025}, "error_stack_trace has 1025", "1024"),
        ({"trace": 7}, "error_stack_trace is 7", "1024"),
    ],
)
def test_a_status_outside_the_limits_is_refused_by_name_and_limit(given, named, limit) -> None:
    """The message says which value is wrong, how wrong it is, and what is allowed."""
    with pytest.raises(InvalidReportError) as refused:
        status(**given)

    assert named in str(refused.value)
    assert limit in str(refused.value)


def test_a_refused_value_is_shown_short() -> None:
    """An error message does not contain a megabyte."""
    with pytest.raises(InvalidReportError) as refused:
        status(error_id="x" * 1_000_000)

    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    "given",
    [
        {"pipeline_task_id": "x"},
        {"pipeline_task_id": ASTRAL * 1024},
        {"error_id": "x" * 1024},
        {"error_id": "MyService_Broken"},
        {"error_id": ""},
        {"trace": ASTRAL * 512},
        {"message": "x" * 10_000},
    ],
)
def test_a_status_at_the_limit_is_accepted(given) -> None:
    assert status(**given).operation == "SetTaskStatus"


@pytest.mark.parametrize("task_status", ["FALSE", TaskStatus.FALSE])
def test_absent_values_are_absent_from_the_request(task_status) -> None:
    """A member of the enumeration is sent as a plain string."""
    call = status(task_status=task_status)

    assert call.parameters == {"taskId": "task", "taskStatus": "FALSE"}
    assert type(call.parameters["taskStatus"]) is str


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"": "x"}, "the name of a field"),
        ({"n" * 257: "x"}, "256"),
        ({"n": "x" * 10_241}, "the field 'n' has 10241"),
        ({"percentComplete": 50}, "the field 'percentComplete' is 50; it must be a string"),
    ],
)
def test_a_progress_field_outside_the_limits_is_refused(fields, named) -> None:
    with pytest.raises(InvalidReportError, match=named):
        next(requests.report_task_progress("task", fields))


@pytest.mark.parametrize(
    "exchange",
    [
        lambda: requests.poll_for_task("", None),
        lambda: requests.poll_for_task("x" * 1025, None),
        lambda: requests.report_task_progress("", None),
        lambda: requests.report_task_runner_heartbeat("", None, None),
        lambda: requests.report_task_runner_heartbeat("x" * 1025, None, None),
        lambda: requests.evaluate_expression("", "object", "#{x}"),
        lambda: requests.query_objects("x" * 1025, "INSTANCE", None),
        lambda: requests.set_status("df-1", "object-1", "RERUN"),
        lambda: requests.describe_objects("df-1", "object-1", evaluate_expressions=False),
    ],
)
def test_a_malformed_request_is_refused(exchange) -> None:
    """A single id in place of a list would otherwise be read as a list of letters."""
    with pytest.raises(InvalidReportError):
        next(exchange())


def test_objects_are_described_25_at_a_time() -> None:
    """If the service does not send all objects at once, the further pages are requested, too."""
    ids = [f"o{n}" for n in range(51)]

    def answer(call: requests.Call) -> Mapping[str, Any]:
        wanted = call.parameters["objectIds"]
        if len(wanted) == 1 and "marker" not in call.parameters:
            return {"pipelineObjects": [], "hasMoreResults": True, "marker": "m1"}
        return {"pipelineObjects": [{"id": each} for each in wanted], "hasMoreResults": False}

    calls, result = run(requests.describe_objects("df-1", ids, evaluate_expressions=True), answer)

    assert [len(call.parameters["objectIds"]) for call in calls] == [25, 25, 1, 1]
    assert all(call.parameters["evaluateExpressions"] for call in calls)
    assert [each["id"] for each in result] == ids


def test_no_ids_need_no_request() -> None:
    with pytest.raises(StopIteration) as end:
        next(requests.describe_objects("df-1", [], evaluate_expressions=False))

    assert end.value.value == []


def test_the_next_page_starts_at_the_marker() -> None:
    pages = [{"ids": ["a", "b"], "hasMoreResults": True, "marker": "m1"}, {"ids": ["c"], "hasMoreResults": False}]

    calls, result = run(requests.query_objects("df-1", "INSTANCE", None), lambda _: pages.pop(0))

    assert [call.parameters for call in calls] == [
        {"pipelineId": "df-1", "sphere": "INSTANCE"},
        {"pipelineId": "df-1", "sphere": "INSTANCE", "marker": "m1"},
    ]
    assert result == ["a", "b", "c"]


def test_the_last_page_ends_the_exchange_whatever_its_marker() -> None:
    calls, _ = run(
        requests.query_objects("df-1", "INSTANCE", None), lambda _: {"hasMoreResults": False, "marker": "m2"}
    )

    assert len(calls) == 1


@pytest.mark.parametrize("response", [{"hasMoreResults": True, "marker": "m1"}, {"hasMoreResults": True}])
def test_a_marker_that_does_not_move_on_is_an_error(response) -> None:
    """Otherwise the same page would be requested for ever."""
    pages = [{"hasMoreResults": True, "marker": "m1"}, response]

    with pytest.raises(InternalServiceError, match="marker"):
        run(requests.query_objects("df-1", "INSTANCE", None), lambda _: pages.pop(0))
