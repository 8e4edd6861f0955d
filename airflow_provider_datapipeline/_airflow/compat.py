"""Every version branch and every private call of Airflow, each with the condition that removes it."""

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

# Goes when Airflow 2.11 is no longer supported, and with it every branch on it below.
AIRFLOW_3 = _VERSION >= (3, 0)

# start_from_trigger with templates works from Airflow 3.3 on: 3.1 and 3.2 ignore it, 3.0 hands the trigger raw
# templates. Goes when 3.3 is the oldest version supported.
START_FROM_TRIGGER = _VERSION >= (3, 3)


_MANY_RUNS = 5_000  # of a poller that fails each minute: three days and a half


def failed_runs_allowed() -> int:
    """
    Return the max_consecutive_failed_dag_runs of a DAG that Airflow must never pause.

    0 says so, but Airflow 3.0 takes the deployment's default for it when it reads a stored DAG, and reads as many runs
    as it is told each time that one fails. Goes when 3.1 is the oldest version of Airflow 3 supported.
    """
    if _VERSION != (3, 0) or not names.conf.getint("core", "max_consecutive_failed_dag_runs_per_dag", fallback=0):
        return 0
    return _MANY_RUNS


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
    Tell whether an error came of Airflow's refusal to hand out a connection that it stores.

    It does so to every SyncCallback of a deadline on Airflow 3.3: the API server takes the token of a callback only for
    what concerns the callback itself. Goes when it takes that token for connections.
    """
    while type(error).__name__ != "AirflowSecretsBackendAccessDenied":  # not there before task SDK 1.2.2
        if error.__cause__ is None:
            return False
        error = error.__cause__
    return True


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
    """Airflow does not create a DAG run, and asking again will not change that."""


class DagUnknownError(RunRefusedError):
    """Airflow does not know the DAG, or could not import it when it last tried, which may be otherwise in a moment."""


class ServerFailedError(RunRefusedError):
    """The API server failed over this request; Airflow's client had repeated it before it said so."""


_REMEDIES = {
    "not_found": "Is its id spelt as in the DAG file, and is that file in the DAGs folder of this Airflow?",
    "import_errors": "What is wrong with its file, `airflow dags list-import-errors` says.",
    "denied_run_type": "Its allowed_run_types must have the type that Airflow names.",
}
"""What to do, by the reason that Airflow gives with its refusal."""

_MAY_PASS = (401, 403, 408, 409, 429)  # of the answers from 400 to 499: those that are not about what was asked for


def create_dag_run(
    dag_id: str, run_id: str, conf: dict[str, Any], *, note: str = "", logical_date: datetime | None = None
) -> bool:
    """
    Create a DAG run from a task; return whether it is new, False where there is one of this id or logical date.

    :param note: left out where Airflow keeps none
    :param logical_date: of the run; its data interval is what the DAG's timetable makes of this time where Airflow
        can be told one (from 3.3 on), and of the present otherwise
    :raises RunRefusedError: Airflow does not create it
    :raises DagUnknownError: the DAG is not known, or is broken, at the moment
    :raises ServerFailedError: the API server could not answer this request
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

    # Notes came with Airflow 3.2, and the time for the timetable with 3.3. Goes when 3.3 is the oldest supported.
    later = {"note": note or None, "run_after": logical_date}
    extra: dict[str, Any] = {
        name: value for name, value in later.items() if value is not None and name in TriggerDagRun.model_fields
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
    """Return what an answer to the wish for a DAG run means; None where it is not about that wish."""
    status = detail.get("status_code")
    if not isinstance(status, int) or status < 400 or status in _MAY_PASS:  # noqa: PLR2004  # HTTP's errors
        return None
    if status >= 500:  # noqa: PLR2004  # HTTP's server errors
        return ServerFailedError(f"Airflow's API server answers with status {status}: {_innermost(detail)}.")
    reason = _reason(detail)
    kind = DagUnknownError if status == 404 or reason == "import_errors" else RunRefusedError  # noqa: PLR2004  # HTTP's
    return kind(" ".join([f"{_innermost(detail).rstrip('.')}.", *filter(None, [_REMEDIES.get(reason)])]))


def _reason(detail: Any) -> str:
    """Return the word by which Airflow's API calls a refusal, or nothing."""
    while isinstance(detail, Mapping):
        if isinstance(reason := detail.get("reason"), str):
            return reason
        detail = detail.get("detail")
    return ""


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


def has_runs(dag_id: str, logical_date: datetime | None = None) -> bool:
    """Tell whether a DAG, which Airflow need not know (any more), has a run: of this logical date, or any at all."""
    from airflow_provider_datapipeline._airflow.names import RuntimeTaskInstance

    dates = None if logical_date is None else [logical_date]
    return bool(RuntimeTaskInstance.get_dr_count(dag_id=dag_id, logical_dates=dates))


def read_states_of_runs(dag_id: str, run_ids: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """Return by run what :func:`read_task_states` returns of one; a run without task instances is left out."""
    from airflow_provider_datapipeline._airflow.names import RuntimeTaskInstance

    found: dict[str, dict[str, Any]] = RuntimeTaskInstance.get_task_states(dag_id=dag_id, run_ids=list(run_ids))
    return {run_id: {key: _plain(state) for key, state in states.items()} for run_id, states in found.items()}


_SENSELESS_QUESTION = (400, 404, 405, 422)


def may_pass(error: BaseException) -> bool:
    """
    Tell whether what Airflow was asked in the triggerer may be answered later although nobody has corrected anything.

    No: Airflow's API says that the question makes no sense to it, or its answer makes none to us. Yes: everything else.
    """
    from airflow_provider_datapipeline._airflow.names import AirflowRuntimeError

    if isinstance(error, AirflowRuntimeError):
        return (error.error.detail or {}).get("status_code") not in _SENSELESS_QUESTION
    return not isinstance(error, ImportError | TypeError | ValueError | AttributeError | LookupError)


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
