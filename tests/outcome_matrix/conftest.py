"""Airflow deployments with a task runner and the targets of every channel, and the account that they work for."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.emulator import EmulatorServer
from tests.outcome_matrix.dag_files import write_dag_files, write_preload_plugin
from tests.outcome_matrix.records import DATABASE
from tests.support.harness.settings import IS_AIRFLOW_3
from tests.support.task_runner import EMULATOR_SETTINGS, own_postgresql, prepare_airflow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tests.outcome_matrix.channels import Channel
    from tests.outcome_matrix.checks import Deploy
    from tests.support.harness import Deployment

FOLDER = Path(__file__).parent
TESTS_ON_AIRFLOW = {"test_scenarios.py", "test_breakdowns.py"}

# A callback can come while the dag-processor reads its DAG file for another callback. It then waits until the file is
# parsed again. With this interval that happens while the suite still waits for the scenario.
MIN_FILE_PROCESS_INTERVAL = "300"

SETTINGS = {
    "AIRFLOW__API__MAXIMUM_PAGE_LIMIT": "1000",
    "AIRFLOW__CORE__PARALLELISM": "48",  # many tasks run until an action ends them
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": MIN_FILE_PROCESS_INTERVAL,
    "AIRFLOW__CORE__TASK_SUCCESS_OVERTIME": "20",
    # As by default, this is later than the end of a task whose callbacks were too slow: 10 s after the overtime.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "40",
    # Not shorter: Airflow's scheduler fails a task, by mistake, that comes back before it has processed the task's
    # first end.
    "AIRFLOW__WORKERS__MISSING_DAG_RETRY_DELAY": "10",
    "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "150",
    # Airflow 3.0 takes a file for parsed when a callback ran with it. The DAGs of the file are then older than that,
    # and with a shorter threshold Airflow 3.0 would remove them.
    "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "3600",
}

# Settings that have other names on Airflow 2.
SETTINGS_OF_AIRFLOW_2 = {
    "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": MIN_FILE_PROCESS_INTERVAL,
    "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "40",
    "AIRFLOW__SCHEDULER__STALE_DAG_THRESHOLD": "3600",
    "AIRFLOW__CORE__DAG_FILE_PROCESSOR_TIMEOUT": "150",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    own = [item for item in items if item.path.parent == FOLDER and item.path.name in TESTS_ON_AIRFLOW]
    for item in own:
        item.add_marker(pytest.mark.integration)
    # On Airflow 2 there is no task runner, so that all these tests are marked `every_way`. They run there only when
    # this folder is named on the command line.
    if not IS_AIRFLOW_3 and not any(Path(argument) == FOLDER for argument in config.args):
        items[:] = [item for item in items if item not in own]


@pytest.fixture(scope="session")
def server() -> Iterator[EmulatorServer]:
    """The emulator."""
    # By default the service, too, ends an attempt at its attemptTimeout, at the same moment as the task runner.
    with EmulatorServer(replace(EMULATOR_SETTINGS, attempt_timeout="runner")) as running:
        yield running


@pytest.fixture(scope="session")
def deploy(server: EmulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Deploy:
    """A context manager that runs an Airflow with the targets of some channels."""

    @contextmanager
    def run(channels: Collection[Channel], *, bounded: bool = False) -> Iterator[Deployment]:
        settings = SETTINGS if IS_AIRFLOW_3 else SETTINGS | SETTINGS_OF_AIRFLOW_2
        airflow = prepare_airflow(tmp_path_factory.mktemp("airflow"), server, settings)
        write_preload_plugin(airflow)
        write_dag_files(airflow, channels, bounded=bounded)
        logs = tmp_path_factory.mktemp("servers")
        database = nullcontext() if DATABASE == "SQLite" else own_postgresql(airflow, logs)
        with database, airflow:
            yield airflow

    return run
