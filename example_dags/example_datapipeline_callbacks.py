"""
Report by callbacks: a DAG that summarizes the orders of one day and reports the outcome to AWS Data Pipeline.

A run is started for a Data Pipeline task, with the polled task as its conf. The activity in the pipeline definition::

    {"id": "Orders", "type": "ShellCommandActivity", "command": "unused", "workerGroup": "airflow",
     "myDagId": "example_datapipeline_callbacks", "myDay": "2026-11-22"}
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

from airflow_provider_datapipeline.callbacks import report_failed, report_finished

ORDERS = [("2026-11-21", 12.50), ("2026-11-21", 99.00), ("2026-11-22", 7.25)]


# [START howto_callbacks]
@dag(
    schedule=None,
    tags=["example", "datapipeline"],
    on_success_callback=report_finished,
    on_failure_callback=report_failed,
)
def example_datapipeline_callbacks() -> None:
    """Summarize the orders of one day."""

    @task(retries=2, retry_delay=timedelta(seconds=1))
    def fetch(**context: Any) -> list[float]:
        fields = context["dag_run"].conf["datapipeline"]["fields"]
        if fields.get("myFlakySource") == "true" and context["ti"].try_number == 1:
            raise ConnectionError("the source closed the connection")
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("create table orders (day text, amount real)")
            database.executemany("insert into orders values (?, ?)", ORDERS)
            rows = database.execute("select amount from orders where day = ?", (fields["myDay"],))
            return [amount for (amount,) in rows]

    @task
    def mean(amounts: list[float], **context: Any) -> float:
        try:
            return sum(amounts) / len(amounts)
        except ZeroDivisionError as error:
            day = context["dag_run"].conf["datapipeline"]["fields"]["myDay"]
            raise ValueError(f"There are no orders of {day}; was the export run?") from error

    mean(fetch())


example_datapipeline_callbacks()
# [END howto_callbacks]
