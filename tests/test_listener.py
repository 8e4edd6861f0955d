"""When the listener stores the error of a failed task. A real Airflow tests that the error reaches the report."""

from __future__ import annotations

import logging
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.configuration import conf as airflow_conf

from airflow_provider_datapipeline._airflow import compat, error_text
from airflow_provider_datapipeline._airflow.stored_run import LEAVES_KEY, RECORD_KEY
from airflow_provider_datapipeline.callbacks import report_failed
from airflow_provider_datapipeline.plugins import listener
from airflow_provider_datapipeline.reporting.report import TaskReport

CONF: dict[str, Any] = {
    "datapipeline": {"taskId": "task/1=", "pipelineId": "df-1", "attemptId": "@A_Attempt=1", "fields": {}}
}


def conf_of(kind: str) -> dict[str, Any]:
    return {"datapipeline": CONF["datapipeline"] | {"fields": {"type": kind}}}


def dag(**downstream: str) -> SimpleNamespace:
    """Return a DAG whose tasks have the given ids downstream; the task ``teardown`` is a teardown."""
    return SimpleNamespace(
        task_dict={
            task_id: SimpleNamespace(downstream_task_ids=set(others.split()), is_teardown=task_id == "teardown")
            for task_id, others in downstream.items()
        }
    )


class TaskInstance:
    """A task instance as listeners get it, on Airflow 2 and Airflow 3; it records the XComs that were pushed."""

    dag_id, run_id, task_id, map_index = "nightly", "run_1", "load", -1
    try_number, max_tries, log_url = 1, 0, "http://localhost/log"

    def __init__(self, conf: object) -> None:
        self.conf = conf
        self.pushed: list[tuple[str, Any]] = []
        self.task = SimpleNamespace(dag=dag(load="check", check="teardown", teardown="", unreached=""))

    def get_dagrun(self) -> SimpleNamespace:
        return SimpleNamespace(conf=self.conf)

    def get_template_context(self) -> dict[str, Any]:
        return {"dag_run": self.get_dagrun()}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed.append((key, value))


class LostTaskInstance(TaskInstance):
    """A task instance whose process can no longer reach Airflow."""

    def get_dagrun(self) -> SimpleNamespace:
        raise ConnectionError("the API server is gone")


def test_the_error_of_a_failed_task_is_kept_as_one_xcom() -> None:
    """The XCom has everything that a report needs, and the time that tells which of several tasks failed first."""
    task_instance = TaskInstance(CONF)

    listener.on_task_instance_failed(task_instance, ValueError("no rows"))

    ((key, value),) = task_instance.pushed
    kept = TaskReport.from_record(value)
    assert key == RECORD_KEY
    assert kept is not None
    assert kept.error_id == "ValueError"
    assert kept.error_message is not None
    assert kept.error_message.startswith("no rows\n")
    assert value["failedAt"].endswith("+00:00")


def test_the_error_is_masked_before_it_is_kept() -> None:
    """Everybody who may read XComs can read it, for as long as the run is stored."""
    task_instance = TaskInstance(CONF)
    error = ValueError("cannot open postgresql://etl:pass-1234@db.example.com/orders")
    error.add_note("retried with pass-1234")

    listener.on_task_instance_failed(task_instance, error)

    ((_, value),) = task_instance.pushed
    assert "pass-1234" not in str(value)
    assert "postgresql://etl:***@db.example.com/orders" in value["error_message"]


@pytest.mark.parametrize(
    ("option", "conf"),
    [("type", CONF), ("nonsense", CONF), ("full", {**CONF, "task_runner": {"dag_id": "r", "error_detail": "type"}})],
    ids=["option of the deployment", "invalid option", "parameter of the task runner"],
)
def test_no_text_of_the_error_is_stored_where_no_text_may_be_reported(
    monkeypatch: pytest.MonkeyPatch, option: str, conf: dict[str, Any]
) -> None:
    monkeypatch.setenv("AIRFLOW__DATAPIPELINE__ERROR_DETAIL", option)
    task_instance = TaskInstance(conf)

    listener.on_task_instance_failed(task_instance, ValueError("no rows"))

    ((_, value),) = task_instance.pushed
    assert "no rows" not in str(value)
    assert value["error_id"] == "ValueError"
    assert value["error_message"].startswith("ValueError; its text stays in Airflow's log.\nDAG: nightly\n")


def test_the_parameter_of_the_task_runner_overrides_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DATAPIPELINE__ERROR_DETAIL", "type")
    task_instance = TaskInstance({**CONF, "task_runner": {"dag_id": "r", "error_detail": "full"}})

    listener.on_task_instance_failed(task_instance, ValueError("no rows"))

    ((_, value),) = task_instance.pushed
    assert value["error_message"].startswith("no rows\n")


def test_the_record_also_has_the_report_without_texts() -> None:
    """A notifier or an operator with ``error_detail="type"`` needs it."""
    task_instance = TaskInstance(CONF)

    listener.on_task_instance_failed(task_instance, ValueError("no rows"))

    ((_, value),) = task_instance.pushed
    kept = TaskReport.from_record(value["withoutTexts"])
    assert kept is not None
    assert kept.error_message is not None
    assert kept.error_message.startswith("ValueError; its text stays")
    assert "no rows" not in str(kept)


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt])
def test_an_exception_that_would_end_the_process_is_kept_too(raised: type[BaseException]) -> None:
    """Otherwise Airflow would not call the other listeners, and would not send e-mail."""

    class EndingError(Exception):
        def __str__(self) -> str:
            raise raised

    task_instance = TaskInstance(CONF)

    listener.on_task_instance_failed(task_instance, EndingError())

    ((_, value),) = task_instance.pushed
    assert "EndingError that cannot be shown as text" in value["error_message"]


def test_an_exception_whose_text_blocks_does_not_delay_the_end_of_the_task(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Airflow would kill the process after a while, and might then run a task again that has failed for good."""
    release = threading.Event()

    class WaitingError(Exception):
        def __str__(self) -> str:
            release.wait()
            return "at last"

    monkeypatch.setattr(error_text, "TEXT_SECONDS", 0.05)
    task_instance = TaskInstance(CONF)

    with caplog.at_level(logging.ERROR):
        listener.on_task_instance_failed(task_instance, WaitingError())
    release.set()

    ((_, value),) = task_instance.pushed
    assert value["error_id"].endswith("WaitingError")
    assert "gave no text within 0.05 s.\nDAG: nightly\n" in value["error_message"]
    assert "error_stack_trace" not in value
    assert value["withoutTexts"]["error_message"] == value["error_message"]
    (line,) = caplog.records
    assert "no message and no stack trace" in line.getMessage()
    assert "__str__" in line.getMessage()


def test_requests_to_airflow_are_made_in_the_calling_thread() -> None:
    """A request to the supervisor that continues in another thread would disturb the next one."""
    threads = set()

    class Watched(TaskInstance):
        def get_dagrun(self) -> SimpleNamespace:
            threads.add(threading.current_thread())
            return super().get_dagrun()

        def xcom_push(self, key: str, value: Any) -> None:
            threads.add(threading.current_thread())
            super().xcom_push(key, value)

    listener.on_task_instance_failed(Watched(CONF), ValueError("no rows"))

    assert threads == {threading.current_thread()}


def test_callbacks_and_listener_end_before_airflow_kills_the_process() -> None:
    assert report_failed.timeout + error_text.TEXT_SECONDS < airflow_conf.getfloat("core", "task_success_overtime")


@pytest.mark.parametrize("conf", [None, {}, {"day": "2026-11-22"}])
def test_nothing_is_stored_in_a_run_without_a_data_pipeline_task(conf: object) -> None:
    """Airflow calls the listener for every task of the installation."""
    task_instance = TaskInstance(conf)

    listener.on_task_instance_failed(task_instance, ValueError("no rows"))

    assert task_instance.pushed == []


@pytest.mark.parametrize("error", ["TaskInstance's state was manually set to `failed`.", None])
def test_nothing_is_stored_outside_the_process_of_the_task(error: str | None) -> None:
    """The scheduler or the API server calls then, without the exception, and must not be disturbed by a read."""
    task_instance = TaskInstance(CONF)

    listener.on_task_instance_failed(task_instance, error)

    assert task_instance.pushed == []


def test_an_error_of_the_listener_is_logged_and_not_raised(caplog: pytest.LogCaptureFixture) -> None:
    """Airflow must still call the other listeners."""
    with caplog.at_level(logging.ERROR):
        listener.on_task_instance_failed(LostTaskInstance(CONF), ValueError("no rows"))

    (line,) = caplog.records
    assert "load" in line.getMessage()
    assert line.exc_text is not None
    assert "the API server is gone" in line.exc_text


def test_an_error_at_the_start_of_a_task_is_not_raised_either(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        listener.on_task_instance_running(LostTaskInstance(CONF))

    assert all("load" in record.getMessage() for record in caplog.records)


if compat.AIRFLOW_3:  # the task runner, for which this is, needs it

    @pytest.mark.parametrize("map_index", [-1, 0])
    def test_every_task_that_starts_stores_the_leaves(map_index: int) -> None:
        """The task need not be a leaf itself, because it may be the only task that starts."""
        task_instance = TaskInstance(conf_of("ShellCommandPrecondition"))
        task_instance.map_index = map_index

        listener.on_task_instance_running(task_instance)

        assert task_instance.pushed == [(LEAVES_KEY, ["check", "unreached"])]


@pytest.mark.parametrize(
    ("conf", "map_index"),
    [
        (None, -1),
        ({"day": "2026-11-22"}, -1),
        (conf_of("ShellCommandActivity"), -1),
        (conf_of("ShellCommandPrecondition"), 1),  # a mapped task may have a thousand instances
    ],
)
def test_no_leaves_are_stored_where_they_are_not_needed(conf: object, map_index: int) -> None:
    task_instance = TaskInstance(conf)
    task_instance.map_index = map_index

    listener.on_task_instance_running(task_instance)

    assert task_instance.pushed == []
