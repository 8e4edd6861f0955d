"""What callbacks and operator report, in the six cases that a release of Airflow must not break."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.harness.settings import AIRFLOW_VERSION

if TYPE_CHECKING:
    from tests.support.account import Account
    from tests.support.harness import Deployment

# The dag-processor of Airflow 3.0 shows a callback neither the states of tasks nor their XComs.
DAG_SEES_TASKS = not AIRFLOW_VERSION.startswith("3.0.")


def test_a_task_that_succeeds_is_reported_finished(deployment: Deployment, account: Account) -> None:
    handed = account.hand_out()
    deployment.trigger("task_callbacks_succeed", conf=handed.conf)

    attempt = handed.wait_for_report(timeout=120)

    assert (attempt.reported_status, attempt.error_id, len(handed.reports)) == ("FINISHED", None, 1)


def test_a_task_that_fails_is_reported_with_its_error(deployment: Deployment, account: Account) -> None:
    handed = account.hand_out()
    run_id = deployment.trigger("task_callbacks_fail", conf=handed.conf)

    attempt = handed.wait_for_report(timeout=120)

    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "ValueError")
    lines = (attempt.error_message or "").splitlines()
    assert lines[0] == "no rows in /exports/2026-11-22, cannot compute the mean"
    assert {"DAG: task_callbacks_fail", f"Run: {run_id}", "Task: work, try 1 of 1"} <= set(lines)
    assert "ZeroDivisionError: division by zero" in (attempt.error_stack_trace or "")


def test_a_failure_is_reported_after_the_last_try_only(deployment: Deployment, account: Account) -> None:
    handed = account.hand_out()
    run_id = deployment.trigger("task_callbacks_retry", conf=handed.conf)

    deployment.wait_for_task("task_callbacks_retry", run_id, "work", {"up_for_retry"})
    reported_early = handed.attempt.reported_status
    attempt = handed.wait_for_report(timeout=120)

    assert reported_early is None
    assert (attempt.reported_status, len(handed.reports)) == ("FAILED", 1)
    assert "Task: work, try 2 of 2" in (attempt.error_message or "")


def test_a_dag_that_succeeds_is_reported_finished(deployment: Deployment, account: Account) -> None:
    handed = account.hand_out()
    deployment.trigger("dag_callbacks_succeed", conf=handed.conf)

    attempt = handed.wait_for_report(timeout=120)

    assert (attempt.reported_status, attempt.error_id, len(handed.reports)) == ("FINISHED", None, 1)


def test_a_dag_that_fails_is_reported_with_its_first_error(deployment: Deployment, account: Account) -> None:
    """Every version reports the status. The details need a version that shows a DAG-level callback its tasks."""
    handed = account.hand_out()
    run_id = deployment.trigger("dag_callbacks_fail", conf=handed.conf)

    attempt = handed.wait_for_report(timeout=120)

    message = attempt.error_message or ""
    assert (attempt.reported_status, len(handed.reports)) == ("FAILED", 1)
    assert f"Run: {run_id}" in message.splitlines()
    if DAG_SEES_TASKS:
        assert attempt.error_id == "ValueError"
        assert message.splitlines()[0] == "no rows in /exports/2026-11-22, cannot compute the mean"
        assert "Failed tasks: first, later" in message
        assert "ZeroDivisionError" in (attempt.error_stack_trace or "")


def test_the_operator_derives_the_status_of_the_run(deployment: Deployment, account: Account) -> None:
    """It reports FAILED with the error, and fails itself. It reports FALSE if a precondition's check returned False."""
    activity, precondition = account.hand_out(), account.hand_out(precondition=True)
    failing = deployment.trigger("operator_derives_failed", conf=activity.conf)
    checking = deployment.trigger("operator_derives_false_from_result", conf=precondition.conf)

    states = [
        deployment.wait_for_run("operator_derives_failed", failing, timeout=120),
        deployment.wait_for_run("operator_derives_false_from_result", checking, timeout=120),
    ]

    assert states == ["failed", "success"]
    assert (activity.attempt.reported_status, activity.attempt.error_id) == ("FAILED", "ValueError")
    assert "Failed tasks: work" in (activity.attempt.error_message or "")
    assert precondition.attempt.reported_status == "FALSE"
    assert [len(activity.reports), len(precondition.reports)] == [1, 1]
