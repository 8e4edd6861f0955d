"""An Airflow whose settings are against the task runner, as far as one deployment can have them all at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.emulator import EmulatorServer
from tests.integration.task_runner.conftest import EMULATOR_SETTINGS
from tests.support.account import connection
from tests.support.harness import Deployment
from tests.support.harness.settings import IS_AIRFLOW_3
from tests.support.submissions import Submissions

if TYPE_CHECKING:
    from collections.abc import Iterator

# The task runner needs Airflow 3.
collect_ignore_glob = [] if IS_AIRFLOW_3 else ["test_*.py"]

SETTINGS = {
    "AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT": "1",
    "AIRFLOW__CORE__DEFAULT_TASK_EXECUTION_TIMEOUT": "8",
    "AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "2",
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "300",
    "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG": "1",
    "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "1",
    "AIRFLOW__CORE__MAX_CONSECUTIVE_FAILED_DAG_RUNS_PER_DAG": "2",
    # The default. A worker sends no heartbeats while Airflow's client repeats a request that fails, for some twenty
    # seconds; before 3.3 those that are refused are among these.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "300",
    "AIRFLOW__SCHEDULER__ALLOWED_RUN_ID_PATTERN": "^(?!.*Forbidden)[A-Za-z0-9_.~:+-]+$",
    "AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT": "True",
    "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True",  # the poller runs by itself
}

POLICIES = '''
from datetime import timedelta


def task_policy(task):
    """Give every task retries, which those of a trigger are not meant to have."""
    task.retries = max(task.retries or 0, 1)
    task.retry_delay = timedelta(seconds=1)
'''


@pytest.fixture(scope="session")
def server() -> Iterator[EmulatorServer]:
    """The emulator."""
    with EmulatorServer(EMULATOR_SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def deployment(server: EmulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """An Airflow with the DAGs of this folder."""
    running = Deployment(
        tmp_path_factory.mktemp("airflow"), {"AIRFLOW_CONN_AWS_DEFAULT": connection(server.url), **SETTINGS}
    )
    host, port = running.address.removeprefix("http://").split(":")
    running.environment["AIRFLOW_CONN_AIRFLOW_API"] = json.dumps({"conn_type": "http", "host": host, "port": int(port)})
    config = running.home / "config"
    config.mkdir()
    (config / "airflow_local_settings.py").write_text(POLICIES)
    running.dags_folder.mkdir()
    running.add_dag_files(Path(__file__).parent / "dags")
    with running:
        yield running


@pytest.fixture
def submissions(server: EmulatorServer) -> Submissions:
    """Hands tasks to the task runner."""
    return Submissions(server)
