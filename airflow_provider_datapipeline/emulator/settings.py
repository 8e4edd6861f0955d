"""What the emulator does where AWS's public material is silent, contradictory or inconvenient for a test."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal, get_args, get_type_hints


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorSettings:
    """
    Every point on which no public evidence settles what the real service does, and every timing, as a named switch.

    Of two possible answers the default is the one that is harder on a client, unless evidence favours the other.
    Times are seconds. ``UNCONFIRMED`` marks a default for which no public source exists.
    """

    # Polling
    long_poll_seconds: float = 90
    """How long PollForTask waits for work (AWS: up to 90 s). Zero answers at once."""
    empty_poll_body: Literal["empty", "null"] = "empty"
    """Body without work, ``{}`` or ``{"taskObject": null}``. UNCONFIRMED."""
    abandoned_poll: Literal["takes_task", "ends"] = "takes_task"
    """Whether a held poll whose client has hung up still receives a task, lost until the acknowledgement is missed.
    UNCONFIRMED."""
    referenced_objects: bool = True
    """Whether a task object carries the definition objects that the activity refers to. UNCONFIRMED."""
    running_on: Literal["acknowledge", "poll"] = "acknowledge"
    """What makes an attempt RUNNING: the first ReportTaskProgress, or the poll that handed it out. UNCONFIRMED."""

    # Leases
    acknowledge_seconds: float = 120
    """A task without a first report for this long is handed out again (API reference: 2 minutes)."""
    missed_acknowledgement: Literal["same_attempt", "new_attempt"] = "same_attempt"
    """Whether that hand-out is the same attempt under a new task id, or attempt n+1. UNCONFIRMED."""
    redelivered_task_id: Literal["new", "same"] = "new"
    """Task id of a hand-out of the same attempt: another one each time, or always the first. UNCONFIRMED."""
    progress_seconds: float = 900
    """Default of ``reportProgressTimeout`` (API reference: 15 minutes)."""
    attempt_timeout: Literal["service", "runner"] = "service"
    """Whether the service itself ends an attempt whose ``attemptTimeout`` has passed (it "may be retried", says the
    developer guide), or leaves that to the task runner. UNCONFIRMED."""
    progress_after_cancel: Literal["canceled", "task_not_found"] = "canceled"
    """Answer to progress of a canceled task; its repetition is UNCONFIRMED."""
    progress_after_reassignment: Literal["canceled", "task_not_found"] = "task_not_found"
    """Answer to progress under a task id that the service has given up. UNCONFIRMED."""
    progress_after_end: Literal["canceled", "task_not_found"] = "task_not_found"
    """Answer to progress of a task whose final status was already reported. UNCONFIRMED."""
    reserved_progress_field: Literal["reject", "ignore"] = "reject"
    """What happens to a reported field whose key starts with ``@``. UNCONFIRMED."""
    terminate_runners: bool = False
    """What ReportTaskRunnerHeartbeat answers as ``terminate``."""

    # Final status
    repeated_status: Literal["accept", "task_not_found", "invalid_request"] = "accept"
    """Answer to the same final status once more. UNCONFIRMED."""
    conflicting_status: Literal["accept", "task_not_found", "invalid_request"] = "task_not_found"
    """Answer to another final status than the one taken; never changes the attempt. UNCONFIRMED."""
    status_after_cancel: Literal["accept", "task_not_found", "invalid_request"] = "task_not_found"
    """Answer to a status of a canceled task; never changes the attempt. UNCONFIRMED."""
    status_after_reassignment: Literal["accept", "task_not_found", "invalid_request"] = "task_not_found"
    """Answer to a status under a task id that the service has given up; never changes the attempt. UNCONFIRMED."""
    enforce_reserved_error_id: bool = True
    """Whether an errorId that starts with ``Service_`` is refused ("should not", says the reference). UNCONFIRMED."""
    stack_trace_limit: int = 1024
    """Longest errorStackTrace: 1024 in botocore's model, 4095 on the published API page."""
    length_unit: Literal["utf16", "code_points"] = "utf16"
    """What the limits of strings count. UNCONFIRMED."""
    over_limit: Literal["reject", "truncate"] = "reject"
    """What happens to an errorId or errorStackTrace over its limit. UNCONFIRMED."""
    object_size_limit: int = 15_360
    """Bytes of one object, names included (developer guide, limits)."""
    over_object_size: Literal["reject", "truncate", "ignore"] = "reject"
    """What happens when a report would make the attempt larger than that; truncation cuts errorMessage. UNCONFIRMED."""
    precondition_false_status: Literal["FAILED", "FALSE", "FINISHED"] = "FAILED"
    """``@status`` of an attempt reported FALSE. The guide's list of statuses has no FALSE; ``attemptStatus`` always
    shows it. UNCONFIRMED."""

    # Retries
    default_maximum_retries: int = 2
    """``maximumRetries`` where a definition has none (seen in a real listing)."""
    retry_delay_minimum_seconds: float = 120
    """Shortest ``retryDelay`` (developer guide, limits: 2 minutes); shorter ones are raised to it."""
    retry_delay_default_seconds: float = 120
    """``retryDelay`` where a definition has none. UNCONFIRMED."""
    precondition_retries: Literal["runner", "service"] = "runner"
    """Who repeats a precondition that was not met: the developer guide says the task runner."""

    # Pipelines and objects
    reactivation: Literal["cancel_and_rerun", "invalid_request"] = "cancel_and_rerun"
    """Activating an on-demand pipeline that still runs: the API page cancels and reruns, a user's report says error."""
    pipeline_finishes: Literal["when_all_finished", "when_all_ended", "never"] = "when_all_finished"
    """When a pipeline becomes FINISHED, after which SetStatus is refused. UNCONFIRMED for on-demand pipelines."""
    unknown_object: Literal["invalid_request", "omit"] = "invalid_request"
    """DescribeObjects of an id that the pipeline does not have. UNCONFIRMED."""
    unknown_expression_object: Literal["invalid_request", "task_not_found"] = "invalid_request"
    """EvaluateExpression on an id that the pipeline does not have. UNCONFIRMED."""
    describe_objects_limit: int = 100
    """Ids per DescribeObjects: 25 in the API reference, while AWS's own command line sends 100."""
    page_size: int = 100
    """Results per page of QueryObjects (API reference: 100), DescribeObjects and ListPipelines (UNCONFIRMED)."""

    # Errors and rates
    constraint_error: Literal["ValidationException", "InvalidRequestException"] = "ValidationException"
    """Type of a refusal by length, pattern or enumeration: seen for a minimum length, UNCONFIRMED for the others."""
    enforce_rates: bool = False
    """Whether calls above the account's published rates are answered with ThrottlingException."""

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
        The same settings with those changed that are named from ``name=value`` texts, as on a command line.

        :raises ValueError: an unknown name or an impossible value; the text says which
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
