"""
What a DAG run has left in Airflow's database, read as far as it is needed to decide what the run means.

Which XComs are read, and in which order, is written once, as generators that yield the place of one and are sent its
value; what reads is handed in, blocking or not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Generator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from airflow_provider_datapipeline._sans_io import aconverse, converse
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.outcome import dag_structure, decision
from airflow_provider_datapipeline.outcome.decision import (
    EndedRun,
    Returned,
    TaskEnd,
    UnreadableError,
)
from airflow_provider_datapipeline.pipeline_task import Asked
from airflow_provider_datapipeline.reporting.detail import ErrorDetail
from airflow_provider_datapipeline.reporting.report import TaskReport

if TYPE_CHECKING:
    from airflow_provider_datapipeline.pipeline_task import PipelineTask
    from airflow_provider_datapipeline.reporting.facts import TaskFacts

log = logging.getLogger(__name__)

RECORD_KEY = "datapipeline_error"
"""The XCom in which the listener keeps a failed task's error."""

_WITHOUT_TEXTS = "withoutTexts"

LEAVES_KEY = "datapipeline_leaves"
"""The XCom in which the listener keeps which tasks are the leaves of the DAG, in runs that check a precondition."""

LAST_TASK_KEY = "datapipeline_last_task"
"""What version 0.2 kept instead, on a leaf that had started. Goes with version 0.4."""

RETURN_KEY = "return_value"
"""The XCom in which Airflow keeps what a task returned."""

_RECORDS_READ = 50  # at 5 to 10 ms each: a mapped task may fail a thousand times, and a callback has seconds

# What Airflow, or a backend for XComs, raises for a value that is there and makes no sense to this process.
_SENSELESS = (ImportError, TypeError, ValueError, AttributeError, LookupError, RecursionError)

States = Mapping[str, "str | None"]
Place = tuple[str, int, str]
"""Where an XCom is: task id, map index (-1: not mapped) and key."""

_T = TypeVar("_T")
Reading = Generator[Place, Any, _T]


class RunReader(Protocol):
    """
    What can be read of one DAG run without blocking.

    Both raise :class:`~airflow_provider_datapipeline.outcome.decision.UnreadableError`, and only that, for what they
    have given up to read.
    """

    async def task_states(self) -> States:
        """Return the stored states, as of :func:`~airflow_provider_datapipeline._airflow.compat.read_task_states`."""

    async def xcom(self, task_id: str, map_index: int, key: str) -> Any:
        """Return an XCom, None if there is none."""


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
    Return the report about a DAG run that has ended, where its DAG is not at hand.

    Reads nothing of an activity's run that succeeded.

    :param state: of the run: ``success`` or ``failed``
    """
    failed = state == "failed"
    run = EndedRun(failed=failed)
    if failed or task.asked is not Asked.ACTIVITY:
        try:
            states = await read.task_states()
        except UnreadableError as error:
            run = EndedRun(failed=failed, unread=_logged(error))
        else:
            reading = ended_run(states, task.asked, failed=failed)
            run = await aconverse(reading, lambda place: read.xcom(*place))
    return decision.report_on(run, task.asked, facts, mask=mask, detail=detail)


def driven(reading: Reading[_T], read: Callable[[str, int, str], Any], *, give_up: bool = True) -> _T:
    """
    Do a reading with a function that blocks and may raise anything.

    :param give_up: whether an error that may pass makes the XCom unreadable; otherwise the error is raised
    """

    def value_at(place: Place) -> Any:
        try:
            return read(*place)
        except Exception as error:
            found = unreadable(error, place)
            if found.may_pass and not give_up:
                raise
            raise found from error

    return converse(reading, value_at)


def unreadable(error: Exception, place: Place) -> UnreadableError:
    """Say of what was raised when an XCom was read whether it may pass, and what can be done about it."""
    if isinstance(error, UnreadableError):
        return error
    task_id, map_index, key = place
    task = TaskEnd(task_id=task_id, map_index=map_index, state=None).label
    what = f"XCom {key!r} of task {task}: {type(error).__name__}: {without_secrets(error)}"
    if isinstance(error, _SENSELESS):
        remedy = "If it is of a class of your own, add that to [core] allowed_deserialization_classes."
        return UnreadableError(f"{what} {remedy}", may_pass=False)
    return UnreadableError(what, may_pass=True)


# What is read


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
    Read what the meaning of an ended run depends on.

    :param task_ids: those of the DAG; None where it is not at hand, so that a mapped task can only be guessed
    :param leaves: as of :func:`~airflow_provider_datapipeline.outcome.dag_structure.leaves_of`; None where the DAG is
        not at hand, so that those are taken which the listener has kept
    """
    if failed:
        return (yield from _failed_run(states, task_ids, reason))
    if asked is Asked.ACTIVITY:
        return EndedRun(failed=False)
    if leaves is None:
        try:
            leaves = yield from _kept_leaves(states)
        except UnreadableError as error:
            return EndedRun(failed=False, unread=_logged(error))
    ends = [
        TaskEnd(task_id=task_id, map_index=map_index, state=state, is_leaf=task_id in leaves)
        for (task_id, map_index), state in _places(states, leaves if task_ids is None else task_ids).items()
    ]
    return (yield from _with_results(EndedRun(failed=False, ends=ends), asked))


def _with_results(run: EndedRun, asked: Asked) -> Reading[EndedRun]:
    """Read what the leaves returned, until that decides."""
    returned: dict[tuple[str, int], Returned] = {}
    unread = ""
    for end in decision.unanswered(run, asked):
        try:
            value = yield (end.task_id, end.map_index, RETURN_KEY)
        except UnreadableError as error:
            unread = _logged(error)
            if error.may_pass:  # the next one could not be read either, and each costs its time
                returned[end.task_id, end.map_index] = Returned.UNKNOWN
                break
            log.warning("What a task returned counts as anything but False, since it cannot be read.")
            continue
        if value is False:
            returned[end.task_id, end.map_index] = Returned.FALSE
            break
    return decision.answered(run, returned, unread)


def _places(states: States, task_ids: Collection[str]) -> dict[tuple[str, int], str | None]:
    places = {}
    for key, state in states.items():
        task_id, map_index = dag_structure.split_key(key, task_ids)
        # A task that is there by its own id has no instances: this is another one, named alike.
        places[(key, -1) if map_index >= 0 and task_id in states else (task_id, map_index)] = state
    return places


def _kept_leaves(states: States) -> Reading[frozenset[str]]:
    """Read which tasks are leaves from the first task that has kept it; none where no task has started."""
    started = [key for key, state in states.items() if state not in (None, "upstream_failed", "removed")]
    # A task that succeeded is the likeliest to have started, and of a mapped one only the first instance keeps it.
    started.sort(key=lambda key: (states[key] != "success", _index_of(key) > 0))
    for key in started:
        for task_id, map_index in _guesses(key, most=0):
            kept = yield (task_id, map_index, LEAVES_KEY)
            if isinstance(kept, list):
                return frozenset(str(leaf) for leaf in kept)
    old = set()
    for key in started:
        for task_id, map_index in _guesses(key):
            if (yield (task_id, map_index, LAST_TASK_KEY)):
                old.add(task_id)
    return frozenset(old)


def _failed_run(states: States, task_ids: Collection[str] | None, reason: str | None) -> Reading[EndedRun]:
    """Read what the failed tasks recorded."""
    records: dict[tuple[str, int], Mapping[str, Any]] = {}
    known = set(task_ids or ())
    unread = ""
    for key in [key for key, state in states.items() if state == "failed"][:_RECORDS_READ]:
        try:
            for place in _guesses(key) if task_ids is None else [dag_structure.split_key(key, task_ids)]:
                record = yield (*place, RECORD_KEY)
                if isinstance(record, Mapping):
                    records[place] = record
                    known.add(place[0])
                    break
        except UnreadableError as error:
            unread = _logged(error)
            if error.may_pass:
                break
    ends = [
        TaskEnd(task_id=task_id, map_index=map_index, state=state)
        if (record := records.get((task_id, map_index))) is None
        else TaskEnd(
            task_id=task_id,
            map_index=map_index,
            state=state,
            failed_at=str(record.get("failedAt", "")),
            report=TaskReport.from_record(record),
            without_texts=TaskReport.from_record(record.get(_WITHOUT_TEXTS)),
        )
        for (task_id, map_index), state in _places(states, known).items()
    ]
    return EndedRun(failed=True, reason=reason, ends=ends, unread=unread)


def _guesses(key: str, most: int | None = None) -> list[tuple[str, int]]:
    """
    Return what a key of the stored states may mean where the DAG is not at hand.

    :param most: the highest map index of interest
    """
    task_id, index = key.rpartition("_")[0], _index_of(key)
    is_instance = task_id and index >= 0 and (most is None or index <= most)
    return [(key, -1), *([(task_id, index)] if is_instance else [])]


def _index_of(key: str) -> int:
    index = key.rpartition("_")[2]
    return int(index) if index.isdecimal() else -1


def _logged(error: UnreadableError) -> str:
    # A report without texts refers to the log.
    log.warning("Not read: %s", error)
    return str(error)


def record(report: TaskReport, failed_at: str, without_texts: TaskReport | None = None) -> dict[str, Any]:
    """
    Return what the listener stores.

    :param without_texts: the same without any text of the exception, for whoever may not report these
    """
    less = {} if without_texts is None else {_WITHOUT_TEXTS: without_texts.as_record()}
    return {"failedAt": failed_at, **report.as_record(), **less}
