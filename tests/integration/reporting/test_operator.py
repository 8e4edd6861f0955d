"""What DataPipelineSetTaskStatusOperator reports to AWS Data Pipeline on a real Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.account import Account
    from tests.support.harness import Deployment

pytestmark = pytest.mark.integration


def test_a_given_status_is_sent_with_its_texts(deployment: Deployment, account: Account) -> None:
    """The operator succeeds, whatever the status."""
    handed = account.hand_out()
    texts = {"status": "FAILED", "error_id": "NoData", "error_message": "no rows", "error_stack_trace": "x" * 5000}
    run_id = deployment.trigger("operator_explicit", conf=handed.conf | texts)

    state = deployment.wait_for_run("operator_explicit", run_id)

    attempt = handed.attempt
    assert state == "success"
    assert (attempt.reported_status, attempt.error_id, attempt.error_message) == ("FAILED", "NoData", "no rows")
    assert attempt.error_stack_trace is not None
    assert len(attempt.error_stack_trace) <= 1024


def test_a_misspelt_status_is_refused_before_anything_is_sent(deployment: Deployment, account: Account) -> None:
    """It must not be reported as another status."""
    handed = account.hand_out()
    run_id = deployment.trigger("operator_explicit", conf=handed.conf | {"status": "SUCCESS"})

    state = deployment.wait_for_run("operator_explicit", run_id)

    assert state == "failed"
    assert "it must be one of FINISHED, FAILED, FALSE" in deployment.logs.of_task("operator_explicit", run_id, "report")
    assert handed.reports == []


def test_a_run_without_a_task_fails_the_operator(deployment: Deployment, account: Account) -> None:
    """A DAG with the operator is meant to report."""
    run_id = deployment.trigger("operator_derives_finished")

    state = deployment.wait_for_run("operator_derives_finished", run_id)

    assert state == "failed"
    assert "NoPipelineTaskError" in deployment.logs.of_task("operator_derives_finished", run_id, "report")


def test_finished_is_derived_from_success(deployment: Deployment, account: Account) -> None:
    """The run succeeds, and FINISHED is reported."""
    handed = account.hand_out()
    run_id = deployment.trigger("operator_derives_finished", conf=handed.conf)

    assert deployment.wait_for_run("operator_derives_finished", run_id) == "success"
    assert handed.attempt.reported_status == "FINISHED"


def test_a_failure_is_reported_with_its_error_and_never_masked(deployment: Deployment, account: Account) -> None:
    """Without that, a cleanup task that succeeds, or the reporting task itself, would let the run succeed."""
    handed = account.hand_out()
    run_id = deployment.trigger("operator_derives_failed", conf=handed.conf)

    state = deployment.wait_for_run("operator_derives_failed", run_id)

    attempt = handed.attempt
    assert state == "failed"
    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "ValueError")
    assert attempt.error_message is not None
    assert "Failed tasks: work" in attempt.error_message
    assert len(handed.reports) == 1, "a derived FAILED must not be retried"


@pytest.mark.parametrize("reason", ["skip", "result"])
def test_a_precondition_that_does_not_hold_is_false(deployment: Deployment, account: Account, reason: str) -> None:
    """Its check was skipped, or returned False."""
    handed = account.hand_out(precondition=True)
    dag_id = f"operator_derives_false_from_{reason}"
    run_id = deployment.trigger(dag_id, conf=handed.conf)

    state = deployment.wait_for_run(dag_id, run_id)

    assert state == "success"
    assert handed.attempt.reported_status == "FALSE"


@pytest.mark.parametrize("reason", ["skip", "result"])
def test_an_activity_is_never_false(deployment: Deployment, account: Account, reason: str) -> None:
    """FALSE is for preconditions alone. An activity whose tasks were skipped is a success to Airflow."""
    handed = account.hand_out()
    dag_id = f"operator_derives_false_from_{reason}"
    run_id = deployment.trigger(dag_id, conf=handed.conf)

    deployment.wait_for_run(dag_id, run_id)

    assert handed.attempt.reported_status == "FINISHED"


def test_retries_belong_to_airflow(deployment: Deployment, account: Account) -> None:
    """A report that cannot be delivered fails the task, and the next try delivers it."""
    handed = account.hand_out()
    account.server.service.fail_next("SetTaskStatus", "ThrottlingException", times=1)
    run_id = deployment.trigger("operator_retries_delivery", conf=handed.conf)

    state = deployment.wait_for_run("operator_retries_delivery", run_id)

    tries = deployment.logs.of_task("operator_retries_delivery", run_id, "report")
    assert state == "success"
    assert "ThrottledError" in tries
    assert handed.attempt.reported_status == "FINISHED"


def test_a_report_whose_answer_was_lost_is_taken_once(deployment: Deployment, account: Account) -> None:
    """The service already has the report when it is repeated."""
    handed = account.hand_out()
    account.server.service.lose_next_answer("SetTaskStatus")
    run_id = deployment.trigger("operator_derives_finished", conf=handed.conf)

    state = deployment.wait_for_run("operator_derives_finished", run_id)

    assert state == "success"
    assert handed.attempt.accepted_reports == 1
