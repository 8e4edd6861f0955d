"""The task states of many runs, in a few small answers, and the guesses from them."""

from __future__ import annotations

import pytest

from airflow_provider_datapipeline._airflow import compat

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow_provider_datapipeline._task_runner.task_reader import TaskReader, runs_without_failure, runs_without_work
from tests.task_runner.fake_airflow import FakeAirflow
from tests.task_runner.fake_time import run

DAG = "nightly"


def test_no_more_than_three_questions_are_asked_and_none_is_longer_than_a_url() -> None:
    airflow = FakeAirflow()
    run_ids = [f"run_{number}" for number in range(250)]
    airflow.tasks = {(DAG, run_id): {"work": "running"} for run_id in run_ids[1:]}

    found = run(TaskReader(airflow).read(DAG, run_ids))

    assert [len(ids) for _, ids, _ in airflow.asked("task_states")] == [10, 100, 100]
    assert found == {"run_0": {}} | {run_id: {"work": "running"} for run_id in run_ids[1:210]}


def test_an_error_gives_what_was_read_before_it() -> None:
    airflow = FakeAirflow()
    run_ids = [f"run_{number}" for number in range(250)]
    airflow.fail("task_states", lambda _, ids, __: OSError("away") if len(ids) > 10 else None)

    assert list(run(TaskReader(airflow).read(DAG, run_ids))) == run_ids[:10]
    assert len(airflow.asked("task_states")) == 2


def test_runs_of_thousands_of_tasks_are_read_one_by_one() -> None:
    airflow = FakeAirflow()
    run_ids = [f"run_{number}" for number in range(12)]
    airflow.tasks = {(DAG, run_id): dict.fromkeys(map(str, range(3000)), "running") for run_id in run_ids}

    found = run(TaskReader(airflow).read(DAG, run_ids))

    assert [len(ids) for _, ids, _ in airflow.asked("task_states")] == [10, 1, 1]
    assert list(found) == run_ids


@pytest.mark.parametrize(
    ("tasks", "has_ended", "is_good"),
    [
        ({"a": "success", "b": "skipped", "c": "removed"}, True, True),
        ({"a": "failed", "b": "upstream_failed"}, True, False),
        ({"a": "success", "b": "upstream_failed"}, True, False),
        ({"a": "success", "b": "running"}, False, True),
        ({"a": "success", "b": None}, False, True),
        ({"a": "failed", "b": "queued"}, False, False),
        ({}, True, True),
    ],
)
def test_what_task_states_let_one_guess(tasks: dict[str, str | None], has_ended: bool, is_good: bool) -> None:
    found = {"it": tasks, "another": {"a": "failed", "b": "running"}}

    assert runs_without_work(found) == ({"it"} if has_ended else set())
    assert runs_without_failure(found) == ({"it"} if is_good else set())
