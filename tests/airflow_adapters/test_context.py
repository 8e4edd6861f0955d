"""What the package reads from the context of a callback."""

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
    """This is the default of the parameter ``pipeline_task_id``."""
    task = callback.pipeline_task(context(dag_run=run(CONF)))

    assert task is not None
    assert task.task_id == "task/1="


@pytest.mark.parametrize("conf", [None, {}, {"day": "2026-11-22"}])
def test_a_run_for_something_else_has_no_task(conf: object) -> None:
    """Somebody may start the DAG from the UI: then there is nothing to report, and this is not an error."""
    assert callback.pipeline_task(context(dag_run=run(conf))) is None


def test_without_the_dag_run_the_error_says_how_to_name_the_task() -> None:
    """Airflow gives a DAG-level callback this minimal context when no task ran."""
    with pytest.raises(NoPipelineTaskError, match="pipeline_task_id"):
        callback.pipeline_task(context(reason="success"))


def test_a_malformed_conf_is_an_error_that_names_what_is_wrong() -> None:
    """Reporting to a guessed task would be worse than not reporting."""
    with pytest.raises(NoPipelineTaskError, match="pipelineId"):
        callback.pipeline_task(context(dag_run=run({"datapipeline": {"taskId": "x", "fields": {}}})))


class State(StrEnum):
    """The states as an enumeration, as Airflow gives them."""

    UP_FOR_RETRY = "up_for_retry"
    FAILED = "failed"


@pytest.mark.parametrize(
    ("state", "tries", "follows"),
    [
        # In the task's own process, and everywhere on Airflow 2: the task instance has its new state.
        (State.UP_FOR_RETRY, (1, 2), True),
        ("up_for_retry", (1, 2), True),
        (State.UP_FOR_RETRY, (3, 2), True),  # cleared while it ran
        (State.FAILED, (1, 2), False),  # AirflowFailException
        ("failed", (1, 2), False),
        ("skipped", (1, 2), False),  # on_skipped_callback
        # In the dag-processor of Airflow 3: the task instance has no state.
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
    """Whether the context has an exception makes no difference: the callback for a retry gets one too."""
    number, limit = tries
    task_instance = SimpleNamespace(try_number=number, max_tries=limit, state=state)

    assert callback.retry_will_follow(context(ti=task_instance, **entries)) is follows


def test_only_a_dag_level_context_has_a_reason() -> None:
    """The ``ti`` and the ``exception`` of such a context say nothing about the run."""
    assert callback.is_about_dag_run(context(reason="task_failure"))
    assert not callback.is_about_dag_run(context(ti=SimpleNamespace()))


@pytest.mark.parametrize("error", [None, 3, ["x"], str({"DAG Id": "nightly", "Task Id": "load", "Run Id": "r"})])
def test_a_value_that_is_not_an_error_is_ignored(error: object) -> None:
    """The context of a success callback has the key too; about a task that died, Airflow 2 says only where it ran."""
    assert callback.error_of(context(exception=error)) is None


def test_a_skipped_task_does_not_make_its_run_skipped() -> None:
    """In a DAG-level context, ``ti`` may be any task instance of the run."""
    skipped = SimpleNamespace(state="skipped")

    assert callback.was_skipped(context(ti=skipped))
    assert not callback.was_skipped(context(ti=skipped, reason="success"))
