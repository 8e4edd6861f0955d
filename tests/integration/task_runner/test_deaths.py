"""When Airflow's own processes die, no task is lost, and no task is reported twice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.harness import Deployment
    from tests.support.submissions import Submissions

pytestmark = [pytest.mark.integration, pytest.mark.long]


def test_the_death_of_the_triggerer_loses_nothing(deployment: Deployment, submissions: Submissions) -> None:
    """The restarted triggerer takes over."""
    submitted = submissions.submit("lingers")
    submitted.wait_until_acknowledged()
    deployment.task_process("lingers", submitted.run_id, "work")
    triggerer = deployment.component("triggerer")

    triggerer.kill()
    deployment.set_run_state("lingers", submitted.run_id, "success")
    triggerer.restart()

    attempt = submitted.wait_for_report(timeout=120)
    assert (attempt.reported_status, attempt.accepted_reports) == ("FINISHED", 1)


def test_the_death_of_the_scheduler_loses_nothing(deployment: Deployment, submissions: Submissions) -> None:
    """The scheduler's workers die with it, and so does the target's task."""
    submitted = submissions.submit("lingers")
    submitted.wait_until_acknowledged()
    deployment.task_process("lingers", submitted.run_id, "work")
    scheduler = deployment.component("scheduler")

    scheduler.kill()
    scheduler.restart()
    deployment.wait_until_healthy()
    deployment.set_run_state("lingers", submitted.run_id, "failed")

    attempt = submitted.wait_for_report(timeout=120)
    assert (attempt.reported_status, attempt.accepted_reports) == ("FAILED", 1)
    assert len(submitted.reports) == 1


def test_the_death_of_everything_for_a_minute_loses_nothing(
    deployment: Deployment, submissions: Submissions, tmp_path: Path
) -> None:
    """Neither a running task nor a task that was submitted meanwhile is lost."""
    gate = tmp_path / "gate"
    held = submissions.submit("one_at_a_time", myFile=str(gate))
    held.wait_until_acknowledged()
    deployment.task_process("one_at_a_time", held.run_id, "queue_up")
    names = ["scheduler", "triggerer", "dag-processor", "execution-api", "api-server"]

    for name in names:
        deployment.component(name).kill()
    meanwhile = submissions.submit("succeeds")
    gate.touch()
    time.sleep(60)  # the outage itself; no condition could be awaited here
    for name in reversed(names):
        deployment.component(name).restart()
    deployment.wait_until_healthy()

    # The task died with its worker. Airflow notices that after the heartbeat timeout, and then the run has failed.
    assert held.wait_for_report(timeout=150).reported_status in ("FINISHED", "FAILED")
    assert meanwhile.wait_for_report(timeout=150).reported_status == "FINISHED"
    assert [held.attempt.accepted_reports, meanwhile.attempt.accepted_reports] == [1, 1]
