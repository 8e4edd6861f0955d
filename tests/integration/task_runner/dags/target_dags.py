"""Target DAGs that last, fail or wait. They use nothing of this package. tests/outcome_matrix has all other ends."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, task


def dag(dag_id: str, **arguments: Any) -> DAG:
    """Return a DAG without a schedule."""
    return DAG(dag_id, schedule=None, max_active_runs=100, tags=["test"], **arguments)


def divide() -> None:
    """Fail with a chain of two exceptions."""
    try:
        sum([]) / len([])
    except ZeroDivisionError as error:
        raise ValueError("no rows in /exports/2026-11-22, cannot compute the mean") from error


with dag("succeeds"):
    task(task_id="work")(lambda: "done")()

with dag("fails"):
    task(task_id="work")(divide)()

with dag("lingers"):

    @task(task_id="work")
    def linger() -> None:
        """Run until killed, or for ten minutes."""
        time.sleep(600)

    linger()

with dag("lingers_with_retry"):

    @task(task_id="work", retries=1, retry_delay=timedelta(seconds=1))
    def linger_once(**context: Any) -> None:
        """Wait to be killed in the first try."""
        if context["ti"].try_number == 1:
            time.sleep(600)

    linger_once()

with dag("paused", is_paused_upon_creation=True):
    task(task_id="work")(lambda: "done")()

with dag("one_at_a_time"):

    @task
    def queue_up(**context: Any) -> None:
        """Wait for a file."""
        while not Path(context["dag_run"].conf["datapipeline"]["fields"]["myFile"]).exists():
            time.sleep(0.2)

    queue_up()
