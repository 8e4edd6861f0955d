"""Reads how a DAG run ended, as far as a callback can read it."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_datapipeline._airflow import compat, context as callback, stored_run
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.outcome import dag_structure
from airflow_provider_datapipeline.outcome.decision import EndedRun
from airflow_provider_datapipeline.pipeline_task import Asked

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)


class StoredStates(Protocol):
    """The reading of what Airflow has stored about a run. The functions of :mod:`compat` do it."""

    def dag_callbacks_can_ask(self) -> bool:
        """Return whether Airflow answers a DAG-level callback that reads."""

    def read_task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Return the stored state of every task instance of a run."""

    def read_xcom(self, dag_id: str, run_id: str, task_id: str, map_index: int, key: str) -> Any:
        """Return an XCom of a task instance, or None."""

    def succeeded_instances(self, task_instance: Any) -> set[int]:
        """Return the map indexes of the instances of a task whose success may not be stored yet."""


def dag_run_of(context: Mapping[str, Any], asked: Asked, *, failed: bool, airflow: StoredStates = compat) -> EndedRun:
    """Return how the DAG run of a DAG-level callback ended; this reads only what the report needs."""
    reason = context["reason"]
    run = EndedRun(failed=failed, reason=reason)
    if not (failed or asked is Asked.PRECONDITION) or not airflow.dag_callbacks_can_ask():
        return run
    dag_id, run_id, tasks = context["dag"].dag_id, context["run_id"], context["dag"].task_dict
    try:
        states = airflow.read_task_states(dag_id, run_id)
    except Exception as error:  # noqa: BLE001  # a report with less detail is better than no report
        log.warning("Could not read how the tasks of DAG run %s ended: %s", run_id, without_secrets(error))
        return EndedRun(failed=failed, reason=reason, unread=f"the states of the tasks: {without_secrets(error)}")
    reading = stored_run.ended_run(
        states, asked, failed=failed, reason=reason, task_ids=tasks, leaves=dag_structure.leaves_of(tasks)
    )
    return stored_run.read_blocking(reading, partial(airflow.read_xcom, dag_id, run_id))


def run_by_task(context: Mapping[str, Any], asked: Asked, airflow: StoredStates = compat) -> EndedRun | None:
    """
    Return how a run ended, as seen by the success callback of one of its tasks; None if nothing may be reported yet.

    Nothing is reported if the task was skipped, or if other instances of the same mapped task have not succeeded.
    """
    if callback.was_skipped(context):
        return None
    task_instance = context["ti"]
    task_id = task_instance.task_id
    read_xcom = partial(airflow.read_xcom, context["dag"].dag_id, context["run_id"])
    states: dict[str, str | None] = {task_id: "success"}
    if (place := callback.mapped_place(task_instance)) is not None:
        states = _instance_states(context, airflow)
        if not dag_structure.is_last_to_succeed(states, {task_id}, *place):
            log.info("Another instance of this mapped task failed or has not ended: it is not reported from here.")
            return None
    if asked is not Asked.PRECONDITION or task_id not in dag_structure.leaves_of(context["dag"].task_dict):
        return EndedRun(failed=False)
    reading = stored_run.ended_run(states, asked, failed=False, task_ids={task_id}, leaves={task_id})
    return stored_run.read_blocking(reading, read_xcom)


def _instance_states(context: Mapping[str, Any], airflow: StoredStates) -> dict[str, str | None]:
    """Return the states of the instances of a mapped task, including successes that Airflow has not stored yet."""
    task_id = context["ti"].task_id
    succeeded = airflow.succeeded_instances(context["ti"])
    states = airflow.read_task_states(context["dag"].dag_id, context["run_id"])
    tasks = context["dag"].task_dict
    places = {key: dag_structure.split_key(key, tasks) for key in states}
    return {
        key: "success" if places[key][1] in succeeded and state == "running" else state
        for key, state in states.items()
        if places[key][0] == task_id
    }
