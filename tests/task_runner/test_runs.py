"""The names of a task's two DAG runs, and the conf that they are given."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, strategies as st

from airflow_provider_datapipeline.pipeline_task import PipelineTask
from airflow_provider_datapipeline.runs import RUNNER_KEY, Assignment, run_id_of

ALLOWED = re.compile(r"^[A-Za-z0-9_.~:+-]+$")  # Airflow's default of [core] allowed_run_id_pattern
LONGEST = 250  # the column of Airflow's database

texts = st.text(min_size=1, max_size=1100)
tasks = st.builds(PipelineTask, task_id=texts, pipeline_id=texts, attempt_id=texts)
TASK = PipelineTask(
    task_id="opaque/==",
    pipeline_id="df-01234",
    attempt_id="@Step_2026-11-22T10:00:00_Attempt=1",
    fields={"command": "echo", "myDagId": "nightly", "scriptArgument": ["a", "b"]},
    objects={"Default": {"name": "Default"}},
)


@given(tasks)
def test_a_run_id_is_legal_whatever_the_attempt_is_called(task: PipelineTask) -> None:
    run_id = run_id_of(task)

    assert ALLOWED.match(run_id)
    assert len(run_id) <= LONGEST
    assert "\n" not in run_id


@given(tasks, texts)
def test_a_run_id_tells_hand_outs_of_an_attempt_apart(task: PipelineTask, other: str) -> None:
    """And the same hand-out, read anew, has the same."""
    again = PipelineTask.from_conf(json.loads(json.dumps(task.to_conf())))
    handed_out_anew = PipelineTask(task_id=other, pipeline_id=task.pipeline_id, attempt_id=task.attempt_id)

    assert run_id_of(again) == run_id_of(task)
    assert (run_id_of(handed_out_anew) == run_id_of(task)) is (other == task.task_id)


def test_a_run_id_can_be_read() -> None:
    """Pipeline, activity, period and attempt are what a person looks for in the grid."""
    assert run_id_of(TASK).startswith("df-01234.Step_2026-11-22T10:00:00_Attempt-1.")


def test_a_run_that_version_0_1_0_has_made_is_read() -> None:
    """It was under way when the package was upgraded: its poller had one task, which the conf does not name."""
    assignment = Assignment(
        task=TASK, target_dag_id="nightly", polled_at=1795384800.5, poller=("poller", "run_1", "poll")
    )
    conf = assignment.runner_conf()
    conf[RUNNER_KEY]["poller"] = ["poller", "run_1"]

    assert Assignment.from_conf(conf) == assignment


@pytest.mark.parametrize(
    "assignment",
    [
        Assignment(task=TASK, target_dag_id="nightly", polled_at=1795384800.5, poller=("poller", "run_1", "start")),
        Assignment(task=TASK, refusal="not allowed", poller=("poller", "run_1", "start")),
        Assignment(task=TASK, target_dag_id="nightly"),
    ],
)
def test_an_assignment_survives_the_conf_of_a_run(assignment: Assignment) -> None:
    """Airflow stores it as JSON."""
    stored = json.loads(json.dumps(assignment.runner_conf()))

    assert Assignment.from_conf(stored) == assignment


@pytest.mark.parametrize(
    "conf",
    [
        {},
        TASK.to_conf(),
        {**TASK.to_conf(), "task_runner": None},
        {**TASK.to_conf(), "task_runner": "nightly"},
        {**TASK.to_conf(), "task_runner": {}},
        {**TASK.to_conf(), "task_runner": {"target_dag_id": "", "refusal": ""}},
        Assignment(task=TASK, target_dag_id="nightly").target_conf("runner"),
        {"task_runner": {"target_dag_id": "nightly"}},
        {"datapipeline": {"taskId": "only"}, "task_runner": {"target_dag_id": "nightly"}},
    ],
)
def test_the_conf_of_a_run_made_by_hand_is_refused(conf: dict[str, object]) -> None:
    """With an error that the trigger turns into a failed task."""
    with pytest.raises(ValueError, match=r"by hand|carries no Data Pipeline task|has no 'pipelineId'"):
        Assignment.from_conf(conf)


def test_the_target_is_given_the_task_and_who_reports() -> None:
    """A template reads the task; the listener reads that the run is supervised."""
    conf = Assignment(task=TASK, target_dag_id="nightly").target_conf("runner")

    assert PipelineTask.from_conf(conf) == TASK
    assert conf["datapipeline"]["fields"]["command"] == "echo"
    assert conf["task_runner"] == {"dag_id": "runner"}
