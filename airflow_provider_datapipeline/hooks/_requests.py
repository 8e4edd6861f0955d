"""
Each operation as an exchange of requests and answers, without the sending.

An exchange checks its parameters, yields one :class:`Call` after the other, is sent the answer to each, and returns the
operation's result. The hook runs the same exchange with its synchronous and with its asynchronous client.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_datapipeline.exceptions import InternalServiceError, InvalidReportError
from airflow_provider_datapipeline.hooks._config import Purpose
from airflow_provider_datapipeline.masking.text import clip, utf16_length
from airflow_provider_datapipeline.pipeline_task import PipelineTask
from airflow_provider_datapipeline.reporting.limits import (
    ERROR_ID_MAX_UTF16,
    ERROR_STACK_TRACE_MAX_UTF16,
    PIPELINE_TASK_ID_MAX_UTF16,
    RESERVED_ERROR_ID_PREFIX,
)
from airflow_provider_datapipeline.reporting.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

# botocore's model datapipeline 2012-10-29
ID_MAX_UTF16 = 1024  # shape "id"
STRING_MAX_UTF16 = 1024  # shape "string"
FIELD_NAME_MAX_UTF16 = 256  # shape "fieldNameString"
FIELD_VALUE_MAX_UTF16 = 10_240  # shape "fieldStringValue"
DESCRIBE_OBJECTS_MAX_IDS = 25  # documentation of DescribeObjects

SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Call:
    """
    One request, as botocore takes it.

    :param operation: as AWS spells it (``SetTaskStatus``)
    """

    operation: str
    parameters: Mapping[str, Any]
    purpose: Purpose = Purpose.CALL

    def member(self, response: Mapping[str, Any], name: str) -> Any:
        """Return a member that the service always sends in its answer to this request."""
        if name not in response:
            raise InternalServiceError(self.operation, "IncompleteResponse", f"the answer has no {name!r}.")
        return response[name]

    def next_page(self, response: Mapping[str, Any]) -> Call | None:
        """Return the request for the page after ``response``, None after the last."""
        if not response.get("hasMoreResults"):
            return None
        marker = response.get("marker")
        if not marker or marker == self.parameters.get("marker"):
            raise InternalServiceError(
                self.operation, "MarkerError", f"more results were announced, but the marker was {_shown(marker)}."
            )
        return replace(self, parameters={**self.parameters, "marker": marker})


T = TypeVar("T")

Exchange = Generator[Call, Mapping[str, Any], T]
"""Yields requests, is sent the answers, and returns the result."""


def poll_for_task(worker_group: str, hostname: str | None) -> Exchange[PipelineTask | None]:
    _check_length("worker_group", worker_group, 1, STRING_MAX_UTF16)
    response = yield Call("PollForTask", _present(workerGroup=worker_group, hostname=hostname), Purpose.POLL)
    task_object = response.get("taskObject")
    return PipelineTask.from_task_object(task_object) if task_object else None


def report_task_progress(pipeline_task_id: str, fields: Mapping[str, str] | None) -> Exchange[bool]:
    _check_length("pipeline_task_id", pipeline_task_id, 1, PIPELINE_TASK_ID_MAX_UTF16)
    for name, value in (fields or {}).items():
        _check_length("the name of a field", name, 1, FIELD_NAME_MAX_UTF16)
        _check_length(f"the field {_shown(name)}", value, 0, FIELD_VALUE_MAX_UTF16)
    sent = [{"key": name, "stringValue": value} for name, value in (fields or {}).items()]
    call = Call("ReportTaskProgress", _present(taskId=pipeline_task_id, fields=sent or None))
    return bool(call.member((yield call), "canceled"))


def set_task_status(
    pipeline_task_id: str,
    task_status: TaskStatus | str,
    error_id: str | None,
    error_message: str | None,
    error_stack_trace: str | None,
) -> Exchange[None]:
    _check_length("pipeline_task_id", pipeline_task_id, 1, PIPELINE_TASK_ID_MAX_UTF16)
    if task_status not in tuple(TaskStatus):
        allowed = ", ".join(TaskStatus)
        raise InvalidReportError(f"task_status is {_shown(task_status)}; use one of {allowed}.")
    if error_id is not None:
        _check_length("error_id", error_id, 0, ERROR_ID_MAX_UTF16)
        if error_id.startswith(RESERVED_ERROR_ID_PREFIX):
            raise InvalidReportError(
                f"error_id {_shown(error_id)} starts with {RESERVED_ERROR_ID_PREFIX!r}, which AWS Data Pipeline "
                "reserves for its own errors; choose another beginning."
            )
    if error_stack_trace is not None:
        _check_length("error_stack_trace", error_stack_trace, 0, ERROR_STACK_TRACE_MAX_UTF16)
    yield Call(
        "SetTaskStatus",
        _present(
            taskId=pipeline_task_id,
            taskStatus=str(task_status),
            errorId=error_id,
            errorMessage=error_message,
            errorStackTrace=error_stack_trace,
        ),
    )


def report_task_runner_heartbeat(task_runner_id: str, worker_group: str | None, hostname: str | None) -> Exchange[bool]:
    _check_length("task_runner_id", task_runner_id, 1, ID_MAX_UTF16)
    call = Call(
        "ReportTaskRunnerHeartbeat",
        _present(taskrunnerId=task_runner_id, workerGroup=worker_group, hostname=hostname),
    )
    return bool(call.member((yield call), "terminate"))


def evaluate_expression(pipeline_id: str, object_id: str, expression: str) -> Exchange[str]:
    _check_length("pipeline_id", pipeline_id, 1, ID_MAX_UTF16)
    _check_length("object_id", object_id, 1, ID_MAX_UTF16)
    call = Call("EvaluateExpression", {"pipelineId": pipeline_id, "objectId": object_id, "expression": expression})
    return str(call.member((yield call), "evaluatedExpression"))


def describe_objects(
    pipeline_id: str, object_ids: Sequence[str], evaluate_expressions: bool
) -> Exchange[list[dict[str, Any]]]:
    """Make one request for every 25 ids, the most that DescribeObjects takes, and one for each further page."""
    _check_length("pipeline_id", pipeline_id, 1, ID_MAX_UTF16)
    ids = _ids(object_ids)
    found: list[dict[str, Any]] = []
    for start in range(0, len(ids), DESCRIBE_OBJECTS_MAX_IDS):
        chunk = ids[start : start + DESCRIBE_OBJECTS_MAX_IDS]
        parameters = {"pipelineId": pipeline_id, "objectIds": chunk, "evaluateExpressions": evaluate_expressions}
        call: Call | None = Call("DescribeObjects", parameters)
        while call is not None:
            response = yield call
            found += call.member(response, "pipelineObjects")
            call = call.next_page(response)
    return found


def query_objects(pipeline_id: str, sphere: str, query: Mapping[str, Any] | None) -> Exchange[list[str]]:
    """Make one request for each page."""
    _check_length("pipeline_id", pipeline_id, 1, ID_MAX_UTF16)
    found: list[str] = []
    call: Call | None = Call("QueryObjects", _present(pipelineId=pipeline_id, sphere=sphere, query=query))
    while call is not None:
        response = yield call
        found += response.get("ids", ())
        call = call.next_page(response)
    return found


def set_status(pipeline_id: str, object_ids: Sequence[str], status: str) -> Exchange[None]:
    _check_length("pipeline_id", pipeline_id, 1, ID_MAX_UTF16)
    yield Call("SetStatus", {"pipelineId": pipeline_id, "objectIds": _ids(object_ids), "status": status})


def _ids(object_ids: Sequence[str]) -> list[str]:
    if isinstance(object_ids, str):
        raise InvalidReportError(f"object_ids is the string {_shown(object_ids)}; pass a list of ids.")
    return list(object_ids)


def _present(**parameters: Any) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


def _check_length(name: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, str):
        raise InvalidReportError(f"{name} is {_shown(value)}; it must be a string of {least} to {most} characters.")
    length = utf16_length(value)
    if not least <= length <= most:
        remedy = "Shorten it." if length > most else "Give a value."
        raise InvalidReportError(
            f"{name} has {length} characters (UTF-16 units), AWS Data Pipeline takes {least} to {most}. {remedy} "
            f"It is {_shown(value)}."
        )


def _shown(value: object) -> str:
    return clip(repr(value), SHOWN_CHARACTERS)
