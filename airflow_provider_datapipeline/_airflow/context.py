"""Reads plain values from the context of a callback: the facts of a report, the error, whether a retry will follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline.exceptions import NoPipelineTaskError
from airflow_provider_datapipeline.pipeline_task import PipelineTask
from airflow_provider_datapipeline.reporting.facts import TaskFacts


def is_about_dag_run(context: Mapping[str, Any]) -> bool:
    """
    Return whether the context belongs to a DAG-level callback and not to the callback of a task.

    Only a DAG-level context has a ``reason``. Its ``ti`` is just a task instance that Airflow selects.
    """
    return "reason" in context


def has_conf(context: Mapping[str, Any]) -> bool:
    """
    Return whether the context has the DAG run, and so its conf.

    If every task was skipped or no task ran, Airflow gives a DAG-level callback only ``dag``, ``run_id`` and
    ``reason``.
    """
    return context.get("dag_run") is not None


def carries_pipeline_task(conf: object) -> bool:
    """Return whether the conf of a DAG run looks like that of a Data Pipeline task; two dict look-ups decide it."""
    return isinstance(conf, Mapping) and ("datapipeline" in conf or "taskId" in conf)


def pipeline_task(context: Mapping[str, Any]) -> PipelineTask | None:
    """
    Return the Data Pipeline task that the DAG run was started for; None if it was started for another purpose.

    :raises NoPipelineTaskError: the context has no conf, or the conf is not that of a task
    """
    if not has_conf(context):
        raise NoPipelineTaskError(
            "Airflow gave this callback no DAG run, and so no conf, as it does when every task was skipped or none "
            "ran. Set pipeline_task_id on the callback, or report with DataPipelineSetTaskStatusOperator instead."
        )
    conf = context["dag_run"].conf
    if not carries_pipeline_task(conf):
        return None
    try:
        return PipelineTask.from_conf(conf)
    except ValueError as error:
        raise NoPipelineTaskError(f"The DAG run's conf is not that of a Data Pipeline task: {error}") from error


def run_facts(context: Mapping[str, Any]) -> TaskFacts:
    """Return the facts that a report states about a DAG run."""
    return TaskFacts(dag_id=getattr(context.get("dag"), "dag_id", None), run_id=context.get("run_id"))


def run_fields(context: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the fields by which a log line names the DAG run of a context."""
    return {"dag": getattr(context.get("dag"), "dag_id", None), "run": context.get("run_id")}


def task_facts(task_instance: Any) -> TaskFacts:
    """Return the facts that a report states about a task instance."""
    max_tries = getattr(task_instance, "max_tries", None)
    return TaskFacts(
        dag_id=task_instance.dag_id,
        run_id=task_instance.run_id,
        task_id=task_instance.task_id,
        try_number=task_instance.try_number,
        max_tries=None if max_tries is None else max_tries + 1,
        map_index=task_instance.map_index,
        log_url=task_instance.log_url,
    )


def error_of(context: Mapping[str, Any]) -> BaseException | str | None:
    """
    Return why a task failed, as far as Airflow tells its callback.

    In the task's own process this is an exception. If the task died and another process calls back, this is a text or
    None.
    """
    error = context.get("exception")
    if isinstance(error, BaseException):  # any other use of the exception may run its class's own code, which may raise
        return error
    return error if isinstance(error, str) and not compat.lacks_reason(error) else None


def retry_will_follow(context: Mapping[str, Any]) -> bool:
    """
    Return whether Airflow will run a failed task again, so that FAILED must not be sent.

    In the task's own process, and everywhere on Airflow 2, the task instance has its new state before the callback
    runs: ``up_for_retry`` or ``failed`` (after an AirflowFailException even if tries are left). The dag-processor of
    Airflow 3 calls back for a task that died, and gives no state: there the number of tries decides.
    """
    task_instance = context["ti"]
    state = getattr(task_instance, "state", None)
    if state is not None:
        return str(getattr(state, "value", state)) == "up_for_retry"
    return bool(task_instance.try_number <= task_instance.max_tries)


def was_cleared(context: Mapping[str, Any]) -> bool:
    """Return whether the DAG run was cleared after it had ended; its outcome may then be reported already."""
    return bool(getattr(context.get("dag_run"), "clear_number", 0))


def mapped_place(task_instance: Any) -> tuple[str, int] | None:
    """Return the task id and the map index of an instance of a mapped task; None for any other task."""
    map_index = getattr(task_instance, "map_index", None)
    return (task_instance.task_id, map_index) if isinstance(map_index, int) and map_index >= 0 else None


def was_skipped(context: Mapping[str, Any]) -> bool:
    """
    Return whether a success callback is about a skipped task, for which Airflow 2 calls it as well.

    This is never so for a DAG-level callback, whose ``ti`` may be any task instance of the run.
    """
    return not is_about_dag_run(context) and str(getattr(context.get("ti"), "state", None)) == "skipped"
