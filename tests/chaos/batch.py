"""Tasks with different outcomes that are in flight while a fault happens, and the tally of how they ended."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg2  # type: ignore[import-untyped]  # ships no types

from tests.support.harness.waiting import DeploymentError, wait_until
from tests.support.submissions import Submissions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from random import Random

    from airflow_provider_datapipeline.emulator import AttemptView, EmulatorServer, RequestRecord
    from tests.chaos.cluster import Cluster
    from tests.support.submissions import Submission

NO_EXCEPTION = "AirflowDagRunFailed"


@dataclass(frozen=True)
class Kind:
    """A target DAG and the report that is expected about it, whatever happens to Airflow meanwhile."""

    dag_id: str
    status: str
    error_id: str | None = None
    precondition: bool = False


MIX = {
    Kind("succeeds", "FINISHED"): 10,
    Kind("takes_long", "FINISHED"): 6,
    Kind("fails", "FAILED", "ValueError"): 5,
    Kind("recovers", "FINISHED"): 3,
    Kind("is_killed", "FAILED", NO_EXCEPTION): 3,
    Kind("does_not_hold", "FALSE", precondition=True): 3,
    Kind("holds", "FINISHED", precondition=True): 2,
}

FEW = {kind: (number + 1) // 3 for kind, number in MIX.items()} | {Kind("takes_long", "FINISHED"): 3}
"""Some tasks of every kind, only as many as the faults need."""


@dataclass(frozen=True)
class Case:
    """One task of a batch."""

    kind: Kind
    submission: Submission


@dataclass
class Tally:
    """The figures in a row of the table, and a remark about each task that did not end as expected."""

    tasks: int = 0
    right: int = 0
    wrong: int = 0
    lost: int = 0
    duplicated: int = 0
    longest_delay: float | None = None
    remarks: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return self.tasks == self.right and not self.remarks


@dataclass(frozen=True)
class Journal:
    """The events that the target DAGs wrote down; see ``dags/target_dags.py``."""

    events: Sequence[dict[str, str]]

    @classmethod
    def read(cls, folder: Path) -> Journal:
        path = folder / "journal.jsonl"
        return cls([json.loads(line) for line in path.read_text().splitlines()] if path.exists() else [])

    def count(self, attempt: AttemptView, event: str) -> int:
        """Return how often an event was written down for an attempt."""
        name = f"{attempt.pipeline_id} {attempt.attempt_id}"
        return sum(each["attempt"] == name and each["event"] == event for each in self.events)


class Batch:
    """
    The tasks that are in flight during one fault.

    :param journal: the folder of the target DAGs' journal
    :param secret: a text in the error of the target DAG ``fails`` that no request may contain
    :param patience: seconds after which a task without a report counts as lost
    :param mix: the number of tasks of each kind
    """

    def __init__(
        self,
        cluster: Cluster,
        server: EmulatorServer,
        journal: Path,
        secret: str,
        *,
        patience: float,
        mix: dict[Kind, int],
    ) -> None:
        self.cluster = cluster
        self.server = server
        self.mix = mix
        self.cases: list[Case] = []
        self.errors_may_be_lost = False
        """Whether Airflow could not store errors for a while, so that a report may have the status alone."""
        self._unwanted: dict[str, tuple[str, str | None]] = {}
        self._journal = journal
        self._secret = secret
        self._patience = patience
        self._submissions = Submissions(server)

    def submit(self, rng: Random, mix: dict[Kind, int] | None = None) -> list[Case]:
        """Submit tasks of every kind, in an order that the seed decides."""
        kinds = [kind for kind, number in (mix or self.mix).items() for _ in range(number)]
        rng.shuffle(kinds)
        cases = [Case(kind, self._submissions.submit(kind.dag_id, precondition=kind.precondition)) for kind in kinds]
        self.cases += cases
        return cases

    def acknowledged(self) -> list[Case]:
        """Return the tasks that the task runner has acknowledged."""
        return [case for case in self.cases if (attempts := case.submission.attempts) and attempts[-1].acknowledged]

    def wait_for_acknowledged(self, number: int, *, timeout: float = 120) -> None:
        """Wait until this number of tasks is acknowledged."""
        self._wait(lambda: len(self.acknowledged()) >= number, f"{number} tasks to be taken", timeout)

    def take_away(self, case: Case, status: str | None) -> None:
        """
        Expect no report about a task, since it will be canceled, deleted or given to another runner now.

        :param status: the status that the other runner will report; None: nobody reports the task
        """
        self._unwanted[case.submission.pipeline_id] = (case.submission.run_id, status)

    def settle(self) -> Tally:
        """
        Wait until every task is reported and Airflow is idle; return the tally.

        Where one of the two does not happen in time, the tally has a remark about it.
        """
        tally = Tally(tasks=len(self.cases))
        wanted = [case for case in self.cases if case.submission.pipeline_id not in self._unwanted]

        def all_reported() -> bool:
            return all(case.submission.attempt.reported_status for case in wanted)

        try:
            self._wait(all_reported, "every report", self._patience)
        except DeploymentError as error:
            tally.remarks.append(str(error).splitlines()[0])
        try:
            self._wait(lambda: not self._leaks(), "Airflow to be at rest", 150)
        except DeploymentError:
            tally.remarks.append(f"Airflow is not at rest: {self._leaks()}")
        journal = Journal.read(self._journal)
        ends = self._ends()
        for case in self.cases:
            self._judge(case, journal, ends, tally)
        return tally

    def _judge(self, case: Case, journal: Journal, ends: dict[str, float], tally: Tally) -> None:
        submission, kind = case.submission, case.kind
        attempt = submission.attempt
        about = f"{kind.dag_id} {submission.pipeline_id}"
        statuses = {str(request.parameters.get("taskStatus")) for request in self._reports(submission)}
        if len(statuses) > 1 or journal.count(attempt, "overlap") or attempt.accepted_reports > 1:
            tally.duplicated += 1
            tally.remarks.append(f"{about}: statuses {statuses}, overlaps {journal.count(attempt, 'overlap')}")
        if submission.pipeline_id in self._unwanted:
            run_id, expected = self._unwanted[submission.pipeline_id]
            state = self.cluster.run_state(kind.dag_id, run_id)
            if (attempt.reported_status, state) == (expected, "failed"):
                tally.right += 1
            else:
                tally.wrong += 1
                tally.remarks.append(f"{about}: reported {attempt.reported_status}, target run {state}, not stopped")
            return
        if attempt.reported_status is None:
            tally.lost += 1
            tally.remarks.append(f"{about}: lost, {attempt.status}")
            return
        delay = (
            attempt.ended.timestamp() - ends[submission.run_id] if submission.run_id in ends and attempt.ended else 0
        )
        tally.longest_delay = max(tally.longest_delay or 0, delay)
        why = self._wrong(case, attempt, journal)
        if why:
            tally.wrong += 1
            tally.remarks.append(f"{about}: {why}")
        else:
            tally.right += 1

    def _wrong(self, case: Case, attempt: AttemptView, journal: Journal) -> str:
        if attempt.reported_status != case.kind.status:
            return f"{attempt.reported_status} ({attempt.error_id}: {attempt.error_message})"
        was_cut_off = not journal.count(attempt, "end")
        may_lack_the_error = case.kind.error_id and (was_cut_off or self.errors_may_be_lost)
        expected = {case.kind.error_id} | ({NO_EXCEPTION} if may_lack_the_error else set())
        if attempt.error_id not in expected and not self.texts_are_refused:
            return f"error id {attempt.error_id}, not {expected}"
        if any(self._secret.encode() in request.body for request in self._reports(case.submission)):
            return "a secret was sent"
        return ""

    @property
    def texts_are_refused(self) -> bool:
        """Whether the service refuses all error texts now, as one of the faults lets it do."""
        return self.server.service.settings.stack_trace_limit == 0

    def _reports(self, submission: Submission) -> list[RequestRecord]:
        """Return every SetTaskStatus request about a task, under each task id under which it was handed out."""
        service = self.server.service
        polled = [
            json.loads(each.answer).get("taskObject") or {} for each in service.received("PollForTask") if each.answer
        ]
        about = (submission.pipeline_id, submission.attempt.attempt_id)
        task_ids = {task["taskId"] for task in polled if (task.get("pipelineId"), task.get("attemptId")) == about}
        return [each for each in service.received("SetTaskStatus") if each.parameters.get("taskId") in task_ids]

    def _ends(self) -> dict[str, float]:
        rows = self.cluster.query(
            "SELECT run_id, extract(epoch FROM end_date) FROM dag_run WHERE end_date IS NOT NULL AND dag_id = ANY(%s)",
            [kind.dag_id for kind in {case.kind for case in self.cases}],
        )
        return {run_id: float(end) for run_id, end in rows}

    def _leaks(self) -> str:
        """Describe everything but the poller that still runs in Airflow; empty if nothing does."""
        try:
            return self._found_leaks()
        except (psycopg2.OperationalError, OSError) as error:
            return str(error)

    def _found_leaks(self) -> str:
        runs = self.cluster.query(
            "SELECT dag_id, state, count(*) FROM dag_run WHERE state IN ('queued', 'running') AND dag_id NOT LIKE %s"
            " GROUP BY 1, 2",
            "%_poller",
        )
        tasks = self.cluster.query(
            "SELECT dag_id, state, count(*) FROM task_instance WHERE state NOT IN"
            " ('success', 'failed', 'skipped', 'upstream_failed', 'removed') AND dag_id NOT LIKE %s GROUP BY 1, 2",
            "%_poller",
        )
        triggers = self.cluster.query(
            "SELECT classpath, count(*) FROM trigger WHERE classpath NOT LIKE %s GROUP BY 1", "%PollForTaskTrigger"
        )
        pollers = self.cluster.query("SELECT count(*) FROM trigger WHERE classpath LIKE %s", "%PollForTaskTrigger")
        leaks = [str(each) for each in (*runs, *tasks, *triggers)]
        if pollers[0][0] > 1:
            leaks.append(f"{pollers[0][0]} poll triggers")
        busy = self.cluster.busy_workers()
        if busy is None:
            leaks.append("workers do not answer")
        elif any(busy.values()):
            leaks.append(f"workers work on {busy}")
        return ", ".join(leaks)

    def _wait(self, condition: Callable[[], bool], what: str, timeout: float) -> None:
        def held() -> bool | None:
            self.cluster.revive()
            return condition() or None

        wait_until(held, what, timeout=timeout, last_seen=self.describe)

    def describe(self) -> str:
        """Return the number of tasks by DAG and status."""
        states = Counter(
            f"{case.kind.dag_id} {attempts[-1].status if (attempts := case.submission.attempts) else 'not offered'}"
            for case in self.cases
        )
        return ", ".join(f"{number} {name}" for name, number in sorted(states.items()))
