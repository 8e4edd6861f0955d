"""With ``type``, no text of an exception is reported, but its class and where it was raised."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from airflow_provider_datapipeline.reporting import TaskFacts, TaskReport
from airflow_provider_datapipeline.reporting.detail import ErrorDetail
from tests.reporting.test_properties import LETTERS, errors, mask_nothing
from tests.support.reports import wire_fields

if TYPE_CHECKING:
    from tests.reporting.conftest import StrictServer

SECRET = "customer 4711 owes 99.50"
FACTS = TaskFacts(dag_id="nightly", run_id="run_1", task_id="load", try_number=2, log_url="http://localhost/log")


class LedgerError(Exception):
    """An error of some package."""


def load(error: BaseException) -> None:
    raise error


def raised(error: BaseException) -> BaseException:
    try:
        load(error)
    except BaseException as caught:  # noqa: BLE001 - any exception may be passed
        return caught
    raise AssertionError


def typed(error: BaseException | str | None, **more: Any) -> TaskReport:
    return TaskReport.failed(error, FACTS, mask=more.pop("mask", mask_nothing), detail=ErrorDetail.TYPE, **more)


def test_class_and_place_are_reported_and_the_text_is_not() -> None:
    error = raised(LedgerError(SECRET))
    line = load.__code__.co_firstlineno + 1

    report = typed(error)

    assert report.error_id == f"{__name__}.LedgerError"
    assert (report.error_message or "").splitlines() == [
        f"{__name__}.LedgerError at test_detail.py:{line}, in load; its text stays in Airflow's log.",
        "DAG: nightly",
        "Run: run_1",
        "Task: load, try 2",
        "Log: http://localhost/log",
    ]
    assert (report.error_stack_trace or "").splitlines()[-2:] == [
        f'  File "{__file__}", line {line}, in load',
        f"{__name__}.LedgerError",
    ]


def test_the_whole_chain_keeps_its_frames_and_classes() -> None:
    error = LedgerError(SECRET)
    error.__cause__ = ExceptionGroup(SECRET, [raised(KeyError(SECRET)), raised(OSError(5, SECRET, SECRET))])
    error.__cause__.add_note(SECRET)
    error.add_note(SECRET)

    trace = typed(raised(error)).error_stack_trace or ""

    assert SECRET not in trace
    without_frames = [line.strip() for line in trace.splitlines() if "File" not in line]
    assert [line for line in without_frames if not line.startswith("Traceback")] == [
        "ExceptionGroup",
        "Exception 1 of 2:",
        "KeyError",
        "Exception 2 of 2:",
        "OSError",
        "It was the cause of:",
        f"{__name__}.LedgerError",
    ]
    assert trace.count(", in load") == 3


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert (typed(LedgerError(SECRET)).error_message or "").startswith(
        f"{__name__}.LedgerError; its text stays in Airflow's log.\n"
    )


def test_of_a_syntax_error_the_place_in_its_file_is_reported() -> None:
    """Not the place in Python's parser, and not the source line that the error has."""
    report = typed(raised(SyntaxError("invalid syntax", ("/opt/dags/orders.py", 42, 9, f"x = {SECRET}", 42, 10))))

    assert (report.error_message or "").startswith("SyntaxError at orders.py:42; ")
    assert 'File "/opt/dags/orders.py", line 42\nSyntaxError' in (report.error_stack_trace or "")
    assert SECRET not in str(report)


def formatted(error: BaseException) -> str:
    return "".join(traceback.format_exception(raised(error)))


@pytest.mark.parametrize("error", [SECRET, formatted(LedgerError(SECRET))], ids=["a sentence", "a traceback"])
def test_of_an_error_that_is_a_text_nothing_is_reported(error: str) -> None:
    """Airflow passes on such errors for tasks whose process was lost; any line of a traceback may hold a secret."""
    report = typed(error)

    assert (report.error_id, report.error_stack_trace) == ("AirflowTaskFailed", None)
    assert (report.error_message or "").startswith(
        "The task failed; what Airflow knows of the error is a text, which stays in Airflow's log.\nDAG: nightly\n"
    )


def test_without_an_error_the_message_is_the_same() -> None:
    assert typed(None) == TaskReport.failed(None, FACTS, mask=mask_nothing)


def test_texts_from_the_author_of_the_dag_are_sent() -> None:
    report = typed(raised(LedgerError(SECRET)), error_id="Nightly", error_message="call Ann", lines=["Failed tasks: a"])

    assert report.error_id == "Nightly"
    assert (report.error_message or "").startswith("call Ann\nFailed tasks: a\nDAG: nightly\n")
    assert SECRET not in str(report)


def test_names_from_code_are_masked_as_always() -> None:
    def mask(text: str) -> str:
        return text.replace("LedgerError", "***").replace("test_detail", "###")

    request = wire_fields(typed(raised(LedgerError("x")), mask=mask))

    assert not [text for text in request.values() if "LedgerError" in text or "test_detail" in text]
    assert "***" in request["errorId"]
    assert "at ###.py:" in request["errorMessage"]


@given(data=st.data())
def test_no_letter_of_an_exception_leaves(strict_server: StrictServer, data: st.DataObject) -> None:
    """Whatever the exception is. The names of its class and of its file are not texts of it."""
    texts = st.text(LETTERS + "\n :\x1b", max_size=40) | st.text(LETTERS, min_size=900, max_size=1100)
    tracebacks = texts.map(
        lambda text: f'Traceback (most recent call last):\n  File "{text}", line 3, in {text}\n{text}'
    )
    error = data.draw(errors(texts, names=st.text("abc.", max_size=9)) | texts | tracebacks)

    request = wire_fields(typed(error, lines=["Failed tasks: a"]))

    strict_server(request)
    assert not set(LETTERS) & set("".join(request.values()))


@pytest.mark.parametrize("value", ["full", "type", None])
def test_a_valid_parameter_is_kept(value: str | None) -> None:
    """As a plain ``str``, because Airflow stores it as JSON."""
    assert ErrorDetail.checked(value) == value
    assert type(ErrorDetail.checked(ErrorDetail.TYPE)) is str


@pytest.mark.parametrize("value", ["", "TYPE", "none", 1])
def test_any_other_parameter_is_refused_with_what_is_allowed(value: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^error_detail is .*; it must be full or type, or None for .*\[datapipeline\]"
    ):
        ErrorDetail.checked(value)
