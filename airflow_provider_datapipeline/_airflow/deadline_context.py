"""
Converts the context of a missed deadline's callback into the form that every other callback's context has.

Deadlines exist in Airflow 3.1 and newer. Their callbacks run in a worker or in the triggerer, where the DAG is not
loaded, and get plain values:
``{"dag_run": {"dag_run_id": ..., "conf": {...}, ...}, "deadline": {"id": ..., "deadline_time": ...}}``.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from airflow_provider_datapipeline._airflow import compat, context as callback
from airflow_provider_datapipeline.reporting.report import TaskReport
from airflow_provider_datapipeline.reporting.status import TaskStatus

ERROR_ID = "AirflowDagRunTimedOut"
"""The default ``errorId`` for a missed deadline, which is the same as for ``dagrun_timeout``."""


def is_about_deadline(context: Mapping[str, Any]) -> bool:
    """Return whether a context is about a missed deadline, and not about a task or a DAG run that has ended."""
    return "deadline" in context and isinstance(context.get("dag_run"), Mapping)


def as_callback_context(context: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the context with ``dag_run``, ``dag`` and ``run_id`` as templates use them, as far as Airflow gives them.

    ``dag`` has only its id. The dates of ``dag_run`` are texts.
    """
    dag_run = context["dag_run"]
    run_id = dag_run.get("dag_run_id")
    deadline = context["deadline"]
    return {
        "dag": SimpleNamespace(dag_id=dag_run.get("dag_id")),
        "dag_run": SimpleNamespace(**{"conf": None, "state": None, **dag_run, "run_id": run_id}),
        "run_id": run_id,
        "deadline": {**deadline, "deadline_time": _as_text(deadline.get("deadline_time"))},
    }


def missed(
    context: Mapping[str, Any], status: TaskStatus, *, error_id: str | None, error_message: str | None
) -> TaskReport:
    """
    Return the report that a DAG run has missed a deadline, with the given status.

    :param context: the result of :func:`as_callback_context`
    """
    facts = callback.run_facts(context)
    if status is TaskStatus.FINISHED:
        return TaskReport.finished()
    message = error_message or (
        f"The DAG run missed its deadline: it was to end by {context['deadline']['deadline_time']}, "
        f"and was {context['dag_run'].state or 'in a state that is not known'}."
    )
    if status is TaskStatus.FALSE:
        return TaskReport.precondition_false(message, facts, mask=compat.mask)
    return TaskReport.failed(None, facts, mask=compat.mask, error_id=error_id or ERROR_ID, error_message=message)


def withhold_conf(context: Mapping[str, Any]) -> None:
    """
    Remove the run's conf from the context.

    If the callback of a deadline fails, Airflow logs its arguments, and the context is one of them. The fields of a
    Data Pipeline task may contain passwords. Nothing reads the context afterwards.
    """
    dag_run = context["dag_run"]
    if isinstance(dag_run, MutableMapping):
        dag_run["conf"] = None


def _as_text(time: object) -> str:
    """Return a time in ISO 8601 with seconds; Airflow gives it as a text or as a datetime."""
    try:
        moment = time if isinstance(time, datetime) else datetime.fromisoformat(str(time))
    except ValueError:
        return str(time)
    return moment.isoformat(timespec="seconds")
