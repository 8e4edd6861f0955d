"""What is expected of a run that ends in some way: by way of reporting, and by version of Airflow."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from tests.outcome_matrix.channels import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from tests.outcome_matrix.actions import Act


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What one way tells Data Pipeline: one effective SetTaskStatus, or none where ``status`` is None."""

    status: str | None
    error_id: str | None = None
    message: str = ""
    """First line of the error message, with ``*`` for what differs from run to run."""
    detailed: bool = True
    """Whether the report of a failure has what Airflow knows about the error."""

    def matches(self, status: str | None, error_id: str | None, message: str) -> bool:
        return (status, error_id) == (self.status, self.error_id) and fnmatchcase(message, self.message)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """
    What is otherwise on some versions of Airflow.

    :param on: these versions, as a specifier: ``<3.1``
    :param why: as far as it is known
    :param expected: by way, for the ways for which it is otherwise
    :param inapplicable: ways that do not apply there
    :param state: what Airflow stores about the run, where that is otherwise
    :param states: likewise, where that depends on the way
    :param act: what is done to the run from outside, where that is otherwise
    :param worker_group: likewise, which task runner polls
    """

    on: str
    why: str
    expected: Mapping[Way, Expected] = field(default_factory=dict)
    inapplicable: Collection[Way] = ()
    state: str | None = None
    states: Mapping[Way, str] = field(default_factory=dict)
    act: Act | None = None
    worker_group: str = ""

    def applied(self, situation: Situation) -> Situation:
        expected = {way: each for way, each in situation.expected.items() if way not in self.inapplicable}
        return replace(
            situation,
            expected=expected | dict(self.expected),
            state=self.state or situation.state,
            states=dict(situation.states) | dict(self.states),
            act=self.act or situation.act,
            worker_group=self.worker_group or situation.worker_group,
        )


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    What is otherwise on some versions of Airflow wherever it occurs.

    :param on: these versions, as a specifier: ``<3.1``
    :param why: as far as it is known
    :param change: from what is expected of a way elsewhere to what is expected there; None: it does not apply
    """

    on: str
    why: str
    change: Callable[[Way, Expected], Expected | None]


@dataclass(frozen=True, kw_only=True)
class Situation:
    """
    How a run is made to end.

    :param name: as in the table of situations
    :param what: what a person did or saw
    :param target: which of the targets runs
    :param state: what Airflow stores about the run
    :param expected: by way; a way that is not there does not apply
    :param act: what is done to the run from outside
    :param states: what Airflow stores, where that depends on the way
    :param differs: what is otherwise on some versions
    :param verdict: what Airflow had stored when the report was made, of a run that was cleared after it
    """

    name: str
    what: str
    target: str
    state: str | None
    expected: Mapping[Way, Expected]
    act: Act | None = None
    states: Mapping[Way, str] = field(default_factory=dict)
    differs: Sequence[Difference] = ()
    verdict: str | None = None
    precondition: bool = False
    worker_group: str = "airflow"
    fields: Mapping[str, str] = field(default_factory=dict)
    includes: str = ""
    """A text that the error message or the stack trace must have, whoever reports."""
    slow: bool = False
    """Whether it takes long to end; such a one is started first."""

    def dag_id(self, way: Way) -> str:
        return f"{self.target}__{way}"

    def state_of(self, way: Way) -> str | None:
        return self.states.get(way, self.state)

    def on(self, version: str) -> Situation:
        """The situation as it is on a version of Airflow."""
        expected = dict(self.expected)
        for rule in RULES:
            if version in SpecifierSet(rule.on):
                changed = {way: rule.change(way, each) for way, each in expected.items()}
                expected = {way: each for way, each in changed.items() if each is not None}
        situation = replace(self, expected=expected)
        for difference in self.differs:
            if version in SpecifierSet(difference.on):
                situation = difference.applied(situation)
        return situation


NOTHING = Expected(status=None)
FINISHED = Expected(status="FINISHED")
FALSE = Expected(status="FALSE", message="The precondition is not met.")


def failed(error_id: str, message: str = "*", *, detailed: bool = True) -> Expected:
    return Expected(status="FAILED", error_id=error_id, message=message, detailed=detailed)


DIVISION = failed("ValueError", "no rows in /exports/2026-11-22, cannot compute the mean")
LOST = failed("AirflowDagRunFailed", "The DAG run failed and no task left an exception: killed, timed out, or marked *")
LOST_TASK = failed("AirflowTaskFailed", "The task ended without an exception that Airflow knows of: *")
NOT_TOLD = failed(
    "AirflowDagRunFailed", "The DAG run failed. Airflow did not tell this callback which task failed, *", detailed=False
)
TIMED_OUT = failed("AirflowDagRunTimedOut", "The DAG run did not end within its dagrun_timeout.")
STUCK = failed("AirflowDagRunTimedOut", "The DAG run did not end within the task runner's run_timeout of * s.")
EXPIRED = failed("AirflowDagRunTimedOut", "The DAG run did not end within the attempt's attemptTimeout of 1 minute.")


def by(
    everywhere: Expected | None = None,
    *,
    task: Expected | None = None,
    dag: Expected | None = None,
    operator: Expected | None = None,
    runner: Expected | None = None,
) -> dict[Way, Expected]:
    """What each way tells; the ways without anything do not apply."""
    told = {Way.TASK: task, Way.DAG: dag, Way.OPERATOR: operator, Way.RUNNER: runner}
    return {way: expected for way, each in told.items() if (expected := each or everywhere) is not None}


def _without_detail(way: Way, expected: Expected) -> Expected:
    if way is Way.DAG and expected == FALSE:
        return FINISHED
    knows = expected.status == "FAILED" and expected != TIMED_OUT
    return NOT_TOLD if way is Way.DAG and knows else expected


def _without_task_runner(way: Way, expected: Expected) -> Expected | None:
    return None if way is Way.RUNNER else expected


def _by_its_old_name(_: Way, expected: Expected) -> Expected:
    new, old = "airflow.sdk.exceptions.", "airflow.exceptions."
    error_id = expected.error_id
    return replace(expected, error_id=old + error_id.removeprefix(new)) if error_id and new in error_id else expected


RULES = [
    Rule(on="<3", why="The task runner needs Airflow 3.", change=_without_task_runner),
    Rule(
        on="==3.0.*",
        why="Its dag-processor answers no question of a callback of the DAG: how the tasks ended, and why, or what a "
        "precondition's check returned, so that it reports FINISHED.",
        change=_without_detail,
    ),
    Rule(
        on="<3.2",
        why="The `errorId` of an exception of Airflow's own begins with `airflow.exceptions.`, later with "
        "`airflow.sdk.exceptions.`",
        change=_by_its_old_name,
    ),
]


def on(version: str, situations: Iterable[Situation]) -> list[Situation]:
    """The situations as they are on a version of Airflow; those that no way applies to are left out."""
    return [there for each in situations if (there := each.on(version)).expected]
