"""
Decides which outcome of a DAG run AWS Data Pipeline is told. Every way of reporting uses this module.

The functions are pure: they get what Airflow has stored and return a report. The ways of reporting differ only in how
much of the stored state they can read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.pipeline_task import Asked
from airflow_provider_datapipeline.reporting.detail import TEXT_STAYS, ErrorDetail
from airflow_provider_datapipeline.reporting.report import TaskReport
from airflow_provider_datapipeline.reporting.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from airflow_provider_datapipeline.reporting.facts import TaskFacts

_LISTED_TASKS = 10  # enough to show a pattern in a short message

NO_EXCEPTION = (
    "The task ended without an exception that Airflow knows of: its process was killed, or stopped sending heartbeats."
)

_REASONS = {
    "timed_out": ("AirflowDagRunTimedOut", "The DAG run did not end within its dagrun_timeout."),
    "all_tasks_deadlocked": (
        "AirflowDagRunDeadlocked",
        "The DAG run cannot go on: its remaining tasks can never start.",
    ),
}
_NO_REASON = (
    "AirflowDagRunFailed",
    "The DAG run failed and no task left an exception: killed, timed out, or marked as failed by hand.",
)
_NOT_TOLD = (
    "AirflowDagRunFailed",
    (
        "The DAG run failed. Airflow did not tell this callback which task failed, or why: see the run's tasks. With "
        "report_failed in default_args too, the task's own error is reported."
    ),
)
_NOT_READ = (
    "AirflowDagRunFailed",
    "The DAG run failed. Which task failed, or why, could not be read from Airflow: see the run's tasks.",
)
_RESULT_UNKNOWN = (
    "AirflowResultUnknown",
    (
        "The DAG run succeeded, but whether the precondition holds is not known: what its check returned could not be "
        "read from Airflow."
    ),
)


class UnreadableError(Exception):
    """
    A value that Airflow has stored could not be read.

    :param may_pass: whether another attempt may succeed, for example because Airflow's API was away; False for a value
        that cannot be deserialized
    """

    def __init__(self, text: str, *, may_pass: bool) -> None:
        super().__init__(text)
        self.may_pass = may_pass


class Returned(StrEnum):
    """The result of a task, as far as the decision needs it."""

    FALSE = "false"
    OTHER = "other"
    """Any other result, no result, or a result that was not read because the decision does not need it."""
    UNKNOWN = "unknown"
    """The result could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnd:
    """
    How one task instance ended.

    :param failed_at: when the instance failed, in UTC, ISO 8601; empty if the listener stored no error
    :param report: the error that the listener stored; without texts if the deployment allows none
    :param without_texts: the same error without any text of the exception
    :param is_leaf: whether the outcome of the run depends on the result (see
        :func:`~airflow_provider_datapipeline.outcome.dag_structure.leaves_of`)
    """

    task_id: str
    map_index: int
    state: str | None
    failed_at: str = ""
    report: TaskReport | None = None
    without_texts: TaskReport | None = None
    is_leaf: bool = False
    returned: Returned = Returned.OTHER

    @property
    def label(self) -> str:
        """The task id, with the map index in brackets if the task is mapped."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """
    How a DAG run ended, as far as this could be read.

    :param failed: whether Airflow says that the run failed. The operator is part of the run, which has not ended then,
        so it decides by the states of the other tasks
    :param reason: why Airflow ended the run, from the context of a DAG-level callback
    :param ends: how the tasks of the run ended; None if the way of reporting cannot read this, or does not need it
    :param unread: which read failed, and why; empty if none failed
    """

    failed: bool
    reason: str | None = None
    ends: Sequence[TaskEnd] | None = None
    unread: str = ""


def status_of(run: EndedRun, asked: Asked) -> TaskStatus | None:
    """
    Return the status to report for a DAG run; None if the run succeeded and the result of a precondition is unknown.

    ===============  ==============================================================================================
    the run failed   FAILED, for every kind of Data Pipeline task
    activity         FINISHED: an activity cannot end FALSE
    precondition     FALSE if any leaf, or any instance of a mapped leaf, was skipped or returned False
    unknown          FALSE if any leaf returned False, or all leaves were skipped
    otherwise        FINISHED
    ===============  ==============================================================================================

    If no task started, none has stored the leaves, and all tasks count as leaves. If the way of reporting cannot read
    the states of the tasks, a successful run is reported as FINISHED.
    """
    if run.failed:
        return TaskStatus.FAILED
    if asked is Asked.ACTIVITY:
        return TaskStatus.FINISHED
    is_precondition = asked is Asked.PRECONDITION
    if run.ends is None:
        return None if is_precondition and run.unread else TaskStatus.FINISHED
    leaves = [end for end in run.ends if end.is_leaf] or run.ends
    skipped = [end.state == "skipped" for end in leaves if end.state != "removed"]
    returned = {end.returned for end in leaves}
    # One skipped leaf means that a precondition does not hold. If the task may be an activity, all must be skipped.
    if Returned.FALSE in returned or (any(skipped) if is_precondition else skipped and all(skipped)):
        return TaskStatus.FALSE
    return None if is_precondition and Returned.UNKNOWN in returned else TaskStatus.FINISHED


def undecided_leaves(run: EndedRun, asked: Asked) -> list[TaskEnd]:
    """Return the leaves whose results must be read; empty if the states alone decide the outcome."""
    if status_of(run, asked) is not TaskStatus.FINISHED or asked is Asked.ACTIVITY:
        return []
    return [end for end in run.ends or () if end.is_leaf and end.state == "success"]


def with_results(run: EndedRun, returned: Mapping[tuple[str, int], Returned], unread: str = "") -> EndedRun:
    """Return the run with the results of its leaves, which are given by task id and map index."""
    ends = [replace(end, returned=returned.get((end.task_id, end.map_index), end.returned)) for end in run.ends or ()]
    return replace(run, ends=ends, unread=unread)


def report_on(
    run: EndedRun,
    asked: Asked,
    facts: TaskFacts,
    *,
    mask: Callable[[str], str],
    error_id: str | None = None,
    error_message: str | None = None,
    detail: ErrorDetail = ErrorDetail.FULL,
) -> TaskReport:
    """
    Return the report about a DAG run.

    :param error_id: replaces the stored error id
    :param error_message: replaces the stored message, or states why a precondition does not hold
    :param detail: ``TYPE``: the report contains no text of an exception, neither of a task nor of Airflow
    """
    status = status_of(run, asked)
    if status is TaskStatus.FINISHED:
        return TaskReport.finished()
    if status is TaskStatus.FALSE:
        return TaskReport.precondition_false(error_message, facts, mask=mask)
    if status is TaskStatus.FAILED:
        return _failed(run, facts, mask=mask, error_id=error_id, error_message=error_message, detail=detail)
    default_id, default_message = _RESULT_UNKNOWN
    return TaskReport.failed(
        None,
        facts,
        mask=mask,
        error_id=error_id or default_id,
        error_message=error_message or default_message,
        lines=_unread_lines(run, detail),
    )


def _failed(
    run: EndedRun,
    facts: TaskFacts,
    *,
    mask: Callable[[str], str],
    error_id: str | None,
    error_message: str | None,
    detail: ErrorDetail,
) -> TaskReport:
    """Return the report about a failed run: the error of the task that failed first, and the list of failed tasks."""
    ends = run.ends or ()
    first = min((end for end in ends if end.report is not None), key=lambda end: end.failed_at, default=None)
    lines = _failed_lines(ends, first)
    default_id, default_message = _REASONS.get(run.reason or "") or _default_error(run)
    recorded = None if first is None else first.report
    if recorded is not None and detail is ErrorDetail.TYPE:
        default_id = recorded.error_id or default_id
        default_message = f"{default_id}; {TEXT_STAYS}"
        # None if version 0.2 or older stored the error: then the lines of the exception cannot be distinguished.
        recorded = None if first is None else first.without_texts
    report = TaskReport.failed(
        None,
        facts,
        mask=mask,
        error_id=error_id or default_id,
        error_message=error_message or default_message,
        lines=[*lines, *_unread_lines(run, detail)],
    )
    if recorded is None:
        return report
    recorded = recorded.with_lines(lines, mask=mask)
    return TaskReport(
        status=report.status,
        error_id=report.error_id if error_id else recorded.error_id,
        error_message=report.error_message if error_message else recorded.error_message,
        error_stack_trace=recorded.error_stack_trace,
    )


def _default_error(run: EndedRun) -> tuple[str, str]:
    if run.unread:
        return _NOT_READ
    return _NOT_TOLD if run.ends is None else _NO_REASON


def _unread_lines(run: EndedRun, detail: ErrorDetail) -> list[str]:
    if not run.unread:
        return []
    return [f"Not read: {run.unread if detail is ErrorDetail.FULL else 'what, and why, is in the log'}"]


def _failed_lines(ends: Iterable[TaskEnd], first: TaskEnd | None) -> list[str]:
    ends = list(ends)
    failed = sorted((end for end in ends if end.state == "failed"), key=lambda end: (end is not first, end.failed_at))
    not_started = sum(end.state == "upstream_failed" for end in ends)
    lines = []
    if failed:
        more = f" and {len(failed) - _LISTED_TASKS} more" if len(failed) > _LISTED_TASKS else ""
        lines.append(f"Failed tasks: {', '.join(end.label for end in failed[:_LISTED_TASKS])}{more}")
    if not_started:
        lines.append(f"Not started because of that: {not_started}")
    return lines
