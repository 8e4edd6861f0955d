"""Target DAGs. Each sets for itself what the defaults of the deployment would break."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Param, task

try:
    from airflow.sdk import CronDataIntervalTimetable, CronTriggerTimetable
except ImportError:  # before Airflow 3.1
    from airflow.timetables.interval import CronDataIntervalTimetable
    from airflow.timetables.trigger import CronTriggerTimetable


def dag(dag_id: str, *, schedule: Any = None, **arguments: Any) -> DAG:
    """Return a DAG whose tasks are not retried, and which failed runs do not pause."""
    return DAG(
        dag_id,
        schedule=schedule,
        catchup=False,
        max_consecutive_failed_dag_runs=1000,
        default_args={"retries": 0, "execution_timeout": timedelta(minutes=1)},
        tags=["test"],
        **arguments,
    )


def divide() -> None:
    """Fail."""
    sum([]) / len([])


DATES = {
    name: f"{{{{ {name} }}}}"
    for name in ("ds", "ts", "ts_nodash", "logical_date", "data_interval_start", "data_interval_end")
}

with dag("succeeds"):
    task(task_id="work")(lambda: "done")()

with dag("fails", max_active_runs=1):
    task(task_id="work", retries=0)(divide)()

with dag("lasts"):
    task(task_id="work")(lambda: time.sleep(15))()

with dag("has_params", params={"size": Param(type="integer")}):
    task(task_id="work")(lambda: "done")()

for schedule_name, timetable in {
    "never": None,
    "cron": CronTriggerTimetable("0 3 * * *", timezone="UTC"),
    "cron_interval": CronDataIntervalTimetable("0 3 * * *", timezone="UTC"),
}.items():
    with dag(f"renders_{schedule_name}", schedule=timetable, start_date=datetime(2020, 1, 1, tzinfo=UTC)):
        task(task_id="work")(lambda dates: dates)(DATES)

with DAG(
    "starts_by_default_args_later",
    schedule=None,
    max_consecutive_failed_dag_runs=1000,
    default_args={"start_date": datetime(2100, 1, 1, tzinfo=UTC)},
):
    task(task_id="work")(lambda: "done")()

with dag("starts_later", start_date=datetime(2100, 1, 1, tzinfo=UTC)):
    task(task_id="work")(lambda: "done")()
