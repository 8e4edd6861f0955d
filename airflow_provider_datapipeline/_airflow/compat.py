"""All code that depends on Airflow's version or calls its private API; each part says when it can be removed."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow import names
from airflow_provider_datapipeline._airflow.names import AIRFLOW_VERSION, redact

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

_VERSION = tuple(int(part) for part in AIRFLOW_VERSION.split(".")[:2])

# Can be removed, with every branch on it below, when Airflow 2.11 is no longer supported.
AIRFLOW_3 = _VERSION >= (3, 0)

# start_from_trigger with templates works from Airflow 3.3 on: 3.1 and 3.2 ignore it, and 3.0 gives the trigger the
# templates unrendered. Can be removed when 3.3 is the oldest supported version.
START_FROM_TRIGGER = _VERSION >= (3, 3)

_MANY_RUNS = 5_000  # if a run of the poller fails every minute, these are three and a half days


def failed_runs_allowed() -> int:
    """
    Return the ``max_consecutive_failed_dag_runs`` for a DAG that Airflow must never pause.

    This is 0, but when Airflow 3.0 reads a stored DAG, it replaces 0 by the deployment's default. There the value is
    large instead, and not larger, because Airflow reads that many runs each time that one fails. Can be removed when
    3.1 is the oldest supported version of Airflow 3.
    """
    if _VERSION != (3, 0) or not names.conf.getint("core", "max_consecutive_failed_dag_runs_per_dag", fallback=0):
        return 0
    return _MANY_RUNS


def mask(text: str) -> str:
    """Replace every secret that Airflow's secrets masker knows."""
    return str(redact(text))


def lacks_reason(error: str) -> bool:
    """
    Return whether a text that Airflow gives as an error does not say why the task failed.

    If a task stopped sending heartbeats, Airflow 2 gives only the place where the task ran, as the text of a dict. Can
    be removed when Airflow 2 is no longer supported.
    """
    return error.startswith("{'DAG Id': ")


def is_refused_connection(error: BaseException) -> bool:
    """
    Return whether an error was caused by Airflow's refusal to return a connection that it stores.

    Airflow 3.3 refuses this to every SyncCallback of a deadline: the API server accepts the token of a callback only
    for requests about the callback itself. Can be removed when it accepts that token for connections.
    """
    while type(error).__name__ != "AirflowSecretsBackendAccessDenied":  # not there before task SDK 1.2.2
        if error.__cause__ is None:
            return False
        error = error.__cause__
    return True


def dag_callbacks_can_ask() -> bool:
    """
    Return whether a DAG-level callback can read how the tasks of its run ended.

    The dag-processor of Airflow 3.0 does not support :func:`read_task_states` and :func:`read_xcom`: a callback that
    calls them waits forever. Can be removed when 3.1 is the oldest supported version of Airflow 3.
    """
    requests = getattr(sys.modules.get(names.DAG_PROCESSOR), "ToManager", None)  # does not exist on Airflow 2
    return requests is None or "GetTaskStates" in str(requests)


def read_task_states(dag_id: str, run_id: str) -> dict[str, str | None]:
    """
    Return the stored state of every task instance of a DAG run.

    This works in a task, in the triggerer and in ``dag.test()``, and in the dag-processor if
    :func:`dag_callbacks_can_ask`. The key of a mapped task instance is ``<task_id>_<map_index>``, as in Airflow's
    execution API.
    """
    if AIRFLOW_3 and names.has_supervisor():
        # Private: no public call reads the states of a run. Can be replaced when airflow.sdk has such a call.
        from airflow_provider_datapipeline._airflow.names import RuntimeTaskInstance

        states: dict[str, Any] = RuntimeTaskInstance.get_task_states(dag_id=dag_id, run_ids=[run_id])
        return {key: _state_text(state) for key, state in states.get(run_id, {}).items()}
    return _read_task_states_from_database(dag_id, run_id)


def read_xcom(dag_id: str, run_id: str, task_id: str, map_index: int, key: str) -> Any:
    """Return an XCom of a task instance, or None. This works where :func:`read_task_states` works."""
    if AIRFLOW_3 and not names.has_supervisor():
        return _read_xcom_from_database(dag_id, run_id, task_id, map_index, key)
    from airflow_provider_datapipeline._airflow.names import XCom

    # For an unmapped task instance, the execution API expects no index, and Airflow 2 expects -1.
    index = None if AIRFLOW_3 and map_index < 0 else map_index
    return XCom.get_one(dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=index, key=key)


def dag_run_conf(task_instance: Any) -> Mapping[str, Any] | None:
    """Return the conf of a task instance's DAG run."""
    dag_run = task_instance.get_template_context().get("dag_run") if AIRFLOW_3 else task_instance.get_dagrun()
    conf = getattr(dag_run, "conf", None)
    return conf if isinstance(conf, Mapping) else None


def _state_text(state: Any) -> str | None:
    """Return a state as a plain text: some of Airflow's calls return an enumeration, others its values."""
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
    return {
        task_id if map_index < 0 else f"{task_id}_{map_index}": _state_text(state) for task_id, map_index, state in rows
    }


def _read_xcom_from_database(dag_id: str, run_id: str, task_id: str, map_index: int, key: str) -> Any:
    # Private: no public call works in dag.test() of Airflow 3. Can be replaced when a DAG's callback has a supervisor.
    from airflow_provider_datapipeline._airflow.names import XComModel, create_session

    columns = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index, "key": key}
    session: Session
    with create_session() as session:
        row = session.query(XComModel.value).filter_by(**columns).first()
    return None if row is None else row[0]


SUCCEEDED = "datapipeline_succeeded"
"""The event in Airflow 2's audit log that says that an instance of a mapped task has succeeded."""


def succeeded_instances(task_instance: Any) -> set[int]:
    """
    Return the map indexes of the instances of a mapped task that have succeeded before Airflow has stored that.

    The instance itself is among them. Airflow 2 calls back before it stores a success. If two instances end at once,
    each would see the other one as running. So each instance writes an event before it reads the events of the others.
    The events are in the audit log, because an XCom cannot be written here: the row of its task instance is locked
    until the success is stored. Airflow 3 has stored the success by then, so the events can be removed with Airflow 2.
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
                # An event of an earlier try, which was cleared since, does not count.
                & (TaskInstance.try_number == Log.try_number),
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
    """Airflow refuses to create a DAG run, and will refuse again."""


class DagUnknownError(RunRefusedError):
    """Airflow does not know the DAG, or could not import it at the last attempt. This may change in a moment."""


class ServerFailedError(RunRefusedError):
    """The API server failed on this request, although Airflow's client had repeated it."""


_REMEDIES = {
    "not_found": "Is its id spelt as in the DAG file, and is that file in the DAGs folder of this Airflow?",
    "import_errors": "What is wrong with its file, `airflow dags list-import-errors` says.",
    "denied_run_type": "Its allowed_run_types must have the type that Airflow names.",
}
"""What the user can do, by the reason that Airflow gives for its refusal."""

_TEMPORARY_REFUSALS = (401, 403, 408, 409, 429)  # the answers from 400 to 499 that are not about the DAG run itself


def create_dag_run(
    dag_id: str, run_id: str, conf: dict[str, Any], *, note: str = "", logical_date: datetime | None = None
) -> bool:
    """
    Create a DAG run from within a task.

    :param note: a note for the run; ignored where Airflow stores no notes (before 3.2)
    :param logical_date: the logical date of the run. From Airflow 3.3 on, the DAG's timetable derives the data interval
        from this time; before, Airflow derives it from the present time
    :returns: True if the run is new, False if the DAG has a run with this id or logical date
    :raises RunRefusedError: Airflow refuses to create the run
    :raises DagUnknownError: Airflow does not know the DAG, or cannot import it, at the moment
    :raises ServerFailedError: the API server could not answer this request
    """
    # Private: TriggerDagRunOperator sends the same message, and no public call creates a run and then continues. Can be
    # replaced when airflow.sdk can create a DAG run.
    from airflow_provider_datapipeline._airflow.names import (
        AirflowRuntimeError,
        ErrorResponse,
        ErrorType,
        TriggerDagRun,
        supervisor,
    )

    # "note" exists from Airflow 3.2 on, and "run_after" from 3.3 on. The check can be removed when 3.3 is the oldest
    # supported version.
    newer_fields = {"note": note or None, "run_after": logical_date}
    extra: dict[str, Any] = {
        name: value for name, value in newer_fields.items() if value is not None and name in TriggerDagRun.model_fields
    }
    message = TriggerDagRun(dag_id=dag_id, run_id=run_id, conf=conf, logical_date=logical_date, **extra)
    try:
        answer = supervisor().send(message)
    except AirflowRuntimeError as error:
        if (refusal := _refusal(error.error.detail or {})) is None:
            raise
        raise refusal from error
    if isinstance(answer, ErrorResponse):
        if answer.error == ErrorType.DAGRUN_ALREADY_EXISTS:
            return False
        raise AirflowRuntimeError(answer)
    return True


def _refusal(detail: Mapping[str, Any]) -> RunRefusedError | None:
    """Return the error that an answer to the request for a DAG run means; None if it is not about the DAG run."""
    status = detail.get("status_code")
    if not isinstance(status, int) or status < 400 or status in _TEMPORARY_REFUSALS:  # noqa: PLR2004  # HTTP's errors
        return None
    if status >= 500:  # noqa: PLR2004  # HTTP's server errors
        return ServerFailedError(f"Airflow's API server answers with status {status}: {_innermost(detail)}.")
    reason = _reason(detail)
    kind = DagUnknownError if status == 404 or reason == "import_errors" else RunRefusedError  # noqa: PLR2004  # HTTP's
    return kind(" ".join([f"{_innermost(detail).rstrip('.')}.", *filter(None, [_REMEDIES.get(reason)])]))


def _reason(detail: Any) -> str:
    """Return the reason code in an answer of Airflow's API; empty if there is none."""
    while isinstance(detail, Mapping):
        if isinstance(reason := detail.get("reason"), str):
            return reason
        detail = detail.get("detail")
    return ""


def _innermost(detail: Any) -> str:
    """Return the sentence in an answer of Airflow's API, which is nested in one or several ``detail`` entries."""
    while isinstance(detail, Mapping) and (inner := detail.get("detail") or detail.get("message")):
        detail = inner
    return str(detail)


def count_runs(dag_id: str, run_ids: Sequence[str] | None, states: Sequence[str]) -> int:
    """Return how many runs of a DAG are in one of these states; ``run_ids`` limits the count to some runs."""
    from airflow_provider_datapipeline._airflow.names import RuntimeTaskInstance

    ids = None if run_ids is None else list(run_ids)
    return int(RuntimeTaskInstance.get_dr_count(dag_id=dag_id, run_ids=ids, states=list(states)))


def has_runs(dag_id: str, logical_date: datetime | None = None) -> bool:
    """Return whether a DAG has a run with this logical date, or any run if none is given, even of a deleted DAG."""
    from airflow_provider_datapipeline._airflow.names import RuntimeTaskInstance

    dates = None if logical_date is None else [logical_date]
    return bool(RuntimeTaskInstance.get_dr_count(dag_id=dag_id, logical_dates=dates))


def read_states_of_runs(dag_id: str, run_ids: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """Return the result of :func:`read_task_states` for each run; a run without task instances is left out."""
    from airflow_provider_datapipeline._airflow.names import RuntimeTaskInstance

    runs: dict[str, dict[str, Any]] = RuntimeTaskInstance.get_task_states(dag_id=dag_id, run_ids=list(run_ids))
    return {run_id: {key: _state_text(state) for key, state in states.items()} for run_id, states in runs.items()}


_INVALID_REQUEST = (400, 404, 405, 422)


def may_pass(error: BaseException) -> bool:
    """
    Return whether a request that failed in the triggerer may succeed later without a correction by anybody.

    It cannot if Airflow's API says that the request is invalid, or if this process cannot read the answer. Every other
    error may pass.
    """
    from airflow_provider_datapipeline._airflow.names import AirflowRuntimeError

    if isinstance(error, AirflowRuntimeError):
        return (error.error.detail or {}).get("status_code") not in _INVALID_REQUEST
    return not isinstance(error, ImportError | TypeError | ValueError | AttributeError | LookupError)


def run_state(dag_id: str, run_id: str) -> str | None:
    """Return the state of a DAG run; None if the run does not exist."""
    from airflow_provider_datapipeline._airflow.names import AirflowRuntimeError, RuntimeTaskInstance

    try:
        return _state_text(RuntimeTaskInstance.get_dagrun_state(dag_id=dag_id, run_id=run_id))
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
