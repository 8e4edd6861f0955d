"""On which tasks of its DAG the outcome of a run depends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_datapipeline.outcome import dag_structure


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("load", ("load", -1)),
        ("load_3", ("load_3", -1)),
        ("load_12", ("load", 12)),
        ("gone_1", ("gone_1", -1)),
    ],
)
def test_an_instance_is_distinguished_from_a_task_with_a_similar_name(key: str, expected: tuple[str, int]) -> None:
    """In this DAG ``load_3`` is a task, and ``load_12`` is an instance of the mapped task ``load``."""
    assert dag_structure.split_key(key, {"load", "load_3"}) == expected


@pytest.mark.parametrize(
    ("state", "task", "counts"),
    [
        ("failed", SimpleNamespace(), True),
        ("upstream_failed", SimpleNamespace(is_teardown=False), True),
        ("failed", SimpleNamespace(is_teardown=True, on_failure_fail_dagrun=False), False),
        ("failed", SimpleNamespace(is_teardown=True, on_failure_fail_dagrun=True), True),
        ("success", SimpleNamespace(), False),
        ("skipped", SimpleNamespace(), False),
    ],
)
def test_a_failed_teardown_counts_only_where_its_author_says_so(state: str, task: object, counts: bool) -> None:
    """Airflow decides the state of the run in the same way."""
    assert dag_structure.tasks_fail_run({"t": state}, {"t": task}) is counts
    assert dag_structure.tasks_fail_run({"t_3": state, "t_4": "success"}, {"t": task}) is counts


@pytest.mark.parametrize(
    ("states", "is_last"),
    [
        ({"load_0": "success", "load_1": "success"}, True),
        ({"load_0": "skipped", "load_1": "success"}, True),
        ({"load_0": "running", "load_1": "success"}, False),
        ({"load_0": None, "load_1": "success"}, False),
        ({"load_0": "failed", "load_1": "success"}, False),
        ({"load_0": "success", "load_1": "running"}, True),  # Airflow 2 calls back before it stores the success
        ({"load_0": "success", "load_1": "success", "load_3": "failed", "save": "running"}, True),
    ],
)
def test_a_mapped_task_has_succeeded_with_its_last_instance(states: dict[str, str | None], is_last: bool) -> None:
    """In this DAG ``load_3`` is another task."""
    assert dag_structure.is_last_to_succeed(states, {"load", "load_3", "save"}, "load", 1) is is_last


def dag(**tasks: str) -> dict[str, Any]:
    """
    Return tasks by id, each with the ids of the tasks that follow it.

    A task whose id begins with ``teardown`` or ``fatal`` is a teardown; the failure of a ``fatal`` one fails the run.
    """
    return {
        task_id: SimpleNamespace(
            downstream_task_ids=set(downstream.split()),
            is_teardown=task_id.startswith(("teardown", "fatal")),
            on_failure_fail_dagrun=task_id.startswith("fatal"),
        )
        for task_id, downstream in tasks.items()
    }


@pytest.mark.parametrize(
    ("tasks", "without", "leaves"),
    [
        ({"check": ""}, [], ["check"]),
        ({"ask": "check", "check": ""}, [], ["check"]),
        ({"check": "teardown", "teardown": ""}, [], ["check"]),
        ({"check": "teardown_1", "teardown_1": "teardown_2", "teardown_2": ""}, [], ["check"]),
        ({"check": "fatal", "fatal": ""}, [], ["check", "fatal"]),
        ({"ask": "teardown", "teardown": "check", "check": ""}, [], ["check"]),
        ({"setup": "work teardown", "work": "teardown", "teardown": "", "other": ""}, [], ["other", "work"]),
        ({"a": "", "b": ""}, [], ["a", "b"]),
        ({"a": "report", "b": "teardown", "teardown": "report", "report": ""}, ["report"], ["a", "b"]),
        ({"a": "report", "report": "mail", "mail": ""}, ["report", "mail"], ["a"]),
        ({"teardown": ""}, [], []),
        ({}, [], []),
    ],
)
def test_the_leaves_of_a_dag_are_the_tasks_that_no_work_follows(
    tasks: dict[str, str], without: list[str], leaves: list[str]
) -> None:
    assert sorted(dag_structure.leaves_of(dag(**tasks), without)) == leaves
