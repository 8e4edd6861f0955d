"""
What the callbacks report to AWS Data Pipeline on a real Airflow.

Airflow's callbacks often do not do what one expects; there is a test for each of these cases. A test that needs several
runs starts them together, and then waits for each.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline._airflow.stored_run import RECORD_KEY
from tests.support.harness.settings import IS_AIRFLOW_3
from tests.support.harness.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.account import Account, Handed
    from tests.support.harness import Deployment
    from tests.support.harness.statsd import StatsDServer

pytestmark = [pytest.mark.integration, pytest.mark.long]

DAG_FILE = "reporting_dags.py"


def only_on_airflow_3(because: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not IS_AIRFLOW_3, reason=f"only on Airflow 3: {because}")


def start(deployment: Deployment, dag_id: str, handed: Handed, **conf: Any) -> str:
    return deployment.trigger(dag_id, conf=handed.conf | conf)


def lines_about(deployment: Deployment, text: str, dag_id: str = "") -> list[str]:
    """
    Return the lines of the dag-processor's logs that contain the text.

    With a DAG id the text is a run id. The log of the run's task ``work`` is then searched as well, and only lines
    about reports that were not sent are returned.
    """
    logs = deployment.logs.of_dag_file(DAG_FILE)
    if dag_id:
        logs += deployment.logs.of_task(dag_id, text, "work")
        return [line for line in logs.splitlines() if "was not told" in line and text in line]
    return [line for line in logs.splitlines() if text in line]


def wait_for_line(deployment: Deployment, text: str, *, dag_id: str = "", timeout: float = 60) -> str:
    """Wait for the first line of :func:`lines_about` that this package wrote."""

    def found() -> str | None:
        ours = [
            line for line in lines_about(deployment, text, dag_id) if "Data Pipeline" in line or "nothing is" in line
        ]
        return ours[0] if ours else None

    return wait_until(found, f"a log line with {text!r}", timeout=timeout)


def send_failure_callback(deployment: Deployment, dag_id: str, run_id: str, task_id: str) -> None:
    """Let the dag-processor call the on_failure_callback of a task, as a scheduler does after missing heartbeats."""
    code = """
import sys
from airflow.api_fastapi.execution_api.datamodels.taskinstance import TIRunContext
from airflow.callbacks.callback_requests import TaskCallbackRequest
from airflow.callbacks.database_callback_sink import DatabaseCallbackSink
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState

dag_id, run_id, task_id = sys.argv[1:]
with create_session() as session:
    ti = session.query(TaskInstance).filter_by(dag_id=dag_id, run_id=run_id, task_id=task_id).one()
    request = TaskCallbackRequest(
        filepath=ti.dag_model.relative_fileloc,
        bundle_name=ti.dag_model.bundle_name,
        bundle_version=None,
        msg="lost",
        ti=ti,
        task_callback_type=TaskInstanceState.FAILED,
        context_from_server=TIRunContext(
            dag_run=ti.dag_run.dag_run_data, max_tries=ti.max_tries, variables=[], connections=[], xcom_keys_to_clear=[]
        ),
    )
    DatabaseCallbackSink().send(callback=request, session=session)
"""
    run_python(deployment, code, dag_id, run_id, task_id)


def run_python(deployment: Deployment, code: str, *arguments: str) -> str:
    """Run Python code in the deployment's environment; return its output."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=deployment.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


def test_a_success_is_reported_finished(deployment: Deployment, account: Account) -> None:
    """The callback of a task and the callback of a DAG report it."""
    runs = {dag_id: account.hand_out() for dag_id in ("task_callbacks_succeed", "dag_callbacks_succeed")}
    for dag_id, handed in runs.items():
        start(deployment, dag_id, handed)

    attempts = [handed.wait_for_report() for handed in runs.values()]

    assert [attempt.reported_status for attempt in attempts] == ["FINISHED", "FINISHED"]
    assert [attempt.error_id for attempt in attempts] == [None, None]


def test_a_failed_task_is_reported_with_its_error(deployment: Deployment, account: Account) -> None:
    """The message comes first, then the place. The cause of the exception is in the stack trace."""
    handed = account.hand_out()
    run_id = start(deployment, "task_callbacks_fail", handed)

    attempt = handed.wait_for_report()

    assert attempt.reported_status == "FAILED"
    assert attempt.error_id == "ValueError"
    assert attempt.error_message is not None
    lines = attempt.error_message.splitlines()
    assert lines[0] == "no rows in /exports/2026-11-22, cannot compute the mean"
    assert "DAG: task_callbacks_fail" in lines
    assert f"Run: {run_id}" in lines
    assert "Task: work, try 1 of 1" in lines
    assert lines[-1].startswith(f"Log: {deployment.address}/")
    assert attempt.error_stack_trace is not None
    assert "ZeroDivisionError: division by zero" in attempt.error_stack_trace
    assert DAG_FILE in attempt.error_stack_trace


def test_a_failure_is_not_reported_while_a_retry_will_follow(deployment: Deployment, account: Account) -> None:
    """The only report comes after the second try."""
    handed = account.hand_out()
    run_id = start(deployment, "task_callbacks_retry", handed)

    deployment.wait_for_task("task_callbacks_retry", run_id, "work", {"up_for_retry"})
    reported_early = handed.attempt.reported_status
    attempt = handed.wait_for_report()

    assert reported_early is None
    assert len(handed.reports) == 1
    assert attempt.error_message is not None
    assert "Task: work, try 2 of 2" in attempt.error_message


def test_a_task_that_recovers_is_reported_finished_only(
    deployment: Deployment, account: Account, tmp_path: Path
) -> None:
    """A report of FAILED after the first try could not be withdrawn."""
    handed = account.hand_out()
    start(deployment, "recovers_on_retry", handed, marker=str(tmp_path / "tried"))

    attempt = handed.wait_for_report()

    assert attempt.reported_status == "FINISHED"
    assert len(handed.reports) == 1


def test_a_failure_that_forbids_retries_is_reported_at_once(deployment: Deployment, account: Account) -> None:
    """AirflowFailException is final, even with two tries left."""
    handed = account.hand_out()
    start(deployment, "task_callbacks_fail_exception", handed)

    attempt = handed.wait_for_report()

    assert attempt.reported_status == "FAILED"
    assert attempt.error_message is not None
    assert "try 1 of 3" in attempt.error_message


def test_a_text_of_12_mb_costs_neither_the_report_nor_a_second_try(deployment: Deployment, account: Account) -> None:
    """Masking such an error once took so long that Airflow killed the task, and ran it again."""
    kinds = ("letters", "log", "statements", "prefix", "escapes")
    runs = {dag_id: account.hand_out() for dag_id in (f"task_callbacks_fail_with_{kind}" for kind in kinds)}
    started = {dag_id: start(deployment, dag_id, handed) for dag_id, handed in runs.items()}

    for dag_id, handed in runs.items():
        attempt = handed.wait_for_report()
        instance = deployment.wait_for_task(dag_id, started[dag_id], "work")

        assert (instance["state"], instance["try_number"]) == ("failed", 1)
        assert (attempt.reported_status, attempt.error_id) == ("FAILED", "airflow.sdk.exceptions.AirflowFailException")
        assert attempt.error_message is not None
        assert attempt.error_message.startswith("the input is malformed: ")
        assert " characters elided ..." in attempt.error_message
        assert " the end\nDAG: " in attempt.error_message
        assert "try 1 of 3" in attempt.error_message
        assert "hunter2" not in attempt.error_message


def test_callbacks_in_one_batch_report_their_own_tasks(
    deployment: Deployment, account: Account, tmp_path: Path
) -> None:
    """
    The dag-processor uses one notifier instance for the callbacks of many runs.

    Here these runs end while another run's callback waits for a service that does not answer. (Airflow 2 on SQLite
    gives each callback a process of its own, so that only ``tests/test_callbacks.py`` covers this.)
    """
    gate = tmp_path / "gate"
    dag_ids = ["dag_callbacks_templates_succeed", "dag_callbacks_templates_fail"] * 3
    runs = [(account.hand_out(), dag_id) for dag_id in dag_ids]
    started = [(dag_id, start(deployment, dag_id, handed, gate=str(gate))) for handed, dag_id in runs]
    for dag_id, run_id in started:
        deployment.wait_for_task(dag_id, run_id, "work", {"running"})
    held_up_by = start(deployment, "dag_callback_to_a_silent_service", account.hand_out())
    deployment.wait_for_run("dag_callback_to_a_silent_service", held_up_by)
    gate.touch()

    attempts = [handed.wait_for_report() for handed, _ in runs]

    assert [attempt.reported_status for attempt in attempts] == ["FINISHED", "FAILED"] * 3
    for (dag_id, run_id), attempt in itertools.islice(zip(started, attempts, strict=True), 1, None, 2):
        assert attempt.error_message is not None
        assert attempt.error_message.startswith(f"{run_id} of {dag_id} failed")


@only_on_airflow_3("Airflow 2 always gives a DAG-level callback a task instance of the run, and with it the conf")
def test_a_callback_without_a_dag_run_says_so_and_reports_nothing(deployment: Deployment, account: Account) -> None:
    """If every task was skipped, Airflow gives a DAG-level callback the DAG, the run id and a reason, but no conf."""
    handed = account.hand_out()
    run_id = start(deployment, "dag_callbacks_skip_all", handed)
    deployment.wait_for_run("dag_callbacks_skip_all", run_id)

    line = wait_for_line(deployment, run_id)

    assert "AWS Data Pipeline was not told" in line
    assert "DataPipelineSetTaskStatusOperator" in line
    assert handed.reports == []


def test_a_failed_run_names_its_tasks_and_carries_the_first_error(deployment: Deployment, account: Account) -> None:
    """The dag-processor does not know the exception. The listener stored it when the task failed."""
    handed = account.hand_out()
    start(deployment, "dag_callbacks_fail", handed)

    attempt = handed.wait_for_report()

    assert attempt.error_id == "ValueError"
    assert attempt.error_message is not None
    assert attempt.error_message.splitlines()[0] == "no rows in /exports/2026-11-22, cannot compute the mean"
    assert "Failed tasks: first, later" in attempt.error_message
    assert "Not started because of that: 1" in attempt.error_message
    assert attempt.error_stack_trace is not None
    assert "ZeroDivisionError" in attempt.error_stack_trace


def test_a_run_for_something_else_is_left_alone(deployment: Deployment, account: Account) -> None:
    """A person may start the DAG in the web interface. Then nothing is reported, and no error is stored."""
    of_service = start(deployment, "task_callbacks_fail", account.hand_out())
    of_person = deployment.trigger("task_callbacks_fail")
    for run_id in (of_service, of_person):
        deployment.wait_for_run("task_callbacks_fail", run_id)

    kept = [deployment.xcom("task_callbacks_fail", run, "work", RECORD_KEY) for run in (of_service, of_person)]

    assert kept[0] is not None
    assert kept[1] is None
    assert "nothing is reported" in deployment.logs.of_task("task_callbacks_fail", of_person, "work")


def test_a_failed_instance_of_a_mapped_task_is_named(deployment: Deployment, account: Account) -> None:
    """The list of failed tasks and the place of the error contain the index."""
    handed = account.hand_out()
    start(deployment, "mapped_fail", handed)

    attempt = handed.wait_for_report()

    assert attempt.error_id == "LookupError"
    assert attempt.error_message is not None
    assert "Failed tasks: one[2]" in attempt.error_message
    assert "map index 2" in attempt.error_message


def test_a_killed_task_is_reported_by_the_dag(deployment: Deployment, account: Account) -> None:
    """After SIGKILL of a task's process, Airflow calls no callback of the task."""
    handed = account.hand_out()
    run_id = start(deployment, "dag_callbacks_linger", handed)
    deployment.task_process("dag_callbacks_linger", run_id, "work").kill()

    attempt = handed.wait_for_report()

    assert attempt.error_id == "AirflowDagRunFailed"
    assert attempt.error_message is not None
    assert "Failed tasks: work" in attempt.error_message


def test_the_callbacks_of_a_lost_task_have_the_effect_of_one_report(
    deployment: Deployment, accounts_by_repeated_status: dict[str, Account]
) -> None:
    """
    Airflow 3 calls the callback twice when a task stops sending heartbeats, Airflow 2 once.

    The second report is not an error, whatever the service answers.
    """
    callbacks = 2 if IS_AIRFLOW_3 else 1
    runs = {}
    for repeated_status, account in accounts_by_repeated_status.items():
        handed = account.hand_out()
        run_id = start(deployment, "task_callbacks_linger", handed, aws_conn_id=repeated_status)
        runs[run_id] = handed
    for run_id in runs:
        deployment.task_process("task_callbacks_linger", run_id, "work").kill_both()

    for run_id, handed in runs.items():
        handed.wait_for(lambda lost: len(lost.reports) >= callbacks, "reported", timeout=90)
        attempt = handed.wait_for_report()

        assert attempt.accepted_reports == 1
        assert attempt.reported_status == "FAILED"
        assert attempt.error_message is not None
        assert "killed" in attempt.error_message
        assert [line for line in lines_about(deployment, run_id) if "was not told" in line] == []


@only_on_airflow_3("Airflow 2 decides by itself, and executes on_retry_callback instead")
def test_with_tries_left_the_dag_processor_does_not_report(deployment: Deployment, account: Account) -> None:
    """The dag-processor knows no exception. Only the number of tries shows that Airflow will run the task again."""
    handed = account.hand_out()
    run_id = start(deployment, "task_callbacks_retry_later", handed)
    deployment.wait_for_task("task_callbacks_retry_later", run_id, "work", {"up_for_retry"})
    send_failure_callback(deployment, "task_callbacks_retry_later", run_id, "work")

    wait_for_line(deployment, "Airflow will run the task again")

    assert handed.reports == []


def test_a_report_about_a_canceled_task_is_a_warning(deployment: Deployment, account: Account) -> None:
    """It is not an error, since the service does not want the report any more."""
    handed = account.hand_out()
    account.cancel(handed)
    run_id = start(deployment, "task_callbacks_fail", handed)
    deployment.wait_for_run("task_callbacks_fail", run_id)

    log = deployment.logs.of_task("task_callbacks_fail", run_id, "work")

    (about,) = [line for line in log.splitlines() if "already reported, canceled" in line]
    assert "warning" in about.lower()
    assert handed.attempt.status == "CANCELED"


def test_the_report_of_the_dag_after_that_of_its_task_changes_nothing(deployment: Deployment, account: Account) -> None:
    """A repeated report that the service has already accepted counts as delivered."""
    handed = account.hand_out()
    start(deployment, "dag_and_task_callbacks_fail", handed)

    handed.wait_for(lambda both: len(both.reports) == 2, "reported twice")

    attempt = handed.attempt
    assert (attempt.accepted_reports, attempt.reported_status) == (1, "FAILED")


@pytest.mark.parametrize("dag_id", ["task_callback_to_a_silent_service", "dag_callback_to_a_silent_service"])
def test_a_silent_service_holds_a_callback_up_for_its_timeout_only(
    deployment: Deployment, account: Account, dag_id: str
) -> None:
    """The outcome of the task does not change, the dag-processor does not hang, and a line says what was lost."""
    handed = account.hand_out()
    started = time.monotonic()
    run_id = start(deployment, dag_id, handed)
    state = deployment.wait_for_run(dag_id, run_id)
    took = time.monotonic() - started

    line = wait_for_line(deployment, run_id, dag_id=dag_id)

    assert state == "failed"
    assert took < 30, "the silent service would have held the callback for 60 s"
    assert "within 3 s" in line


def test_a_missing_connection_is_an_error_line_that_says_what_to_do(deployment: Deployment, account: Account) -> None:
    """Without its connection, a callback must not report with other credentials of the machine."""
    handed = account.hand_out()
    run_id = start(deployment, "callback_without_connection", handed)
    state = deployment.wait_for_run("callback_without_connection", run_id)

    line = wait_for_line(deployment, run_id, dag_id="callback_without_connection")

    assert state == "failed"
    assert "no_such_connection" in line
    assert handed.reports == []


def test_a_skipped_precondition_can_be_reported_false(deployment: Deployment, account: Account) -> None:
    """The notifier as on_skipped_callback reports it. Airflow 2 also calls on_success_callback, without effect."""
    handed = account.hand_out(precondition=True)
    run_id = start(deployment, "skipped_precondition", handed)

    deployment.wait_for_run("skipped_precondition", run_id)

    assert handed.wait_for_report().reported_status == "FALSE"
    assert len(handed.reports) == 1


def test_a_run_with_skipped_tasks_is_finished(deployment: Deployment, account: Account) -> None:
    """The report does not depend on the task instance that Airflow shows to the DAG's callback."""
    handed = account.hand_out()
    start(deployment, "dag_callbacks_skip_some", handed)

    assert handed.wait_for_report().reported_status == "FINISHED"


@pytest.mark.parametrize(
    ("dag_id", "status"), [("dag_callbacks_templates_succeed", "FINISHED"), ("dag_callbacks_templates_fail", "FAILED")]
)
def test_templates_render_in_dag_test(deployment: Deployment, account: Account, dag_id: str, status: str) -> None:
    """``dag.test()`` gives a DAG-level callback a serialized DAG, which has no template environment."""
    handed = account.hand_out()
    module = "airflow.dag_processing.dagbag" if IS_AIRFLOW_3 else "airflow.models.dagbag"
    code = f"""
import json, sys
from {module} import DagBag
DagBag(sys.argv[1]).dags[sys.argv[2]].test(run_conf=json.loads(sys.argv[3]))
"""

    output = run_python(deployment, code, str(deployment.dags_folder / DAG_FILE), dag_id, json.dumps(handed.conf))

    assert handed.attempt.reported_status == status, output


def test_the_raw_request_of_a_report(deployment: Deployment, account: Account) -> None:
    """The request has all fields of the report, and a signature that the emulator has verified."""
    handed = account.hand_out()
    start(deployment, "task_callbacks_fail", handed)
    handed.wait_for_report()

    (request,) = handed.reports

    print(f"\n{request.method} {request.path}")
    print("\n".join(f"{name}: {value}" for name, value in request.headers))
    print(f"\n{json.dumps(json.loads(request.body), indent=2)}")
    print(f"signature verified: {request.signature_verified}")
    assert request.signature_verified is True
    assert request.header("X-Amz-Target") == "DataPipeline.SetTaskStatus"
    assert sorted(json.loads(request.body)) == ["errorId", "errorMessage", "errorStackTrace", "taskId", "taskStatus"]


def test_reports_are_counted_wherever_they_are_made(
    deployment: Deployment, account: Account, metrics: StatsDServer
) -> None:
    """Callback and operator count in the process of a task, and callbacks of DAGs in the dag-processor."""
    expected = {
        "task_callbacks_fail": "reported.failed",
        "dag_callbacks_succeed": "reported.finished",
        "operator_derives_finished": "reported.finished",
    }
    counters = {dag_id: f"airflow.datapipeline.{name},dag_id={dag_id}" for dag_id, name in expected.items()}
    before = {dag_id: metrics.received(counter) for dag_id, counter in counters.items()}
    for dag_id in expected:
        start(deployment, dag_id, account.hand_out())

    def counted() -> bool | None:
        return True if all(metrics.received(each) > before[dag_id] for dag_id, each in counters.items()) else None

    wait_until(counted, "a count for each", timeout=60, last_seen=lambda: str(metrics.names("airflow.datapipeline")))
