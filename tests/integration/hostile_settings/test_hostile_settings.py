"""A deployment's default settings neither prevent tasks from starting nor their ends from being reported."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.execution_time.comms import TriggerDagRun

from tests.support.account import REGION
from tests.support.submissions import Submission

if TYPE_CHECKING:
    from tests.support.harness import Deployment
    from tests.support.submissions import Submissions

pytestmark = [pytest.mark.integration, pytest.mark.long]

RUNNER = "datapipeline_airflow"
HAS_RUN_AFTER = CAN_TELL_WHY = "run_after" in TriggerDagRun.model_fields  # both from Airflow 3.3 on


def submit_as(submissions: Submissions, component_id: str, dag_id: str) -> Submission:
    """Start a pipeline whose activity has this id."""
    activity = {"id": component_id, "name": component_id, "type": "ShellCommandActivity", "command": "true"}
    activity |= {"workerGroup": "airflow", "myDagId": dag_id, "maximumRetries": "0"}
    objects = [{"id": "Default", "name": "Default", "scheduleType": "ondemand"}, activity]
    pipeline_id = submissions.server.service.start_pipeline({"objects": objects}, name=component_id, region=REGION)
    return Submission(submissions.server, pipeline_id, component_id)


def test_failed_activities_pause_nothing(deployment: Deployment, submissions: Submissions) -> None:
    """
    No DAG is paused after failed activities.

    This deployment pauses a DAG after two failed runs in a row, and a runner run fails when it reports FAILED.
    """
    for _ in range(3):
        submitted = submissions.submit("fails")
        attempt = submitted.wait_for_report(timeout=100)
        assert (attempt.reported_status, attempt.error_id) == ("FAILED", "ZeroDivisionError")
        # Airflow counts only runs that have ended.
        assert deployment.wait_for_run(RUNNER, submitted.run_id) == "failed"
        assert submitted.attempt.accepted_reports == 1  # although a policy gives the supervising task another try

    assert submissions.submit("succeeds").wait_for_report(timeout=120).reported_status == "FINISHED"


def test_a_run_outlasts_the_timeout_of_tasks(deployment: Deployment, submissions: Submissions) -> None:
    """Two runs at the same time outlast it, although the deployment allows only one active run of a DAG."""
    submitted = [submissions.submit("lasts") for _ in range(2)]

    assert [each.wait_for_report(timeout=150).reported_status for each in submitted] == ["FINISHED"] * 2
    assert [each.attempt.accepted_reports for each in submitted] == [1, 1]


def test_a_runner_run_that_airflow_refuses_for_good_is_reported(
    deployment: Deployment, submissions: Submissions
) -> None:
    submitted = submit_as(submissions, "Forbidden", "succeeds")

    attempt = submitted.wait_for_report(timeout=100)

    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunRefused")
    assert RUNNER in (attempt.error_message or "")
    if CAN_TELL_WHY:
        assert submitted.run_id in (attempt.error_message or "")


def test_a_target_run_that_airflow_refuses_for_good_is_reported(
    deployment: Deployment, submissions: Submissions
) -> None:
    attempt = submissions.submit("has_params").wait_for_report(timeout=100)

    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunRefused")
    assert "has_params" in (attempt.error_message or "")


@pytest.mark.parametrize("component_id", ["Load..Orders", ".hidden", "x.."])
def test_every_component_id_makes_a_legal_run_id(
    deployment: Deployment, submissions: Submissions, component_id: str
) -> None:
    assert submit_as(submissions, component_id, "succeeds").wait_for_report(timeout=100).reported_status == "FINISHED"


@pytest.fixture
def activated_in_march(submissions: Submissions, monkeypatch: pytest.MonkeyPatch) -> Submissions:
    """Hands out tasks that were scheduled months ago."""
    monkeypatch.setattr(submissions.server.service._engine(REGION), "clock", lambda: datetime(2026, 3, 5, tzinfo=UTC))
    return submissions


@pytest.mark.parametrize("schedule", ["never", "cron", "cron_interval"])
def test_templates_see_the_schedule_of_the_task(
    deployment: Deployment, activated_in_march: Submissions, schedule: str
) -> None:
    """They see it even if the DAG's own schedule has created a run for the same time."""
    submitted = activated_in_march.submit(f"renders_{schedule}")

    assert submitted.wait_for_report(timeout=100).reported_status == "FINISHED"
    seen = deployment.xcom(f"renders_{schedule}", submitted.run_id, "work")
    assert (seen["ds"], seen["ts_nodash"]) == ("2026-03-05", "20260305T000000")
    assert seen["ts"].startswith("2026-03-05T00:00:00.")
    start, end = seen["data_interval_start"], seen["data_interval_end"]
    if not HAS_RUN_AFTER:  # the data interval is the one of the present time
        return
    if schedule == "cron_interval":
        assert (start, end) == ("2026-03-03 03:00:00+00:00", "2026-03-04 03:00:00+00:00")
    else:
        assert start == end == seen["logical_date"]


def test_a_date_that_airflow_refuses_keeps_no_task(deployment: Deployment, submissions: Submissions) -> None:
    submitted = submissions.submit("starts_by_default_args_later")

    assert submitted.wait_for_report(timeout=100).reported_status == "FINISHED"
    assert deployment.task_instance("starts_by_default_args_later", submitted.run_id, "work") is not None


def test_a_run_of_which_airflow_makes_no_task_is_not_finished(deployment: Deployment, submissions: Submissions) -> None:
    """The DAG's start_date lies after the logical date. Airflow then creates no task, and the run succeeds."""
    attempt = submissions.submit("starts_later").wait_for_report(timeout=100)

    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunEmpty")


def test_a_target_that_nobody_knows_is_refused_soon(deployment: Deployment, submissions: Submissions) -> None:
    """An earlier version lost a minute with every misspelt id."""
    begin = time.monotonic()

    attempt = submissions.submit("nobody_knows_it").wait_for_report(timeout=100)

    assert time.monotonic() - begin < 40
    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunRefused")
    assert "Is its id spelt as in the DAG file" in (attempt.error_message or "")
