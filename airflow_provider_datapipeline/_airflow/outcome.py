"""From the stored states and the recorded errors of a DAG run to the report about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.reporting.report import TaskReport

if TYPE_CHECKING:
    from airflow_provider_datapipeline.reporting.facts import TaskFacts

RECORD_KEY = "datapipeline_error"
"""The XCom in which the listener keeps a failed task's error."""

LAST_TASK_KEY = "datapipeline_last_task"
"""The XCom by which the listener marks a task without downstream tasks, in runs that check a precondition."""

FAILED_STATES = frozenset({"failed", "upstream_failed"})
FINISHED_STATES = FAILED_STATES | {"success", "skipped", "removed"}

_LISTED_TASKS = 10  # enough to see a pattern; the message is for reading at night

NO_EXCEPTION = (
    "The task ended without an exception that Airflow knows of: its process was killed, or stopped sending heartbeats."
)

_RECORDS_READ = 50  # at 5 to 10 ms each: a mapped task may fail a thousand times, and a callback has seconds

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


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnd:
    """How one task instance ended; ``failed_at`` (UTC, ISO 8601) and ``report`` only where the listener saw it fail."""

    task_id: str
    map_index: int
    state: str | None
    failed_at: str = ""
    report: TaskReport | None = None

    @property
    def label(self) -> str:
        """The task as a person writes it."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


def record(report: TaskReport, failed_at: str) -> dict[str, str]:
    """Return what the listener stores."""
    return {"failedAt": failed_at, **report.as_record()}


def split_key(key: str, task_ids: Collection[str]) -> tuple[str, int]:
    """Return task id and map index of a key of the stored states; -1 for an unmapped task."""
    if key not in task_ids:
        task_id, _, index = key.rpartition("_")
        if task_id in task_ids and index.isdecimal():
            return task_id, int(index)
    return key, -1


def task_ends(
    states: Mapping[str, str | None], task_ids: Collection[str], read_record: Callable[[str, int], Any]
) -> list[TaskEnd]:
    """
    Return how the task instances of a run ended; what a failed one recorded is read with ``read_record``.

    :param states: as of :func:`~airflow_provider_datapipeline._airflow.compat.read_task_states`
    :param task_ids: the task ids of the DAG, without which a mapped task cannot be told from one named alike
    """
    ends = []
    reads = 0
    for key, state in states.items():
        task_id, map_index = split_key(key, task_ids)
        end = TaskEnd(task_id=task_id, map_index=map_index, state=state)
        if state == "failed" and reads < _RECORDS_READ:
            reads += 1
            if isinstance(stored := read_record(task_id, map_index), Mapping):
                end = replace(end, failed_at=str(stored.get("failedAt", "")), report=TaskReport.from_record(stored))
        ends.append(end)
    return ends


async def atask_ends(
    states: Mapping[str, str | None], read: Callable[[str, int, str], Awaitable[Any]]
) -> list[TaskEnd]:
    """Do what :func:`task_ends` does where the DAG is not at hand, so that a mapped task can only be guessed."""
    stored: dict[tuple[str, int], Any] = {}
    mapped: set[str] = set()
    failed = [key for key, state in states.items() if state == "failed"][:_RECORDS_READ]
    for key in failed:
        task_id, _, index = key.rpartition("_")
        stored[key, -1] = await read(key, -1, RECORD_KEY)
        if stored[key, -1] is None and task_id and index.isdecimal():
            stored[task_id, int(index)] = await read(task_id, int(index), RECORD_KEY)
            if stored[task_id, int(index)] is not None:
                mapped.add(task_id)
    unmapped = {key for (key, index), value in stored.items() if index < 0 and value is not None}
    task_ids = mapped | unmapped | {key for key in states if key.rpartition("_")[0] not in mapped}
    return task_ends(states, task_ids, lambda task_id, map_index: stored.get((task_id, map_index)))


async def precondition_holds(states: Mapping[str, str | None], read: Callable[[str, int, str], Awaitable[Any]]) -> bool:
    """
    Tell whether the precondition that a successful DAG run has checked holds.

    It does not where a last task, or one instance of a mapped one, was skipped or returned False. The listener marks
    the last tasks when they start; where none started, they were skipped.
    """
    last = [(place, state) for key, state in states.items() if (place := await _place_of_last_task(key, read))]
    if not last:
        return "skipped" not in states.values()
    for place, state in last:
        if state == "skipped" or await read(*place, "return_value") is False:
            return False
    return True


async def _place_of_last_task(key: str, read: Callable[[str, int, str], Awaitable[Any]]) -> tuple[str, int] | None:
    """Return task id and map index under which a task left the mark of a last one, None where it left none."""
    if await read(key, -1, LAST_TASK_KEY):
        return key, -1
    task_id, _, index = key.rpartition("_")
    if task_id and index.isdecimal() and await read(task_id, int(index), LAST_TASK_KEY):
        return task_id, int(index)
    return None


def is_last_to_succeed(
    states: Mapping[str, str | None], task_ids: Collection[str], task_id: str, map_index: int
) -> bool:
    """Tell whether a task instance that has succeeded leaves no other instance of its mapped task to do so."""
    others = [
        state
        for key, state in states.items()
        if (place := split_key(key, task_ids))[0] == task_id and place != (task_id, map_index)
    ]
    return all(state in FINISHED_STATES - FAILED_STATES for state in others)


def counts_as_failure(end: TaskEnd, task: Any) -> bool:
    """Tell whether a task's end fails its DAG run; a failed teardown does so only where its author says so."""
    return end.state in FAILED_STATES and not is_ignored_teardown(task)


def is_ignored_teardown(task: Any) -> bool:
    """Tell whether a task's failure leaves its DAG run as it is."""
    return bool(getattr(task, "is_teardown", False) and not getattr(task, "on_failure_fail_dagrun", False))


def failed_run(
    ends: Iterable[TaskEnd] | None,
    facts: TaskFacts,
    *,
    mask: Callable[[str], str],
    reason: str | None = None,
    error_id: str | None = None,
    error_message: str | None = None,
) -> TaskReport:
    """
    Report a failed DAG run: the error of the task that failed first, and which tasks failed.

    :param ends: how its tasks ended; None if that is not known
    :param reason: why Airflow ended the run, as in a DAG-level callback's context
    :param error_id: takes the place of the recorded one
    :param error_message: likewise
    """
    no_reason = _NO_REASON if ends is not None else _NOT_TOLD
    ends = list(ends or ())
    recorded = [end for end in ends if end.report is not None]
    first = min(recorded, key=lambda end: end.failed_at, default=None)
    lines = _failed_lines(ends, first)
    default_id, default_message = _REASONS.get(reason or "", no_reason)
    report = TaskReport.failed(
        None,
        facts,
        mask=mask,
        error_id=error_id or default_id,
        error_message=error_message or default_message,
        lines=lines,
    )
    if first is None or first.report is None:
        return report
    recorded_report = first.report.with_lines(lines, mask=mask)
    return TaskReport(
        status=report.status,
        error_id=report.error_id if error_id else recorded_report.error_id,
        error_message=report.error_message if error_message else recorded_report.error_message,
        error_stack_trace=recorded_report.error_stack_trace,
    )


def _failed_lines(ends: Sequence[TaskEnd], first: TaskEnd | None) -> list[str]:
    failed = sorted((end for end in ends if end.state == "failed"), key=lambda end: (end is not first, end.failed_at))
    not_started = sum(end.state == "upstream_failed" for end in ends)
    lines = []
    if failed:
        more = f" and {len(failed) - _LISTED_TASKS} more" if len(failed) > _LISTED_TASKS else ""
        lines.append(f"Failed tasks: {', '.join(end.label for end in failed[:_LISTED_TASKS])}{more}")
    if not_started:
        lines.append(f"Not started because of that: {not_started}")
    return lines
