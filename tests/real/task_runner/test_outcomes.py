"""
Every way in which a DAG run can end, through the task runner: the right status, once, and never too early.

All runs are started together: each test then looks at its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.real.harness import Deployment
    from tests.real.task_runner.submissions import Submission, Submissions

pytestmark = pytest.mark.real

RUNNER = "datapipeline_airflow"


@dataclass(frozen=True)
class Situation:
    """How a run is made to end, and what must be reported then."""

    name: str
    dag_id: str
    status: str
    error_id: str | None = None
    message: str = ""
    trace: str = ""
    act: Callable[[Deployment, str], object] | None = None
    precondition: bool = False
    timeout: float = 120


def kill_task(deployment: Deployment, run_id: str) -> None:
    deployment.task_process("lingers", run_id, "work").kill()


def kill_task_with_retry(deployment: Deployment, run_id: str) -> None:
    deployment.task_process("lingers_with_retry", run_id, "work").kill()


def kill_supervisor(deployment: Deployment, run_id: str) -> None:
    deployment.task_process("lingers", run_id, "work").kill_both()


def mark_run(state: str) -> Callable[[Deployment, str], object]:
    def mark(deployment: Deployment, run_id: str) -> None:
        deployment.task_process("lingers", run_id, "work")
        deployment.set_run_state("lingers", run_id, state)

    return mark


def mark_task(state: str) -> Callable[[Deployment, str], object]:
    def mark(deployment: Deployment, run_id: str) -> None:
        deployment.task_process("lingers", run_id, "work")
        deployment.set_task_state("lingers", run_id, "work", state)

    return mark


NO_ERROR = "AirflowDagRunFailed"

SITUATIONS = [
    Situation("success", "succeeds", "FINISHED"),
    Situation("exception", "fails", "FAILED", "ValueError", "no rows in", "ZeroDivisionError"),
    Situation("exception after retry", "fails_after_retry", "FAILED", "ValueError", "try 2 of 2"),
    Situation("recovery on retry", "recovers", "FINISHED"),
    Situation("AirflowFailException", "forbids_retries", "FAILED", "airflow", "the input is malformed"),
    Situation("all skipped", "skips", "FINISHED"),
    Situation("execution_timeout", "times_out", "FAILED", "airflow", "Timeout"),
    Situation("dagrun_timeout", "run_times_out", "FAILED", NO_ERROR),
    Situation("SIGKILL of the task", "lingers", "FAILED", NO_ERROR, "Failed tasks: work", act=kill_task),
    Situation("SIGKILL of the task, retry", "lingers_with_retry", "FINISHED", act=kill_task_with_retry),
    Situation("loss of the node", "lingers", "FAILED", NO_ERROR, "Failed tasks: work", act=kill_supervisor),
    Situation("SystemExit", "exits", "FAILED", "SystemExit", "3"),
    Situation("os._exit", "dies", "FAILED", NO_ERROR, "Failed tasks: die"),
    Situation("run marked failed", "lingers", "FAILED", NO_ERROR, act=mark_run("failed")),
    Situation("run marked success", "lingers", "FINISHED", act=mark_run("success")),
    Situation("task marked failed", "lingers", "FAILED", NO_ERROR, "Failed tasks: work", act=mark_task("failed")),
    Situation("task marked success", "lingers", "FINISHED", act=mark_task("success")),
    Situation("upstream_failed", "cascades", "FAILED", "ValueError", "Not started because of that: 1"),
    Situation("failure with teardown", "fails_and_tears_down", "FAILED", "ValueError"),
    Situation("failed teardown", "teardown_fails", "FINISHED"),
    Situation("failure masked by its leaf", "masks_its_failure", "FINISHED"),
    Situation("mapped task", "fails_mapped", "FAILED", "LookupError", "Failed tasks: one[2]"),
    Situation("broken template", "template_fails", "FAILED", "jinja2", "nothing"),
    Situation("macro in a template", "uses_a_macro", "FINISHED"),
    Situation("secret in the error", "prints_a_secret", "FAILED", "RuntimeError", "cannot log in with ***"),
    Situation("deferred task", "defers", "FINISHED"),
    Situation("activity that returns False", "returns_false", "FINISHED"),
    Situation("precondition that holds", "returns_true", "FINISHED", precondition=True),
    Situation("precondition that returns False", "returns_false", "FALSE", precondition=True),
    Situation("precondition that skips", "skips", "FALSE", precondition=True),
    Situation("precondition that short-circuits", "short_circuits", "FALSE", precondition=True),
    Situation("precondition that broke", "fails", "FAILED", "ValueError", precondition=True),
    Situation("DAG without tasks", "empty", "FINISHED"),
    Situation("unknown DAG", "no_such_dag", "FAILED", "AirflowDagRunRefused", "'no_such_dag' can be started: Dag with"),
]


@pytest.fixture(scope="module")
def submitted(deployment: Deployment, module_submissions: Submissions) -> dict[str, Submission]:
    """Everything under way at once, each run hurt as its situation wants."""
    started = {
        situation.name: module_submissions.submit(situation.dag_id, precondition=situation.precondition)
        for situation in SITUATIONS
    }
    for situation in SITUATIONS:
        if situation.act is not None:
            started[situation.name].wait_until_acknowledged(timeout=120)
            situation.act(deployment, started[situation.name].run_id)
    return started


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_the_outcome_is_reported_once_and_not_before_the_end(
    deployment: Deployment, submitted: dict[str, Submission], situation: Situation
) -> None:
    """As Airflow's stored state has it."""
    submission = submitted[situation.name]
    attempt = submission.wait_for_report(timeout=situation.timeout)

    assert attempt.reported_status == situation.status, attempt
    assert len(submission.attempts) == 1
    assert attempt.accepted_reports == 1
    assert len(submission.reports) == 1
    assert (attempt.error_id or "").startswith(situation.error_id or "")
    assert situation.message in (attempt.error_message or "")
    assert situation.trace in (attempt.error_stack_trace or "")
    assert "hunter2" not in f"{attempt.error_message}{attempt.error_stack_trace}"
    color = "failed" if situation.status == "FAILED" else "success"
    assert deployment.wait_for_run(RUNNER, submission.run_id) == color
    if situation.dag_id != "no_such_dag":
        run = deployment.run(situation.dag_id, submission.run_id)
        reported = submission.reports[0].received
        assert datetime.fromisoformat(run["end_date"]) <= reported, "reported before the run had ended"
        if situation.status == "FAILED":
            assert submission.run_id.replace(":", "%3A") in (attempt.error_message or "").replace(":", "%3A")
