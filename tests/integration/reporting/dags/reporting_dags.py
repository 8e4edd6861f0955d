"""Small DAGs that report by callback or operator, one for each way in which a task or a run can end."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

try:
    from airflow.sdk import task
except ImportError:  # Airflow 2
    from airflow.decorators import task
try:
    from airflow.sdk.exceptions import AirflowSkipException
except ImportError:  # before Airflow 3.2
    from airflow.exceptions import AirflowSkipException

from airflow_provider_datapipeline._airflow.names import DAG, AirflowFailException
from airflow_provider_datapipeline.callbacks import report_failed, report_finished
from airflow_provider_datapipeline.notifications.datapipeline import DataPipelineNotifier
from airflow_provider_datapipeline.operators.datapipeline import DataPipelineSetTaskStatusOperator

ON_DAG = {"on_success_callback": report_finished, "on_failure_callback": [report_failed]}
BY_TEMPLATE = {
    "on_success_callback": report_finished(pipeline_task_id="{{ dag_run.conf.datapipeline.taskId }}"),
    "on_failure_callback": report_failed(
        pipeline_task_id="{{ dag_run.conf.datapipeline.taskId }}",
        error_message="{{ run_id }} of {{ dag.dag_id }} failed",
    ),
}


def dag(dag_id: str, **arguments: Any) -> DAG:
    """Return a DAG without a schedule."""
    return DAG(dag_id, schedule=None, max_active_runs=100, tags=["test"], **arguments)


def divide() -> None:
    """Fail with a chain of two exceptions."""
    try:
        sum([]) / len([])
    except ZeroDivisionError as error:
        raise ValueError("no rows in /exports/2026-11-22, cannot compute the mean") from error


with dag("task_callbacks_succeed"):
    task(task_id="work", on_success_callback=report_finished)(lambda: None)()

with dag("task_callbacks_fail", default_args={"on_failure_callback": report_failed}):
    task(task_id="work")(divide)()

with dag("task_callbacks_retry"):
    task(task_id="work", on_failure_callback=report_failed, retries=1, retry_delay=timedelta(seconds=1))(divide)()


def fail_for_good() -> None:
    """Fail, without the retries that are left."""
    raise AirflowFailException("the input is malformed; trying again cannot help")


with dag("task_callbacks_retry_later"):
    task(task_id="work", on_failure_callback=report_failed, retries=1, retry_delay=timedelta(hours=1))(divide)()

with dag("task_callbacks_fail_exception"):
    task(task_id="work", on_failure_callback=report_failed, retries=2)(fail_for_good)()

LONG = {
    "letters": "a",
    "log": "ERROR connect(host='db', password='hunter2-x', token=abc123def) failed: postgresql://etl:pw12345@db/x\n",
    "statements": "[SQL: UPDATE users SET password_hash=%(p)s]\n[parameters: {'p': 'hunter2-x'}]\n",
    "prefix": "sk-",
    "escapes": "\x1b[31mpassword\x1b[0m=hunter2-x \x00",
}


def fail_at_length(kind: str) -> None:
    """Fail for good, with an error message of 12 MB."""
    unit = LONG[kind]
    raise AirflowFailException("the input is malformed: " + unit * (12_000_000 // len(unit)) + " the end")


for each in LONG:
    with dag(f"task_callbacks_fail_with_{each}"):
        task(task_id="work", on_failure_callback=report_failed, retries=2)(fail_at_length)(each)


def recover(path: str) -> None:
    """Fail the first time and succeed the second time."""
    marker = Path(path)
    if not marker.exists():
        marker.touch()
        raise RuntimeError("first try")


with dag("recovers_on_retry", **ON_DAG):
    task(task_id="work", on_failure_callback=report_failed, retries=1, retry_delay=timedelta(seconds=1))(recover)(
        "{{ dag_run.conf.marker }}"
    )


def linger() -> None:
    """Run until killed, or for ten minutes."""
    time.sleep(600)


with dag("task_callbacks_linger"):
    to_account = report_failed(aws_conn_id="{{ dag_run.conf.aws_conn_id }}")
    task(task_id="work", on_failure_callback=to_account)(linger)()

with dag("dag_callbacks_linger", **ON_DAG):
    task(task_id="work")(linger)()

with dag("dag_callbacks_succeed", **ON_DAG):
    task(task_id="work")(lambda: None)()


def pass_gate(**context: Any) -> None:
    """Wait for the file that the run's conf may name, then succeed or fail as the name of the DAG says."""
    gate = context["dag_run"].conf.get("gate")
    while gate and not Path(gate).exists():
        time.sleep(0.05)
    if context["dag"].dag_id.endswith("fail"):
        divide()


with dag("dag_callbacks_templates_succeed", **BY_TEMPLATE):
    task(task_id="work")(pass_gate)()

with dag("dag_callbacks_templates_fail", **BY_TEMPLATE):
    task(task_id="work")(pass_gate)()

with dag("dag_callbacks_fail", **ON_DAG):

    @task
    def later() -> None:
        """Fail later than ``first``, although this task comes before it in the DAG."""
        time.sleep(2)
        raise KeyError("failed later")

    later()
    first = task(task_id="first")(divide)()

    @task
    def never(_: Any) -> None:
        """Not be reached."""

    never(first)


def skip() -> None:
    """Skip."""
    raise AirflowSkipException("nothing to do")


with dag("dag_callbacks_skip_all", **ON_DAG):
    task(task_id="work")(skip)()

with dag("dag_callbacks_skip_some", **ON_DAG):
    task(task_id="first")(skip)()
    task(task_id="work")(lambda: None)()
    task(task_id="last")(skip)()

with dag("dag_and_task_callbacks_fail", **ON_DAG):
    task(task_id="work", on_failure_callback=report_failed)(divide)()

with dag("mapped_fail", **ON_DAG):

    @task
    def one(index: int) -> None:
        """Fail for one index."""
        if index == 2:
            raise LookupError(f"shard {index} is missing")

    one.expand(index=[0, 1, 2])

SLOW = {"read_timeout": 60, "retries": {"total_max_attempts": 1}}
with dag("task_callback_to_a_silent_service"):
    task(
        task_id="work",
        on_failure_callback=report_failed(aws_conn_id="silent", timeout=3, botocore_config=SLOW),
    )(divide)()

with dag("dag_callback_to_a_silent_service", on_failure_callback=report_failed(aws_conn_id="silent", timeout=3)):
    task(task_id="work")(divide)()

with dag("callback_without_connection"):
    task(task_id="work", on_failure_callback=report_failed(aws_conn_id="no_such_connection"))(divide)()

with dag("skipped_precondition"):
    does_not_hold = DataPipelineNotifier(task_status="FALSE")
    task(task_id="work", on_skipped_callback=does_not_hold, on_success_callback=report_finished)(skip)()

# --- the operator ---------------------------------------------------------------------------------------------------

with dag("operator_explicit"):
    DataPipelineSetTaskStatusOperator(
        task_id="report",
        task_status="{{ dag_run.conf.status }}",
        error_id="{{ dag_run.conf.get('error_id', '') }}",
        error_message="{{ dag_run.conf.get('error_message', '') }}",
        error_stack_trace="{{ dag_run.conf.get('error_stack_trace', '') }}",
    )

with dag("operator_derives_finished"):
    task(task_id="work")(lambda: None)() >> DataPipelineSetTaskStatusOperator(task_id="report")

with dag("operator_derives_failed"):
    work = task(task_id="work")(divide)()
    cleanup = task(task_id="cleanup", trigger_rule="all_done")(lambda: None)()
    work >> cleanup >> DataPipelineSetTaskStatusOperator(task_id="report", retries=2)

with dag("operator_derives_false_from_skip"):
    task(task_id="check")(skip)() >> DataPipelineSetTaskStatusOperator(task_id="report")

with dag("operator_derives_false_from_result"):
    task(task_id="check")(lambda: False)() >> DataPipelineSetTaskStatusOperator(task_id="report")

with dag("operator_retries_delivery"):
    task(task_id="work")(lambda: None)() >> DataPipelineSetTaskStatusOperator(
        task_id="report",
        retries=3,
        retry_delay=timedelta(seconds=1),
        botocore_config={"retries": {"total_max_attempts": 1}},
    )
