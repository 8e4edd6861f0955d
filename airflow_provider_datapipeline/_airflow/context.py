"""From a callback's context or a listener's arguments to plain values: facts, error, "is this final?"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline.exceptions import NoPipelineTaskError
from airflow_provider_datapipeline.pipeline_task import PipelineTask
from airflow_provider_datapipeline.reporting.facts import TaskFacts


def is_about_dag_run(context: Mapping[str, Any]) -> bool:
    """
    Tell a DAG-level callback from a task-level one.

    Only the former has a ``reason``; its ``ti`` is merely the task instance that Airflow thinks most telling.
    """
    return "reason" in context


def has_conf(context: Mapping[str, Any]) -> bool:
    """
    Tell whether the context carries the DAG run at all.

    Airflow gives a DAG-level callback only ``dag``, ``run_id`` and ``reason`` when no task instance stands out:
    everything was skipped, or nothing ran.
    """
    return context.get("dag_run") is not None


def carries_pipeline_task(conf: object) -> bool:
    """Tell, at the cost of two look-ups, whether a DAG run's conf looks like that of a Data Pipeline task."""
    return isinstance(conf, Mapping) and ("datapipeline" in conf or "taskId" in conf)


def pipeline_task(context: Mapping[str, Any]) -> PipelineTask | None:
    """
    Return the Data Pipeline task that the DAG run was started for, None if it was started for something else.

    :raises NoPipelineTaskError: the context does not tell, or the conf is not that of a task
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
    """Where the DAG run ran."""
    return TaskFacts(dag_id=getattr(context.get("dag"), "dag_id", None), run_id=context.get("run_id"))


def run_fields(context: Mapping[str, Any]) -> dict[str, str | None]:
    """Which DAG run a context is of, in the words of the log."""
    return {"dag": getattr(context.get("dag"), "dag_id", None), "run": context.get("run_id")}


def task_facts(task_instance: Any) -> TaskFacts:
    """Where a task instance ran."""
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
    Return why a task failed, as far as its callback is told.

    An exception in the task's own process; a string or nothing where another process noticed that it had died.
    """
    error = context.get("exception")
    if isinstance(error, BaseException):  # asked for nothing else: its class may raise for that
        return error
    return error if isinstance(error, str) and not compat.lacks_reason(error) else None


def retry_will_follow(context: Mapping[str, Any]) -> bool:
    """
    Tell whether Airflow will run a failed task again, so that FAILED must not be sent.

    Where the outcome was decided, in the task's own process and anywhere on Airflow 2, the task instance has its new
    state before it is called back for: ``up_for_retry``, or ``failed``, for AirflowFailException with tries left too.
    The dag-processor of Airflow 3 calls on behalf of a task that died, without a state: only the tries tell.
    """
    task_instance = context["ti"]
    state = getattr(task_instance, "state", None)
    if state is not None:
        return str(getattr(state, "value", state)) == "up_for_retry"
    return bool(task_instance.try_number <= task_instance.max_tries)


def was_cleared(context: Mapping[str, Any]) -> bool:
    """Tell whether the DAG run was cleared after it had ended, so that its outcome may have been reported before."""
    return bool(getattr(context.get("dag_run"), "clear_number", 0))


def mapped_place(task_instance: Any) -> tuple[str, int] | None:
    """Return task id and map index of an instance of a mapped task, None for any other task."""
    map_index = getattr(task_instance, "map_index", None)
    return (task_instance.task_id, map_index) if isinstance(map_index, int) and map_index >= 0 else None


def was_skipped(context: Mapping[str, Any]) -> bool:
    """
    Tell whether a success callback is about a skipped task: Airflow 2 calls it for these as well.

    Not so that of a DAG: there ``ti`` is any task instance of the run.
    """
    return not is_about_dag_run(context) and str(getattr(context.get("ti"), "state", None)) == "skipped"
