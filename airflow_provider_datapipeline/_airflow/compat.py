"""Every version branch and every private call of Airflow, each with the condition that removes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow import __version__ as airflow_version
from airflow.providers.common.compat.sdk import redact

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# Goes when Airflow 2.11 is no longer supported, and with it every branch on it below.
AIRFLOW_3 = not airflow_version.startswith("2.")


def mask(text: str) -> str:
    """Replace every secret that Airflow's secrets masker knows."""
    return str(redact(text))


def is_no_reason(error: str) -> bool:
    """
    Tell whether a text that Airflow gives for an error says nothing of why.

    Airflow 2 says of a task that stopped sending heartbeats where it ran, as the text of a dict. Goes with Airflow 2.
    """
    return error.startswith("{'DAG Id': ")


def read_task_states(dag_id: str, run_id: str) -> dict[str, str | None]:
    """
    Return the stored state of every task instance of a DAG run.

    Answered in a task, in the triggerer and in the dag-processor. A mapped task instance has the key
    ``<task_id>_<map_index>``, as in Airflow's execution API.
    """
    if AIRFLOW_3:
        # Private: no public call reads the states of a run. Goes when airflow.sdk has one.
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        states: dict[str, Any] = RuntimeTaskInstance.get_task_states(dag_id=dag_id, run_ids=[run_id])
        return {key: None if state is None else str(state) for key, state in states.get(run_id, {}).items()}
    return _read_task_states_from_database(dag_id, run_id)


def read_xcom(dag_id: str, run_id: str, task_id: str, map_index: int, key: str) -> Any:
    """Return an XCom of a task instance, or None. Answered where :func:`read_task_states` is."""
    from airflow.providers.common.compat.sdk import XCom

    # The execution API knows an unmapped task instance by the absence of an index, Airflow 2 by -1.
    index = None if AIRFLOW_3 and map_index < 0 else map_index
    return XCom.get_one(dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=index, key=key)


def conf_of(task_instance: Any) -> Mapping[str, Any] | None:
    """Return the conf of a task instance's DAG run."""
    dag_run = task_instance.get_template_context().get("dag_run") if AIRFLOW_3 else task_instance.get_dagrun()
    conf = getattr(dag_run, "conf", None)
    return conf if isinstance(conf, Mapping) else None


def _read_task_states_from_database(dag_id: str, run_id: str) -> dict[str, str | None]:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    session: Session
    with create_session() as session:
        rows = (
            session.query(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state)
            .filter(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
            .all()
        )
    return {
        task_id if map_index < 0 else f"{task_id}_{map_index}": None if state is None else str(state)
        for task_id, map_index, state in rows
    }
