"""
Isolates the tests from the machine: they have an Airflow home of their own, no credentials, and no network beyond the
loopback interface.
"""

from __future__ import annotations

import functools
import importlib
import ipaddress
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings

from airflow_provider_datapipeline.telemetry.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

# The quick profile draws the same examples each time: a change is not red by chance. New ones come with THOROUGH=1.
settings.register_profile(
    "quick", max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=1000, derandomize=False)
settings.load_profile("quick")

# Not in a fixture: Airflow reads its configuration at its import, and test modules import it before any fixture runs.
_HOME = tempfile.TemporaryDirectory(prefix="airflow-home-")
for _name in [name for name in os.environ if name.startswith(("AIRFLOW", "AWS_"))]:
    del os.environ[_name]
os.environ |= {
    "AIRFLOW_HOME": _HOME.name,
    "AIRFLOW__CORE__DAGS_FOLDER": str(Path(_HOME.name) / "dags"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
    "AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY": "True",  # Airflow 2 warns of the other setting, its default
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "*",
}


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        connecting, address = arguments
        host = address[0] if connecting.family in (socket.AF_INET, socket.AF_INET6) else None
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_local(host):
        raise PermissionError(f"a test must not reach the network: {host!r}")


def _is_local(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if not name or name in ("localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback or ipaddress.ip_address(name).is_unspecified
    except ValueError:
        return False


sys.addaudithook(_refuse_network)


@pytest.fixture(scope="session", autouse=True)
def _models_are_read_once() -> Iterator[None]:
    """Cache botocore's models: it parses megabytes of JSON for each client, and most tests make their own client."""
    read = JSONFileLoader.load_file
    load = functools.cache(lambda path: read(JSONFileLoader(), path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: load(path))
        yield


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """An empty metadata database, for tests that run a DAG with ``dag.test()``."""
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)


class SentMetrics:
    """Receives the metrics of this package in place of Airflow's own destination."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.values: list[tuple[str, object, dict[str, str]]] = []

    def incr(self, stat: str, count: int = 1, *_: object, tags: dict[str, str] | None = None) -> None:
        self._keep(stat, count, tags)

    def gauge(self, stat: str, value: float, *_: object, tags: dict[str, str] | None = None) -> None:
        self._keep(stat, value, tags)

    def timing(self, stat: str, dt: object, *, tags: dict[str, str] | None = None) -> None:
        self._keep(stat, dt, tags)

    def _keep(self, name: str, value: object, tags: dict[str, str] | None) -> None:
        if name.startswith("datapipeline"):
            if name in {metric.formerly for metric in METRICS}:
                return  # tests/airflow_adapters/test_metrics.py has these
            assert name in {metric.name for metric in METRICS}
            self.names.append(name.removeprefix("datapipeline."))
            self.values.append((self.names[-1], value, tags or {}))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> SentMetrics:
    """The metrics that the package has sent in this test, by name without the package's prefix."""
    from airflow_provider_datapipeline._airflow.names import COPIES_OF_STATS, Stats

    destination = SentMetrics()
    try:
        stats = importlib.import_module(COPIES_OF_STATS[0])
    except ImportError:  # before Airflow 3.2
        stats = None
    if hasattr(stats, "_factory"):
        monkeypatch.setattr(stats, "_factory", lambda: destination)
        monkeypatch.setattr(stats, "_backend", None)
    else:  # before Airflow 3.3
        for name in ("incr", "gauge", "timing"):
            monkeypatch.setattr(Stats, name, getattr(destination, name), raising=False)
    return destination
