"""An Airflow whose settings work against the task runner, as many of them as one deployment can have at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import fixtures
from tests.support.harness.settings import IS_AIRFLOW_3
from tests.support.task_runner import prepare_airflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.emulator import EmulatorServer
    from tests.support.harness import Deployment

# The task runner needs Airflow 3.
collect_ignore_glob = [] if IS_AIRFLOW_3 else ["test_*.py"]

server = fixtures.server
submissions = fixtures.submissions

SETTINGS = {
    "AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT": "1",
    "AIRFLOW__CORE__DEFAULT_TASK_EXECUTION_TIMEOUT": "8",
    "AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "2",
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "300",
    "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG": "1",
    "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "1",
    "AIRFLOW__CORE__MAX_CONSECUTIVE_FAILED_DAG_RUNS_PER_DAG": "2",
    # Airflow's default. A worker sends no heartbeats while Airflow's client repeats a failed request, which takes some
    # twenty seconds. Before 3.3 the client repeats refused requests, too.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "300",
    "AIRFLOW__SCHEDULER__ALLOWED_RUN_ID_PATTERN": "^(?!.*Forbidden)[A-Za-z0-9_.~:+-]+$",
    "AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT": "True",
}

POLICIES = '''
from datetime import timedelta


def task_policy(task):
    """Give every task retries, although the task runner's own tasks are meant to have none."""
    task.retries = max(task.retries or 0, 1)
    task.retry_delay = timedelta(seconds=1)
'''


@pytest.fixture(scope="session")
def deployment(server: EmulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """An Airflow with these settings and this policy, and with the DAGs of this folder."""
    dags = Path(__file__).parent / "dags"
    running = prepare_airflow(tmp_path_factory.mktemp("airflow"), server, SETTINGS, dag_folders=[dags])
    config = running.home / "config"
    config.mkdir()
    (config / "airflow_local_settings.py").write_text(POLICIES)
    with running:
        yield running
