"""
Stores the error of a failed task until the report about its DAG run is made.

Only the task's own process has the exception: a DAG-level callback, the reporting operator and the task runner get
states, but no errors. So the listener stores the error when the task fails, as one XCom. It does so only in DAG runs
that were started for a Data Pipeline task.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow.names import hookimpl

if TYPE_CHECKING:
    from airflow_provider_datapipeline.reporting.detail import ErrorDetail
    from airflow_provider_datapipeline.reporting.report import TaskReport

log = logging.getLogger(__name__)


@hookimpl
def on_task_instance_running(task_instance: Any) -> None:
    """Store the leaves of a run that checks a precondition, because the results of the leaves decide its outcome."""
    try:
        _handle_start(task_instance)
    except Exception:  # pluggy would skip the listeners after this one
        log.exception("Could not look after task %s for AWS Data Pipeline", task_instance.task_id)


@hookimpl
def on_task_instance_failed(task_instance: Any, error: BaseException | str | None) -> None:
    """Store the error of a failed task. If the task is tried again, Airflow deletes the XCom before the next try."""
    if not isinstance(error, BaseException):
        return  # the scheduler, API server or dag-processor calls: it has at most a text, and cannot write XComs
    try:
        _store_error(task_instance, error)
    except Exception:  # pluggy would skip the listeners after this one
        log.exception("Could not keep the error of task %s for AWS Data Pipeline", task_instance.task_id)


def _handle_start(task_instance: Any) -> None:
    from airflow_provider_datapipeline._airflow.compat import AIRFLOW_3, dag_run_conf
    from airflow_provider_datapipeline._airflow.context import carries_pipeline_task

    # Only the task runner reads stored leaves, because it cannot access the DAG; and it needs Airflow 3.
    if not AIRFLOW_3 or not carries_pipeline_task(conf := dag_run_conf(task_instance)):
        return
    from airflow_provider_datapipeline.pipeline_task import Asked, PipelineTask

    # Every task stores the leaves, because it may be the only one that starts. Of a mapped task only the first instance
    # does, because each write is a call.
    if PipelineTask.from_conf(conf).asked is not Asked.ACTIVITY and task_instance.map_index <= 0:
        _store_leaves(task_instance)
    if task_instance.try_number > 1:
        _warn_if_reported(conf, task_instance)


def _store_leaves(task_instance: Any) -> None:
    from airflow_provider_datapipeline._airflow.stored_run import LEAVES_KEY
    from airflow_provider_datapipeline.outcome.dag_structure import leaves_of

    task_instance.xcom_push(key=LEAVES_KEY, value=sorted(leaves_of(task_instance.task.dag.task_dict)))


def _warn_if_reported(conf: Any, task_instance: Any) -> None:
    from airflow_provider_datapipeline._airflow.compat import read_task_states
    from airflow_provider_datapipeline._task_runner.assignment import RUNNER_KEY

    runner_dag_id = (conf.get(RUNNER_KEY) or {}).get("dag_id")
    # The states of the tasks are read and not that of the runner run, because the scheduler sets the latter afterwards.
    if runner_dag_id and {"success", "failed"} & {*read_task_states(runner_dag_id, task_instance.run_id).values()}:
        log.warning(
            "The outcome of this DAG run has been reported to AWS Data Pipeline already, and is not reported again. To "
            "have the service run the task once more, set the status RERUN on its instance there."
        )


def _store_error(task_instance: Any, error: BaseException) -> None:
    from airflow_provider_datapipeline._airflow.compat import dag_run_conf
    from airflow_provider_datapipeline._airflow.context import carries_pipeline_task

    if not carries_pipeline_task(conf := dag_run_conf(task_instance)):
        return
    from airflow_provider_datapipeline._airflow.detail import error_detail
    from airflow_provider_datapipeline._airflow.stored_run import RECORD_KEY, record
    from airflow_provider_datapipeline._task_runner.assignment import error_detail_of

    now = datetime.now(tz=UTC).isoformat(timespec="milliseconds")
    report, without_texts = _reports(task_instance, error, error_detail(error_detail_of(conf)))
    task_instance.xcom_push(key=RECORD_KEY, value=record(report, now, without_texts))


def _reports(task_instance: Any, error: BaseException, detail: ErrorDetail) -> tuple[TaskReport, TaskReport]:
    """
    Return the report about an error with the given detail, and the same report without any text of the error.

    Both are stored because a notifier or an operator may have a parameter, unknown here, that allows less detail.
    """
    from airflow_provider_datapipeline._airflow.compat import mask
    from airflow_provider_datapipeline._airflow.context import task_facts
    from airflow_provider_datapipeline._airflow.error_text import read_error
    from airflow_provider_datapipeline.reporting.detail import ErrorDetail
    from airflow_provider_datapipeline.reporting.report import TaskReport

    facts = task_facts(task_instance)

    def read() -> tuple[TaskReport, TaskReport]:
        textless = TaskReport.failed(error, facts, mask=mask, detail=ErrorDetail.TYPE)
        return (textless if detail is ErrorDetail.TYPE else TaskReport.failed(error, facts, mask=mask)), textless

    def without_text(name: str, message: str) -> tuple[TaskReport, TaskReport]:
        report = TaskReport.failed(None, facts, mask=mask, error_id=name, error_message=message)
        return report, report

    return read_error(error, task_instance.task_id, read, without_text)
