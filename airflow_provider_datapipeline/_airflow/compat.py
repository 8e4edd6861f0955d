"""Every version branch and every private call of Airflow, each with the condition that removes it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow import names
from airflow_provider_datapipeline._airflow.names import AIRFLOW_VERSION, redact

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_VERSION = tuple(int(part) for part in AIRFLOW_VERSION.split(".")[:2])

# Goes when Airflow 2.11 is no longer supported, and with it every branch on it below.
AIRFLOW_3 = _VERSION >= (3, 0)

# start_from_trigger with templates works from Airflow 3.3 on: 3.1 and 3.2 ignore it, 3.0 hands the trigger raw
# templates. Goes when 3.3 is the oldest version supported.
START_FROM_TRIGGER = _VERSION >= (3, 3)


def mask(text: str) -> str:
    """Replace every secret that Airflow's secrets masker knows."""
    return str(redact(text))


def is_no_reason(error: str) -> bool:
    """
    Tell whether a text that Airflow gives for an error says nothing of why.

    Airflow 2 says of a task that stopped sending heartbeats where it ran, as the text of a dict. Goes with Airflow 2.
    """
    return error.startswith("{'DAG Id': ")


def is_refused_connection(error: BaseException) -> bool:
    """
    Tell whether Airflow refused to hand out a connection that it stores.

    It does so to every SyncCallback of a deadline on Airflow 3.3: the API server takes the token of a callback only for
    what concerns the callback itself. Goes when it takes that token for connections.
    """
    return type(error).__name__ == "AirflowSecretsBackendAccessDenied"  # not there before task SDK 1.2.2


def dag_callbacks_can_ask() -> bool:
    """
    Tell whether a DAG-level callback is told how the tasks of its run ended if it asks.

    The dag-processor of Airflow 3.0 knows neither :func:`read_task_states` nor :func:`read_xcom`, and leaves who asks
    without an answer for ever. Goes when 3.1 is the oldest version of Airflow 3 supported.
    """
    questions = getattr(sys.modules.get(names.DAG_PROCESSOR), "ToManager", None)  # not there on Airflow 2
    return questions is None or "GetTaskStates" in str(questions)


def read_task_states(dag_id: str, run_id: str) -> dict[str, str | None]:
    """
    Return the stored state of every task instance of a DAG run.

    Answered in a task, in the triggerer, in ``dag.test()`` and, where :func:`dag_callbacks_can_ask`, in the
    dag-processor. A mapped task instance has the key ``<task_id>_<map_index>``, as in Airflow's execution API.
    """
    if AIRFLOW_3 and names.has_supervisor():
        # Private: no public call reads the states of a run. Goes when airflow.sdk has one.
        from airflow_provider_datapipeline._airflow.names import RuntimeTaskInstance

        states: dict[str, Any] = RuntimeTaskInstance.get_task_states(dag_id=dag_id, run_ids=[run_id])
        return {key: _plain(state) for key, state in states.get(run_id, {}).items()}
    return _read_task_states_from_database(dag_id, run_id)


def read_xcom(dag_id: str, run_id: str, task_id: str, map_index: int, key: str) -> Any:
    """Return an XCom of a task instance, or None. Answered where :func:`read_task_states` is."""
    if AIRFLOW_3 and not names.has_supervisor():
        return _read_xcom_from_database(dag_id, run_id, task_id, map_index, key)
    from airflow_provider_datapipeline._airflow.names import XCom

    # The execution API knows an unmapped task instance by the absence of an index, Airflow 2 by -1.
    index = None if AIRFLOW_3 and map_index < 0 else map_index
    return XCom.get_one(dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=index, key=key)


def conf_of(task_instance: Any) -> Mapping[str, Any] | None:
    """Return the conf of a task instance's DAG run."""
    dag_run = task_instance.get_template_context().get("dag_run") if AIRFLOW_3 else task_instance.get_dagrun()
    conf = getattr(dag_run, "conf", None)
    return conf if isinstance(conf, Mapping) else None


def _plain(state: Any) -> str | None:
    """Return a state as the text that it is: some calls answer with an enumeration, some with its values."""
    return None if state is None else str(getattr(state, "value", state))


def _read_task_states_from_database(dag_id: str, run_id: str) -> dict[str, str | None]:
    from airflow_provider_datapipeline._airflow.names import TaskInstance, create_session

    session: Session
    with create_session() as session:
        rows = (
            session.query(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state)
            .filter(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
            .all()
        )
    return {task_id if map_index < 0 else f"{task_id}_{map_index}": _plain(state) for task_id, map_index, state in rows}


def _read_xcom_from_database(dag_id: str, run_id: str, task_id: str, map_index: int, key: str) -> Any:
    """
    Return an XCom as the JSON that is stored, in ``dag.test()`` of Airflow 3.

    Private: no public call answers there. Goes when a DAG's callback has something to ask in ``dag.test()``.
    """
    from airflow_provider_datapipeline._airflow.names import XComModel, create_session

    place = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index, "key": key}
    session: Session
    with create_session() as session:
        row = session.query(XComModel.value).filter_by(**place).first()
    return None if row is None else row[0]


SUCCEEDED = "datapipeline_succeeded"
"""The event in Airflow 2's audit log by which an instance of a mapped task says that it has succeeded."""


def succeeded_instances(task_instance: Any) -> set[int]:
    """
    Return the map indexes of those instances of a mapped task that have succeeded though Airflow has not stored it yet,
    this one among them.

    Airflow 2 calls back before it stores a success, so that of two instances that end at once each would see the other
    run. So each leaves a mark before it looks. In the audit log, since an XCom cannot be written from here: the row of
    its task instance is locked until the success is stored. Goes with Airflow 2; Airflow 3 has it stored by then.
    """
    if AIRFLOW_3:
        return {task_instance.map_index}
    from airflow_provider_datapipeline._airflow.names import Log, TaskInstance, create_session

    session: Session
    with create_session() as session:
        session.add(Log(event=SUCCEEDED, task_instance=task_instance))
    with create_session() as session:
        rows = (
            session.query(Log.map_index)
            .join(
                TaskInstance,
                (TaskInstance.dag_id == Log.dag_id)
                & (TaskInstance.run_id == Log.run_id)
                & (TaskInstance.task_id == Log.task_id)
                & (TaskInstance.map_index == Log.map_index)
                & (
                    TaskInstance.try_number == Log.try_number
                ),  # a mark of an earlier try, cleared since, does not count
            )
            .filter(
                Log.dag_id == task_instance.dag_id,
                Log.task_id == task_instance.task_id,
                Log.run_id == task_instance.run_id,
                Log.event == SUCCEEDED,
            )
            .all()
        )
    return {map_index for (map_index,) in rows}


class RunRefusedError(Exception):
    """Airflow does not know the DAG whose run is asked for, or could not import it when it last tried."""


def create_dag_run(dag_id: str, run_id: str, conf: dict[str, Any], note: str) -> bool:
    """
    Create a DAG run from a task; return whether it is new, False where there is one of this id.

    :raises RunRefusedError: the DAG is not known, or is broken, at the moment
    """
    # Private: TriggerDagRunOperator does the same inside the task runner, and there is no public call that goes on
    # after it. Goes when airflow.sdk can create a DAG run.
    from airflow_provider_datapipeline._airflow.names import (
        AirflowRuntimeError,
        ErrorResponse,
        ErrorType,
        TriggerDagRun,
        supervisor,
    )

    # Notes came with Airflow 3.2.
    extra: dict[str, Any] = {"note": note} if "note" in TriggerDagRun.model_fields else {}
    try:
        answer = supervisor().send(TriggerDagRun(dag_id=dag_id, run_id=run_id, conf=conf, **extra))
    except AirflowRuntimeError as error:
        detail = error.error.detail or {}
        if detail.get("status_code") in (400, 404):
            raise RunRefusedError(_innermost(detail)) from error
        raise
    if isinstance(answer, ErrorResponse):
        if answer.error == ErrorType.DAGRUN_ALREADY_EXISTS:
            return False
        raise AirflowRuntimeError(answer)
    return True


def _innermost(detail: Any) -> str:
    """Return the sentence in an answer of Airflow's API, which wraps it in one ``detail`` or several."""
    while isinstance(detail, Mapping) and (inner := detail.get("detail") or detail.get("message")):
        detail = inner
    return str(detail)


def count_runs(dag_id: str, run_ids: Sequence[str] | None, states: Sequence[str]) -> int:
    """Return how many runs of a DAG, of these or of all, are in one of these states."""
    from airflow_provider_datapipeline._airflow.names import RuntimeTaskInstance

    ids = None if run_ids is None else list(run_ids)
    return int(RuntimeTaskInstance.get_dr_count(dag_id=dag_id, run_ids=ids, states=list(states)))


def run_state(dag_id: str, run_id: str) -> str | None:
    """Return the state of a DAG run, None if there is no such run."""
    from airflow_provider_datapipeline._airflow.names import AirflowRuntimeError, RuntimeTaskInstance

    try:
        return _plain(RuntimeTaskInstance.get_dagrun_state(dag_id=dag_id, run_id=run_id))
    except AirflowRuntimeError as error:
        if (error.error.detail or {}).get("status_code") == 404:  # noqa: PLR2004  # HTTP's "not found"
            return None
        raise


def write_xcom(dag_id: str, run_id: str, task_id: str, key: str, value: Any) -> None:
    """Store an XCom of an unmapped task instance."""
    from airflow_provider_datapipeline._airflow.names import XCom

    XCom.set(key=key, value=value, dag_id=dag_id, run_id=run_id, task_id=task_id)


def connection(conn_id: str) -> Any:
    """Return an Airflow connection."""
    from airflow_provider_datapipeline._airflow.names import BaseHook

    return BaseHook.get_connection(conn_id)
