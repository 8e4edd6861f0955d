"""The notifier, as DAG files see it; what it sends is tested on a real Airflow in tests/integration."""

from __future__ import annotations

import copy
import logging
import subprocess
import sys
import threading
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.configuration import conf

from airflow_provider_datapipeline._airflow.bounded import run_bounded
from airflow_provider_datapipeline._airflow.names import DAG, BaseNotifier, BaseOperator
from airflow_provider_datapipeline.callbacks import report_failed, report_finished
from airflow_provider_datapipeline.exceptions import DeliveryTimeoutError
from airflow_provider_datapipeline.notifications.datapipeline import DataPipelineNotifier
from airflow_provider_datapipeline.operators.datapipeline import DataPipelineSetTaskStatusOperator
from airflow_provider_datapipeline.reporting.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Callable

CONTEXT_KEYS = {
    "conf", "conn", "dag", "dag_run", "data_interval_end", "data_interval_start", "ds", "exception", "inlets",
    "logical_date", "macros", "map_index_template", "outlets", "params", "reason", "run_id", "task", "task_instance",
    "ti", "ts", "try_number", "var",
}  # fmt: skip


def test_the_callbacks_are_notifiers() -> None:
    """Airflow treats them as it treats every notifier."""
    assert isinstance(report_finished, BaseNotifier)
    assert isinstance(report_failed, DataPipelineNotifier)
    assert report_finished.task_status is TaskStatus.FINISHED
    assert report_failed.task_status is TaskStatus.FAILED


def test_parameters_make_a_new_notifier() -> None:
    """One DAG's parameters must not become another's."""
    configured = report_failed(error_id="Nightly", aws_conn_id=None)

    assert (configured.task_status, configured.error_id, configured.aws_conn_id) == ("FAILED", "Nightly", None)
    assert (report_failed.error_id, report_failed.aws_conn_id) == (None, "aws_default")
    assert configured(timeout=3).error_id == "Nightly"


def test_a_misspelt_parameter_is_an_error_where_it_is_written() -> None:
    """Not a silent default, which would report to a wrong account at night."""
    with pytest.raises(TypeError, match="aws_connection"):
        report_failed(aws_connection="prod")


def test_an_unknown_status_is_an_error_where_it_is_written() -> None:
    """A DAG import error is seen at once."""
    with pytest.raises(ValueError, match="DONE"):
        DataPipelineNotifier(task_status="DONE")


@pytest.mark.parametrize("surface", [report_failed, partial(DataPipelineSetTaskStatusOperator, task_id="report")])
def test_an_unknown_detail_is_an_error_where_it_is_written(surface: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="error_detail is 'class'; it must be full or type"):
        surface(error_detail="class")


FAILED_TASK = {
    "ti": SimpleNamespace(
        dag_id="nightly", run_id="run_1", task_id="load", try_number=1, max_tries=0, map_index=-1, log_url=None
    ),
    "exception": ValueError("no rows for customer 4711"),
}


@pytest.mark.parametrize(
    ("option", "given", "is_told"),
    [
        ("full", None, True),
        ("type", None, False),
        ("nonsense", None, False),
        ("full", "type", False),
        ("type", "full", True),
    ],
)
def test_how_much_of_an_error_is_reported(
    monkeypatch: pytest.MonkeyPatch, option: str, given: str | None, is_told: bool
) -> None:
    """As its author says, or else the deployment; a copy with other parameters says the same."""
    monkeypatch.setenv("AIRFLOW__DATAPIPELINE__ERROR_DETAIL", option)
    notifier = report_failed(error_detail=given)(timeout=3)

    report = notifier._task_report(FAILED_TASK)

    assert report is not None
    assert report.error_id == "ValueError"
    assert ("4711" in str(report)) is is_told


def test_a_template_that_shows_the_error_is_its_authors_decision() -> None:
    notifier = report_failed(error_detail="type", error_message="{{ exception }}")

    report = notifier._rendered(FAILED_TASK)._task_report(FAILED_TASK)

    assert report is not None
    assert "4711" in (report.error_message or "")
    assert "4711" not in (report.error_stack_trace or "")


def test_a_notifier_can_stand_in_default_args() -> None:
    """Airflow copies these deeply, for each task."""
    with DAG("nightly", schedule=None, default_args={"on_failure_callback": [report_failed]}):
        task = BaseOperator(task_id="load")

    callbacks = task.on_failure_callback
    (callback,) = callbacks if isinstance(callbacks, list) else [callbacks]
    assert isinstance(callback, DataPipelineNotifier)
    assert copy.deepcopy(callback).task_status is TaskStatus.FAILED


def test_no_template_field_hides_an_entry_of_the_context() -> None:
    """Airflow's own notifier base puts fields into the context under their names."""
    assert not CONTEXT_KEYS & set(DataPipelineNotifier.template_fields)


def test_templates_are_rendered_on_a_copy() -> None:
    """One instance serves many runs; what one run rendered must not be left for the next."""
    notifier = report_failed(pipeline_task_id="{{ dag_run.conf.id }}", error_message="{{ shout(run_id) }}")
    dag = SimpleNamespace(user_defined_macros={"shout": str.upper})
    first = {"dag": dag, "run_id": "a", "dag_run": SimpleNamespace(conf={"id": "task-a"})}
    second = {"dag": dag, "run_id": "b", "dag_run": SimpleNamespace(conf={"id": "task-b"})}

    rendered = [notifier._rendered(context) for context in (first, second)]

    assert [one.pipeline_task_id for one in rendered] == ["task-a", "task-b"]
    assert [one.error_message for one in rendered] == ["A", "B"]
    assert notifier.pipeline_task_id == "{{ dag_run.conf.id }}"
    assert set(first) == {"dag", "run_id", "dag_run"}


@pytest.mark.parametrize(
    ("parameters", "context", "remedy"),
    [
        ({}, {"reason": "success"}, "DataPipelineSetTaskStatusOperator"),
        ({"pipeline_task_id": "{{ dag_run.conf.id }}"}, {"reason": "success"}, "dag_run"),
        ({"pipeline_task_id": "{{ params.id }}"}, {"params": {"id": ""}}, "renders to nothing"),
    ],
)
def test_a_report_that_cannot_be_made_is_one_error_line_and_no_exception(
    parameters: dict[str, Any], context: dict[str, Any], remedy: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The outcome of the user's run must not depend on a report about it."""
    context |= {"dag": SimpleNamespace(dag_id="nightly"), "run_id": "run_1"}

    with caplog.at_level(logging.INFO):
        report_finished(**parameters)(context)

    (line,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "run_1" in line.getMessage()
    assert remedy in line.getMessage()


def test_a_report_that_cannot_be_made_is_counted(sent) -> None:
    """A metric can raise an alarm; a line in the log of one task cannot."""
    report_finished({"dag": SimpleNamespace(dag_id="nightly"), "run_id": "run_1", "reason": "success"})

    assert sent.values == [("callback_errors", 1, {"dag_id": "nightly"})]


def test_a_callback_ends_before_airflow_loses_patience() -> None:
    """Airflow kills a task whose callbacks take longer, and then a failure without retries is tried again."""
    assert report_failed.timeout == report_finished.timeout == 10
    assert report_failed.timeout < conf.getfloat("core", "task_success_overtime")


@pytest.mark.parametrize(("fails_run", "status"), [(False, None), (True, "FAILED")])
def test_a_teardown_that_fails_is_reported_only_where_it_fails_the_run(fails_run: bool, status: str | None) -> None:
    """``default_args`` give the callback to teardowns too, and the run may be a success all the same."""
    places = {"dag_id": "nightly", "run_id": "a", "task_id": "drop", "try_number": 1, "map_index": -1, "log_url": None}
    task = SimpleNamespace(is_teardown=True, on_failure_fail_dagrun=fails_run)
    context = {"task": task, "ti": SimpleNamespace(**places, max_tries=0), "exception": ValueError("no such table")}

    report = report_failed._task_report(context)

    assert (report.status if report else None) == status


def test_a_run_for_something_else_is_not_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """A person may start the DAG from the UI."""
    context = {"dag": SimpleNamespace(dag_id="nightly"), "run_id": "r", "dag_run": SimpleNamespace(conf={"x": 1})}

    with caplog.at_level(logging.INFO):
        report_finished(context)

    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_an_exception_that_gives_no_text_does_not_keep_the_callback(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()

    class End(BaseException):
        """Of the thread, which would else go on to report."""

    class WaitingError(Exception):
        def __str__(self) -> str:
            release.wait()
            raise End

    places = {"dag_id": "nightly", "run_id": "a", "task_id": "load", "try_number": 1, "map_index": -1, "log_url": None}
    context = {
        "run_id": "a",
        "dag_run": SimpleNamespace(conf={"taskId": "t", "objectId": "o", "pipelineId": "df-1", "attemptId": "@A"}),
        "ti": SimpleNamespace(**places, max_tries=0),
        "exception": WaitingError(),
    }

    with caplog.at_level(logging.ERROR):
        report_failed(pipeline_task_id="t", timeout=0.05)(context)
    release.set()

    (line,) = caplog.records
    assert "DeliveryTimeoutError" in line.getMessage()
    assert "within 0.05 s" in line.getMessage()


def test_what_work_returns_is_returned() -> None:
    assert run_bounded(lambda: 17, 10) == 17


def test_work_that_takes_too_long_is_left_behind() -> None:
    """The caller goes on; the work ends when it ends."""
    release = threading.Event()
    finished = threading.Event()

    def work() -> None:
        release.wait()
        finished.set()

    with pytest.raises(DeliveryTimeoutError, match=r"within 0\.05 s"):
        run_bounded(work, 0.05)
    release.set()

    assert finished.wait(10)


def test_not_even_a_system_exit_passes_unnoticed() -> None:
    """What ends a thread silently is raised to the caller."""

    def work() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        run_bounded(work, 10)


def test_what_dag_files_and_airflow_itself_import_does_not_import_boto() -> None:
    """The dag-processor parses every file every 30 seconds; boto3 and the amazon provider would cost it 0.1 s each."""
    modules = [
        "callbacks",
        "notifications.datapipeline",
        "operators.datapipeline",
        "plugins.datapipeline",
        "get_provider_info",
    ]
    code = (
        f"import sys, {', '.join(f'airflow_provider_datapipeline.{module}' for module in modules)}\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('boto3', 'botocore', 'aiobotocore')"
        " or name.startswith('airflow.providers.amazon.aws')])"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.splitlines()[-1] == "[]"
