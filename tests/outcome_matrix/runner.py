"""Runs many scenarios at once on one deployment, each through the channels that were selected, and observes them."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from tests.outcome_matrix.channels import Channel
from tests.support.account import REGION, Account
from tests.support.submissions import Submissions, run_id_of_attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from airflow_provider_datapipeline.emulator import AttemptView, EmulatorServer, RequestRecord
    from tests.outcome_matrix.expectations import Scenario
    from tests.support.harness import Deployment


TERMINAL = ("success", "failed")
SNAPSHOT_SECONDS = 0.7
QUIET_SECONDS = 12.0
"""
A report that has not come within these seconds after the end of its run will not come any more.

Only the time shows that: no state of Airflow or of the service does.
"""

_SCRIPT_ENDED = object()


class Snapshot:
    """The state of every run in Airflow and of every attempt in Data Pipeline, at one moment."""

    def __init__(self, deployment: Deployment, server: EmulatorServer) -> None:
        self._deployment = deployment
        self._server = server
        self.runs: dict[tuple[str, str], dict[str, Any]] = {}
        self.running: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.attempts: dict[tuple[str, str], list[AttemptView]] = {}
        self.reports: list[RequestRecord] = []

    def refresh(self) -> bool:
        """Read everything anew; return whether Airflow answered."""
        self.attempts = {}
        for attempt in self._server.service.attempts(REGION):
            self.attempts.setdefault((attempt.pipeline_id, attempt.component_id), []).append(attempt)
        self.reports = self._server.service.received("SetTaskStatus")
        try:
            self.runs = {(run["dag_id"], run["dag_run_id"]): run for run in self._deployment.runs()}
            self.running = {
                (each["dag_id"], each["dag_run_id"], each["task_id"]): each
                for each in self._deployment.running_task_instances()
            }
        except httpx.TransportError:
            return False
        return True


@dataclass(frozen=True)
class Result:
    """How one scenario ended through one channel."""

    state: str | None
    """The state of the run in Airflow."""
    status: str | None
    """The final status that Data Pipeline accepted from a report."""
    error_id: str | None
    message: str
    """The first line of the error message."""
    text: str
    """The whole error message and the stack trace, as the service stores them."""
    accepted: int
    sent: int
    early: bool
    """Whether a report came before the run had ended."""
    runner_state: str | None
    run_id: str
    pipeline_task_id: str
    problem: str = ""

    @property
    def summary(self) -> dict[str, str | int | None]:
        """The part of the result that the pages show."""
        return {"state": self.state, "status": self.status, "error_id": self.error_id, "accepted": self.accepted}


@dataclass(eq=False, kw_only=True)
class Run:
    """One scenario through one channel."""

    scenario: Scenario
    channel: Channel
    deployment: Deployment
    snapshot: Snapshot
    gate: Path
    """A file that the target's task may wait for."""
    dag_id: str
    pipeline_id: str
    component_id: str
    given_run_id: str | None = None
    ended_at: float | None = None
    first_end: datetime | None = None
    """When the run ended for the first time. An action may clear it then, so that it ends again."""
    marked_end: str | None = None
    """The end of the run that Airflow returned when an action marked the run."""
    problem: str = ""
    action: Iterator[None] | None = field(init=False)

    def __post_init__(self) -> None:
        self.action = self.scenario.action(self) if self.scenario.action else None

    @property
    def attempt(self) -> AttemptView | None:
        """The newest attempt."""
        attempts = self.snapshot.attempts.get((self.pipeline_id, self.component_id))
        return attempts[-1] if attempts else None

    @property
    def run_id(self) -> str | None:
        """The id of the run; None while the task runner has not polled its task."""
        if self.given_run_id is not None:
            return self.given_run_id
        return run_id_of_attempt(self.attempt) if self.attempt else None

    @property
    def known_run_id(self) -> str:
        """The id of a run that exists."""
        assert self.run_id is not None
        return self.run_id

    @property
    def state(self) -> str | None:
        """The present state of the run in Airflow; None where the run does not exist."""
        run = self.snapshot.runs.get((self.dag_id, self.run_id or ""))
        return run["state"] if run else None

    @property
    def runner_state(self) -> str | None:
        """The present state of the task runner's own run; None where that run does not exist."""
        run = self.snapshot.runs.get((f"datapipeline_{self.scenario.worker_group}", self.run_id or ""))
        return run["state"] if run else None

    @property
    def is_reported(self) -> bool:
        """Whether the service has the report. The task runner's own run, too, has ended then, a little later."""
        reported = self.attempt is not None and self.attempt.reported_status is not None
        return reported and (self.channel is not Channel.RUNNER or self.runner_state in TERMINAL)

    def running(self, task_id: str, try_number: int = 1) -> dict[str, Any] | None:
        """Return the task instance if it runs, in this try or a later one."""
        instance = self.snapshot.running.get((self.dag_id, self.run_id or "", task_id))
        return instance if instance and instance["try_number"] >= try_number else None

    def advance(self) -> None:
        """Go on with the scenario's action."""
        if self.state in TERMINAL and self.first_end is None:
            self.first_end = datetime.fromisoformat(self.snapshot.runs[self.dag_id, self.known_run_id]["end_date"])
        if self.action is None:
            return
        try:
            next(self.action)
        except StopIteration:
            self.action = None
        except (AssertionError, OSError, ProcessLookupError) as error:
            self.problem = f"{type(error).__name__}: {error}"
            self.action = None

    @property
    def ended(self) -> bool:
        """Whether Airflow has nothing more to do for the run."""
        return self.action is None and self.state == self.scenario.state_of(self.channel)

    @property
    def settled(self) -> bool:
        """Whether neither a change of the run nor a report is expected any more."""
        expected = self.scenario.expected[self.channel]
        if not self.ended:
            self.ended_at = None
            return False
        if expected.status is not None:
            return self.is_reported
        self.ended_at = self.ended_at or time.monotonic()
        return time.monotonic() - self.ended_at > QUIET_SECONDS

    @property
    def was_marked_twice(self) -> bool:
        """
        Whether the scheduler ended the run once more, after an action had marked it.

        The scheduler does so when it works on the run at that very moment. It then calls the callbacks, as at any end.
        It may even turn a run that was marked failed into a success, since the remaining tasks are skipped.
        """
        if self.marked_end is None:
            return False
        end = self.snapshot.runs[self.dag_id, self.known_run_id]["end_date"]
        return end not in (None, self.marked_end)  # None: the snapshot is older than the mark

    @property
    def result(self) -> Result:
        """How the scenario has ended so far."""
        attempt = self.attempt
        assert attempt is not None, "the task was never there"
        reports = [each for each in self.snapshot.reports if each.parameters.get("taskId") == attempt.pipeline_task_id]
        run = self.snapshot.runs.get((self.dag_id, self.run_id or "")) or {}
        end = self.first_end or (datetime.fromisoformat(run["end_date"]) if run.get("end_date") else None)
        message = attempt.error_message or ""
        return Result(
            state=run.get("state"),
            status=attempt.reported_status,
            error_id=attempt.error_id,
            message=message.partition("\n")[0].replace(self.run_id or "-", "<run id>"),
            text=f"{message}\n{attempt.error_stack_trace or ''}",
            accepted=attempt.accepted_reports,
            sent=len(reports),
            early=bool(reports) and end is not None and reports[0].received < end,
            runner_state=self.runner_state,
            run_id=self.run_id or "",
            pipeline_task_id=attempt.pipeline_task_id or "",
            problem=self.problem or ("not all was done to it in time" if self.action else ""),
        )


class ScenarioRunner:
    """Runs scenarios and watches each until it has ended."""

    def __init__(self, deployment: Deployment, server: EmulatorServer) -> None:
        self._deployment = deployment
        self._account = Account(server)
        self._submissions = Submissions(server)
        self._snapshot = Snapshot(deployment, server)
        self._numbers = itertools.count(1)

    def start(self, scenario: Scenario, channel: Channel) -> Run:
        """Start a scenario: create a task, and a run for it unless the task runner creates the run."""
        dag_id = scenario.dag_id(channel)
        gate = self._deployment.home / f"gate-{next(self._numbers)}"
        common: dict[str, Any] = {
            "scenario": scenario,
            "channel": channel,
            "deployment": self._deployment,
            "snapshot": self._snapshot,
            "gate": gate,
        }
        fields = {**scenario.fields, "myGate": str(gate)}
        component = "Check" if scenario.precondition else "Work"
        if channel is Channel.RUNNER:
            submission = self._submissions.submit(
                dag_id, precondition=scenario.precondition, worker_group=scenario.worker_group, **fields
            )
            return Run(**common, dag_id=dag_id, pipeline_id=submission.pipeline_id, component_id=component)
        handed = self._account.hand_out(precondition=scenario.precondition, **fields)
        run_id = self._deployment.trigger(dag_id, conf=handed.conf)
        return Run(
            **common, dag_id=dag_id, pipeline_id=handed.task.pipeline_id, component_id=component, given_run_id=run_id
        )

    def run(
        self,
        wanted: Sequence[tuple[Scenario, Channel]],
        *,
        at_once: int,
        timeout: float,
        script: Callable[[list[Run]], Iterator[None]] = lambda _: iter(()),
    ) -> dict[tuple[str, Channel], Result]:
        """
        Run scenarios with their actions; return how each ended, by its name and channel.

        :param at_once: the most runs at the same time; with more, each takes so much longer that nothing is gained
        :param timeout: in seconds; a run that has not ended by then is returned as it is
        :param script: what happens to the whole deployment; a generator that yields while it waits, as an action does
        """
        waiting = list(reversed(wanted))
        runs: list[Run] = []
        steps = script(runs)
        script_has_ended = False
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._snapshot.refresh():
                for run in runs:
                    run.advance()
                for run in [each for each in runs if each.was_marked_twice]:
                    runs.remove(run)  # chance decides how this run ends, so the scenario starts again
                    waiting.append((run.scenario, run.channel))
                room = at_once - sum(not run.ended for run in runs)
                runs += [self.start(*waiting.pop()) for _ in range(min(len(waiting), room))]
                unsettled = [run for run in runs if not run.settled]
                script_has_ended = script_has_ended or next(steps, _SCRIPT_ENDED) is _SCRIPT_ENDED
                if script_has_ended and not waiting and not unsettled:
                    break
            time.sleep(SNAPSHOT_SECONDS)
        self._wait_for_quiet()
        return {(run.scenario.name, run.channel): run.result for run in runs}

    def _wait_for_quiet(self) -> None:
        """Wait until no report has come for a while, since a second report that contradicts the first comes late."""
        count, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS / 2:
            self._snapshot.refresh()
            if len(self._snapshot.reports) != count:
                count, since = len(self._snapshot.reports), time.monotonic()
            time.sleep(SNAPSHOT_SECONDS)
