"""The notifier as DAG files use it. Tests on a real Airflow, in tests/integration, check what it sends."""

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

from airflow_provider_datapipeline._airflow.bounded import arun_bounded, run_bounded
from airflow_provider_datapipeline._airflow.names import DAG, BaseNotifier, BaseOperator
from airflow_provider_datapipeline.callbacks import report_failed, report_finished
from airflow_provider_datapipeline.exceptions import DeliveryTimeoutError
from airflow_provider_datapipeline.notifications.datapipeline import DataPipelineNotifier
from airflow_provider_datapipeline.operators.datapipeline import DataPipelineSetTaskStatusOperator
from airflow_provider_datapipeline.reporting.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONTEXT_KEYS = {
    "conf", "conn", "dag", "dag_run", "data_interval_end", "data_interval_start", "ds", "exception", "inlets",
    "logical_date", "macros", "map_index_template", "outlets", "params", "reason", "run_id", "task", "task_instance",
    "ti", "ts", "try_number", "var",
}  # fmt: skip


def test_the_callbacks_are_notifiers() -> None:
    """Airflow handles them like every other notifier."""
    assert isinstance(report_finished, BaseNotifier)
    assert isinstance(report_failed, DataPipelineNotifier)
    assert report_finished.task_status is TaskStatus.FINISHED
    assert report_failed.task_status is TaskStatus.FAILED


def test_parameters_make_a_new_notifier() -> None:
    """The parameters of one DAG must not affect another DAG."""
    configured = report_failed(error_id="Nightly", aws_conn_id=None)

    assert (configured.task_status, configured.error_id, configured.aws_conn_id) == ("FAILED", "Nightly", None)
    assert (report_failed.error_id, report_failed.aws_conn_id) == (None, "aws_default")
    assert configured(timeout=3).error_id == "Nightly"


def test_a_misspelt_parameter_is_an_error_where_it_is_written() -> None:
    """A silent default might report to the wrong account."""
    with pytest.raises(TypeError, match="aws_connection"):
        report_failed(aws_connection="prod")


def test_an_unknown_status_is_an_error_where_it_is_written() -> None:
    """The DAG then has an import error, which users notice at once."""
    with pytest.raises(ValueError, match="DONE"):
        DataPipelineNotifier(task_status="DONE")


@pytest.mark.parametrize("create", [report_failed, partial(DataPipelineSetTaskStatusOperator, task_id="report")])
def test_an_unknown_detail_is_an_error_where_it_is_written(create: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="error_detail is 'class'; it must be full or type"):
        create(error_detail="class")


FAILED_TASK = {
    "ti": SimpleNamespace(
        dag_id="nightly", run_id="run_1", task_id="load", try_number=1, max_tries=0, map_index=-1, log_url=None
    ),
    "exception": ValueError("no rows for customer 4711"),
}


@pytest.mark.parametrize(
    ("option", "parameter", "has_text"),
    [
        ("full", None, True),
        ("type", None, False),
        ("nonsense", None, False),
        ("full", "type", False),
        ("type", "full", True),
    ],
)
def test_how_much_of_an_error_is_reported(
    monkeypatch: pytest.MonkeyPatch, option: str, parameter: str | None, has_text: bool
) -> None:
    """The parameter decides, or else the deployment's option; a copy with other parameters keeps the parameter."""
    monkeypatch.setenv("AIRFLOW__DATAPIPELINE__ERROR_DETAIL", option)
    notifier = report_failed(error_detail=parameter)(timeout=3)

    report = notifier._task_report(FAILED_TASK)

    assert report is not None
    assert report.error_id == "ValueError"
    assert ("4711" in str(report)) is has_text


def test_a_precondition_can_be_reported_as_unmet_by_a_callback() -> None:
    """With the reason that its author gives."""
    report = DataPipelineNotifier(task_status="FALSE", error_message="no file yet")._task_report(FAILED_TASK)

    assert report is not None
    assert report.status is TaskStatus.FALSE
    assert (report.error_message or "").startswith("no file yet\n")
    assert report.error_stack_trace is None


def test_a_success_callback_of_a_skipped_task_reports_nothing() -> None:
    """Airflow 2 calls it for skipped tasks too."""
    task_instance = SimpleNamespace(**vars(FAILED_TASK["ti"]) | {"state": "skipped"})

    assert report_finished._task_report({"ti": task_instance}) is None


def test_a_template_may_show_the_error_whatever_the_detail_is() -> None:
    notifier = report_failed(error_detail="type", error_message="{{ exception }}")

    report = notifier._rendered(FAILED_TASK)._task_report(FAILED_TASK)

    assert report is not None
    assert "4711" in (report.error_message or "")
    assert "4711" not in (report.error_stack_trace or "")


def test_a_notifier_can_stand_in_default_args() -> None:
    """Airflow makes a deep copy of ``default_args`` for each task."""
    with DAG("nightly", schedule=None, default_args={"on_failure_callback": [report_failed]}):
        task = BaseOperator(task_id="load")

    callbacks = task.on_failure_callback
    (callback,) = callbacks if isinstance(callbacks, list) else [callbacks]
    assert isinstance(callback, DataPipelineNotifier)
    assert copy.deepcopy(callback).task_status is TaskStatus.FAILED


def test_no_template_field_hides_an_entry_of_the_context() -> None:
    """Airflow's base class of notifiers writes the template fields into the context, under their names."""
    assert not CONTEXT_KEYS & set(DataPipelineNotifier.template_fields)


def test_templates_are_rendered_on_a_copy() -> None:
    """One instance serves many runs, and the texts of one run must not appear in the next."""
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
    """The outcome of the user's run must not depend on the report about it."""
    context |= {"dag": SimpleNamespace(dag_id="nightly"), "run_id": "run_1"}

    with caplog.at_level(logging.INFO):
        report_finished(**parameters)(context)

    (line,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "run_1" in line.getMessage()
    assert remedy in line.getMessage()


def test_a_report_that_cannot_be_made_is_counted(sent) -> None:
    """A metric can trigger an alert, and a line in the log of one task cannot."""
    report_finished({"dag": SimpleNamespace(dag_id="nightly"), "run_id": "run_1", "reason": "success"})

    assert sent.values == [("callback_errors", 1, {"dag_id": "nightly"})]


def test_a_callback_ends_before_airflow_kills_the_task() -> None:
    """Airflow kills a task whose callbacks take longer, and then runs even a task without retries again."""
    assert report_failed.timeout == report_finished.timeout == 10
    assert report_failed.timeout < conf.getfloat("core", "task_success_overtime")


@pytest.mark.parametrize(("fails_run", "status"), [(False, None), (True, "FAILED")])
def test_a_teardown_that_fails_is_reported_only_where_it_fails_the_run(fails_run: bool, status: str | None) -> None:
    """``default_args`` give teardowns the callback too, although the run may succeed when a teardown fails."""
    places = {"dag_id": "nightly", "run_id": "a", "task_id": "drop", "try_number": 1, "map_index": -1, "log_url": None}
    task = SimpleNamespace(is_teardown=True, on_failure_fail_dagrun=fails_run)
    context = {"task": task, "ti": SimpleNamespace(**places, max_tries=0), "exception": ValueError("no such table")}

    report = report_failed._task_report(context)

    assert (report.status if report else None) == status


def test_a_run_without_a_data_pipeline_task_is_not_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody may start the DAG from the UI."""
    context = {"dag": SimpleNamespace(dag_id="nightly"), "run_id": "r", "dag_run": SimpleNamespace(conf={"x": 1})}

    with caplog.at_level(logging.INFO):
        report_finished(context)

    assert [record.levelname for record in caplog.records] == ["WARNING"]


class EndOfThread(BaseException):
    """Ends the thread that a callback has left behind, which would otherwise send a report."""


class BlockingError(Exception):
    """An exception whose text blocks until the test has ended."""

    def __init__(self, release: threading.Event) -> None:
        super().__init__()
        self.release = release

    def __str__(self) -> str:
        self.release.wait()
        raise EndOfThread


@pytest.fixture
def blocking_error() -> Iterator[BlockingError]:
    release = threading.Event()
    yield BlockingError(release)
    release.set()


@pytest.mark.parametrize(
    ("texts", "error_id", "message"),
    [
        ({}, "BlockingError", "BlockingError, which gave no text within 0.05 s."),
        ({"error_id": "Nightly", "error_message": "see the wiki"}, "Nightly", "see the wiki\n"),
    ],
)
def test_an_exception_whose_text_blocks_is_reported_without_its_text(
    blocking_error: BlockingError,
    caplog: pytest.LogCaptureFixture,
    texts: dict[str, str],
    error_id: str,
    message: str,
) -> None:
    """Half of the callback's time remains for the delivery."""
    notifier = report_failed(timeout=0.1, **texts)

    with caplog.at_level(logging.ERROR):
        report = notifier._task_report(FAILED_TASK | {"exception": blocking_error})

    assert report is not None
    assert (report.error_id or "").endswith(error_id)
    assert message in (report.error_message or "")
    assert "Task: load" in (report.error_message or "")
    assert report.error_stack_trace is None
    (line,) = caplog.records
    assert "load gave no text within 0.05 s" in line.getMessage()
    assert "__str__" in line.getMessage()


def test_a_template_that_blocks_does_not_delay_the_callback(
    blocking_error: BlockingError, caplog: pytest.LogCaptureFixture
) -> None:
    """Airflow kills a task whose callbacks take too long."""
    notifier = report_failed(pipeline_task_id="t", error_message="{{ exception }}", timeout=0.05)

    with caplog.at_level(logging.ERROR):
        notifier(FAILED_TASK | {"run_id": "a", "exception": blocking_error})

    (line,) = caplog.records
    assert "DeliveryTimeoutError" in line.getMessage()
    assert "within 0.05 s" in line.getMessage()


def test_the_result_of_bounded_work_is_returned() -> None:
    assert run_bounded(lambda: 17, 10) == 17


def test_the_caller_does_not_wait_for_work_that_takes_too_long() -> None:
    """The work continues in its thread until it ends."""
    release = threading.Event()
    finished = threading.Event()

    def work() -> None:
        release.wait()
        finished.set()

    with pytest.raises(DeliveryTimeoutError, match=r"within 0\.05 s"):
        run_bounded(work, 0.05)
    release.set()

    assert finished.wait(10)


def test_a_system_exit_in_bounded_work_is_raised_to_the_caller() -> None:
    """In a thread it would otherwise end only the thread, silently."""

    def work() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        run_bounded(work, 10)


async def test_a_timeout_error_of_the_work_itself_is_raised_as_it_is() -> None:
    """Only a limit that has expired means that the report was not delivered in time."""

    async def work() -> None:
        raise TimeoutError("from the network")

    with pytest.raises(TimeoutError, match="from the network"):
        await arun_bounded(work(), 10)


def test_the_modules_that_dag_files_and_airflow_import_do_not_import_boto() -> None:
    """The dag-processor parses every file every 30 seconds; boto3 and the amazon provider would take 0.1 s each."""
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
