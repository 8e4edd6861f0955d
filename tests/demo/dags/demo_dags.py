"""Airflow DAGs that are targets of the demo, and not examples. They end in every way in which a DAG can end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk import DAG, task

ORDERS = {"2026-11-21": [12.50, 99.00], "2026-11-22": [7.25]}


def fields(context: Any) -> dict[str, str]:
    """Return the fields of the attempt."""
    found: dict[str, str] = context["dag_run"].conf["datapipeline"]["fields"]
    return found


with DAG("demo_orders", schedule=None):

    @task
    def mean(**context: Any) -> float:
        """Return the mean of one day's orders; fail if there are none."""
        day = fields(context)["myDay"]
        amounts = ORDERS.get(day, [])
        try:
            return sum(amounts) / len(amounts)
        except ZeroDivisionError as error:
            raise ValueError(f"There are no orders of {day}; was the export run?") from error

    mean()

with DAG("demo_flaky", schedule=None):

    @task(retries=2, retry_delay=timedelta(seconds=1))
    def fetch(**context: Any) -> None:
        """Fail on Airflow's first try."""
        if context["ti"].try_number == 1:
            raise ConnectionError("the source closed the connection")

    fetch()

with DAG("demo_second_attempt", schedule=None):

    @task
    def load(**context: Any) -> None:
        """Fail on Data Pipeline's first attempt."""
        if context["dag_run"].conf["datapipeline"]["attemptId"].endswith("_Attempt=1"):
            raise ConnectionError("the database restarts")

    load()

with DAG("demo_long_work", schedule=None):

    @task
    def submit() -> None:
        """Hand the work to some other system."""

    # The triggerer waits for the result, so that no worker is occupied. The demo creates the result when half of the
    # progress has been reported to Data Pipeline.
    submit() >> FileSensor(
        task_id="wait", filepath="{{ var.value.demo_result }}", poke_interval=1, timeout=180, deferrable=True
    )
