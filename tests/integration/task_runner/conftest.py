"""One Airflow with a task runner, and one emulated AWS account that it polls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings
from tests.support.account import connection
from tests.support.harness import Deployment
from tests.support.harness.settings import IS_AIRFLOW_3
from tests.support.harness.statsd import StatsDServer
from tests.support.submissions import Submissions

if TYPE_CHECKING:
    from collections.abc import Iterator

# The task runner needs Airflow 3.
collect_ignore_glob = [] if IS_AIRFLOW_3 else ["test_*.py"]

# Idle polls return soon, so that a changed behaviour is seen, and a pause takes effect, soon.
EMULATOR_SETTINGS = EmulatorSettings(long_poll_seconds=5, retry_delay_minimum_seconds=0, retry_delay_default_seconds=0)


@pytest.fixture(scope="session")
def server() -> Iterator[EmulatorServer]:
    """The emulator."""
    with EmulatorServer(EMULATOR_SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def metrics() -> Iterator[StatsDServer]:
    """Where the deployment sends its metrics."""
    with StatsDServer() as running:
        yield running


@pytest.fixture(scope="session")
def deployment(
    server: EmulatorServer, metrics: StatsDServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """An Airflow with the DAGs of this folder."""
    home = tmp_path_factory.mktemp("airflow")
    variables = {
        "AIRFLOW_CONN_AWS_DEFAULT": connection(server.url),
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True",  # the poller runs by itself
        **metrics.variables,
    }
    running = Deployment(home, variables)
    host, port = running.address.removeprefix("http://").split(":")
    running.environment["AIRFLOW_CONN_AIRFLOW_API"] = json.dumps({"conn_type": "http", "host": host, "port": int(port)})
    running.dags_folder.mkdir()
    running.add_dag_files(Path(__file__).parent / "dags")
    with running:
        yield running


@pytest.fixture
def submissions(server: EmulatorServer) -> Iterator[Submissions]:
    """Hands tasks to the task runner."""
    server.service.settings = EMULATOR_SETTINGS
    server.service.faults.clear()
    yield Submissions(server)
    server.service.settings = EMULATOR_SETTINGS
    server.service.faults.clear()
