"""All situations at once, each through every way that is asked for, on one deployment; and what became of them."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from airflow_provider_datapipeline._task_runner.assignment import run_id_of
from airflow_provider_datapipeline.pipeline_task import PipelineTask
from tests.outcome_matrix.channels import Way
from tests.support.account import REGION, Account
from tests.support.submissions import Submissions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from airflow_provider_datapipeline.emulator import AttemptView, EmulatorServer, RequestRecord
    from tests.outcome_matrix.expectations import Situation
    from tests.support.harness import Deployment


TERMINAL = ("success", "failed")
LOOK_SECONDS = 0.7
QUIET_SECONDS = 12.0
"""Without a report for this long after the last of its run's ends, none will come: nothing else can tell that."""


class Look:
    """What there is to see in Airflow and in Data Pipeline, at one moment."""

    def __init__(self, deployment: Deployment, server: EmulatorServer) -> None:
        self._deployment = deployment
        self._server = server
        self.runs: dict[tuple[str, str], dict[str, Any]] = {}
        self.running: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.attempts: dict[tuple[str, str], list[AttemptView]] = {}
        self.reports: list[RequestRecord] = []

    def again(self) -> bool:
        """Look; tell whether Airflow answered."""
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
    """What became of a situation through one way."""

    state: str | None
    """Airflow's verdict on the run."""
    status: str | None
    """The final status that Data Pipeline took from a report."""
    error_id: str | None
    message: str
    """First line of the error message."""
    text: str
    """All that was stored about the error."""
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
        """The part that the table is about."""
        return {"state": self.state, "status": self.status, "error_id": self.error_id, "accepted": self.accepted}


@dataclass(eq=False, kw_only=True)
class Run:
    """One situation through one way."""

    situation: Situation
    way: Way
    deployment: Deployment
    look: Look
    gate: Path
    """A file that the target may wait for."""
    dag_id: str
    pipeline_id: str
    component_id: str
    given_run_id: str | None = None
    ended_at: float | None = None
    first_end: datetime | None = None
    """When the run ended first: it may be cleared then."""
    marked_end: str | None = None
    """When the run ended by having been marked by hand, as Airflow said then."""
    problem: str = ""
    act: Iterator[None] | None = field(init=False)

    def __post_init__(self) -> None:
        self.act = self.situation.act(self) if self.situation.act else None

    @property
    def attempt(self) -> AttemptView | None:
        """The newest attempt."""
        attempts = self.look.attempts.get((self.pipeline_id, self.component_id))
        return attempts[-1] if attempts else None

    @property
    def run_id(self) -> str | None:
        """The id of the run, None while the task runner has not polled its task."""
        if self.given_run_id is not None:
            return self.given_run_id
        attempt = self.attempt
        if attempt is None or attempt.pipeline_task_id is None:
            return None
        return run_id_of(
            PipelineTask(
                task_id=attempt.pipeline_task_id, pipeline_id=attempt.pipeline_id, attempt_id=attempt.attempt_id
            )
        )

    @property
    def known_run_id(self) -> str:
        """The id of a run that is there."""
        assert self.run_id is not None
        return self.run_id

    @property
    def state(self) -> str | None:
        """Airflow's verdict so far."""
        run = self.look.runs.get((self.dag_id, self.run_id or ""))
        return run["state"] if run else None

    @property
    def runner_state(self) -> str | None:
        """Airflow's verdict so far on the task runner's own run; None where there is none."""
        run = self.look.runs.get((f"datapipeline_{self.situation.worker_group}", self.run_id or ""))
        return run["state"] if run else None

    @property
    def is_reported(self) -> bool:
        """Whether the service has the report, and Airflow knows it: the task runner's own run ends a little later."""
        reported = self.attempt is not None and self.attempt.reported_status is not None
        return reported and (self.way is not Way.RUNNER or self.runner_state in TERMINAL)

    def running(self, task_id: str, try_number: int = 1) -> dict[str, Any] | None:
        """The task instance, if it runs, in this try or a later one."""
        instance = self.look.running.get((self.dag_id, self.run_id or "", task_id))
        return instance if instance and instance["try_number"] >= try_number else None

    def advance(self) -> None:
        """Go on with what is done to the run from outside."""
        if self.state in TERMINAL and self.first_end is None:
            self.first_end = datetime.fromisoformat(self.look.runs[self.dag_id, self.known_run_id]["end_date"])
        if self.act is None:
            return
        try:
            next(self.act)
        except StopIteration:
            self.act = None
        except (AssertionError, OSError, ProcessLookupError) as error:
            self.problem = f"{type(error).__name__}: {error}"
            self.act = None

    @property
    def ended(self) -> bool:
        """Whether Airflow has nothing more to do for the run."""
        return self.act is None and self.state == self.situation.state_of(self.way)

    @property
    def settled(self) -> bool:
        """Whether nothing more is expected of the run."""
        expected = self.situation.expected[self.way]
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
        Whether the scheduler ended the run once more, after it had been marked by hand.

        It does if it has the run in its hands at that moment: then it calls the callbacks, as at any end, and may even
        turn a run that was marked failed into a success, since the tasks that were still to come are skipped.
        """
        if self.marked_end is None:
            return False
        end = self.look.runs[self.dag_id, self.known_run_id]["end_date"]
        return end not in (None, self.marked_end)  # None: the last look was before the mark

    @property
    def result(self) -> Result:
        """What there is to see of it."""
        attempt = self.attempt
        assert attempt is not None, "the task was never there"
        reports = [each for each in self.look.reports if each.parameters.get("taskId") == attempt.pipeline_task_id]
        run = self.look.runs.get((self.dag_id, self.run_id or "")) or {}
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
            problem=self.problem or ("not all was done to it in time" if self.act else ""),
        )


class Campaign:
    """Runs situations and watches them to their ends."""

    def __init__(self, deployment: Deployment, server: EmulatorServer) -> None:
        self._deployment = deployment
        self._account = Account(server)
        self._submissions = Submissions(server)
        self._look = Look(deployment, server)
        self._numbers = itertools.count(1)

    def start(self, situation: Situation, way: Way) -> Run:
        """Start one: a task of its own, and, unless the task runner does that, a run for it."""
        dag_id = situation.dag_id(way)
        gate = self._deployment.home / f"gate-{next(self._numbers)}"
        common: dict[str, Any] = {
            "situation": situation, "way": way, "deployment": self._deployment, "look": self._look, "gate": gate
        }  # fmt: skip
        fields = {**situation.fields, "myGate": str(gate)}
        component = "Check" if situation.precondition else "Work"
        if way is Way.RUNNER:
            submission = self._submissions.submit(
                dag_id, precondition=situation.precondition, worker_group=situation.worker_group, **fields
            )
            return Run(**common, dag_id=dag_id, pipeline_id=submission.pipeline_id, component_id=component)
        handed = self._account.hand_out(precondition=situation.precondition, **fields)
        run_id = self._deployment.trigger(dag_id, conf=handed.conf)
        return Run(
            **common, dag_id=dag_id, pipeline_id=handed.task.pipeline_id, component_id=component, given_run_id=run_id
        )

    def run(
        self,
        wanted: Sequence[tuple[Situation, Way]],
        *,
        at_once: int,
        timeout: float,
        script: Callable[[list[Run]], Iterator[None]] = lambda _: iter(()),
    ) -> dict[tuple[str, Way], Result]:
        """
        Start runs, do to them what their situations want, and return what became of them when nothing more is expected.

        :param at_once: runs under way at the same time, at most; more of them only get in each other's way
        :param timeout: in seconds; what is not at its end by then is returned as it is
        :param script: what happens to all of them; like an act, it yields while it waits
        """
        waiting = list(reversed(wanted))
        runs: list[Run] = []
        story = script(runs)
        told = False
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._look.again():
                for run in runs:
                    run.advance()
                for run in [each for each in runs if each.was_marked_twice]:
                    runs.remove(run)  # chance decides what becomes of it
                    waiting.append((run.situation, run.way))
                room = at_once - sum(not run.ended for run in runs)
                runs += [self.start(*waiting.pop()) for _ in range(min(len(waiting), room))]
                unsettled = [run for run in runs if not run.settled]
                told = told or next(story, "the end") is not None
                if told and not waiting and not unsettled:
                    break
            time.sleep(LOOK_SECONDS)
        self._wait_for_quiet()
        return {(run.situation.name, run.way): run.result for run in runs}

    def _wait_for_quiet(self) -> None:
        """Wait until no report has come for a while: a second, contradicting one would come late."""
        count, since = -1, time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS / 2:
            self._look.again()
            if len(self._look.reports) != count:
                count, since = len(self._look.reports), time.monotonic()
            time.sleep(LOOK_SECONDS)
