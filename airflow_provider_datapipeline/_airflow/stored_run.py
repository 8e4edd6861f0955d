"""
Reads from Airflow's database what the outcome of an ended DAG run depends on, and no more.

Which XComs are read, and in which order, is written once, as generators. A generator yields the place of an XCom and
receives its value. The caller provides the function that reads, which may block or not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Generator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from airflow_provider_datapipeline._sans_io import aconverse, converse
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.outcome import dag_structure, decision
from airflow_provider_datapipeline.outcome.decision import EndedRun, Returned, TaskEnd, UnreadableError
from airflow_provider_datapipeline.pipeline_task import Asked
from airflow_provider_datapipeline.reporting.detail import ErrorDetail
from airflow_provider_datapipeline.reporting.report import TaskReport

if TYPE_CHECKING:
    from airflow_provider_datapipeline.pipeline_task import PipelineTask
    from airflow_provider_datapipeline.reporting.facts import TaskFacts

log = logging.getLogger(__name__)

RECORD_KEY = "datapipeline_error"
"""The XCom in which the listener stores the error of a failed task."""

_WITHOUT_TEXTS = "withoutTexts"

LEAVES_KEY = "datapipeline_leaves"
"""The XCom in which the listener stores the leaves of the DAG, in runs that check a precondition."""

LAST_TASK_KEY = "datapipeline_last_task"
"""The XCom that version 0.2 stored instead, on each leaf that had started. It can be removed with version 0.4."""

RETURN_KEY = "return_value"
"""The XCom in which Airflow stores the result of a task."""

_RECORDS_READ = 50  # each read takes 5 to 10 ms; a thousand instances of a task may fail, and a callback has seconds

# Airflow, or a backend for XComs, raises these for a stored value that this process cannot deserialize.
_DESERIALIZATION_ERRORS = (ImportError, TypeError, ValueError, AttributeError, LookupError, RecursionError)

States = Mapping[str, "str | None"]
Place = tuple[str, int, str]
"""The place of an XCom: task id, map index (-1: not mapped) and key."""

_T = TypeVar("_T")
Reading = Generator[Place, Any, _T]


class RunReader(Protocol):
    """
    Reads one DAG run without blocking.

    If a read fails for good, both methods raise
    :class:`~airflow_provider_datapipeline.outcome.decision.UnreadableError`, and no other error.
    """

    async def task_states(self) -> States:
        """Return the states as :func:`~airflow_provider_datapipeline._airflow.compat.read_task_states` does."""

    async def xcom(self, task_id: str, map_index: int, key: str) -> Any:
        """Return an XCom; None if it does not exist."""


async def areport(
    state: str,
    task: PipelineTask,
    facts: TaskFacts,
    read: RunReader,
    *,
    mask: Callable[[str], str],
    detail: ErrorDetail = ErrorDetail.FULL,
) -> TaskReport:
    """
    Return the report about a DAG run that has ended, without access to its DAG.

    If the run succeeded and the task is an activity, nothing is read.

    :param state: the state of the run: ``success`` or ``failed``
    """
    failed = state == "failed"
    run = EndedRun(failed=failed)
    if failed or task.asked is not Asked.ACTIVITY:
        try:
            states = await read.task_states()
        except UnreadableError as error:
            run = EndedRun(failed=failed, unread=_logged_text(error))
        else:
            run = await aconverse(ended_run(states, task.asked, failed=failed), lambda place: read.xcom(*place))
    return decision.report_on(run, task.asked, facts, mask=mask, detail=detail)


def read_blocking(reading: Reading[_T], read: Callable[[str, int, str], Any], *, give_up: bool = True) -> _T:
    """
    Perform a reading with a function that blocks and may raise any error.

    :param give_up: whether a temporary error counts as an unreadable XCom; otherwise it is raised
    """

    def perform(place: Place) -> Any:
        try:
            return read(*place)
        except Exception as error:
            described = unreadable(error, place)
            if described.may_pass and not give_up:
                raise
            raise described from error

    return converse(reading, perform)


def unreadable(error: Exception, place: Place) -> UnreadableError:
    """Convert an error from the read of an XCom; the result says whether the error may pass, and the remedy."""
    if isinstance(error, UnreadableError):
        return error
    task_id, map_index, key = place
    task = TaskEnd(task_id=task_id, map_index=map_index, state=None).label
    problem = f"XCom {key!r} of task {task}: {type(error).__name__}: {without_secrets(error)}"
    if isinstance(error, _DESERIALIZATION_ERRORS):
        remedy = "If it is of a class of your own, add that to [core] allowed_deserialization_classes."
        return UnreadableError(f"{problem} {remedy}", may_pass=False)
    return UnreadableError(problem, may_pass=True)


# The readings: generators that decide which XComs are read


def ended_run(
    states: States,
    asked: Asked,
    *,
    failed: bool,
    reason: str | None = None,
    task_ids: Collection[str] | None = None,
    leaves: Collection[str] | None = None,
) -> Reading[EndedRun]:
    """
    Read what the outcome of an ended run depends on.

    :param task_ids: the ids of the DAG's tasks; None without access to the DAG, so that mapped tasks are guessed
    :param leaves: the result of :func:`~airflow_provider_datapipeline.outcome.dag_structure.leaves_of`; None without
        access to the DAG, so that the leaves are read that the listener has stored
    """
    if failed:
        return (yield from _failed_run(states, task_ids, reason))
    if asked is Asked.ACTIVITY:
        return EndedRun(failed=False)
    if leaves is None:
        try:
            leaves = yield from _stored_leaves(states)
        except UnreadableError as error:
            return EndedRun(failed=False, unread=_logged_text(error))
    known_ids = leaves if task_ids is None else task_ids
    ends = [
        TaskEnd(task_id=task_id, map_index=map_index, state=state, is_leaf=task_id in leaves)
        for (task_id, map_index), state in _states_by_instance(states, known_ids).items()
    ]
    return (yield from _read_results(EndedRun(failed=False, ends=ends), asked))


def _read_results(run: EndedRun, asked: Asked) -> Reading[EndedRun]:
    """Read the results of the leaves, until the outcome is decided."""
    returned: dict[tuple[str, int], Returned] = {}
    unread = ""
    for end in decision.undecided_leaves(run, asked):
        try:
            value = yield (end.task_id, end.map_index, RETURN_KEY)
        except UnreadableError as error:
            unread = _logged_text(error)
            if error.may_pass:  # the next read would fail as well, and each attempt takes time
                returned[end.task_id, end.map_index] = Returned.UNKNOWN
                break
            log.warning("What a task returned counts as anything but False, since it cannot be read.")
            continue
        if value is False:
            returned[end.task_id, end.map_index] = Returned.FALSE
            break
    return decision.with_results(run, returned, unread)


def _states_by_instance(states: States, task_ids: Collection[str]) -> dict[tuple[str, int], str | None]:
    """Return the states by task id and map index."""
    by_instance = {}
    for key, state in states.items():
        task_id, map_index = dag_structure.split_key(key, task_ids)
        # If the states have the id itself, that task is not mapped. So this key is another task with a similar id.
        is_other_task = map_index >= 0 and task_id in states
        by_instance[(key, -1) if is_other_task else (task_id, map_index)] = state
    return by_instance


def _stored_leaves(states: States) -> Reading[frozenset[str]]:
    """Read the leaves of the DAG from the first task that has stored them; empty if no task has started."""
    started = [key for key, state in states.items() if state not in (None, "upstream_failed", "removed")]
    # A successful task has most likely started. Of a mapped task, only the first instance stores the leaves.
    started.sort(key=lambda key: (states[key] != "success", _map_index_in(key) > 0))
    for key in started:
        for task_id, map_index in _possible_instances(key, highest_index=0):
            leaves = yield (task_id, map_index, LEAVES_KEY)
            if isinstance(leaves, list):
                return frozenset(str(leaf) for leaf in leaves)
    leaves_of_version_0_2 = set()
    for key in started:
        for task_id, map_index in _possible_instances(key):
            if (yield (task_id, map_index, LAST_TASK_KEY)):
                leaves_of_version_0_2.add(task_id)
    return frozenset(leaves_of_version_0_2)


def _failed_run(states: States, task_ids: Collection[str] | None, reason: str | None) -> Reading[EndedRun]:
    """Read the errors that the listener stored for the failed tasks."""
    records: dict[tuple[str, int], Mapping[str, Any]] = {}
    known_ids = set(task_ids or ())
    unread = ""
    for key in [key for key, state in states.items() if state == "failed"][:_RECORDS_READ]:
        try:
            for instance in _possible_instances(key) if task_ids is None else [dag_structure.split_key(key, task_ids)]:
                record = yield (*instance, RECORD_KEY)
                if isinstance(record, Mapping):
                    records[instance] = record
                    known_ids.add(instance[0])
                    break
        except UnreadableError as error:
            unread = _logged_text(error)
            if error.may_pass:
                break
    ends = [
        _task_end(task_id, map_index, state, records.get((task_id, map_index), {}))
        for (task_id, map_index), state in _states_by_instance(states, known_ids).items()
    ]
    return EndedRun(failed=True, reason=reason, ends=ends, unread=unread)


def _task_end(task_id: str, map_index: int, state: str | None, record: Mapping[str, Any]) -> TaskEnd:
    return TaskEnd(
        task_id=task_id,
        map_index=map_index,
        state=state,
        failed_at=str(record.get("failedAt", "")),
        report=TaskReport.from_record(record),
        without_texts=TaskReport.from_record(record.get(_WITHOUT_TEXTS)),
    )


def _possible_instances(key: str, highest_index: int | None = None) -> list[tuple[str, int]]:
    """
    Return the task instances that a key of the stored states may mean, without access to the DAG.

    :param highest_index: leaves out instances with a higher map index
    """
    task_id, index = key.rpartition("_")[0], _map_index_in(key)
    may_be_mapped = task_id and index >= 0 and (highest_index is None or index <= highest_index)
    return [(key, -1), (task_id, index)] if may_be_mapped else [(key, -1)]


def _map_index_in(key: str) -> int:
    index = key.rpartition("_")[2]
    return int(index) if index.isdecimal() else -1


def _logged_text(error: UnreadableError) -> str:
    """Log the error, because a report without texts refers to the log, and return its text."""
    log.warning("Not read: %s", error)
    return str(error)


def record(report: TaskReport, failed_at: str, without_texts: TaskReport | None = None) -> dict[str, Any]:
    """
    Return the record that the listener stores.

    :param without_texts: the same report without any text of the exception, for reports that may not have such texts
    """
    textless = {} if without_texts is None else {_WITHOUT_TEXTS: without_texts.as_record()}
    return {"failedAt": failed_at, **report.as_record(), **textless}
