"""The settings of a deployment, and its processes and REST paths, as they differ between Airflow 2 and 3."""

from __future__ import annotations

import base64
import contextlib
import os
import random
import secrets
import socket
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = Path(__file__).parents[3]
AIRFLOW_VERSION = version("apache-airflow")
IS_AIRFLOW_3 = int(AIRFLOW_VERSION.partition(".")[0]) >= 3

# Prefixes of the calling process's variables that would change the deployment.
_NOT_INHERITED = (
    "AIRFLOW",
    "_AIRFLOW",
    "AWS_",
    "PYTHON",
    "PYTEST",
    "COVERAGE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
)


@dataclass(frozen=True)
class Layout:
    """The commands and the addresses of this version of Airflow."""

    components: Mapping[str, list[str]]
    """The arguments of ``airflow`` for each component, by its name."""
    health_path: str
    api_path: str
    log_folder_of_dag_files: str
    """The folder in ``logs`` with the logs of parsing DAG files and of callbacks on DAGs."""


LAYOUT = (
    Layout(
        components={
            # Two processes, since on SQLite a single one can wait for itself: the event loop writes the audit log of a
            # PATCH request. While it waits for the lock of the database, no request of a task can commit, and so
            # release the lock.
            "api-server": ["api-server", "--apps", "core"],
            "execution-api": ["api-server", "--apps", "execution", "--port", "{execution_port}"],
            "scheduler": ["scheduler", "--skip-serve-logs"],
            "dag-processor": ["dag-processor"],
            "triggerer": ["triggerer", "--skip-serve-logs"],
        },
        health_path="/api/v2/monitor/health",
        api_path="/api/v2",
        log_folder_of_dag_files="dag_processor",
    )
    if IS_AIRFLOW_3
    else Layout(
        components={
            "webserver": ["webserver"],
            "scheduler": ["scheduler", "--skip-serve-logs"],
            "triggerer": ["triggerer", "--skip-serve-logs"],
        },
        health_path="/health",
        api_path="/api/v1",
        log_folder_of_dag_files="scheduler",
    )
)


AIRFLOWS_OWN_INTERVALS = {
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "5",
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "5",
    "AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "300",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "10",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "5",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "5",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "300",
    "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "5",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
}
"""Airflow's own intervals, for measurements. Tests have shorter ones."""


def free_port() -> int:
    """
    Return a TCP port of the loopback interface on which no server listens.

    The port is below those that Linux gives to outgoing connections, by default from 32768 on. Otherwise another
    process could get it before the server listens.
    """
    for port in random.sample(range(12000, 32000), 100):
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("none of 100 TCP ports between 12000 and 32000 is free")


def environment(home: Path, port: int, execution_port: int, extra: Mapping[str, str]) -> dict[str, str]:
    """
    Return the whole environment of a deployment.

    :param home: AIRFLOW_HOME
    :param port: the port of the HTTP server
    :param execution_port: the port of the API server that tasks call, on Airflow 3
    :param extra: variables that replace those of the same name
    """
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith(_NOT_INHERITED)}
    return {
        **inherited,
        **_surroundings(home),
        **_settings(home),
        **_settings_of_version(port, execution_port),
        **extra,
    }


def _surroundings(home: Path) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home),
        "HOME": str(home),  # without the credentials of the person who runs the tests
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        # Airflow 2 refuses SQLite with an executor that runs two tasks at once, since locks may last too long. The
        # databases here are small, use write-ahead logging, and wait for a lock.
        "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
    }


def _settings(home: Path) -> dict[str, str]:
    return {
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__CORE__TASK_SUCCESS_OVERTIME": "15",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=30",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
        "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "2",
        "AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "2",
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",  # only tests create runs
        "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    }


def _settings_of_version(port: int, execution_port: int) -> dict[str, str]:
    address = f"http://127.0.0.1:{port}"
    if IS_AIRFLOW_3:
        return {
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": address,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{execution_port}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            # Airflow parses a new or changed file at once; the interval applies to unchanged files.
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "1",
            "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "20",
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "2",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
        }
    return {
        "AIRFLOW__API__AUTH_BACKENDS": "airflow.api.auth.backend.default",
        "AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL": "1",
        "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "20",
        "AIRFLOW__SCHEDULER__PARSING_PROCESSES": "1",  # SQLite allows no more
        "AIRFLOW__SCHEDULER__LOCAL_TASK_JOB_HEARTBEAT_SEC": "2",
        "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "20",
        "AIRFLOW__SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "5",
        "AIRFLOW__WEBSERVER__BASE_URL": address,
        "AIRFLOW__WEBSERVER__SECRET_KEY": secrets.token_urlsafe(32),
        "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
        "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(port),
        "AIRFLOW__WEBSERVER__WORKERS": "1",
    }
