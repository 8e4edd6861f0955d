"""One Airflow and one emulated AWS account for all tests of the callbacks and of the operator."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings
from tests.support import fixtures
from tests.support.account import Account, connection
from tests.support.harness import Deployment
from tests.support.task_runner import reset_around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.harness.statsd import StatsDServer

metrics = fixtures.metrics


@pytest.fixture(scope="session")
def server() -> Iterator[EmulatorServer]:
    """The emulator. Its settings have their defaults at the start of each test that uses ``account``."""
    with EmulatorServer() as running:
        yield running


@pytest.fixture(scope="session")
def accounts_by_repeated_status() -> Iterator[dict[str, Account]]:
    """One account for each answer that the service may give to a report that it has already accepted."""
    with ExitStack() as stack:
        yield {
            answer: Account(stack.enter_context(EmulatorServer(EmulatorSettings(repeated_status=answer))))
            for answer in ("accept", "task_not_found", "invalid_request")
        }


@pytest.fixture(scope="session")
def silent_url() -> Iterator[str]:
    """The address of a server that accepts every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(scope="session")
def deployment(
    server: EmulatorServer,
    silent_url: str,
    metrics: StatsDServer,
    accounts_by_repeated_status: dict[str, Account],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployment]:
    """An Airflow with the DAGs of this folder."""
    home = tmp_path_factory.mktemp("airflow")
    connections = {
        "AIRFLOW_CONN_AWS_DEFAULT": connection(server.url),
        "AIRFLOW_CONN_SILENT": connection(silent_url),
    }
    for answer, account in accounts_by_repeated_status.items():
        connections[f"AIRFLOW_CONN_{answer.upper()}"] = connection(account.server.url)
    running = Deployment(home, {**connections, **metrics.variables})
    running.dags_folder.mkdir()
    running.add_dag_files(Path(__file__).parent / "dags")
    with running:
        yield running


@pytest.fixture
def account(server: EmulatorServer) -> Iterator[Account]:
    """The caller's side of the emulator. Each test finds the emulator's settings at their defaults."""
    with reset_around(server, EmulatorSettings()):
        yield Account(server)
