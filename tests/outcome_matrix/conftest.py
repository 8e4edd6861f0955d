"""Airflow deployments with a task runner and the targets of every way, and the account that they work for."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings
from tests.outcome_matrix.records import DATABASE
from tests.support.account import connection
from tests.support.harness import Deployment
from tests.support.harness.settings import IS_AIRFLOW_3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.outcome_matrix.channels import Way

FOLDER = Path(__file__).parent
REAL = {"test_situations.py", "test_breakdowns.py"}
OWN_FILES = ("missing_at_start", "breaks")

# Shorter than a situation is waited for: a callback that comes while its file is being read for another one waits
# until the file is read again.
FILE_SECONDS = "300"

# What later versions have by other names.
OF_AIRFLOW_2 = {
    "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": FILE_SECONDS,
    "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "40",
    "AIRFLOW__SCHEDULER__STALE_DAG_THRESHOLD": "3600",
    "AIRFLOW__CORE__DAG_FILE_PROCESSOR_TIMEOUT": "150",
}

EMULATOR_SETTINGS = EmulatorSettings(
    long_poll_seconds=5,
    retry_delay_minimum_seconds=0,
    retry_delay_default_seconds=0,
    attempt_timeout="runner",  # the service would end the attempt at the same moment
)

TARGETS = """# Airflow DAGs
import tests.outcome_matrix.targets
from tests.outcome_matrix.authoring import dags_of
from tests.outcome_matrix.channels import Way
globals().update(dags_of(Way({way!r}), without={without!r}))
"""

# In the task's process, where the one DAG that is wanted is known, it is not there at first.
MISSING_AT_START = """# Airflow DAGs
from pathlib import Path
import tests.outcome_matrix.targets
from tests.outcome_matrix.authoring import dags_of
from tests.outcome_matrix.names import get_parsing_context
from tests.outcome_matrix.channels import Way
been_here = Path(__file__).with_suffix(".been_here")
if get_parsing_context().dag_id is None or been_here.exists():
    globals().update(dags_of(Way({way!r}), only=["missing_at_start"]))
else:
    been_here.touch()
"""

BREAKS = """# Airflow DAGs
import tests.outcome_matrix.targets
from tests.outcome_matrix.authoring import dags_of
from tests.outcome_matrix.channels import Way
globals().update(dags_of(Way({way!r}), only=["breaks"]))
"""

CHILD = """# Airflow DAGs
from tests.outcome_matrix.names import DAG, task
from tests.outcome_matrix.targets import divide
with DAG("child_that_fails", schedule=None, max_active_runs=100):
    task(task_id="work")(divide)()
"""

# What tasks and callbacks would import, each in a process of its own; these are forked from the scheduler and from the
# dag-processor, which load plugins.
PRELOAD = """
import functools
import airflow_provider_datapipeline.delivery.sender
import airflow_provider_datapipeline.hooks.datapipeline
import boto3
from botocore.loaders import JSONFileLoader
import tests.outcome_matrix.targets

read = JSONFileLoader.load_file
load = functools.cache(lambda path: read(JSONFileLoader(), path))
JSONFileLoader.load_file = lambda _, path: load(path)
boto3.client("datapipeline", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
"""

RUNNERS = """# Airflow DAGs
from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner
poller, runner = data_pipeline_task_runner(worker_group="airflow", airflow_conn_id="airflow_api", heartbeat=2)
"""

BOUNDED = """
bounded_poller, bounded = data_pipeline_task_runner(
    worker_group="bounded", airflow_conn_id="airflow_api", heartbeat=2, run_timeout=45
)
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    own = [item for item in items if item.path.parent == FOLDER and item.path.name in REAL]
    for item in own:
        item.add_marker(pytest.mark.integration)
    # Among the other tests on a real Airflow 2 there is no room for these, which all are of `every_way`.
    if not IS_AIRFLOW_3 and not any(Path(argument) == FOLDER for argument in config.args):
        items[:] = [item for item in items if item not in own]


@pytest.fixture(scope="session")
def server() -> Iterator[EmulatorServer]:
    """The emulator."""
    with EmulatorServer(EMULATOR_SETTINGS) as running:
        yield running


@contextmanager
def database_of(deployment: Deployment, logs: Path) -> Iterator[None]:
    """Give the deployment a PostgreSQL of its own, where its database is not to be SQLite."""
    if DATABASE == "SQLite":
        yield
        return
    from tests.support.harness.postgresql import PostgreSQL

    with PostgreSQL(logs) as database:
        deployment.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = database.url
        yield


@pytest.fixture(scope="session")
def deploy(
    server: EmulatorServer, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., AbstractContextManager[Deployment]]:
    """A context manager that runs an Airflow with the targets of these ways."""

    @contextmanager
    def run(ways: set[Way], *, bounded: bool = False) -> Iterator[Deployment]:
        variables = {
            "AIRFLOW_CONN_AWS_DEFAULT": connection(server.url),
            "AIRFLOW__API__MAXIMUM_PAGE_LIMIT": "1000",
            "AIRFLOW__CORE__PARALLELISM": "48",  # many tasks wait to be hurt
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": FILE_SECONDS,
            "AIRFLOW__CORE__TASK_SUCCESS_OVERTIME": "20",
            # As by default, later than the end of a task whose callbacks were too slow: 10 s after the overtime.
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "40",
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True",  # the poller runs by itself
            # Not soon: Airflow's scheduler fails a task, by mistake, that comes back before its first leg is done with.
            "AIRFLOW__WORKERS__MISSING_DAG_RETRY_DELAY": "10",
            "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "150",
            # To Airflow 3.0 a file was parsed when a callback has run with it, and its DAGs, older then, are gone.
            "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "3600",
        }
        if not IS_AIRFLOW_3:
            variables |= OF_AIRFLOW_2
        running = Deployment(tmp_path_factory.mktemp("airflow"), variables)
        host, port = running.address.removeprefix("http://").split(":")
        running.environment["AIRFLOW_CONN_AIRFLOW_API"] = json.dumps(
            {"conn_type": "http", "host": host, "port": int(port)}
        )
        running.dags_folder.mkdir()
        (running.home / "plugins").mkdir()
        (running.home / "plugins" / "preload.py").write_text(PRELOAD)
        if IS_AIRFLOW_3:
            running.add_dag_file("runners.py", RUNNERS + (BOUNDED if bounded else ""))
        running.add_dag_file("child.py", CHILD)
        for way in sorted(ways):
            running.add_dag_file(f"targets_{way}.py", TARGETS.format(way=str(way), without=OWN_FILES))
            running.add_dag_file(f"missing_{way}.py", MISSING_AT_START.format(way=str(way)))
            running.add_dag_file(breaking_file(way), BREAKS.format(way=str(way)))
        with database_of(running, tmp_path_factory.mktemp("servers")), running:
            yield running

    return run


def breaking_file(way: Way) -> str:
    return f"breaking_{way}.py"


def selected(request: pytest.FixtureRequest) -> set[tuple[str, Way]]:
    """What the tests of the present module are about that are to run: names of situations, and ways."""
    return {
        (item.callspec.params["situation"].name, item.callspec.params["way"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.node.path and hasattr(item, "callspec")
    }
