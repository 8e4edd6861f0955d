"""What the outcome of a DAG run means for Data Pipeline, for every way of reporting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.outcome import decision
from airflow_provider_datapipeline.outcome.decision import EndedRun, Returned, TaskEnd
from airflow_provider_datapipeline.pipeline_task import Asked
from airflow_provider_datapipeline.reporting.detail import ErrorDetail
from airflow_provider_datapipeline.reporting.facts import TaskFacts
from airflow_provider_datapipeline.reporting.report import TaskReport

if TYPE_CHECKING:
    from collections.abc import Sequence

FACTS = TaskFacts(dag_id="nightly", run_id="run_1")


def unmasked(text: str) -> str:
    return text


def recorded(message: str, task_id: str = "load") -> TaskReport:
    facts = TaskFacts(dag_id="nightly", run_id="run_1", task_id=task_id)
    return TaskReport.failed(ValueError(message), facts, mask=unmasked)


def failed(task_id: str, *, at: str = "", message: str = "", map_index: int = -1) -> TaskEnd:
    report = recorded(message, task_id) if message else None
    return TaskEnd(task_id=task_id, map_index=map_index, state="failed", failed_at=at, report=report)


def failed_run(
    ends: Sequence[TaskEnd] | None, *, reason: str | None = None, unread: str = "", **texts: str
) -> TaskReport:
    run = EndedRun(failed=True, reason=reason, ends=ends, unread=unread)
    return decision.report_on(run, Asked.ACTIVITY, FACTS, mask=unmasked, **texts)


def test_the_error_of_the_task_that_failed_first_is_reported() -> None:
    """Neither the name of a task nor its position in the states matters."""
    report = failed_run(
        [
            failed("a", at="2026-11-22T10:00:05", message="second"),
            failed("b", at="2026-11-22T10:00:01", message="first"),
        ],
    )

    assert report.error_id == "ValueError"
    assert report.error_message is not None
    assert report.error_message.splitlines()[0] == "first"
    assert "Failed tasks: b, a" in report.error_message
    assert report.error_stack_trace is not None


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept without texts", "kept by an earlier version"])
def test_the_error_is_reported_without_its_text(is_kept: bool) -> None:
    """If the record has only the whole error, the report uses its class alone, because the rest may be text."""
    less = TaskReport.failed(ValueError("Log: secret"), FACTS, mask=unmasked, detail=ErrorDetail.TYPE)
    whole = recorded("no rows\nTask: secret\nLog: secret")
    end = TaskEnd(
        task_id="load",
        map_index=-1,
        state="failed",
        failed_at="1",
        report=whole,
        without_texts=less if is_kept else None,
    )

    report = decision.report_on(
        EndedRun(failed=True, ends=[end]), Asked.ACTIVITY, FACTS, mask=unmasked, detail=ErrorDetail.TYPE
    )

    assert report.error_id == "ValueError"
    assert (report.error_message or "").splitlines() == [
        "ValueError; its text stays in Airflow's log.",
        "Failed tasks: load",
        "DAG: nightly",
        "Run: run_1",
    ]
    assert report.error_stack_trace == ("ValueError" if is_kept else None)


@pytest.mark.parametrize("failed", [True, False])
def test_the_reason_of_a_failed_read_is_an_error_text_too(failed: bool) -> None:
    run = EndedRun(failed=failed, unread="XCom 'rows' of task a: ValueError: secret")

    report = decision.report_on(run, Asked.PRECONDITION, FACTS, mask=unmasked, detail=ErrorDetail.TYPE)

    assert "Not read: what, and why, is in the log" in (report.error_message or "")
    assert "secret" not in str(report)


def test_tasks_that_never_started_are_counted() -> None:
    """The report counts the fifty tasks, and does not list them."""
    ends = [failed("a", at="1", message="boom")] + [
        TaskEnd(task_id=f"t{number}", map_index=-1, state="upstream_failed") for number in range(50)
    ]

    message = failed_run(ends).error_message

    assert message is not None
    assert "Not started because of that: 50" in message
    assert "t17" not in message


def test_many_failed_tasks_are_listed_in_part() -> None:
    """This keeps the message readable."""
    ends = [failed("shard", map_index=index, at=f"{index:02}", message=f"m{index}") for index in range(25)]

    message = failed_run(ends).error_message

    assert message is not None
    assert "shard[0], shard[1]" in message
    assert "and 15 more" in message


@pytest.mark.parametrize(
    ("reason", "error_id"),
    [
        ("timed_out", "AirflowDagRunTimedOut"),
        ("all_tasks_deadlocked", "AirflowDagRunDeadlocked"),
        ("task_failure", "AirflowDagRunFailed"),
        (None, "AirflowDagRunFailed"),
    ],
)
def test_without_a_recorded_error_the_reason_is_reported(reason: str | None, error_id: str) -> None:
    """A killed task leaves no exception, so the report says what Airflow knows about the run."""
    report = failed_run([failed("a")], reason=reason)

    assert report.error_id == error_id
    assert report.error_message is not None
    assert "Failed tasks: a" in report.error_message
    assert "Run: run_1" in report.error_message
    assert report.error_stack_trace is None


def test_texts_from_parameters_replace_the_recorded_ones() -> None:
    """The stack trace of the recorded error stays in the report."""
    report = failed_run([failed("a", at="1", message="boom")], error_id="Nightly", error_message="see the wiki")

    assert report.error_id == "Nightly"
    assert report.error_message is not None
    assert report.error_message.startswith("see the wiki")
    assert "boom" not in report.error_message
    assert report.error_stack_trace is not None
    assert "boom" in report.error_stack_trace


def leaf(state: str = "success", returned: Returned = Returned.OTHER, map_index: int = -1) -> TaskEnd:
    return TaskEnd(task_id="check", map_index=map_index, state=state, is_leaf=True, returned=returned)


def other(state: str) -> TaskEnd:
    return TaskEnd(task_id="ask", map_index=-1, state=state)


TRUE, FALSE, UNREAD, SKIPPED = leaf(), leaf(returned=Returned.FALSE), leaf(returned=Returned.UNKNOWN), leaf("skipped")


@pytest.mark.parametrize(
    ("ends", "precondition", "unknown"),
    [
        ([TRUE], "FINISHED", "FINISHED"),
        ([FALSE], "FALSE", "FALSE"),
        ([SKIPPED], "FALSE", "FALSE"),
        ([TRUE, FALSE], "FALSE", "FALSE"),
        ([TRUE, SKIPPED], "FALSE", "FINISHED"),
        ([leaf(map_index=0), leaf("skipped", map_index=1)], "FALSE", "FINISHED"),
        ([leaf(map_index=0), leaf(returned=Returned.FALSE, map_index=1)], "FALSE", "FALSE"),
        ([leaf(map_index=0), leaf("removed", map_index=1)], "FINISHED", "FINISHED"),
        ([leaf("removed", map_index=0)], "FINISHED", "FINISHED"),
        ([TRUE, other("skipped")], "FINISHED", "FINISHED"),
        ([SKIPPED, other("success")], "FALSE", "FALSE"),
        ([UNREAD], None, "FINISHED"),
        ([UNREAD, FALSE], "FALSE", "FALSE"),
        ([UNREAD, SKIPPED], "FALSE", "FINISHED"),
        # No leaf is known: no task has started.
        ([], "FINISHED", "FINISHED"),
        ([other("skipped")], "FALSE", "FALSE"),
        ([other("skipped"), other("success")], "FALSE", "FINISHED"),
        ([other("success")], "FINISHED", "FINISHED"),
        # The tasks cannot be seen.
        (None, "FINISHED", "FINISHED"),
    ],
)
def test_what_a_run_that_succeeded_means_depends_on_what_was_asked(
    ends: list[TaskEnd] | None, precondition: str | None, unknown: str
) -> None:
    run = EndedRun(failed=False, ends=ends)

    assert decision.status_of(run, Asked.PRECONDITION) == precondition
    assert decision.status_of(run, Asked.UNKNOWN) == unknown
    assert decision.status_of(run, Asked.ACTIVITY) == "FINISHED"


@pytest.mark.parametrize("asked", Asked)
def test_a_failed_run_is_failed_whatever_was_asked(asked: Asked) -> None:
    assert decision.status_of(EndedRun(failed=True, ends=[FALSE, SKIPPED]), asked) == "FAILED"


def test_a_precondition_is_unknown_when_the_states_cannot_be_read() -> None:
    run = EndedRun(failed=False, unread="the states: ConnectionError: gone")

    report = decision.report_on(run, Asked.PRECONDITION, FACTS, mask=unmasked)

    assert (report.status, report.error_id) == ("FAILED", "AirflowResultUnknown")
    assert report.error_message is not None
    assert "could not be read" in report.error_message
    assert "Not read: the states: ConnectionError: gone" in report.error_message
    assert decision.report_on(run, Asked.ACTIVITY, FACTS, mask=unmasked).status == "FINISHED"


def test_a_failure_whose_details_could_not_be_read_says_so() -> None:
    """The report does not claim that no task left an exception, because one may have done so."""
    report = failed_run([failed("a")], unread="XCom 'datapipeline_error' of task a: ConnectionError: gone")

    assert report.error_id == "AirflowDagRunFailed"
    assert report.error_message is not None
    assert "could not be read" in report.error_message
    assert "left an exception" not in report.error_message
    assert "Not read: XCom 'datapipeline_error' of task a" in report.error_message


def test_the_report_about_an_unmet_precondition_has_the_reason_from_the_parameter() -> None:
    report = decision.report_on(
        EndedRun(failed=False, ends=[FALSE]), Asked.PRECONDITION, FACTS, mask=unmasked, error_message="no file yet"
    )

    assert report.status == "FALSE"
    assert report.error_message is not None
    assert report.error_message.startswith("no file yet\n")


@pytest.mark.parametrize(
    ("ends", "asked", "labels"),
    [
        ([TRUE], Asked.ACTIVITY, []),
        ([TRUE, other("success")], Asked.PRECONDITION, ["check"]),
        ([TRUE, SKIPPED], Asked.PRECONDITION, []),
        ([TRUE, SKIPPED], Asked.UNKNOWN, ["check"]),
        ([leaf("failed")], Asked.PRECONDITION, []),
    ],
)
def test_only_results_that_can_change_the_decision_are_read(
    ends: list[TaskEnd], asked: Asked, labels: list[str]
) -> None:
    assert [end.label for end in decision.undecided_leaves(EndedRun(failed=False, ends=ends), asked)] == labels
