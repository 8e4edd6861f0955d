"""The deployment, on which other tests rely, works on every supported version of Airflow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.harness import Deployment, DeploymentError, guard
from tests.support.harness.settings import AIRFLOW_VERSION, IS_AIRFLOW_3, LAYOUT, REPOSITORY
from tests.support.harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.long

DAG_FILE = '''
"""One task, which does what the run's conf says."""

import time

from airflow_provider_datapipeline._airflow.names import DAG
from airflow.providers.standard.operators.python import PythonOperator


def obey(dag_run):
    if "message" in dag_run.conf:
        raise ValueError(dag_run.conf["message"])
    time.sleep(dag_run.conf.get("seconds", 0))
    return {"seen": dag_run.conf}


with DAG("obedient", schedule=None):
    PythonOperator(task_id="obey", python_callable=obey)
'''
if not IS_AIRFLOW_3:
    DAG_FILE = DAG_FILE.replace("airflow.providers.standard.operators.python", "airflow.operators.python")

# A process in a session of its own, with a child in another session. SIGKILL of the process would orphan the child.
GUARDED = """
import os, signal, subprocess, sys
from tests.support.harness.processes import Guard
sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
parent = [sys.executable, "-c", f"import subprocess; subprocess.run({sleeper!r}, start_new_session=True)"]
process = subprocess.Popen(parent, start_new_session=True)
Guard().watch(process.pid)
print(process.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(tmp_path_factory.mktemp("airflow"), {"AIRFLOW_CONN_EXAMPLE": "aws://"}) as running:
        running.add_dag_file("obedient.py", DAG_FILE)
        sessions = [running.component(name).pid for name in LAYOUT.components]
        yield running
    assert [pid for session in sessions for pid in guard.members(session)] == []


def test_a_run_succeeds(deployment: Deployment) -> None:
    """The task sees the conf, and its return value can be read."""
    run_id = deployment.trigger("obedient", conf={"answer": 42})

    assert deployment.wait_for_run("obedient", run_id) == "success"
    assert deployment.xcom("obedient", run_id, "obey") == {"seen": {"answer": 42}}
    assert deployment.xcom("obedient", run_id, "obey", "other") is None


def test_a_run_fails(deployment: Deployment) -> None:
    """The task's log says why. After a clear, the task fails again in its second try."""
    run_id = deployment.trigger("obedient", run_id="to-fail", conf={"message": "on purpose"})

    assert deployment.wait_for_run("obedient", run_id) == "failed"
    assert "on purpose" in deployment.logs.of_task("obedient", run_id, "obey")

    deployment.clear("obedient", run_id)
    instance = deployment.wait_for_task("obedient", run_id, "obey", try_number=2)

    assert (instance["state"], instance["try_number"]) == ("failed", 2)


def test_the_states_of_a_run_and_of_a_task_can_be_set(deployment: Deployment) -> None:
    marked_run = deployment.trigger("obedient", conf={"seconds": 60})
    marked_task = deployment.trigger("obedient", conf={"seconds": 60})
    deployment.task_process("obedient", marked_run, "obey")
    deployment.task_process("obedient", marked_task, "obey")

    deployment.set_run_state("obedient", marked_run, "failed")
    deployment.set_task_state("obedient", marked_task, "obey", "success")

    assert deployment.wait_for_run("obedient", marked_run) == "failed"
    assert deployment.wait_for_run("obedient", marked_task) == "success"


def test_a_task_can_be_killed(deployment: Deployment) -> None:
    """The process that runs the user's code ends, and Airflow sees the task fail."""
    run_id = deployment.trigger("obedient", conf={"seconds": 60})
    process = deployment.task_process("obedient", run_id, "obey")

    process.kill()

    assert deployment.wait_for_run("obedient", run_id) == "failed"
    assert not guard.runs(process.pid)
    assert guard.runs(process.supervisor_pid) or not IS_AIRFLOW_3


def test_a_component_can_be_killed_and_restarted(deployment: Deployment) -> None:
    """Without its HTTP server the deployment does not answer. After a restart it does, and runs end again."""
    server = deployment.component(next(iter(LAYOUT.components)))
    server.kill()

    assert server.exit_status == -signal.SIGKILL
    with pytest.raises(DeploymentError, match=r"ended with status -9"):
        deployment.wait_until_healthy(timeout=5)

    server.restart()
    deployment.wait_until_healthy()
    run_id = deployment.trigger("obedient")

    assert deployment.wait_for_run("obedient", run_id) == "success"


def test_a_dag_file_that_breaks_is_told(deployment: Deployment) -> None:
    """The error of a wait contains the reason, and the condition that did not come true."""
    deployment.add_dag_file("broken.py", "from airflow import DAG\nraise RuntimeError('out of order')\n")
    wait_until(lambda: deployment.import_errors() or None, "an import error", timeout=30)

    with pytest.raises(
        DeploymentError, match=r"waited 0.5 s for the DAG broken\n(.|\n)*out of order(.|\n)*scheduler.log"
    ):
        deployment.wait_for_dag("broken", timeout=0.5)


def test_the_command_line_runs_in_the_deployment(deployment: Deployment) -> None:
    """A command has the deployment's configuration and connections. A failed command raises an error."""
    assert deployment.cli("version").strip() == AIRFLOW_VERSION
    assert "obedient" in deployment.cli("dags", "list")
    with pytest.raises(DeploymentError, match="airflow dags no-such-command: status 2"):
        deployment.cli("dags", "no-such-command")


def test_no_process_survives_the_one_that_started_it() -> None:
    """No process survives even if SIGKILL ends its starter, and even if it is in another session."""
    starter = subprocess.Popen(
        [sys.executable, "-c", GUARDED], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with starter:
        assert starter.stdout is not None
        session = int(starter.stdout.readline())
        pids = wait_until(lambda: _at_least_two(guard.members(session)), "the child to start", timeout=10)

        os.kill(starter.pid, signal.SIGKILL)

    wait_until(lambda: True if not any(map(guard.runs, pids)) else None, "both to be gone", timeout=15)


def _at_least_two(pids: list[int]) -> list[int] | None:
    return pids if len(pids) >= 2 else None
