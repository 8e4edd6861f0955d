"""
What is reported when a DAG run misses a deadline. Airflow's own code calls the callbacks, for an emulated service.

tests/integration/reporting/test_deadlines.py tests the same on a real deployment.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import socket
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

from airflow_provider_datapipeline._airflow.names import DAG  # noqa: F401  # Airflow 2 reads no connection before it is loaded
from airflow_provider_datapipeline.callbacks import report_failed, report_finished
from airflow_provider_datapipeline.emulator import EmulatorServer
from airflow_provider_datapipeline.hooks._clients import forget_clients
from airflow_provider_datapipeline.notifications.datapipeline import DataPipelineNotifier
from tests.support.account import Account, connection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.support.account import Handed

    Call = Callable[..., Awaitable[tuple[str, str]]]

try:
    from airflow.sdk.definitions.deadline import AsyncCallback, SyncCallback
except ImportError:
    pytest.skip("deadlines came with Airflow 3.1", allow_module_level=True)

PATH = "airflow_provider_datapipeline.callbacks.report_failed"
MISSED_AT = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)


def context_of(conf: dict[str, Any] | None, **deadline: Any) -> dict[str, Any]:
    """Return the context that Airflow's Deadline.handle_miss makes for a callback."""
    return {
        "dag_run": {
            "dag_run_id": "manual__2026-11-22",
            "dag_id": "nightly",
            "logical_date": None,
            "run_type": "manual",
            "state": "running",
            "conf": conf,
        },
        "deadline": {"id": str(uuid.uuid4()), "deadline_time": MISSED_AT, **deadline},
    }


async def call_in_executor(callback: object, parameters: dict[str, Any], context: dict[str, Any]) -> tuple[str, str]:
    """Do what an executor does with a SyncCallback; return the state that Airflow stores, and the error."""
    stored = SyncCallback(callback, parameters)
    keywords = {**(stored.kwargs or {}), "context": context}
    log = logging.getLogger("executor")
    try:
        from airflow.sdk.execution_time.callback_supervisor import execute_callback
    except ImportError:  # before Airflow 3.3
        workloads = pytest.importorskip("airflow.executors.workloads.callback", reason="came with Airflow 3.2")
        dto = workloads.CallbackDTO(
            id=str(uuid.uuid4()), fetch_method="import_path", data={"path": stored.path, "kwargs": keywords}
        )
        done, error = await asyncio.to_thread(workloads.execute_callback_workload, dto, log)
    else:
        done, error = await asyncio.to_thread(execute_callback, stored.path, keywords, "", None, StructuredLog(log))
    return "success" if done else "failed", error or ""


class StructuredLog:
    """A log with the interface that Airflow 3.3 uses: its methods take values as keywords."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log

    def __getattr__(self, level: str) -> Callable[..., None]:
        return lambda text, **values: getattr(self._log, level)("%s %s", text, values)


async def call_in_triggerer(callback: object, parameters: dict[str, Any], context: dict[str, Any]) -> tuple[str, str]:
    """Do what the triggerer does with an AsyncCallback; return the state that Airflow stores, and the output."""
    try:
        from airflow.triggers.callback import CallbackTrigger
    except ImportError:  # Airflow 3.1
        from airflow.triggers.deadline import DeadlineCallbackTrigger as CallbackTrigger
    stored = AsyncCallback(callback, parameters)
    trigger = CallbackTrigger(stored.path, {**(stored.kwargs or {}), "context": context})
    events = [event async for event in trigger.run()]
    return str(events[-1].payload["state"].value), str(events[-1].payload.get("body"))


@pytest.fixture(params=[call_in_executor, call_in_triggerer], ids=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    """The two ways in which Airflow calls the callback of a deadline."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The account of the connection ``aws_default``."""
    forget_clients()
    with EmulatorServer() as server:
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection(server.url))
        yield Account(server)


@pytest.fixture
def handed(account: Account) -> Handed:
    """A task that has not been reported."""
    return account.hand_out()


@pytest.mark.parametrize("callback", [DataPipelineNotifier, PATH, report_failed], ids=["class", "path", "object"])
async def test_a_missed_deadline_is_reported(call: Call, callback: object, handed: Handed) -> None:
    """By default FAILED is reported, with the error id of a run that took too long, and with the missed deadline."""
    state, _ = await call(callback, {}, context_of(handed.conf))

    assert state == "success"
    attempt = handed.attempt
    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunTimedOut")
    assert attempt.error_message is not None
    assert attempt.error_message.splitlines() == [
        "The DAG run missed its deadline: it was to end by 2026-11-22T06:30:00+00:00, and was running.",
        "DAG: nightly",
        "Run: manual__2026-11-22",
    ]
    assert len(handed.reports) == 1


async def test_a_notifier_with_its_context_reports_when_it_is_called(handed: Handed) -> None:
    """An executor that runs an event loop does not await the result of the call."""
    notifier = DataPipelineNotifier(context=context_of(handed.conf))

    assert notifier(context=context_of(handed.conf)) is None

    assert handed.attempt.reported_status == "FAILED"


@pytest.mark.parametrize("callback", [DataPipelineNotifier, PATH], ids=["class", "path"])
async def test_a_deadline_reports_what_it_was_asked_for(call: Call, callback: object, handed: Handed) -> None:
    """The texts are templates that can use the run and the deadline."""
    parameters = {
        "pipeline_task_id": "{{ dag_run.conf.datapipeline.taskId }}",
        "error_id": "{{ dag.dag_id }}TooLate",
        "error_message": "{{ run_id }} ({{ dag_run.run_id }}) was due at {{ deadline.deadline_time }}",
    }

    await call(callback, parameters, context_of(handed.conf, deadline_time=MISSED_AT.isoformat()))

    attempt = handed.attempt
    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "nightlyTooLate")
    assert attempt.error_message is not None
    assert attempt.error_message.splitlines()[0] == (
        "manual__2026-11-22 (manual__2026-11-22) was due at 2026-11-22T06:30:00+00:00"
    )


@pytest.mark.parametrize("status", ["FINISHED", "FALSE"])
async def test_a_deadline_may_report_another_status(call: Call, account: Account, status: str) -> None:
    """A pipeline may continue with the data that exist at the deadline."""
    handed = account.hand_out(precondition=True)

    await call(DataPipelineNotifier, {"task_status": status}, context_of(handed.conf))

    assert handed.attempt.reported_status == status


@pytest.mark.parametrize("status", ["FINISHED", "FAILED"])
async def test_nothing_is_sent_after_the_outcome(call: Call, handed: Handed, status: str) -> None:
    """The scheduler may notice the miss after the run has ended, and a failed run keeps its deadline."""
    handed.account.client.set_task_status(taskId=handed.task.task_id, taskStatus=status)

    state, _ = await call(PATH, {}, context_of(handed.conf))

    assert state == "success"
    assert [report.parameters["taskStatus"] for report in handed.reports] == [status]


async def test_a_run_for_something_else_is_left_alone(
    call: Call, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    """A person may start the DAG in the web interface."""
    state, _ = await call(PATH, {}, context_of({"day": "2026-11-22"}))

    assert state == "success"
    assert "was not started for a Data Pipeline task" in caplog.text
    assert account.server.service.received("SetTaskStatus") == []


async def test_a_report_that_cannot_be_delivered_shows_as_failed(
    call: Call, handed: Handed, caplog: pytest.LogCaptureFixture, sent: Any
) -> None:
    """
    The error has the remedy, and is counted.

    Airflow logs the arguments of a callback that failed. No log has the fields of the task.
    """
    conf = handed.conf
    conf["datapipeline"]["fields"]["*password"] = "correct-horse-battery"

    state, error = await call(PATH, {"aws_conn_id": "no_such_connection"}, context_of(conf))

    assert state == "failed"
    assert "DeadlineNotReportedError" in error
    assert "airflow connections add no_such_connection" in error
    assert "correct-horse-battery" not in error + caplog.text
    (line,) = [record for record in caplog.records if record.getMessage().startswith("AWS Data Pipeline was not told")]
    assert "manual__2026-11-22" in line.getMessage()
    assert ("callback_errors", 1, {"dag_id": "nightly"}) in sent.values
    assert handed.reports == []


async def test_a_connection_that_airflow_refuses_has_its_own_remedy(
    call: Call, handed: Handed, monkeypatch: pytest.MonkeyPatch
) -> None:
    class AirflowSecretsBackendAccessDenied(PermissionError):  # noqa: N818  # as Airflow calls it
        """Airflow 3.3 raises this error in a SyncCallback for every connection in its database."""

    def refuse(*_: Any) -> None:
        raise AirflowSecretsBackendAccessDenied("Access denied for connection 'stored'")

    monkeypatch.setattr(AwsBaseHook, "get_connection", refuse)

    state, error = await call(PATH, {"aws_conn_id": "stored"}, context_of(handed.conf))

    assert state == "failed"
    assert "Use AsyncCallback" in error
    assert handed.reports == []


async def test_a_secret_in_what_prevents_a_report_is_not_shown(call: Call, account: Account) -> None:
    """Airflow stores the text of the error and shows it to its users."""
    parameters = {"error_message": "{{ {}['postgresql://etl:correct-horse@db/orders'].host }}"}

    state, error = await call(PATH, parameters, context_of(account.hand_out().conf))

    assert state == "failed"
    assert "has no attribute 'postgresql://" in error
    assert "correct-horse" not in error


async def test_a_silent_service_holds_a_deadline_up_for_its_timeout_only(
    call: Call, handed: Handed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timeout covers everything, including the connection."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AIRFLOW_CONN_SILENT", connection(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        started = time.monotonic()

        state, error = await call(PATH, {"aws_conn_id": "silent", "timeout": 2}, context_of(handed.conf))

        assert state == "failed"
        assert "within 2 s" in error
        assert time.monotonic() - started < 10, "the client alone would try for 30 s"


async def test_other_work_of_the_triggerer_goes_on_meanwhile(handed: Handed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop is free while the report waits for a service that accepts the connection and does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AIRFLOW_CONN_SILENT", connection(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        silent.settimeout(30)
        parameters = {"aws_conn_id": "silent", "timeout": 25}
        report = asyncio.create_task(call_in_triggerer(PATH, parameters, context_of(handed.conf)))

        connected, _ = await asyncio.to_thread(silent.accept)

        with connected:
            assert not report.done()
            report.cancel()
            with pytest.raises(asyncio.CancelledError):
                await report


def test_no_aws_library_is_imported_in_the_event_loop() -> None:
    """The first import of these libraries takes a second, and would stop all triggers of the triggerer meanwhile."""
    code = """
import asyncio, sys, threading
from airflow_provider_datapipeline.callbacks import report_failed

loaded = {}

def note(event, arguments):
    if event == "import" and arguments[0].split(".")[0] in ("aiobotocore", "boto3", "botocore"):
        loaded.setdefault(arguments[0], threading.current_thread() is threading.main_thread())

async def main():
    context = {"dag_run": {"conf": {"taskId": "t", "pipelineId": "p", "attemptId": "a"}}, "deadline": {}}
    try:
        await report_failed(context=context, aws_conn_id=None, region_name="us-east-1", timeout=60)
    except Exception as error:
        print(error)

sys.addaudithook(note)
asyncio.run(main())
print("loaded", len(loaded) > 0, "in the event loop", [name for name, in_loop in loaded.items() if in_loop])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout.splitlines()[-1:] == ["loaded True in the event loop []"], done.stdout + done.stderr


@pytest.mark.parametrize("kind", [SyncCallback, AsyncCallback])
def test_the_callbacks_are_known_by_their_path(kind: type) -> None:
    """They have a path although they are objects, also after Airflow has copied the default_args that contain them."""
    assert kind(report_failed) == kind(PATH)
    assert kind(copy.deepcopy(report_finished)).path == "airflow_provider_datapipeline.callbacks.report_finished"


@pytest.mark.parametrize("kind", [SyncCallback, AsyncCallback])
def test_a_notifier_without_a_path_is_an_error_where_it_is_written(kind: type) -> None:
    """Airflow would lose its parameters. The error says where to put them."""
    with pytest.raises(AttributeError, match=r"AsyncCallback\(DataPipelineNotifier, \{\.\.\.\}\)"):
        kind(report_failed(error_id="TooLate"))


def test_a_misspelt_attribute_raises_the_usual_error() -> None:
    """The error is not the one about paths."""
    with pytest.raises(AttributeError, match="'eror_id'"):
        _ = report_failed.eror_id  # type: ignore[attr-defined]


def test_only_a_deadline_has_a_default_status() -> None:
    """A notifier that reports FAILED by default would be a trap as on_success_callback."""
    with pytest.raises(TypeError, match="FINISHED, FAILED or FALSE"):
        DataPipelineNotifier()


async def test_a_notifier_that_is_awaited_reports_about_any_context(handed: Handed) -> None:
    """A user's own asynchronous callback may await it, for example."""
    run = type("Run", (), {"conf": handed.conf})()

    await report_finished(context={"dag_run": run, "run_id": "a", "reason": "success"})

    assert handed.attempt.reported_status == "FINISHED"


def test_the_error_survives_pickling() -> None:
    """The LocalExecutor of Airflow 3.2 passes it from one process to another."""
    from airflow_provider_datapipeline.exceptions import DeadlineNotReportedError

    assert str(pickle.loads(pickle.dumps(DeadlineNotReportedError("why")))) == "why"
