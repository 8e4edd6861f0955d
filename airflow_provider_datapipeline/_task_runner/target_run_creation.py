"""Chooses the target DAG of a polled task, and creates its run."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline.masking.masker import without_secrets

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from airflow_provider_datapipeline._task_runner.assignment import Assignment
    from airflow_provider_datapipeline.pipeline_task import PipelineTask

log = logging.getLogger(__name__)


def choose_target(
    task: PipelineTask, template: str, *, allowed_pipeline_ids: Collection[str] | None, task_runner: Collection[str]
) -> tuple[str, str]:
    """
    Return the id of the target DAG and an empty refusal, or an empty id and the reason for a refusal.

    :param template: the task runner's ``target_dag_id``: a template that sees the task as
        ``dag_run.conf.datapipeline``
    :param allowed_pipeline_ids: tasks of other pipelines are refused; None allows all
    :param task_runner: the ids of the task runner's own DAGs, which must not be started for a task
    """
    if allowed_pipeline_ids is not None and task.pipeline_id not in allowed_pipeline_ids:
        return "", (
            f"This task runner does not run tasks of pipeline {task.pipeline_id}: its allowed_pipeline_ids are "
            f"{', '.join(allowed_pipeline_ids) or 'empty'}."
        )
    try:
        target_dag_id = _render(task, template)
    except Exception as error:  # noqa: BLE001  # a template can fail in any way
        return "", f"target_dag_id {template} cannot be rendered for this task: {without_secrets(error, compat.mask)}"
    if not target_dag_id:
        return "", f"target_dag_id {template} renders to nothing for this task."
    if target_dag_id in task_runner:
        return "", f"target_dag_id {template} renders to the task runner itself: {target_dag_id}."
    return target_dag_id, ""


def create_target_run(assignment: Assignment, runner_dag_id: str, run_id: str, dates: Sequence[datetime]) -> bool:
    """
    Create the target run; return False if it existed already.

    A task must not stay without a run because of a logical date. The run gets the first of the dates that no other run
    of the DAG has. If Airflow refuses a date, the run gets none: for example a date before the ``start_date`` in the
    DAG's ``default_args``.

    :param run_id: of the target run and of the runner run
    :param dates: the logical dates that the run may have, the preferred one first
    :raises RunRefusedError: as ``compat.create_dag_run`` does
    """
    dag_id = assignment.target_dag_id
    conf = assignment.target_conf(runner_dag_id)
    note = f"Started for [AWS Data Pipeline](/dags/{runner_dag_id}/runs/{run_id})"
    for date in dates:
        try:
            is_new = compat.create_dag_run(dag_id, run_id, conf, note=note, logical_date=date)
        except compat.DagUnknownError:
            raise
        except compat.RunRefusedError as error:
            # Before Airflow 3.3, a date that another run has is a server error. Then the next date is tried.
            if not compat.has_runs(dag_id, date):
                why = without_secrets(error, compat.mask)
                log.warning("Not with logical date %s: %s dag=%s run=%s", date.isoformat(), why, dag_id, run_id)
                break
        else:
            # Airflow gives the same answer for a run of this id and for another run of this date.
            if is_new or compat.run_state(dag_id, run_id) is not None:
                return is_new
    return compat.create_dag_run(dag_id, run_id, conf, note=note)


def _render(task: PipelineTask, template: str) -> str:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    env = SandboxedEnvironment(undefined=StrictUndefined)
    context = {"dag_run": SimpleNamespace(conf=task.to_conf()), "pipeline_task": task}
    return env.from_string(template).render(context).strip()
