"""
What a DAG run means for AWS Data Pipeline: the one place that decides it, for every way of reporting.

Pure: what Airflow has stored is handed in, and a report comes out. Those who ask differ only in what they can see.
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

_LISTED_TASKS = 10  # enough to see a pattern; the message is for reading at night

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
    Something that Airflow has stored could not be read.

    :param may_pass: whether another try may succeed, as while Airflow's API is away; not so for a value that is there
        and cannot be deserialised
    """

    def __init__(self, text: str, *, may_pass: bool) -> None:
        super().__init__(text)
        self.may_pass = may_pass


class Returned(StrEnum):
    """What a task returned, as far as it matters and is known."""

    FALSE = "false"
    OTHER = "other"
    """Anything else, nothing, or something that nobody has asked for."""
    UNKNOWN = "unknown"
    """It could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnd:
    """
    How one task instance ended.

    :param failed_at: UTC, ISO 8601; only where the listener saw it fail
    :param report: the error, likewise; without texts where the listener was told to keep none
    :param without_texts: the same without any text of the exception; of a record that has both, the other one
    :param is_leaf: whether its result is one of those that the run is for (see
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
        """The task as a person writes it."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """
    How a DAG run ended, as far as it can be seen.

    :param failed: Airflow's verdict, or for the operator, which is part of the run, that of its tasks
    :param reason: why Airflow ended the run, as in a DAG-level callback's context
    :param ends: how its tasks ended; None where whoever asks cannot see it, or need not
    :param unread: what could not be read though it can be seen, and why; empty if nothing
    """

    failed: bool
    reason: str | None = None
    ends: Sequence[TaskEnd] | None = None
    unread: str = ""


def status_of(run: EndedRun, asked: Asked) -> TaskStatus | None:
    """
    Decide what a DAG run means, by what was asked; None where it succeeded and the answer is not known.

    ===============  ==============================================================================================
    the run failed   FAILED, whatever was asked
    activity         FINISHED: an activity cannot end FALSE
    precondition     FALSE if any leaf, or any instance of a mapped one, was skipped or returned False
    unknown          FALSE if any leaf returned False, or all of them were skipped
    otherwise        FINISHED
    ===============  ==============================================================================================

    Where no leaf is known, since no task started that could have named them, all tasks stand in for them. Whoever
    cannot see the tasks of a run that succeeded takes it at its word.
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
    # A task that was skipped answers "no" for a precondition; for what may be an activity, only if no other one ran.
    if Returned.FALSE in returned or (any(skipped) if is_precondition else skipped and all(skipped)):
        return TaskStatus.FALSE
    return None if is_precondition and Returned.UNKNOWN in returned else TaskStatus.FINISHED


def unanswered(run: EndedRun, asked: Asked) -> list[TaskEnd]:
    """Return the leaves whose results decide; none where the states alone do."""
    if status_of(run, asked) is not TaskStatus.FINISHED or asked is Asked.ACTIVITY:
        return []
    return [end for end in run.ends or () if end.is_leaf and end.state == "success"]


def answered(run: EndedRun, returned: Mapping[tuple[str, int], Returned], unread: str = "") -> EndedRun:
    """Return the run with what its leaves returned, by task id and map index."""
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

    :param error_id: takes the place of the recorded one
    :param error_message: likewise; of a precondition that does not hold, the reason
    :param detail: ``TYPE``: no text of an exception, of the tasks' or of Airflow's, is in the report
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
    """Report a failed run: the error of the task that failed first, and which tasks failed."""
    ends = run.ends or ()
    first = min((end for end in ends if end.report is not None), key=lambda end: end.failed_at, default=None)
    lines = _failed_lines(ends, first)
    default_id, default_message = _REASONS.get(run.reason or "") or _without_reason(run)
    recorded = None if first is None else first.report
    if recorded is not None and detail is ErrorDetail.TYPE:
        default_id = recorded.error_id or default_id
        default_message = f"{default_id}; {TEXT_STAYS}"
        # None where version 0.2 or older kept it: which of its lines are the exception's, nobody can tell any more.
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


def _without_reason(run: EndedRun) -> tuple[str, str]:
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
