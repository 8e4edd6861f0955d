"""One Airflow with a task runner, and one emulated AWS account that it polls."""

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
    from tests.support.harness.statsd import StatsDServer

# The task runner needs Airflow 3.
collect_ignore_glob = [] if IS_AIRFLOW_3 else ["test_*.py"]

server = fixtures.server
metrics = fixtures.metrics
submissions = fixtures.submissions


@pytest.fixture(scope="session")
def deployment(
    server: EmulatorServer, metrics: StatsDServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """An Airflow with the DAGs of this folder, which sends its metrics to ``metrics``."""
    home = tmp_path_factory.mktemp("airflow")
    dags = Path(__file__).parent / "dags"
    with prepare_airflow(home, server, metrics.variables, dag_folders=[dags]) as running:
        yield running
