"""
What Airflow tells the callback of a missed deadline, in the shape of every other callback's context.

Airflow 3.1 and newer. Such a callback runs far from the DAG, in a worker or in the triggerer, and gets plain values:
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
"""``errorId`` of a deadline, unless its author gives another: the same as for ``dagrun_timeout``."""


def is_about_deadline(context: Mapping[str, Any]) -> bool:
    """Tell the context of a missed deadline from that of a task or of a DAG run that has ended."""
    return "deadline" in context and isinstance(context.get("dag_run"), Mapping)


def as_callback_context(context: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the context with ``dag_run``, ``dag`` and ``run_id`` as templates know them, as far as Airflow tells.

    ``dag`` has its id only. Dates of ``dag_run`` are texts.
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
    Report that a DAG run has missed a deadline, with the status that was asked for.

    :param context: as of :func:`as_callback_context`
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
    Take the run's conf out of the context.

    Airflow logs the arguments of a callback of a deadline that fails, this context among them, and the fields of a Data
    Pipeline task may hold passwords. Nobody reads the context after that.
    """
    dag_run = context["dag_run"]
    if isinstance(dag_run, MutableMapping):
        dag_run["conf"] = None


def _as_text(time: object) -> str:
    """Return a time as ISO 8601 in seconds: it is a text or a datetime, depending on the way through the database."""
    try:
        moment = time if isinstance(time, datetime) else datetime.fromisoformat(str(time))
    except ValueError:
        return str(time)
    return moment.isoformat(timespec="seconds")
