"""The DAG files of a deployment: the targets of each channel, and the task runner's own DAGs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.harness.settings import IS_AIRFLOW_3

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.outcome_matrix.channels import Channel
    from tests.support.harness import Deployment

TARGETS_WITH_OWN_FILE = ("missing_at_start", "breaks")

_TARGETS = """# Airflow DAGs
import tests.outcome_matrix.targets
from tests.outcome_matrix.authoring import dags_of
from tests.outcome_matrix.channels import Channel
globals().update(dags_of(Channel({channel!r}), without={without!r}))
"""

# Only the task's own process asks for one DAG. The DAG is missing when such a process reads the file for the first
# time.
_MISSING_AT_START = """# Airflow DAGs
from pathlib import Path
import tests.outcome_matrix.targets
from tests.outcome_matrix.authoring import dags_of
from tests.outcome_matrix.channels import Channel
from tests.outcome_matrix.names import get_parsing_context
been_here = Path(__file__).with_suffix(".been_here")
if get_parsing_context().dag_id is None or been_here.exists():
    globals().update(dags_of(Channel({channel!r}), only=["missing_at_start"]))
else:
    been_here.touch()
"""

_BREAKS = """# Airflow DAGs
import tests.outcome_matrix.targets
from tests.outcome_matrix.authoring import dags_of
from tests.outcome_matrix.channels import Channel
globals().update(dags_of(Channel({channel!r}), only=["breaks"]))
"""

_CHILD = """# Airflow DAGs
from tests.outcome_matrix.names import DAG, task
from tests.outcome_matrix.targets import divide
with DAG("child_that_fails", schedule=None, max_active_runs=100):
    task(task_id="work")(divide)()
"""

_TASK_RUNNER = """# Airflow DAGs
from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner
poller, runner = data_pipeline_task_runner(worker_group="airflow", airflow_conn_id="airflow_api", heartbeat=2)
"""

_BOUNDED_TASK_RUNNER = """
bounded_poller, bounded = data_pipeline_task_runner(
    worker_group="bounded", airflow_conn_id="airflow_api", heartbeat=2, run_timeout=45
)
"""

# Tasks and callbacks would import these modules and models, each in a process of its own. The scheduler and the
# dag-processor load this plugin, and their child processes inherit what it has imported.
_PRELOAD = """
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


def write_dag_files(deployment: Deployment, channels: Iterable[Channel], *, bounded: bool) -> None:
    """
    Give a deployment the targets of these channels and, on Airflow 3, a task runner.

    :param bounded: whether it also gets a task runner with a ``run_timeout``, for the worker group ``bounded``
    """
    if IS_AIRFLOW_3:
        deployment.add_dag_file("runners.py", _TASK_RUNNER + (_BOUNDED_TASK_RUNNER if bounded else ""))
    deployment.add_dag_file("child.py", _CHILD)
    for channel in sorted(channels):
        values = {"channel": str(channel), "without": TARGETS_WITH_OWN_FILE}
        deployment.add_dag_file(targets_file(channel), _TARGETS.format(**values))
        deployment.add_dag_file(f"missing_{channel}.py", _MISSING_AT_START.format(**values))
        deployment.add_dag_file(breaking_file(channel), _BREAKS.format(**values))


def write_preload_plugin(deployment: Deployment) -> None:
    """Let Airflow's long-running processes import once what each of their child processes needs."""
    plugins = deployment.home / "plugins"
    plugins.mkdir()
    (plugins / "preload.py").write_text(_PRELOAD)


def targets_file(channel: Channel) -> str:
    """Return the name of the file that has most targets of a channel."""
    return f"targets_{channel}.py"


def breaking_file(channel: Channel) -> str:
    """Return the name of the file that a breakdown makes unreadable."""
    return f"breaking_{channel}.py"
