"""One Airflow of the cell's, with the DAGs of both halves, and one emulated AWS account."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings
from tests.support.account import Account, connection
from tests.support.harness import Deployment
from tests.support.harness.settings import IS_AIRFLOW_3, REPOSITORY
from tests.support.submissions import Submissions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HERE = Path(__file__).parent

# Idle polls return soon, so that an attempt that is repeated is seen soon.
EMULATOR_SETTINGS = EmulatorSettings(long_poll_seconds=5, retry_delay_minimum_seconds=0, retry_delay_default_seconds=0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.matrix)


@contextmanager
def database(logs: Path) -> Iterator[Mapping[str, str]]:
    """
    Give the settings of a database: a PostgreSQL of our own for Airflow 3, SQLite for Airflow 2.

    On SQLite Airflow 3.0 itself fails tasks now and then, whose start and whose end it records at the same time.
    """
    if not IS_AIRFLOW_3:
        yield {}
        return
    from tests.support.harness.postgresql import PostgreSQL

    with PostgreSQL(logs) as running:
        yield {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": running.url}


@contextmanager
def airflow(home: Path, server: EmulatorServer, variables: Mapping[str, str] | None = None) -> Iterator[Deployment]:
    """Prepare an Airflow whose connections lead to the emulator and to its own API server; the caller starts it."""
    with database(home / "logs" / "servers") as settings:
        running = Deployment(
            home,
            {
                "AIRFLOW_CONN_AWS_DEFAULT": connection(server.url),
                "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True",  # the poller runs by itself
                **settings,
                **(variables or {}),
            },
        )
        host, port = running.address.removeprefix("http://").split(":")
        running.environment["AIRFLOW_CONN_AIRFLOW_API"] = json.dumps(
            {"conn_type": "http", "host": host, "port": int(port)}
        )
        running.dags_folder.mkdir()
        yield running


@pytest.fixture(scope="session")
def server() -> Iterator[EmulatorServer]:
    """The emulator."""
    with EmulatorServer(EMULATOR_SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def deployment(server: EmulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """An Airflow that has loaded the probe beside the package's plugin."""
    with airflow(tmp_path_factory.mktemp("airflow"), server) as running:
        (running.home / "plugins").mkdir()
        (running.home / "plugins" / "probe.py").write_text((_HERE / "probe.py").read_text())
        for half in ("real/reporting", *(("real/task_runner", "matrix") if IS_AIRFLOW_3 else ())):
            running.add_dag_files(REPOSITORY / "tests" / half / "dags")
        with running:
            yield running


@pytest.fixture
def account(server: EmulatorServer) -> Account:
    """Hands out tasks to DAGs that report by themselves."""
    return Account(server)


@pytest.fixture
def submissions(server: EmulatorServer) -> Submissions:
    """Hands tasks to the task runner."""
    return Submissions(server)
