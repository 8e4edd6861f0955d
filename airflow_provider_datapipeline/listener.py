"""
Keeps the error of a failed task until the report about its DAG run is made.

Only the task's own process ever holds the exception: a DAG-level callback, the reporting operator and the task runner
get states, no errors. So the error is stored when the task fails, as one XCom, and only in DAG runs that were started
for a Data Pipeline task.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import hookimpl

if TYPE_CHECKING:
    from airflow_provider_datapipeline.reporting.report import TaskReport

log = logging.getLogger(__name__)


@hookimpl
def on_task_instance_failed(task_instance: Any, error: BaseException | str | None) -> None:
    """Record the error of a task that failed, for good or until its next try (Airflow drops the XCom then)."""
    if not isinstance(error, BaseException):
        return  # not the task's process: scheduler, API server and dag-processor know a text at most, and may not write
    try:
        _record(task_instance, error)
    except Exception:  # pluggy would skip the listeners after this one
        log.exception("Could not keep the error of task %s for AWS Data Pipeline", task_instance.task_id)


def _record(task_instance: Any, error: BaseException) -> None:
    from airflow_provider_datapipeline._airflow.compat import conf_of
    from airflow_provider_datapipeline._airflow.context import carries_pipeline_task

    if not carries_pipeline_task(conf_of(task_instance)):
        return
    from airflow_provider_datapipeline._airflow.outcome import RECORD_KEY, record

    task_instance.xcom_push(
        key=RECORD_KEY,
        value=record(_report(task_instance, error), datetime.now(tz=UTC).isoformat(timespec="milliseconds")),
    )


def _report(task_instance: Any, error: BaseException) -> TaskReport:
    from airflow_provider_datapipeline._airflow.compat import mask
    from airflow_provider_datapipeline._airflow.context import task_facts
    from airflow_provider_datapipeline.reporting.report import TaskReport

    return TaskReport.failed(error, task_facts(task_instance), mask=mask)
