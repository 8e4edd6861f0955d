"""
Nothing of the machine reaches a test, and no test reaches out: an Airflow home of its own, no credentials, no network
beyond the loopback interface.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

# Airflow reads its configuration when it is imported, which test modules do: too early for a fixture.
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


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """An empty metadata database, for tests that run a DAG in their own process (``dag.test()``)."""
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
