"""A real Airflow with a task runner, and the emulated service that it polls, as several suites start them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.emulator import EmulatorSettings
from tests.support.account import connection
from tests.support.harness import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from airflow_provider_datapipeline.emulator import EmulatorServer

# Idle polls return after 5 s, so that a poller soon notices a changed switch or a pause of its DAG. A repeated attempt
# is due at once; the service waits for two minutes at least.
EMULATOR_SETTINGS = EmulatorSettings(long_poll_seconds=5, retry_delay_minimum_seconds=0, retry_delay_default_seconds=0)

# Tests create the runs of all DAGs by default. The poller's DAG runs by its own schedule.
POLLER_RUNS_BY_ITSELF = {"AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True"}


def prepare_airflow(
    home: Path,
    server: EmulatorServer,
    variables: Mapping[str, str] | None = None,
    *,
    dag_folders: Iterable[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Deployment:
    """
    Return an Airflow that has not been started yet; the caller enters it.

    Its connection ``aws_default`` leads to the emulator, ``airflow_api`` to its own API server.

    :param home: AIRFLOW_HOME; an empty folder, or one that does not exist yet
    :param variables: additional environment variables, which take precedence
    :param dag_folders: folders whose DAG files exist before Airflow parses for the first time
    :param progress: is called with a sentence for each step of the start
    """
    own = {"AIRFLOW_CONN_AWS_DEFAULT": connection(server.url), **POLLER_RUNS_BY_ITSELF}
    deployment = Deployment(home, own | dict(variables or {}), progress=progress)
    deployment.connect_to_own_api("airflow_api")
    deployment.dags_folder.mkdir(parents=True)
    for folder in dag_folders:
        deployment.add_dag_files(folder)
    return deployment


@contextmanager
def own_postgresql(deployment: Deployment, logs: Path) -> Iterator[None]:
    """
    Run a PostgreSQL server for a deployment that has not been started yet.

    :param logs: folder for the output of the server
    """
    from tests.support.harness.postgresql import PostgreSQL  # needs psycopg2, which not every environment has

    with PostgreSQL(logs) as database:
        deployment.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = database.url
        yield


@contextmanager
def reset_around(server: EmulatorServer, settings: EmulatorSettings) -> Iterator[None]:
    """Set the emulator's switches to these and remove its planned faults, before and after a test."""
    server.service.settings = settings
    server.service.faults.clear()
    try:
        yield
    finally:
        server.service.settings = settings
        server.service.faults.clear()
