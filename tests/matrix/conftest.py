"""One Airflow of the cell, with the DAGs of both halves of the package, and one emulated AWS account."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import fixtures
from tests.support.account import Account
from tests.support.harness.settings import IS_AIRFLOW_3, REPOSITORY
from tests.support.task_runner import own_postgresql, prepare_airflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.emulator import EmulatorServer
    from tests.support.harness import Deployment

_HERE = Path(__file__).parent

server = fixtures.server
submissions = fixtures.submissions


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.matrix)


@pytest.fixture(scope="session")
def deployment(server: EmulatorServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """An Airflow that has loaded the probe as well as the package's plugin."""
    tests = REPOSITORY / "tests"
    folders = [tests / "integration" / "reporting" / "dags"]
    if IS_AIRFLOW_3:
        folders += [tests / "integration" / "task_runner" / "dags", _HERE / "dags"]
    running = prepare_airflow(tmp_path_factory.mktemp("airflow"), server, dag_folders=folders)
    (running.home / "plugins").mkdir()
    (running.home / "plugins" / "probe.py").write_text((_HERE / "probe.py").read_text())
    # On SQLite, Airflow 3.0 itself sometimes fails a task, and records its start and its end at the same time.
    database = own_postgresql(running, running.home / "logs" / "servers") if IS_AIRFLOW_3 else nullcontext()
    with database, running:
        yield running


@pytest.fixture
def account(server: EmulatorServer) -> Account:
    """Hands out tasks to DAGs that report by themselves."""
    return Account(server)
