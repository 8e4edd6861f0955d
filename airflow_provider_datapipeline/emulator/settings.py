"""The settings of the emulator, for the questions that AWS's public documents do not answer and for its timings."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal, get_args, get_type_hints


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorSettings:
    """
    The settings of the emulator.

    There is a setting for each timing, and for each question about the real service that no public source answers, or
    that public sources answer differently. The default is the answer that is harder for a client, unless there is
    evidence for another answer. Times are in seconds. ``UNCONFIRMED`` marks a default without a public source.
    """

    # Polling
    long_poll_seconds: float = 90
    """How long PollForTask waits for a task (AWS: up to 90 s). With zero, it answers at once."""
    empty_poll_body: Literal["empty", "null"] = "empty"
    """The body of an answer without a task: ``{}`` or ``{"taskObject": null}``. UNCONFIRMED."""
    abandoned_poll: Literal["takes_task", "ends"] = "takes_task"
    """Whether an open poll still receives a task after its client has disconnected. Such a task is handed out again
    only after ``acknowledge_seconds``. UNCONFIRMED."""
    referenced_objects: bool = True
    """Whether a task object contains the definition objects to which the activity refers. UNCONFIRMED."""
    running_on: Literal["acknowledge", "poll"] = "acknowledge"
    """What makes an attempt RUNNING: its first ReportTaskProgress, or the poll that received it. UNCONFIRMED."""

    # Leases
    acknowledge_seconds: float = 120
    """A task is handed out again if its task runner sends no first report in this time (API reference: 2 minutes)."""
    missed_acknowledgement: Literal["same_attempt", "new_attempt"] = "same_attempt"
    """What is handed out after a missed acknowledgement: the same attempt or the next attempt. UNCONFIRMED."""
    redelivered_task_id: Literal["new", "same"] = "new"
    """The task id when the same attempt is handed out again: a new one, or always the first one. UNCONFIRMED."""
    progress_seconds: float = 900
    """The ``reportProgressTimeout`` of a definition that has none (API reference: 15 minutes)."""
    attempt_timeout: Literal["service", "runner"] = "service"
    """Who ends an attempt after its ``attemptTimeout``: the service or the task runner. The developer guide says only
    that the attempt "may be retried". UNCONFIRMED."""
    progress_after_cancel: Literal["canceled", "task_not_found"] = "canceled"
    """The answer to ReportTaskProgress for a canceled task. It is UNCONFIRMED for the second report and later ones."""
    progress_after_reassignment: Literal["canceled", "task_not_found"] = "task_not_found"
    """The answer to ReportTaskProgress with a task id whose task was taken away. UNCONFIRMED."""
    progress_after_end: Literal["canceled", "task_not_found"] = "task_not_found"
    """The answer to ReportTaskProgress for a task whose final status was already reported. UNCONFIRMED."""
    reserved_progress_field: Literal["reject", "ignore"] = "reject"
    """What happens to a reported field whose key starts with ``@``. UNCONFIRMED."""
    terminate_runners: bool = False
    """The ``terminate`` in the answer of ReportTaskRunnerHeartbeat."""

    # Final status
    repeated_status: Literal["accept", "task_not_found", "invalid_request"] = "accept"
    """The answer to the same final status again. UNCONFIRMED."""
    conflicting_status: Literal["accept", "task_not_found", "invalid_request"] = "task_not_found"
    """The answer to a final status that differs from the accepted one. It never changes the attempt. UNCONFIRMED."""
    status_after_cancel: Literal["accept", "task_not_found", "invalid_request"] = "task_not_found"
    """The answer to a final status of a canceled task. The status never changes the attempt. UNCONFIRMED."""
    status_after_reassignment: Literal["accept", "task_not_found", "invalid_request"] = "task_not_found"
    """The answer to a final status with a task id whose task was taken away. The status never changes the attempt.
    UNCONFIRMED."""
    enforce_reserved_error_id: bool = True
    """Whether an errorId that starts with ``Service_`` is refused. The reference says only that it "should not" start
    so. UNCONFIRMED."""
    stack_trace_limit: int = 1024
    """The length limit of errorStackTrace: 1024 in botocore's model, 4095 on the published API page."""
    length_unit: Literal["utf16", "code_points"] = "utf16"
    """The unit of the length limits of strings: UTF-16 code units or Unicode code points. UNCONFIRMED."""
    over_limit: Literal["reject", "truncate"] = "reject"
    """Whether an errorId or errorStackTrace that is too long is rejected or truncated. UNCONFIRMED."""
    object_size_limit: int = 15_360
    """The largest size of an object in bytes, with the names of its fields (developer guide, limits)."""
    over_object_size: Literal["reject", "truncate", "ignore"] = "reject"
    """What happens to a report that would make the attempt larger than ``object_size_limit``. ``truncate`` shortens
    errorMessage. UNCONFIRMED."""
    precondition_false_status: Literal["FAILED", "FALSE", "FINISHED"] = "FAILED"
    """The ``@status`` of an attempt that was reported as FALSE. The developer guide's list of statuses has no FALSE.
    ``attemptStatus`` always is FALSE. UNCONFIRMED."""

    # Retries
    default_maximum_retries: int = 2
    """The ``maximumRetries`` of a definition that has none (seen in a real listing)."""
    retry_delay_minimum_seconds: float = 120
    """The shortest ``retryDelay`` (developer guide, limits: 2 minutes). It replaces a shorter one."""
    retry_delay_default_seconds: float = 120
    """The ``retryDelay`` of a definition that has none. UNCONFIRMED."""
    precondition_retries: Literal["runner", "service"] = "runner"
    """Who checks a precondition again that is not met. The developer guide says that the task runner does."""

    # Pipelines and objects
    reactivation: Literal["cancel_and_rerun", "invalid_request"] = "cancel_and_rerun"
    """What an activation of a running on-demand pipeline does. The API page says that the service cancels the run and
    starts another one. A user reported an error."""
    pipeline_finishes: Literal["when_all_finished", "when_all_ended", "never"] = "when_all_finished"
    """When a pipeline becomes FINISHED. SetStatus is refused afterwards. UNCONFIRMED for on-demand pipelines."""
    unknown_object: Literal["invalid_request", "omit"] = "invalid_request"
    """The answer of DescribeObjects for an id that the pipeline does not have. UNCONFIRMED."""
    unknown_expression_object: Literal["invalid_request", "task_not_found"] = "invalid_request"
    """The error of EvaluateExpression for an id that the pipeline does not have. UNCONFIRMED."""
    describe_objects_limit: int = 100
    """The most ids in a DescribeObjects request: 25 in the API reference, but AWS's own command line sends 100."""
    page_size: int = 100
    """The most results on a page of QueryObjects (API reference: 100), DescribeObjects and ListPipelines (both
    UNCONFIRMED)."""

    # Errors and rates
    constraint_error: Literal["ValidationException", "InvalidRequestException"] = "ValidationException"
    """The error for a value with a wrong length or characters, or outside its enumeration. ValidationException was
    seen for a value that is too short. UNCONFIRMED for the others."""
    enforce_rates: bool = False
    """Whether the service answers ThrottlingException to calls above the account's published rates."""

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in fields(self):
            value = getattr(self, field.name)
            choices = get_args(hints[field.name])
            if choices and value not in choices:
                raise ValueError(f"{field.name} is one of {', '.join(choices)}, not {value!r}")
            if not choices and (isinstance(value, str) or value < 0):
                raise ValueError(f"{field.name} is a number not below zero, not {value!r}")

    def with_texts(self, assignments: list[str]) -> EmulatorSettings:
        """
        Return a copy with some settings changed by ``name=value`` texts, as on a command line.

        :raises ValueError: a name is unknown or a value is not possible; the text says which one
        """
        hints = get_type_hints(type(self))
        changes: dict[str, object] = {}
        for assignment in assignments:
            name, separator, text = assignment.partition("=")
            if not separator or name not in hints:
                raise ValueError(f"{assignment!r} is not name=value with one of: {', '.join(hints)}")
            changes[name] = _parse(name, text, hints[name])
        return replace(self, **changes)  # type: ignore[arg-type]  # values were parsed by the type of each name


def _parse(name: str, text: str, hint: object) -> object:
    if hint is bool:
        if text.lower() not in {"true", "false"}:
            raise ValueError(f"{name} is true or false, not {text!r}")
        return text.lower() == "true"
    if hint is int:
        return int(text)
    if hint is float:
        return float(text)
    return text
