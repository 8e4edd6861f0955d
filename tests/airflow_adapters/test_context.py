"""What a callback's context tells."""

from __future__ import annotations

from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_datapipeline._airflow import context as callback
from airflow_provider_datapipeline.exceptions import NoPipelineTaskError

CONF = {"datapipeline": {"taskId": "task/1=", "pipelineId": "df-1", "attemptId": "@A_Attempt=1", "fields": {}}}


def context(**entries: Any) -> dict[str, Any]:
    return {"dag": SimpleNamespace(dag_id="nightly"), "run_id": "run_1", **entries}


def run(conf: object) -> SimpleNamespace:
    return SimpleNamespace(conf=conf)


def test_the_task_comes_from_the_conf() -> None:
    """The default of pipeline_task_id."""
    task = callback.pipeline_task(context(dag_run=run(CONF)))

    assert task is not None
    assert task.task_id == "task/1="


@pytest.mark.parametrize("conf", [None, {}, {"day": "2026-11-22"}])
def test_a_run_for_something_else_has_no_task(conf: object) -> None:
    """A person started the DAG from the UI: there is nothing to report, and nothing wrong."""
    assert callback.pipeline_task(context(dag_run=run(conf))) is None


def test_a_context_without_run_says_that_the_task_cannot_be_known() -> None:
    """The minimal context of a DAG-level callback."""
    with pytest.raises(NoPipelineTaskError, match="pipeline_task_id"):
        callback.pipeline_task(context(reason="success"))


def test_a_malformed_conf_is_an_error_that_names_what_is_wrong() -> None:
    """Reporting to a guessed task would be worse than not reporting."""
    with pytest.raises(NoPipelineTaskError, match="pipelineId"):
        callback.pipeline_task(context(dag_run=run({"datapipeline": {"taskId": "x", "fields": {}}})))


class State(StrEnum):
    """As Airflow's."""

    UP_FOR_RETRY = "up_for_retry"
    FAILED = "failed"


@pytest.mark.parametrize(
    ("state", "tries", "follows"),
    [
        # Where the outcome was decided, in the task's own process and on Airflow 2.
        (State.UP_FOR_RETRY, (1, 2), True),
        ("up_for_retry", (1, 2), True),
        (State.UP_FOR_RETRY, (3, 2), True),  # cleared while it ran
        (State.FAILED, (1, 2), False),  # AirflowFailException
        ("failed", (1, 2), False),
        ("skipped", (1, 2), False),  # on_skipped_callback
        # In the dag-processor of Airflow 3.
        (None, (1, 2), True),
        (None, (2, 2), True),
        (None, (3, 2), False),
        (None, (1, 0), False),
    ],
)
@pytest.mark.parametrize("entries", [{}, {"exception": ValueError()}])
def test_the_new_state_of_a_task_tells_whether_a_retry_follows(
    state: str | None, tries: tuple[int, int], follows: bool, entries: dict[str, Any]
) -> None:
    """An exception does not: a callback on retry has it too."""
    number, limit = tries
    task_instance = SimpleNamespace(try_number=number, max_tries=limit, state=state)

    assert callback.retry_will_follow(context(ti=task_instance, **entries)) is follows


def test_only_a_dag_level_context_has_a_reason() -> None:
    """Its ``ti`` and its ``exception`` say nothing about the run."""
    assert callback.is_about_dag_run(context(reason="task_failure"))
    assert not callback.is_about_dag_run(context(ti=SimpleNamespace()))


@pytest.mark.parametrize("error", [None, 3, ["x"], str({"DAG Id": "nightly", "Task Id": "load", "Run Id": "r"})])
def test_what_is_no_error_is_none(error: object) -> None:
    """Success callbacks have the key as well, and Airflow 2 says of a task that died only where it ran."""
    assert callback.error_of(context(exception=error)) is None


def test_a_skipped_task_does_not_make_its_run_skipped() -> None:
    """In a DAG-level context, ``ti`` is whichever task instance Airflow took."""
    skipped = SimpleNamespace(state="skipped")

    assert callback.was_skipped(context(ti=skipped))
    assert not callback.was_skipped(context(ti=skipped, reason="success"))
