"""What the suite expects of a scenario: through each channel, and on each version of Airflow."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from tests.outcome_matrix.channels import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from tests.outcome_matrix.actions import Action


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What one channel reports to Data Pipeline: one effective SetTaskStatus, or none if ``status`` is None."""

    status: str | None
    error_id: str | None = None
    message: str = ""
    """The first line of the error message, with ``*`` for text that differs from run to run."""
    detailed: bool = True
    """Whether the report of a failure contains the details of the error that Airflow knows."""

    def matches(self, status: str | None, error_id: str | None, message: str) -> bool:
        return (status, error_id) == (self.status, self.error_id) and fnmatchcase(message, self.message)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """
    How a scenario differs on some versions of Airflow.

    :param on: these versions, as a specifier: ``<3.1``
    :param why: the reason, as far as it is known
    :param expected: the different expectations, by channel
    :param inapplicable: channels that do not apply on these versions
    :param state: the different state of the run in Airflow
    :param states: the different state of the run in Airflow, by channel
    :param action: the different action from outside
    :param worker_group: the different worker group, and so the different task runner
    """

    on: str
    why: str
    expected: Mapping[Channel, Expected] = field(default_factory=dict)
    inapplicable: Collection[Channel] = ()
    state: str | None = None
    states: Mapping[Channel, str] = field(default_factory=dict)
    action: Action | None = None
    worker_group: str = ""

    def applied(self, scenario: Scenario) -> Scenario:
        expected = {channel: each for channel, each in scenario.expected.items() if channel not in self.inapplicable}
        return replace(
            scenario,
            expected=expected | dict(self.expected),
            state=self.state or scenario.state,
            states=dict(scenario.states) | dict(self.states),
            action=self.action or scenario.action,
            worker_group=self.worker_group or scenario.worker_group,
        )


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    How all scenarios differ on some versions of Airflow.

    :param on: these versions, as a specifier: ``<3.1``
    :param why: the reason, as far as it is known
    :param change: returns the expectation on these versions for a channel and its expectation on other versions; None
        if the channel does not apply
    """

    on: str
    why: str
    change: Callable[[Channel, Expected], Expected | None]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """
    One way in which a run ends.

    :param name: the name in the pages
    :param what: the description in the pages: what a person did or saw
    :param target: the name of the target that runs
    :param state: the state of the run in Airflow at the end; None if no run exists
    :param expected: what is reported, by channel; a channel that is missing does not apply
    :param action: what is done to the run from outside
    :param states: the state of the run in Airflow, by channel, where it differs from ``state``
    :param differs: the differences on some versions of Airflow
    :param verdict: the state of the run at the time of the report, if the run was cleared afterwards
    :param precondition: whether the task is a precondition, not an activity
    :param worker_group: the worker group whose task runner polls the task
    :param fields: further fields of the pipeline object
    :param includes: a text that the error message or the stack trace must contain, whichever channel reports
    :param slow: whether the scenario takes long; the suite starts such a scenario first
    """

    name: str
    what: str
    target: str
    state: str | None
    expected: Mapping[Channel, Expected]
    action: Action | None = None
    states: Mapping[Channel, str] = field(default_factory=dict)
    differs: Sequence[Difference] = ()
    verdict: str | None = None
    precondition: bool = False
    worker_group: str = "airflow"
    fields: Mapping[str, str] = field(default_factory=dict)
    includes: str = ""
    slow: bool = False

    def dag_id(self, channel: Channel) -> str:
        return f"{self.target}__{channel}"

    def state_of(self, channel: Channel) -> str | None:
        return self.states.get(channel, self.state)

    def on(self, version: str) -> Scenario:
        """Return the scenario with the rules and the differences of a version of Airflow."""
        expected = dict(self.expected)
        for rule in RULES:
            if version in SpecifierSet(rule.on):
                changed = {channel: rule.change(channel, each) for channel, each in expected.items()}
                expected = {channel: each for channel, each in changed.items() if each is not None}
        scenario = replace(self, expected=expected)
        for difference in self.differs:
            if version in SpecifierSet(difference.on):
                scenario = difference.applied(scenario)
        return scenario


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
) -> dict[Channel, Expected]:
    """
    Return what each channel reports.

    :param everywhere: the report of each channel for which no other one is given; without it such a channel does not
        apply
    """
    reports = {Channel.TASK: task, Channel.DAG: dag, Channel.OPERATOR: operator, Channel.RUNNER: runner}
    return {channel: expected for channel, each in reports.items() if (expected := each or everywhere) is not None}


def _without_detail(channel: Channel, expected: Expected) -> Expected:
    if channel is Channel.DAG and expected == FALSE:
        return FINISHED
    knows = expected.status == "FAILED" and expected != TIMED_OUT
    return NOT_TOLD if channel is Channel.DAG and knows else expected


def _without_task_runner(channel: Channel, expected: Expected) -> Expected | None:
    return None if channel is Channel.RUNNER else expected


def _by_its_old_name(_: Channel, expected: Expected) -> Expected:
    new, old = "airflow.sdk.exceptions.", "airflow.exceptions."
    error_id = expected.error_id
    return replace(expected, error_id=old + error_id.removeprefix(new)) if error_id and new in error_id else expected


RULES = [
    Rule(on="<3", why="The task runner needs Airflow 3.", change=_without_task_runner),
    Rule(
        on="==3.0.*",
        why="A callback on the DAG cannot ask Airflow how the tasks ended, and why. Nor can it ask what a check "
        "returned, so it reports FINISHED.",
        change=_without_detail,
    ),
    Rule(
        on="<3.2",
        why="The `errorId` of Airflow's own exceptions begins with `airflow.exceptions.`, on later versions with "
        "`airflow.sdk.exceptions.`",
        change=_by_its_old_name,
    ),
]


def on(version: str, scenarios: Iterable[Scenario]) -> list[Scenario]:
    """Return the scenarios as they are on a version of Airflow, without those to which no channel applies."""
    return [there for each in scenarios if (there := each.on(version)).expected]
