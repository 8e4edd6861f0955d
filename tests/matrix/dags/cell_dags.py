"""Target DAGs for further outcomes of the task runner. They use nothing of this package."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

with DAG("recovers", schedule=None, max_active_runs=100):

    @task(retries=1, retry_delay=timedelta(seconds=1))
    def try_twice(**context: Any) -> None:
        """Fail in the first try."""
        if context["ti"].try_number == 1:
            raise RuntimeError("first try")

    try_twice()

with DAG("holds", schedule=None, max_active_runs=100):
    task(task_id="check")(lambda: True)()

with DAG("does_not_hold", schedule=None, max_active_runs=100):
    task(task_id="check")(lambda: False)()

with DAG("fails_for_one", schedule=None, max_active_runs=100):

    @task
    def one(index: int) -> None:
        """Fail for one index."""
        if index == 2:
            raise LookupError(f"shard {index} is missing")

    one.expand(index=[0, 1, 2])
