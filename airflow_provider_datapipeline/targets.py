"""Which DAG does the work of a polled task, or why none does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline.reporting.masking import without_secrets

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_provider_datapipeline.pipeline_task import PipelineTask


def choose_target(
    task: PipelineTask, template: str, *, allowed_pipeline_ids: Collection[str] | None, task_runner: Collection[str]
) -> tuple[str, str]:
    """
    Return the id of the target DAG and an empty refusal, or an empty id and the reason why no DAG may do the work.

    :param template: the task runner's ``target_dag_id``, a template over the task, as ``dag_run.conf.datapipeline``
    :param allowed_pipeline_ids: None allows all
    :param task_runner: ids of the task runner's own DAGs, which must not be started for a task
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


def _render(task: PipelineTask, template: str) -> str:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    env = SandboxedEnvironment(undefined=StrictUndefined)
    context = {"dag_run": SimpleNamespace(conf=task.to_conf()), "pipeline_task": task}
    return env.from_string(template).render(context).strip()
