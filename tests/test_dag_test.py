"""What is reported about DAGs that run in one process (``dag.test()``), without any other component of Airflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.specifiers import SpecifierSet

from airflow_provider_datapipeline.emulator import EmulatorServer
from tests.support.account import Account, Handed, connection
from tests.support.harness.settings import AIRFLOW_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]

DAGS = """# Airflow DAGs
from datetime import timedelta
from airflow_provider_datapipeline._airflow.names import DAG
from airflow_provider_datapipeline.callbacks import report_failed, report_finished
from airflow_provider_datapipeline.operators.datapipeline import DataPipelineSetTaskStatusOperator
from tests.outcome_matrix.names import AirflowFailException, task

LONG = {"timeout": 60}
ON_DAG = {"on_success_callback": report_finished(**LONG), "on_failure_callback": report_failed(**LONG)}
ON_TASK = {
    "on_success_callback": report_finished(**LONG),
    "on_failure_callback": report_failed(**LONG),
    "on_retry_callback": report_failed(**LONG),
}

def fail():
    raise ValueError("no rows")

def fail_once(**context):
    if context["ti"].try_number == 1:
        raise ValueError("no rows at first")

def fail_for_good():
    raise AirflowFailException("no rows ever")

def fail_if_one(index):
    if index == 1:
        raise LookupError("shard 1 is missing")

with DAG("dag_fails", schedule=None, **ON_DAG):
    task(task_id="work")(fail)()

with DAG(
    "dag_fails_without_text",
    schedule=None,
    on_failure_callback=report_failed(error_detail="type", **LONG),
):
    task(task_id="work")(fail)()

with DAG("task_fails_without_text", schedule=None):
    task(task_id="work", on_failure_callback=report_failed(error_detail="type", **LONG))(fail)()

with DAG("operator_fails_without_text", schedule=None):
    task(task_id="work")(fail)() >> DataPipelineSetTaskStatusOperator(task_id="report", error_detail="type")

with DAG("dag_fails_mapped", schedule=None, **ON_DAG):
    task(task_id="work")(fail_if_one).expand(index=[0, 1])

with DAG("dag_finds_false", schedule=None, **ON_DAG):
    check = task(task_id="check")(lambda: False)()
    check >> task(task_id="clean")(lambda: None)().as_teardown()

with DAG("task_recovers", schedule=None):
    task(task_id="work", retries=1, retry_delay=timedelta(0), **ON_TASK)(fail_once)()

with DAG("task_fails_for_good", schedule=None):
    task(task_id="work", retries=1, retry_delay=timedelta(0), **ON_TASK)(fail_for_good)()

with DAG("task_finds_false", schedule=None):
    check = task(task_id="check", **ON_TASK)(lambda: False)()
    check >> task(task_id="clean")(lambda: None)().as_teardown()

with DAG("operator_finds_false", schedule=None):
    checks = [task(task_id="yes")(lambda: True)(), task(task_id="no")(lambda: False)()]
    checks >> DataPipelineSetTaskStatusOperator(task_id="report")

with DAG("operator_finds_false_before_teardown", schedule=None):
    check = task(task_id="check")(lambda: False)()
    check >> task(task_id="clean")(lambda: None)().as_teardown() >> DataPipelineSetTaskStatusOperator(task_id="report")
"""

EXPECTED: dict[str, tuple[str, str | None]] = {
    "dag_fails": ("FAILED", "ValueError"),
    "dag_fails_without_text": ("FAILED", "ValueError"),
    "task_fails_without_text": ("FAILED", "ValueError"),
    "operator_fails_without_text": ("FAILED", "ValueError"),
    "dag_fails_mapped": ("FAILED", "LookupError"),
    "dag_finds_false": ("FALSE", None),
    "task_recovers": ("FINISHED", None),
    "task_fails_for_good": ("FAILED", "AirflowFailException"),
    "task_finds_false": ("FALSE", None),
    "operator_finds_false": ("FALSE", None),
    "operator_finds_false_before_teardown": ("FALSE", None),
}

# On Airflow 3.0 to 3.2, ``dag.test()`` does not give the exception to the callback of a task.
if AIRFLOW_VERSION in SpecifierSet(">=3,<3.3"):
    EXPECTED["task_fails_for_good"] = ("FAILED", "AirflowTaskFailed")
    EXPECTED["task_fails_without_text"] = ("FAILED", "AirflowTaskFailed")

RUN = """
import json, sys, traceback
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
for dag_id, conf in json.loads(sys.stdin.read()).items():
    try:
        bag.dags[dag_id].test(run_conf=conf)
    except Exception:
        traceback.print_exc()  # Airflow 2 raises the exception of a task again
"""


@pytest.fixture(scope="module")
def handed(airflow_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Handed]]:
    """Run each DAG for a task of its own; return the tasks by DAG id. A failed test shows the output of the runs."""
    folder = tmp_path_factory.mktemp("dags")
    (folder / "dags.py").write_text(DAGS, encoding="utf-8")
    with EmulatorServer() as server:
        account = Account(server)
        tasks = {dag_id: account.hand_out(precondition=dag_id.count("false") > 0) for dag_id in EXPECTED}
        environment = os.environ | {
            "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
            "AIRFLOW_CONN_AWS_DEFAULT": connection(server.url),
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(folder / "dags.py")],
            input=json.dumps({dag_id: task.conf for dag_id, task in tasks.items()}),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        print(done.stdout, done.stderr)
        assert done.returncode == 0
        yield tasks


@pytest.mark.parametrize("dag_id", EXPECTED)
def test_the_report(handed: dict[str, Handed], dag_id: str) -> None:
    attempt = handed[dag_id].attempt

    error_class = (attempt.error_id or "").rpartition(".")[2] or None
    assert (attempt.reported_status, error_class) == EXPECTED[dag_id]
    assert len(handed[dag_id].reports) == 1


@pytest.mark.parametrize("dag_id", [dag_id for dag_id in EXPECTED if dag_id.endswith("fails_without_text")])
def test_no_text_of_an_exception_leaves(handed: dict[str, Handed], dag_id: str) -> None:
    """The parameter alone prevents it: the deployment's option lets the stored error have its text."""
    (report,) = handed[dag_id].reports
    attempt = handed[dag_id].attempt

    assert "no rows" not in str(report)
    if attempt.error_id == "ValueError":
        assert "ValueError at dags.py:" in (attempt.error_message or "")
        assert ", in fail\nValueError" in (attempt.error_stack_trace or "")
