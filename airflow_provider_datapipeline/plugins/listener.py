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

from airflow_provider_datapipeline._airflow.names import hookimpl

if TYPE_CHECKING:
    from airflow_provider_datapipeline.reporting.detail import ErrorDetail
    from airflow_provider_datapipeline.reporting.report import TaskReport

log = logging.getLogger(__name__)

TEXT_SECONDS = 5.0
"""
How long an exception may take to say what it is, which is for its own methods to decide.

Airflow kills a task's process 20 s after the task has ended (``[core] task_success_overtime``), and a failure without
retries may then be tried again. The callbacks come first, and may take half of that.
"""


@hookimpl
def on_task_instance_running(task_instance: Any) -> None:
    """Keep which tasks are the leaves of a run that checks a precondition: what they return is its outcome."""
    try:
        _look_after(task_instance)
    except Exception:  # pluggy would skip the listeners after this one
        log.exception("Could not look after task %s for AWS Data Pipeline", task_instance.task_id)


@hookimpl
def on_task_instance_failed(task_instance: Any, error: BaseException | str | None) -> None:
    """Record the error of a task that failed, for good or until its next try (Airflow drops the XCom then)."""
    if not isinstance(error, BaseException):
        return  # not the task's process: scheduler, API server and dag-processor know a text at most, and may not write
    try:
        _record(task_instance, error)
    except Exception:  # pluggy would skip the listeners after this one
        log.exception("Could not keep the error of task %s for AWS Data Pipeline", task_instance.task_id)


def _look_after(task_instance: Any) -> None:
    from airflow_provider_datapipeline._airflow.compat import AIRFLOW_3, dag_run_conf
    from airflow_provider_datapipeline._airflow.context import carries_pipeline_task

    # Only the task runner, which needs Airflow 3, has no DAG at hand.
    if not AIRFLOW_3 or not carries_pipeline_task(conf := dag_run_conf(task_instance)):
        return
    from airflow_provider_datapipeline.pipeline_task import Asked, PipelineTask

    # Any task may be the only one to start. Of a mapped one the first instance will do: each costs a call.
    if PipelineTask.from_conf(conf).asked is not Asked.ACTIVITY and task_instance.map_index <= 0:
        _keep_leaves(task_instance)
    if task_instance.try_number > 1:
        _warn_if_reported(conf, task_instance)


def _keep_leaves(task_instance: Any) -> None:
    from airflow_provider_datapipeline._airflow.stored_run import LEAVES_KEY
    from airflow_provider_datapipeline.outcome.dag_structure import leaves_of

    task_instance.xcom_push(key=LEAVES_KEY, value=sorted(leaves_of(task_instance.task.dag.task_dict)))


def _warn_if_reported(conf: Any, task_instance: Any) -> None:
    from airflow_provider_datapipeline._airflow.compat import read_task_states
    from airflow_provider_datapipeline._task_runner.assignment import RUNNER_KEY

    runner_dag_id = (conf.get(RUNNER_KEY) or {}).get("dag_id")
    # The scheduler gives the run of that one task its state later than the triggerer gives the task its own.
    if runner_dag_id and {"success", "failed"} & {*read_task_states(runner_dag_id, task_instance.run_id).values()}:
        log.warning(
            "The outcome of this DAG run has been reported to AWS Data Pipeline already, and is not reported again. To "
            "have the service run the task once more, set the status RERUN on its instance there."
        )


def _record(task_instance: Any, error: BaseException) -> None:
    from airflow_provider_datapipeline._airflow.compat import dag_run_conf
    from airflow_provider_datapipeline._airflow.context import carries_pipeline_task

    if not carries_pipeline_task(conf := dag_run_conf(task_instance)):
        return
    from airflow_provider_datapipeline._airflow.detail import error_detail
    from airflow_provider_datapipeline._airflow.stored_run import RECORD_KEY, record
    from airflow_provider_datapipeline._task_runner.assignment import error_detail_of

    now = datetime.now(tz=UTC).isoformat(timespec="milliseconds")
    report, less = _reports(task_instance, error, error_detail(error_detail_of(conf)))
    task_instance.xcom_push(key=RECORD_KEY, value=record(report, now, less))


def _reports(task_instance: Any, error: BaseException, detail: ErrorDetail) -> tuple[TaskReport, TaskReport]:
    """
    Return what may be told of an error here, and the same without any text of it.

    Whoever reports may be told by a parameter, of which nothing is known here, to tell less than the deployment does.
    """
    from airflow_provider_datapipeline._airflow.bounded import run_bounded
    from airflow_provider_datapipeline._airflow.compat import mask
    from airflow_provider_datapipeline._airflow.context import task_facts
    from airflow_provider_datapipeline.exceptions import DeliveryTimeoutError
    from airflow_provider_datapipeline.masking.safe_text import class_name
    from airflow_provider_datapipeline.reporting.detail import ErrorDetail
    from airflow_provider_datapipeline.reporting.report import TaskReport

    facts = task_facts(task_instance)

    def read() -> tuple[TaskReport, TaskReport]:
        less = TaskReport.failed(error, facts, mask=mask, detail=ErrorDetail.TYPE)
        return (less if detail is ErrorDetail.TYPE else TaskReport.failed(error, facts, mask=mask)), less

    try:
        # Only this is done in a thread, which may be left behind: it asks Airflow nothing. A question to the supervisor
        # would there get in the way of the next one (Airflow 3.0 and 3.1 take no lock); Airflow bounds its own.
        return run_bounded(read, TEXT_SECONDS)
    except DeliveryTimeoutError:
        name = class_name(type(error))
        log.error(  # noqa: TRY400  # the traceback would be that of the wait
            "The error of task %s gave no text within %g s: a report of this run to AWS Data Pipeline will name its "
            "class, %s, but have no message and no stack trace of it. Have __str__ of that class, and whatever it "
            "calls, return at once.",
            task_instance.task_id,
            TEXT_SECONDS,
            name,
        )
        told = f"The task failed with {name}, which gave no text within {TEXT_SECONDS:g} s."
        report = TaskReport.failed(None, facts, mask=mask, error_id=name, error_message=told)
        return report, report
