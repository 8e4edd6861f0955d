"""Fixtures that several suites have in common. The ``conftest.py`` of each suite imports those that it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.emulator import EmulatorServer
from tests.support.harness.statsd import StatsDServer
from tests.support.submissions import Submissions
from tests.support.task_runner import EMULATOR_SETTINGS, reset_around

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def server() -> Iterator[EmulatorServer]:
    """The emulator that the task runner polls."""
    with EmulatorServer(EMULATOR_SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def metrics() -> Iterator[StatsDServer]:
    """The server that receives the deployment's metrics."""
    with StatsDServer() as running:
        yield running


@pytest.fixture
def submissions(server: EmulatorServer) -> Iterator[Submissions]:
    """Starts pipelines whose tasks the task runner polls. Each test finds the emulator's switches as they were."""
    with reset_around(server, EMULATOR_SETTINGS):
        yield Submissions(server)
