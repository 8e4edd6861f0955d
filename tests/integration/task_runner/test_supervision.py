"""What happens to a task while its run is active: cancel, loss, failing calls, pauses, repeats."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Literal

import pytest

from tests.support.harness.waiting import wait_until
from tests.support.task_runner import EMULATOR_SETTINGS

if TYPE_CHECKING:
    from tests.support.harness import Deployment
    from tests.support.harness.statsd import StatsDServer
    from tests.support.submissions import Submission, Submissions

pytestmark = pytest.mark.integration

RUNNER = "datapipeline_airflow"

KNOWN_LATER = """
from airflow.sdk import DAG, task

with DAG("known_later", schedule=None):
    task(task_id="work")(lambda: "done")()
"""


def supervise_log(deployment: Deployment, run_id: str) -> str:
    folder = deployment.logs.folder / f"dag_id={RUNNER}" / f"run_id={run_id}" / "task_id=supervise"
    return "".join(path.read_text() for path in sorted(folder.glob("*.log*")))


def cancel(submissions: Submissions, submitted: Submission) -> None:
    submissions.account.client.set_status(
        pipelineId=submitted.pipeline_id, objectIds=[submitted.attempt.instance_id], status="TRY_CANCEL"
    )


def wait_until_running(deployment: Deployment, dag_id: str, run_id: str, task_id: str = "work") -> None:
    deployment.task_process(dag_id, run_id, task_id)


@pytest.mark.parametrize("answer", ["canceled", "task_not_found"])
def test_a_canceled_task_stops_its_run_and_reports_nothing(
    deployment: Deployment, submissions: Submissions, answer: Literal["canceled", "task_not_found"]
) -> None:
    """The service answers a heartbeat in one of two ways after a cancel."""
    submissions.server.service.settings = dataclasses.replace(EMULATOR_SETTINGS, progress_after_cancel=answer)
    submitted = submissions.submit("lingers")
    submitted.wait_until_acknowledged()
    run_id = submitted.run_id
    wait_until_running(deployment, "lingers", run_id)

    cancel(submissions, submitted)

    assert deployment.wait_for_run("lingers", run_id) == "failed"
    task = deployment.wait_for_task(RUNNER, run_id, "supervise")
    assert task["state"] == "skipped"
    assert submitted.reports == []
    assert submitted.attempt.status == "CANCELED"
    assert "Nothing will be reported" in supervise_log(deployment, run_id)


def test_what_happens_is_counted_and_logged(
    deployment: Deployment, submissions: Submissions, metrics: StatsDServer
) -> None:
    """Every process counts what it does, with a tag, and writes a log line for each effect."""
    prefix = "airflow.datapipeline"
    names = "polls polled held acknowledged heartbeats canceled stopped reported.finished reported.failed report_delay"
    counters = {name: f"{prefix}.{name},dag_id={RUNNER}" for name in names.split()}
    before = {name: metrics.received(metric) for name, metric in counters.items()}
    submitted = {dag_id: submissions.submit(dag_id) for dag_id in ("succeeds", "fails", "lingers")}
    for each in submitted.values():
        each.wait_until_acknowledged(timeout=120)
    run_id = submitted["lingers"].run_id
    lingers = submitted["lingers"]
    wait_until(
        lambda: "now work" in lingers.attempt.progress.get("attemptStatus", "") or None, "its progress", timeout=60
    )
    cancel(submissions, lingers)
    deployment.wait_for_task(RUNNER, run_id, "supervise")
    finished, failed = (submitted[dag_id] for dag_id in ("succeeds", "fails"))
    finished.wait_for_report()
    failed.wait_for_report()

    def all_received() -> bool | None:
        return True if all(metrics.received(metric) > before[name] for name, metric in counters.items()) else None

    wait_until(all_received, "every metric", timeout=30, last_seen=lambda: str(metrics.names(prefix)))

    ids = f"pipeline={failed.pipeline_id} attempt={failed.attempt.attempt_id} task="
    run = f"run={failed.run_id} {ids}"
    polls = "".join(path.read_text() for path in deployment.logs.folder.glob(f"dag_id={RUNNER}_poller/**/*.log*"))
    assert f"polled: worker_group=airflow {ids}" in polls
    assert f"runner run created: dag={RUNNER} {run}" in polls
    assert f"target run created: dag=fails {run}" in polls
    assert f"acknowledged: dag={RUNNER} {run}" in polls
    target = f"target_dag=fails {run}"
    assert f"reported: status=FAILED error_id=ValueError dag={RUNNER} {target}" in supervise_log(
        deployment, failed.run_id
    )
    log = supervise_log(deployment, run_id)
    assert f"target run stopped: target_dag=lingers run={run_id}" in log
    assert 'progress=\\"0 of 1 tasks done, now work\\"' in log
    assert log.count("progress reported") < 4


def test_a_deleted_pipeline_stops_its_runs(deployment: Deployment, submissions: Submissions) -> None:
    """No report is possible any more."""
    submitted = submissions.submit("lingers")
    submitted.wait_until_acknowledged()
    run_id = submitted.run_id
    wait_until_running(deployment, "lingers", run_id)

    submissions.account.client.delete_pipeline(pipelineId=submitted.pipeline_id)

    assert deployment.wait_for_run("lingers", run_id) == "failed"
    assert deployment.wait_for_task(RUNNER, run_id, "supervise")["state"] == "skipped"


def test_progress_is_shown_and_the_runs_are_linked(deployment: Deployment, submissions: Submissions) -> None:
    """Data Pipeline shows the progress, the present task and a link. In Airflow the two runs link each other."""
    submitted = submissions.submit("lingers")
    submitted.wait_until_acknowledged()
    run_id = submitted.run_id
    wait_until_running(deployment, "lingers", run_id)

    def shown() -> dict[str, str] | None:
        progress = submitted.attempt.progress
        return progress if "now work" in progress.get("attemptStatus", "") else None

    progress = wait_until(shown, "progress", timeout=30)
    link = deployment.xcom(RUNNER, run_id, "supervise", "_link_DataPipelineTargetRunLink")
    note = deployment.run("lingers", run_id)["note"]
    deployment.set_run_state("lingers", run_id, "success")

    assert progress["percentComplete"] == "0"
    assert "0 of 1 tasks done, now work" in progress["attemptStatus"]
    assert f"{deployment.address}/dags/lingers/runs/" in progress["attemptStatus"]
    assert link == f"{deployment.address}/dags/lingers/runs/{run_id}"
    assert f"/dags/{RUNNER}/runs/{run_id}" in note
    assert submitted.wait_for_report().reported_status == "FINISHED"


def test_a_paused_target_waits_and_says_so(deployment: Deployment, submissions: Submissions) -> None:
    """The task is not lost, and the attempt shows that the DAG is paused."""
    submitted = submissions.submit("paused")
    submitted.wait_until_acknowledged()

    def waiting() -> bool | None:
        return True if "paused" in submitted.attempt.progress.get("attemptStatus", "") else None

    wait_until(waiting, "an attemptStatus that says paused", timeout=30)
    before = len(submitted.reports)
    deployment.cli("dags", "unpause", "paused")

    assert before == 0
    assert submitted.wait_for_report().reported_status == "FINISHED"


@pytest.mark.long
def test_a_target_that_airflow_does_not_know_for_a_moment_is_waited_for(
    deployment: Deployment, submissions: Submissions
) -> None:
    """Airflow forgets a DAG while its file is replaced, or if parsing is slow. The task must not fail for that."""
    file = deployment.add_dag_file("known_later.py", KNOWN_LATER)
    # The task runner waits for a shorter time for a DAG that never had a run.
    deployment.wait_for_run("known_later", deployment.trigger("known_later"))
    file.unlink()
    deployment.wait_until_unknown("known_later")
    submitted = submissions.submit("known_later")
    wait_until(lambda: submitted.attempt.handed_out, "the poll", timeout=60)
    time.sleep(15)  # longer than that shorter time; no condition could be awaited here
    deployment.add_dag_file("known_later.py", KNOWN_LATER)

    assert submitted.wait_for_report().reported_status == "FINISHED"


def test_a_lost_answer_to_the_report_is_no_second_outcome(deployment: Deployment, submissions: Submissions) -> None:
    """The service already has the report when it is repeated."""
    for _ in range(2):
        submissions.server.service.lose_next_answer("SetTaskStatus")
    submitted = submissions.submit("succeeds")

    attempt = submitted.wait_for_report()

    assert deployment.wait_for_run(RUNNER, submitted.run_id) == "success"
    assert attempt.accepted_reports == 1


def test_a_service_in_trouble_gets_the_report_later(deployment: Deployment, submissions: Submissions) -> None:
    """The throttling and the faults last longer than botocore's own retries."""
    submissions.server.service.fail_next("SetTaskStatus", "ThrottlingException", times=4)
    submissions.server.service.fail_next("SetTaskStatus", "InternalServiceError", status=500, times=4)
    submitted = submissions.submit("fails")

    attempt = submitted.wait_for_report()

    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "ValueError")
    assert deployment.wait_for_run(RUNNER, submitted.run_id) == "failed"


def test_a_refused_text_costs_the_text_only(deployment: Deployment, submissions: Submissions) -> None:
    """The status arrives without the text."""
    submissions.server.service.fail_next("SetTaskStatus", "InvalidRequestException")
    submitted = submissions.submit("fails")

    attempt = submitted.wait_for_report()

    assert (attempt.reported_status, attempt.error_id) == ("FAILED", None)


def test_the_service_retries_with_a_new_task(deployment: Deployment, submissions: Submissions) -> None:
    """The second attempt has a new task id, and so a new run."""
    submitted = submissions.submit("fails", maximumRetries="1")

    def both() -> bool | None:
        return True if [each.reported_status for each in submitted.attempts] == ["FAILED", "FAILED"] else None

    wait_until(both, "two attempts", timeout=90, last_seen=lambda: str(submitted.attempts))

    assert [each.accepted_reports for each in submitted.attempts] == [1, 1]


def test_a_clear_of_the_target_before_its_end_moves_the_report(
    deployment: Deployment, submissions: Submissions
) -> None:
    """Supervision continues until the new end. A clear after the report changes nothing, and the log says so."""
    submitted = submissions.submit("lingers_with_retry")
    submitted.wait_until_acknowledged()
    run_id = submitted.run_id
    wait_until_running(deployment, "lingers_with_retry", run_id)
    deployment.clear("lingers_with_retry", run_id)

    attempt = submitted.wait_for_report()
    deployment.wait_for_run(RUNNER, run_id)
    deployment.clear("lingers_with_retry", run_id)
    last = deployment.wait_for_task("lingers_with_retry", run_id, "work", try_number=3)

    assert attempt.reported_status == "FINISHED"
    assert len(submitted.reports) == 1
    log = deployment.logs.of_task("lingers_with_retry", run_id, "work", try_number=last["try_number"])
    assert "has been reported to AWS Data Pipeline already" in log


def wait_until_no_poll_is_open(submissions: Submissions) -> None:
    """Wait for so long without a new poll that the last one must have ended."""
    quiet_since = time.monotonic()
    polls = -1

    def quiet() -> bool | None:
        nonlocal quiet_since, polls
        now = len(submissions.server.service.received("PollForTask"))
        if now != polls:
            polls, quiet_since = now, time.monotonic()
        return True if time.monotonic() - quiet_since > 2 * EMULATOR_SETTINGS.long_poll_seconds else None

    wait_until(quiet, "the polls to end", timeout=60)


@pytest.mark.long
def test_no_more_is_polled_while_the_poller_is_paused(deployment: Deployment, submissions: Submissions) -> None:
    """Running tasks end. New tasks wait in Data Pipeline."""
    running = submissions.submit("lingers")
    running.wait_until_acknowledged()
    wait_until_running(deployment, "lingers", running.run_id)
    deployment.cli("dags", "pause", f"{RUNNER}_poller")
    try:
        wait_until_no_poll_is_open(submissions)
        waiting = submissions.submit("succeeds")
        deployment.set_run_state("lingers", running.run_id, "success")
        ended = running.wait_for_report()
        untouched = waiting.attempt.handed_out
    finally:
        deployment.cli("dags", "unpause", f"{RUNNER}_poller")

    assert ended.reported_status == "FINISHED"
    assert untouched is None
    assert waiting.wait_for_report().reported_status == "FINISHED"


@pytest.mark.long
def test_no_more_is_polled_while_the_runner_is_paused(deployment: Deployment, submissions: Submissions) -> None:
    """After the pause, a task that was polled before is reported, and a task that came later is polled."""
    deployment.cli("dags", "pause", RUNNER)
    try:
        taken = submissions.submit("succeeds")
        taken.wait_until_acknowledged()
        wait_until_no_poll_is_open(submissions)
        waiting = submissions.submit("succeeds")
        target = deployment.wait_for_run("succeeds", taken.run_id)
        untouched = waiting.attempt.handed_out, taken.reports
    finally:
        deployment.cli("dags", "unpause", RUNNER)

    assert target == "success"
    assert untouched == (None, [])
    assert taken.wait_for_report().reported_status == "FINISHED"
    assert waiting.wait_for_report().reported_status == "FINISHED"
