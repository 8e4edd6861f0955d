"""Reports by example."""

from __future__ import annotations

import dataclasses

import pytest

from airflow_provider_datapipeline.masking.text import utf8_length, utf16_length
from airflow_provider_datapipeline.masking.whole_text import WITHHELD
from airflow_provider_datapipeline.reporting import TaskFacts, TaskReport, TaskStatus, limits
from tests.support.reports import wire_fields

FACTS = TaskFacts(
    dag_id="load_orders",
    run_id="manual__1",
    task_id="copy",
    try_number=2,
    max_tries=3,
    map_index=3,
    log_url="https://airflow.example.com/log",
)
WHERE = "DAG: load_orders\nRun: manual__1\nTask: copy (map index 3), try 2 of 3\nLog: https://airflow.example.com/log"


def mask(text: str) -> str:
    return text.replace("hunter2", "***")


class WarehouseError(Exception):
    class LockedError(Exception):
        """A class within a class."""


def raised() -> WarehouseError:
    error = WarehouseError("the table is locked by hunter2")
    try:
        raise error
    except WarehouseError:
        return error


def test_a_failed_report_says_what_and_where() -> None:
    report = TaskReport.failed(raised(), FACTS, mask=mask)

    assert report.status is TaskStatus.FAILED
    assert report.error_id == f"{__name__}.WarehouseError"
    assert report.error_message == f"the table is locked by ***\n{WHERE}"
    assert report.error_stack_trace is not None
    assert report.error_stack_trace.startswith("Traceback (most recent call last):\n  File ")
    assert report.error_stack_trace.endswith(f", in raised\n{__name__}.WarehouseError: the table is locked by ***")


def test_requests_and_records_leave_out_what_is_absent() -> None:
    report = TaskReport(status=TaskStatus.FAILED, error_id="Id", error_message="message")

    assert wire_fields(report) == {"taskStatus": "FAILED", "errorId": "Id", "errorMessage": "message"}
    assert report.as_record() == {"status": "FAILED", "error_id": "Id", "error_message": "message"}
    assert wire_fields(report.status_only()) == {"taskStatus": "FAILED"}
    assert wire_fields(TaskReport.finished()) == {"taskStatus": "FINISHED"}
    assert type(wire_fields(report)["taskStatus"]) is str


def test_a_complete_request() -> None:
    report = TaskReport(status=TaskStatus.FAILED, error_id="i", error_message="m", error_stack_trace="s")

    assert wire_fields(report) == {"taskStatus": "FAILED", "errorId": "i", "errorMessage": "m", "errorStackTrace": "s"}


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("no file yet, hunter2", "no file yet, ***"),
        (None, "The precondition is not met."),
        (" ", "The precondition is not met."),
    ],
)
def test_an_unmet_precondition_has_a_message_only(reason: str | None, message: str) -> None:
    report = TaskReport.precondition_false(reason, FACTS, mask=mask)

    assert wire_fields(report) == {"taskStatus": "FALSE", "errorMessage": f"{message}\n{WHERE}"}


@pytest.mark.parametrize(
    ("error", "error_id"),
    [
        (ValueError("x"), "ValueError"),
        (WarehouseError.LockedError(), f"{__name__}.WarehouseError.LockedError"),
        ("a text", "AirflowTaskFailed"),
        (None, "AirflowTaskFailed"),
        (type("hunter2", (Exception,), {"__module__": "app"})(), "app.***"),
        (type("Service_Error", (Exception,), {"__module__": "builtins"})(), "Airflow.Service_Error"),
        (type("Long", (Exception,), {"__module__": "m" * 3000})(), "m" * 1023 + "…"),
        (type("Odd", (Exception,), {"__module__": None})(), "Odd"),
    ],
)
def test_the_error_id_is_the_class_name(error: BaseException | str | None, error_id: str) -> None:
    assert TaskReport.failed(error, mask=mask).error_id == error_id


@pytest.mark.parametrize(
    ("explicit", "error_id"),
    [
        ("Mine", "Mine"),
        ("", "ValueError"),
        (" \x00", "ValueError"),
        (None, "ValueError"),
        ("two\nlines", "two lines"),
        ("Service_Mine", "Airflow.Service_Mine"),
        (" \x1b[1mService_Mine", "Airflow.Service_Mine"),
        ("Service_" + "x" * 2000, "Airflow.Service_" + "x" * 1007 + "…"),
    ],
)
def test_an_explicit_error_id_replaces_the_derived_one(explicit: str | None, error_id: str) -> None:
    assert TaskReport.failed(ValueError("x"), mask=mask, error_id=explicit).error_id == error_id


def test_an_explicit_message_replaces_the_derived_one_and_facts_follow() -> None:
    report = TaskReport.failed(
        ValueError("x"), FACTS, mask=mask, error_message="Ask the data team", lines=["Orders: 17"]
    )

    assert report.error_message == f"Ask the data team\nOrders: 17\n{WHERE}"
    assert TaskReport.failed(ValueError("x"), mask=mask, error_message=" ").error_message == "x"


def test_a_text_is_the_message_and_has_no_stack_trace() -> None:
    assert wire_fields(TaskReport.failed("killed\nfrom outside", mask=mask)) == {
        "taskStatus": "FAILED",
        "errorId": "AirflowTaskFailed",
        "errorMessage": "killed\nfrom outside",
    }


@pytest.mark.parametrize("nothing", [None, "", " \n"])
def test_without_any_error_the_report_says_so(nothing: str | None) -> None:
    assert wire_fields(TaskReport.failed(nothing, mask=mask)) == {
        "taskStatus": "FAILED",
        "errorId": "AirflowTaskFailed",
        "errorMessage": "The task failed; Airflow passed on no error.",
    }


def test_a_formatted_traceback_is_the_stack_trace_and_its_last_line_the_message() -> None:
    frames = "".join(f'  File "/dags/loader.py", line {line}, in load\n    load()\n' for line in range(100))
    text = f"Traceback (most recent call last):\n{frames}ValueError: no rows for hunter2\n"

    report = TaskReport.failed(text, mask=mask)

    assert report.error_message == "ValueError: no rows for ***"
    assert report.error_stack_trace is not None
    head, _, tail = report.error_stack_trace.partition(" characters elided ...\n")
    assert head.startswith(
        'Traceback (most recent call last):\n  File "/dags/loader.py", line 0, in load\n    load()\n'
    )
    assert tail.startswith('  File "/dags/loader.py", line ')
    assert tail.endswith("line 99, in load\n    load()\nValueError: no rows for ***")


def test_a_long_message_is_shortened_and_the_facts_are_not() -> None:
    report = TaskReport.failed(f"begin {'é' * 5000} end", FACTS, mask=mask, lines=["Orders: 17"])

    message = report.error_message
    assert message is not None
    assert message.startswith("begin é")
    assert message.endswith(f"é end\nOrders: 17\n{WHERE}")
    assert " characters elided ..." in message
    assert limits.ERROR_MESSAGE_MAX_UTF8 - 10 < utf8_length(message) <= limits.ERROR_MESSAGE_MAX_UTF8


def test_many_long_lines_are_counted() -> None:
    report = TaskReport.failed("x" * 9999, FACTS, mask=mask, lines=["y" * 999] * 3 + ["", "é" * 999] + ["z"] * 500)

    assert report.error_message is not None
    lines = report.error_message.split("\n")
    assert [line[:3] for line in lines[-8:-4]] == ["yyy"] * 3 + ["..."]
    assert lines[-5] == "... and 501 more"
    assert "\n".join(lines[-4:]) == WHERE


def test_a_single_text_as_lines_is_one_line() -> None:
    assert TaskReport.failed("m", mask=mask, lines="one line").error_message == "m\none line"


def test_further_lines_stand_between_the_message_and_the_facts() -> None:
    first = TaskReport.failed(raised(), FACTS, mask=mask)

    report = first.with_lines(["Failed tasks: copy, hunter2", "", "two\nlines"], mask=mask)

    assert report.error_message == f"the table is locked by ***\nFailed tasks: copy, ***\ntwo lines\n{WHERE}"
    assert dataclasses.replace(report, error_message=first.error_message) == first


def test_further_lines_survive_a_message_that_is_full() -> None:
    full = TaskReport.failed("x" * 9999, FACTS, mask=mask)

    message = full.with_lines([f"Failed task: number {number}" for number in range(20)], mask=mask).error_message

    assert message is not None
    assert "\nFailed task: number 0\n" in message
    assert message.endswith(f"\nFailed task: number 19\n{WHERE}")
    assert (
        TaskReport(status=TaskStatus.FAILED).with_lines(["Failed task: a"], mask=mask).error_message == "Failed task: a"
    )


def test_a_record_is_read_as_it_was_written() -> None:
    for report in (
        TaskReport.failed(raised(), FACTS, mask=mask),
        TaskReport.finished(),
        TaskReport.precondition_false(mask=mask),
    ):
        assert TaskReport.from_record(report.as_record()) == report


@pytest.mark.parametrize(
    "record",
    [
        None,
        17,
        "FAILED",
        [],
        ["status", "FAILED"],
        {},
        {"status": "failed"},
        {"status": None},
        {"status": ["FAILED"]},
        {"status": "FAILED", "error_id": 17},
        {"status": "FAILED", "error_message": {}},
        {"status": "FAILED", "error_stack_trace": b"x"},
    ],
)
def test_what_is_no_record_is_none(record: object) -> None:
    assert TaskReport.from_record(record) is None


def test_a_record_of_another_writer_is_brought_within_the_limits() -> None:
    record = {
        "status": "FAILED",
        "error_id": "Service_\x00" + "x" * 2000,
        "error_message": "m" * 20_000,
        "error_stack_trace": "\x1b[1m" + "😀" * 2000,
        "unknown": 17,
    }

    report = TaskReport.from_record(record)

    assert report is not None
    assert report.error_id == "Airflow.Service_" + "x" * 1007 + "…"
    assert utf8_length(report.error_message or "") <= 4096
    assert 1000 < utf16_length(report.error_stack_trace or "") <= 1024


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        ({"error_id": "x" * 1025}, "error_id has 1025 UTF-16 units; 1 to 1024 are allowed"),
        ({"error_id": ""}, "error_id has 0 UTF-16 units"),
        ({"error_id": "Service_x"}, "'Service_x' starts with a prefix that AWS Data Pipeline reserves"),
        ({"error_message": "é" * 2049}, "error_message has 4098 UTF-8 bytes; 1 to 4096 are allowed"),
        ({"error_stack_trace": "😀" * 513}, "error_stack_trace has 1026 UTF-16 units"),
        ({"error_message": "\x1b[1mbold"}, "error_message has characters that AWS Data Pipeline refuses"),
        ({"error_message": "\ud800"}, "error_message has characters that AWS Data Pipeline refuses"),
    ],
)
def test_the_constructor_refuses_texts_that_the_service_refuses(texts: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        TaskReport(status=TaskStatus.FAILED, **texts)


def test_a_failing_mask_withholds_every_text() -> None:
    def broken(text: str) -> str:
        raise RuntimeError(text)

    report = TaskReport.failed(raised(), FACTS, mask=broken, error_id="Mine", lines=["hunter2"])

    assert wire_fields(report) == {
        "taskStatus": "FAILED",
        "errorId": "AirflowTaskFailed",
        "errorMessage": WITHHELD,
        "errorStackTrace": WITHHELD,
    }


@pytest.mark.parametrize("word", ["DAG", "Task", "Log", "elided", "File", "most recent", "airflow", "Airflow", "Error"])
def test_a_secret_that_is_a_word_of_the_report_itself_is_masked_too(word: str) -> None:
    report = TaskReport.failed(
        ValueError("begin" + "x" * 9999), FACTS, mask=lambda text: text.replace(word, "***"), error_id="Service_x"
    )

    texts = wire_fields(report)
    del texts["taskStatus"]
    if word == "Airflow":
        assert texts.pop("errorId") == "***.Service_x"
    assert not [text for text in texts.values() if word in text]
    assert texts["errorMessage"].startswith("beginxxx")
    assert texts["errorMessage"].endswith(".example.com/log")


def test_masks_see_whole_texts_before_anything_is_cut() -> None:
    secret = "ß" * 3000
    report = TaskReport.failed(
        ValueError(f"{'x' * 3000}{secret}{'x' * 3000}"), mask=lambda text: text.replace(secret, "***")
    )

    assert "ß" not in (report.error_message or "")
    assert "ß" not in (report.error_stack_trace or "")


def test_explicit_texts_are_sent_as_they_are_and_nothing_is_added() -> None:
    report = TaskReport.explicit(
        TaskStatus.FAILED, mask=str, error_id="NoData", error_message="no rows", error_stack_trace="line 7 of load.sql"
    )

    assert wire_fields(report) == {
        "taskStatus": "FAILED",
        "errorId": "NoData",
        "errorMessage": "no rows",
        "errorStackTrace": "line 7 of load.sql",
    }
    assert wire_fields(TaskReport.explicit(TaskStatus.FALSE, mask=str, error_id=" ")) == {"taskStatus": "FALSE"}


def test_a_secret_of_two_lines_is_masked_where_lines_are_laid_out_again() -> None:
    """To indent, join or pick lines would leave half of the secret, which no mask knows."""

    def two_lines(text: str) -> str:
        return text.replace("first\nsecond", "***")

    member = ValueError("a first\nsecond b")
    member.add_note("c first\nsecond")
    report = TaskReport.failed(
        ExceptionGroup("group first\nsecond", [member]),
        TaskFacts(dag_id="d first\nsecond"),
        mask=two_lines,
        error_id="e first\nsecond",
        lines=["f first\nsecond"],
    )
    formatted = TaskReport.failed("Traceback (most recent call last):\nValueError: first\nsecond", mask=two_lines)

    assert wire_fields(report) == {
        "taskStatus": "FAILED",
        "errorId": "e ***",
        "errorMessage": "group *** (1 sub-exception)\nf ***\nDAG: d ***",
        "errorStackTrace": (
            "ExceptionGroup: group *** (1 sub-exception)\n  Exception 1 of 1:\n  ValueError: a *** b\n  c ***"
        ),
    }
    assert formatted.error_message == "ValueError: ***"


def test_reports_are_values() -> None:
    report = TaskReport.finished()

    assert report == TaskReport.finished()
    assert hash(report) == hash(TaskReport.finished())
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.error_id = "x"  # type: ignore[misc] # the point of the test


def test_the_attempt_object_has_room_for_a_report_and_for_its_other_fields() -> None:
    names = len("errorId" + "errorMessage" + "errorStackTrace")
    worst = names + 3 * (limits.ERROR_ID_MAX_UTF16 + limits.ERROR_STACK_TRACE_MAX_UTF16) + limits.ERROR_MESSAGE_MAX_UTF8

    assert limits.OBJECT_MAX_UTF8 - worst == 5086
