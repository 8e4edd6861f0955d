"""One distributed Airflow with a task runner, one emulated AWS account, and the table of results."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings
from tests.chaos import servers as installed
from tests.chaos.batch import FEW, MIX, Batch
from tests.chaos.cluster import Cluster
from tests.chaos.servers import Servers
from tests.chaos.table import Rows, plain
from tests.support.account import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE = Path(__file__).parent

# Polls return after 10 s, so that a poll that a killed triggerer has left open ends soon. All else is as on the real
# service, for example the 2 minutes in which a task has to be acknowledged.
EMULATOR_SETTINGS = EmulatorSettings(long_poll_seconds=10)
_ROWS = pytest.StashKey[Rows]()
SECRET = "correct-horse-battery-staple"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults-rows", type=Path, help="keep the rows of the table in this file, as JSON")
    parser.addoption("--faults-seed", default="1", help="decides order, victims and moments (default: 1)")
    parser.addoption("--faults-few", action="store_true", help="have fewer tasks in flight")
    parser.addoption("--faults-patience", type=float, default=420, help="seconds after which a task counts as lost")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmulatorServer]:
    """The emulator that the task runner polls."""
    with EmulatorServer(EMULATOR_SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the target DAGs write down what they do."""
    return tmp_path_factory.mktemp("journal")


@pytest.fixture(scope="session")
def cluster(emulator: EmulatorServer, journal: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Airflow, with the DAGs of this folder."""
    if lacking := installed.missing():
        pytest.fail(lacking, pytrace=False)
    home = tmp_path_factory.mktemp("airflow")
    variables = {
        "FAULTS_JOURNAL": str(journal),
        "FAULTS_SECRET": SECRET,
    }
    with Servers(home / "logs" / "components") as servers:
        running = Cluster(home, servers, variables)
        running.dags_folder.mkdir()
        running.add_dag_files(_HERE / "dags")
        with running:
            running.wait_until_whole()
            yield running


class Access:
    """The task runner's temporary credentials, in an Airflow connection that the database stores."""

    def __init__(self, cluster: Cluster, emulator: EmulatorServer) -> None:
        self._cluster = cluster
        self._emulator = emulator
        self._numbers = itertools.count(1)
        self._key = ""
        self.renew()

    def expire(self) -> None:
        """Let the present credentials expire."""
        self._emulator.credentials.expire(self._key)

    def renew(self) -> None:
        """Give the connection new credentials."""
        self._key, secret, token = f"ASIAFAULTS{next(self._numbers):06}", "secret", "session-token"
        self._emulator.credentials.add(self._key, secret, session_token=token)
        extra = {"region_name": REGION, "endpoint_url": self._emulator.url, "aws_session_token": token}
        self._cluster.set_connection("aws_default", "aws", login=self._key, password=secret, extra=json.dumps(extra))


@pytest.fixture(scope="session")
def access(cluster: Cluster, emulator: EmulatorServer) -> Access:
    """The access of the task runner to the service."""
    return Access(cluster, emulator)


@dataclass(frozen=True)
class Scene:
    """Everything that a fault acts on."""

    cluster: Cluster
    emulator: EmulatorServer
    access: Access
    batch: Batch
    rng: Random


@pytest.fixture(scope="session")
def rows(request: pytest.FixtureRequest) -> Rows:
    """The table to which each fault adds a row."""
    return _rows_of(request.config)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if table := _rows_of(config).rows:
        terminalreporter.section("faults")
        terminalreporter.write_line(plain(table))


def _rows_of(config: pytest.Config) -> Rows:
    fresh = Rows(config.getoption("--faults-seed"), config.getoption("--faults-rows"))
    return config.stash.setdefault(_ROWS, fresh)


@pytest.fixture
def scene(
    request: pytest.FixtureRequest, cluster: Cluster, emulator: EmulatorServer, access: Access, journal: Path
) -> Iterator[Scene]:
    """A healthy cluster, and a service without faults before and after the test."""
    cluster.wait_until_whole()
    seed = request.config.getoption("--faults-seed")
    rng = Random(f"{request.node.name} {seed}")
    patience = request.config.getoption("--faults-patience")
    mix = FEW if request.config.getoption("--faults-few") else MIX
    batch = Batch(cluster, emulator, journal, SECRET, patience=patience, mix=mix)
    yield Scene(cluster, emulator, access, batch, rng)
    emulator.service.faults.clear()
    emulator.service.settings = EMULATOR_SETTINGS
