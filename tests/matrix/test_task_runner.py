"""What the task runner reports, in the ten cases that a release of Airflow must not break."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.harness.settings import IS_AIRFLOW_3

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator import AttemptView
    from tests.support.harness import Deployment
    from tests.support.submissions import Submission, Submissions

if not IS_AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

RUNNER = "datapipeline_airflow"
# Before Airflow 3.3, Airflow sometimes fails a poller by mistake. The service then hands out its tasks again after 2
# minutes.
LONGEST_SECONDS = 240


def report_of(submitted: Submission) -> AttemptView:
    """Wait for the report, and check that it is the only one and that the service has accepted it."""
    attempt = submitted.wait_for_report(timeout=LONGEST_SECONDS)
    assert [len(submitted.reports), attempt.accepted_reports] == [1, 1]
    return attempt


def running(deployment: Deployment, submitted: Submission) -> str:
    """Wait until the task of ``lingers`` runs; return the run's id."""
    submitted.wait_until_acknowledged(timeout=LONGEST_SECONDS)
    deployment.task_process("lingers", submitted.run_id, "work", timeout=90)
    return submitted.run_id


def test_success_is_finished(deployment: Deployment, submissions: Submissions) -> None:
    submitted = submissions.submit("succeeds")

    assert report_of(submitted).reported_status == "FINISHED"
    assert deployment.wait_for_run(RUNNER, submitted.run_id) == "success"


def test_failure_is_failed_with_its_error(deployment: Deployment, submissions: Submissions) -> None:
    submitted = submissions.submit("fails")

    attempt = report_of(submitted)

    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "ValueError")
    assert (attempt.error_message or "").startswith("no rows in /exports/2026-11-22, cannot compute the mean")
    assert "ZeroDivisionError: division by zero" in (attempt.error_stack_trace or "")
    assert deployment.wait_for_run(RUNNER, submitted.run_id) == "failed"


def test_a_retry_that_succeeds_is_finished(deployment: Deployment, submissions: Submissions) -> None:
    submitted = submissions.submit("recovers")

    assert report_of(submitted).reported_status == "FINISHED"
    task = deployment.task_instance("recovers", submitted.run_id, "try_twice")
    assert task is not None
    assert task["try_number"] == 2


def test_a_killed_task_is_failed(deployment: Deployment, submissions: Submissions) -> None:
    submitted = submissions.submit("lingers")
    run_id = running(deployment, submitted)

    deployment.task_process("lingers", run_id, "work").kill()

    attempt = report_of(submitted)
    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunFailed")
    assert "Failed tasks: work" in (attempt.error_message or "")


def test_a_canceled_task_stops_its_run(deployment: Deployment, submissions: Submissions) -> None:
    submitted = submissions.submit("lingers")
    run_id = running(deployment, submitted)

    submissions.account.client.set_status(
        pipelineId=submitted.pipeline_id, objectIds=[submitted.attempt.instance_id], status="TRY_CANCEL"
    )

    assert deployment.wait_for_run("lingers", run_id) == "failed"
    assert deployment.wait_for_task(RUNNER, run_id, "supervise")["state"] == "skipped"
    assert (submitted.reports, submitted.attempt.status) == ([], "CANCELED")


@pytest.mark.parametrize(("dag_id", "status"), [("holds", "FINISHED"), ("does_not_hold", "FALSE")])
def test_a_precondition_is_what_its_check_returned(
    deployment: Deployment, submissions: Submissions, dag_id: str, status: str
) -> None:
    submitted = submissions.submit(dag_id, precondition=True)

    assert report_of(submitted).reported_status == status


def test_the_failed_instance_of_a_mapped_task_is_named(deployment: Deployment, submissions: Submissions) -> None:
    attempt = report_of(submissions.submit("fails_for_one"))

    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "LookupError")
    assert "Failed tasks: one[2]" in (attempt.error_message or "")


def test_an_unknown_dag_is_failed_by_its_name(deployment: Deployment, submissions: Submissions) -> None:
    attempt = report_of(submissions.submit("nobody_knows_it"))

    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunRefused")
    assert "nobody_knows_it" in (attempt.error_message or "")


def test_the_supervision_links_to_the_run_of_the_target(deployment: Deployment, submissions: Submissions) -> None:
    submitted = submissions.submit("succeeds")
    report_of(submitted)

    link = deployment.xcom(RUNNER, submitted.run_id, "supervise", "_link_DataPipelineTargetRunLink")

    assert link == f"{deployment.address}/dags/succeeds/runs/{submitted.run_id}"
