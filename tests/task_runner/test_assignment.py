"""The run id, the conf and the logical dates of a task's two DAG runs."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, strategies as st

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._task_runner.assignment import (
    RUNNER_KEY,
    Assignment,
    error_detail_of,
    logical_dates_of,
    run_id_of,
)
from airflow_provider_datapipeline.pipeline_task import PipelineTask

LONGEST = 250  # the column of Airflow's database

texts = st.text(min_size=1, max_size=1100)
tasks = st.builds(PipelineTask, task_id=texts, pipeline_id=texts, attempt_id=texts)


def named(component_id: str) -> PipelineTask:
    attempt_id = f"@{component_id}_2026-11-22T10:00:00_Attempt=1"
    return PipelineTask(task_id="opaque/==", pipeline_id="df-01234", attempt_id=attempt_id)


TASK = PipelineTask(
    task_id="opaque/==",
    pipeline_id="df-01234",
    attempt_id="@Step_2026-11-22T10:00:00_Attempt=1",
    fields={"command": "echo", "myDagId": "nightly", "scriptArgument": ["a", "b"]},
    objects={"Default": {"name": "Default"}},
)


# What people call components, and what could go wrong with it: dots in a row, at an end, or where the id is cut.
component_ids = st.text(st.sampled_from("Ab0._-@~:+ \u00fc\n/"), max_size=220) | st.text(max_size=220)
attempts = st.builds(
    PipelineTask,
    task_id=texts,
    pipeline_id=st.from_regex(r"df-[0-9A-Z]{5,20}", fullmatch=True),
    attempt_id=st.builds("@{}_2026-11-22T10:00:00_Attempt={}".format, component_ids, st.integers(1, 9)) | texts,
)


@pytest.mark.skipif(not compat.AIRFLOW_3, reason="the task runner needs Airflow 3")
@given(attempts)
@example(named("Load..Orders"))
@example(named(".hidden"))
@example(named("x.."))
@example(named("x" * 170 + "." * 20))
@example(named("x" * (180 - len("df-01234.-") - 1) + ".y"))
@example(named(""))
def test_a_run_id_is_legal_whatever_the_attempt_is_called(task: PipelineTask) -> None:
    """By Airflow's own check, and by the rules of newer and older releases for the types of runs."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.types import DagRunType

    run_id = run_id_of(task)

    assert DagRun(dag_id="nightly", run_id=run_id).run_id == run_id
    assert DagRunType.from_run_id(run_id) == DagRunType.MANUAL
    assert ".." not in run_id  # from Airflow 3.3 on
    assert len(run_id) <= LONGEST
    assert run_id.isascii()
    assert not set(run_id) & set("/\n\r\0")


def as_version_0_2_0_named_it(task: PipelineTask) -> str:
    readable = re.sub(r"[^A-Za-z0-9_.~:+-]+", "-", f"{task.pipeline_id}.{task.attempt_id}").replace(".-", ".")[:180]
    return f"{readable}.{hashlib.sha256(task.task_id.encode()).hexdigest()[:12]}"


@given(attempts)
def test_a_run_id_that_was_legal_before_is_the_same(task: PipelineTask) -> None:
    """A task that is handed out again after an upgrade must find its runs."""
    before = as_version_0_2_0_named_it(task)

    assert run_id_of(task) == before or ".." in before


@given(tasks, texts)
def test_a_run_id_tells_hand_outs_of_an_attempt_apart(task: PipelineTask, other: str) -> None:
    """The same hand-out that is read again has the same run id."""
    again = PipelineTask.from_conf(json.loads(json.dumps(task.to_conf())))
    handed_out_anew = PipelineTask(task_id=other, pipeline_id=task.pipeline_id, attempt_id=task.attempt_id)

    assert run_id_of(again) == run_id_of(task)
    assert (run_id_of(handed_out_anew) == run_id_of(task)) is (other == task.task_id)


def test_a_run_id_can_be_read() -> None:
    """Pipeline, activity, period and attempt are what a person looks for in the grid."""
    assert run_id_of(TASK).startswith("df-01234.Step_2026-11-22T10:00:00_Attempt-1.")


def test_a_run_that_version_0_1_0_has_made_is_read() -> None:
    """The run was under way during the upgrade of the package. Its conf does not name the poller's only task."""
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
    """The trigger turns the error into a failed task."""
    with pytest.raises(ValueError, match=r"by hand|carries no Data Pipeline task|has no 'pipelineId'"):
        Assignment.from_conf(conf)


def test_the_target_is_given_the_task_and_who_reports() -> None:
    """A template reads the task; the listener reads that the run is supervised."""
    conf = Assignment(task=TASK, target_dag_id="nightly").target_conf("runner")

    assert PipelineTask.from_conf(conf) == TASK
    assert conf["datapipeline"]["fields"]["command"] == "echo"
    assert conf["task_runner"] == {"dag_id": "runner"}
    assert error_detail_of(conf) is None


@pytest.mark.parametrize("detail", ["full", "type"])
def test_the_target_is_given_the_detail_of_its_errors(detail: str) -> None:
    """The listener reads it to decide what to store. Without the parameter the deployment's option decides."""
    conf = Assignment(task=TASK, target_dag_id="nightly", error_detail=detail).target_conf("runner")

    assert error_detail_of(json.loads(json.dumps(conf))) == detail


@pytest.mark.parametrize("conf", [None, {}, {"task_runner": "x"}, {"task_runner": {}}])
def test_a_run_of_another_kind_is_given_none(conf: dict[str, object] | None) -> None:
    assert error_detail_of(conf) is None


MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
SCHEDULE = {"@scheduledStartTime": "2026-11-22T00:00:00"}


def dates(task_id: str = "t", *, ahead: float = -3600, **fields: str) -> tuple[datetime, ...]:
    """Return the dates of a task whose schedule is so many seconds in the future."""
    task = PipelineTask(task_id=task_id, pipeline_id="p", attempt_id="a", fields=fields)
    return logical_dates_of(task, MIDNIGHT.timestamp() - ahead)


@given(texts)
def test_logical_dates_lie_within_the_second_of_the_schedule(task_id: str) -> None:
    """After the whole second, which belongs to the DAG's own scheduled run; and the same each time."""
    found = dates(task_id, **SCHEDULE)

    assert found == dates(task_id, **SCHEDULE)
    assert len(set(found)) > 1
    assert all(MIDNIGHT < date < MIDNIGHT + timedelta(seconds=1) for date in found)


def test_attempts_of_an_instance_have_dates_of_their_own() -> None:
    found = {date for number in range(100) for date in dates(f"task-{number}", **SCHEDULE)[:1]}

    assert len(found) == 100


def test_a_task_without_a_readable_schedule_has_no_logical_date() -> None:
    assert dates() == ()
    assert dates(**{"@scheduledStartTime": "soon"}) == ()


def test_a_schedule_that_lies_ahead_gives_no_logical_date() -> None:
    """Airflow would start no task before such a date. A minute may be the difference of two clocks."""
    assert dates(ahead=30, **SCHEDULE) != ()
    assert dates(ahead=90, **SCHEDULE) == ()
