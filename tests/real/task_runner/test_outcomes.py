"""Every way in which a DAG run can end, through the task runner: the right status, once, and never too early."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.real.harness import Deployment
    from tests.real.task_runner.submissions import Submissions

pytestmark = pytest.mark.real


def test_a_successful_run_is_finished(deployment: Deployment, submissions: Submissions) -> None:
    """The simplest case."""
    submitted = submissions.submit("succeeds")

    attempt = submitted.wait_for_report()

    assert attempt.reported_status == "FINISHED"
    assert len(submitted.reports) == 1
    assert deployment.wait_for_run("datapipeline_airflow", submitted.run_id) == "success"


def test_a_failed_run_carries_its_error(deployment: Deployment, submissions: Submissions) -> None:
    """As recorded where the task failed."""
    submitted = submissions.submit("fails")

    attempt = submitted.wait_for_report()

    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "ValueError")
    assert deployment.wait_for_run("datapipeline_airflow", submitted.run_id) == "failed"
    assert len(submitted.reports) == 1
