"""The Airflow of the scale benchmark: what runs, with which settings and DAGs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from benchmarks.scale.account import POLLED_GROUP
from tests.support.account import connection
from tests.support.harness import Deployment
from tests.support.harness.postgresql import PostgreSQL
from tests.support.harness.settings import AIRFLOWS_OWN_INTERVALS, LAYOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TARGET_DAG: Final = "held"
RUNNER_DAG: Final = f"datapipeline_{POLLED_GROUP}"
_SPARE: Final = 100
"""Room beside the tasks that are held, in every limit."""

_DAGS: Final = '''
"""The DAGs of the task runner, and a target DAG whose runs do not end by themselves."""

import threading

from airflow.sdk import DAG, task

from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner

poller, runner = data_pipeline_task_runner(worker_group="{group}", max_active_tasks={most})

with DAG("{target}", schedule=None, max_active_runs={most}, max_active_tasks={most}):
    task(task_id="work", pool="held")(lambda: threading.Event().wait())()
'''


@contextlib.contextmanager
def running(
    home: Path, url: str, *, held: int, triggerers: int, tell: Callable[[str], None]
) -> Iterator[tuple[Deployment, PostgreSQL]]:
    """
    Run an Airflow that has room for the tasks, and its database.

    :param url: of the emulated service
    """
    most = held + _SPARE
    with PostgreSQL(home / "logs" / "components") as database:
        variables = {
            **AIRFLOWS_OWN_INTERVALS,
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True",  # the poller runs by itself
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database.url,
            "AIRFLOW__TRIGGERER__CAPACITY": str(most),  # of each, so that one can take over from another
            "AIRFLOW_CONN_AWS_DEFAULT": connection(url),
        }
        deployment = Deployment(home, variables, components=_components(triggerers), progress=tell)
        deployment.dags_folder.mkdir()
        deployment.add_dag_file("dags.py", _DAGS.format(group=POLLED_GROUP, target=TARGET_DAG, most=most))
        with deployment:
            # The copies of its task are running, as Airflow sees it, and must not fill the pool of everybody.
            deployment.cli("pools", "set", "held", str(most), "tasks that do not end")
            deployment.wait_for_dag(TARGET_DAG)
            deployment.wait_for_dag(f"{RUNNER_DAG}_poller")
            yield deployment, database


def _components(triggerers: int) -> dict[str, list[str]]:
    if triggerers == 1:
        return dict(LAYOUT.components)
    others = {name: command for name, command in LAYOUT.components.items() if name != "triggerer"}
    return others | {f"triggerer-{number}": LAYOUT.components["triggerer"] for number in range(1, triggerers + 1)}
