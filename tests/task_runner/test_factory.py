"""The two DAGs of a task runner, as Airflow parses and stores them."""

from __future__ import annotations

import json
import pkgutil
import re
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_datapipeline import task_runner
from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline.task_runner import DEFAULT_TARGET, data_pipeline_task_runner

needs_airflow_3 = pytest.mark.skipif(not compat.AIRFLOW_3, reason="the task runner needs Airflow 3")


def stored(dag: Any) -> Any:
    """The DAG as the scheduler reads it."""
    try:
        from airflow.serialization.serialized_objects import DagSerialization
    except ImportError:  # before Airflow 3.2
        from airflow.serialization.serialized_objects import SerializedDAG as DagSerialization

    return DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))


@pytest.mark.skipif(compat.AIRFLOW_3, reason="what Airflow 2 is told")
def test_airflow_2_is_refused_with_what_to_do_instead() -> None:
    with pytest.raises(RuntimeError, match=r"needs Airflow 3\.0 or newer.*callbacks"):
        data_pipeline_task_runner(worker_group="airflow")


@needs_airflow_3
@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [
        ("worker_group", "", "1 to 1,024"),
        ("worker_group", "g" * 1025, "1 to 1,024"),
        ("max_active_tasks", 0, "at least 1"),
        ("batch_size", 0, "at least 1"),
        ("heartbeat", 0.5, "1 to 300"),
        ("heartbeat", timedelta(minutes=6), "1 to 300"),
        ("run_timeout", 0, "above 0"),
        ("run_timeout", timedelta(0), "above 0"),
        ("error_detail", "class", "full or type"),
    ],
)
def test_a_parameter_outside_its_limits_is_refused_by_name(name: str, value: Any, limit: str) -> None:
    with pytest.raises(ValueError, match=limit) as refused:
        data_pipeline_task_runner(**{"worker_group": "airflow", name: value})

    assert str(refused.value).startswith(f"{name} is {value!r}; it ")


@needs_airflow_3
@pytest.mark.parametrize(
    ("group", "dag_id"), [("airflow", "datapipeline_airflow"), ("Team-1.nightly_x", "datapipeline_Team-1.nightly_x")]
)
def test_dag_ids_come_from_the_worker_group(group: str, dag_id: str) -> None:
    poller, runner = data_pipeline_task_runner(worker_group=group)

    assert (poller.dag_id, runner.dag_id) == (f"{dag_id}_poller", dag_id)


@needs_airflow_3
def test_odd_worker_groups_have_legal_dag_ids_of_their_own() -> None:
    """A group with characters that an id may not have, or longer than an id may be."""
    groups = ["a b", "a/b", "a_b", "\u00fc", "\u00e4", "...", "g" * 1024, "g" * 1023 + "h", "g" * 300]

    ids = [dag.dag_id for group in groups for dag in data_pipeline_task_runner(worker_group=group)]

    assert len(set(ids)) == 2 * len(groups)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,250}", dag_id) for dag_id in ids)


@needs_airflow_3
def test_two_task_runners_share_nothing() -> None:
    one = data_pipeline_task_runner(worker_group="airflow", region_name="us-east-1", max_active_tasks=5)
    two = data_pipeline_task_runner(worker_group="airflow", region_name="eu-west-1", dag_id="europe")

    assert [dag.dag_id for dag in (*one, *two)] == [
        "datapipeline_airflow_poller",
        "datapipeline_airflow",
        "europe_poller",
        "europe",
    ]
    assert [dag.max_active_runs for dag in (*one, *two)] == [1, 5, 1, 100]
    for (poller, runner), region in ((one, "us-east-1"), (two, "eu-west-1")):
        assert poller.get_task("poll").runner_dag_id == runner.dag_id
        assert poller.get_task("poll").region_name == runner.get_task("supervise").region_name == region


@needs_airflow_3
def test_a_failed_supervision_is_not_repeated_where_no_worker_can_be_lost() -> None:
    """From 3.3 on a retry would report again. Before, the tasks need a worker, and a retry helps if it is lost."""
    in_triggerer = 0 if compat.START_FROM_TRIGGER else 5

    poller, runner = data_pipeline_task_runner(worker_group="airflow", default_args={"owner": "data", "retries": 5})

    retries = {task.task_id: task.retries for task in (*poller.tasks, *runner.tasks)}
    assert retries == {"poll": in_triggerer, "supervise": in_triggerer} | ({} if in_triggerer == 0 else {"start": 5})
    assert {task.owner for task in (*poller.tasks, *runner.tasks)} == {"data"}


@needs_airflow_3
def test_a_task_that_failed_is_back_within_seconds_whatever_the_deployment_says() -> None:
    """Airflow's default of five minutes would leave tasks unpolled, or without a heartbeat."""
    dags = data_pipeline_task_runner(worker_group="airflow")

    assert {task.retry_delay for dag in dags for task in dag.tasks} == {timedelta(seconds=5)}


@needs_airflow_3
def test_both_dags_wait_in_the_triggerer_after_being_stored() -> None:
    """The scheduler reads the serialized DAG."""
    from airflow.serialization.serialized_objects import BaseSerialization

    dags = data_pipeline_task_runner(
        worker_group="airflow",
        heartbeat=timedelta(seconds=30),
        run_timeout=3600,
        botocore_config={"max_pool_connections": 5},
        allowed_pipeline_ids={"df-2", "df-1"},
    )

    waiting = {"poll": "PollForTaskTrigger", "supervise": "SuperviseDagRunTrigger"}
    for dag, (task_id, trigger) in zip(dags, waiting.items(), strict=True):
        task = stored(dag).get_task(task_id)
        assert task.start_from_trigger is compat.START_FROM_TRIGGER
        assert task.start_trigger_args.trigger_cls.endswith(f"triggers.datapipeline.{trigger}")
        parameters = task.start_trigger_args.trigger_kwargs
        if "__type" in parameters:  # Airflow 3.0 keeps them as they are
            parameters = BaseSerialization.deserialize(parameters)
        assert pkgutil.resolve_name(task.start_trigger_args.trigger_cls)(**parameters).serialize()[1] == parameters
        assert parameters["botocore_config"] == {"max_pool_connections": 5}
    assert (parameters["beat"], parameters["run_timeout"]) == (30.0, 3600.0)
    assert {"conf", "runner_dag_id", "run_id"} <= set(task.template_fields)


@needs_airflow_3
def test_the_documented_lines_are_a_dag_file() -> None:
    """Airflow parses a file only if it contains both words."""
    documented = task_runner.__doc__ or ""
    lines = "\n".join(line.strip() for line in documented.split("::\n")[1].split("The comment")[0].splitlines())
    found: dict[str, Any] = {}

    exec(compile(lines, "dag.py", "exec"), found)

    assert "airflow" in lines.lower()
    assert "dag" in re.sub("datapipeline", "", lines.lower())
    assert (found["poller"].dag_id, found["runner"].dag_id) == ("datapipeline_airflow_poller", "datapipeline_airflow")
    assert found["poller"].tasks[-1].target_dag_id == DEFAULT_TARGET


@needs_airflow_3
def test_no_default_of_a_deployment_ends_or_holds_the_task_runner() -> None:
    """Whether a value comes from the configuration or from default_args, as the scheduler reads the stored DAGs."""
    hostile = {
        "execution_timeout": timedelta(seconds=8),
        "depends_on_past": True,
        "wait_for_downstream": True,
        "max_active_tis_per_dag": 1,
        "max_active_tis_per_dagrun": 1,
    }

    dags = data_pipeline_task_runner(worker_group="airflow", default_args=hostile)

    for dag in map(stored, dags):
        assert dag.dagrun_timeout is None
        for task in dag.task_dict.values():
            # A stored None would be replaced by the deployment's default.
            assert task.execution_timeout > timedelta(days=3 * 366), task.task_id
            assert not any(getattr(task, name) for name in hostile if name != "execution_timeout"), task.task_id


@needs_airflow_3
@pytest.mark.parametrize("default", [0, 2])
def test_failed_runs_never_pause_the_task_runner(monkeypatch: pytest.MonkeyPatch, default: int) -> None:
    """A runner run is red after it has reported FAILED, and that is a normal outcome."""
    monkeypatch.setenv("AIRFLOW__CORE__MAX_CONSECUTIVE_FAILED_DAG_RUNS_PER_DAG", str(default))

    dags = data_pipeline_task_runner(worker_group="airflow")

    assert {stored(dag).max_consecutive_failed_dag_runs for dag in dags} <= {0, 5000}


@needs_airflow_3
@pytest.mark.parametrize("detail", ["full", "type", None])
def test_whoever_reports_is_told_how_much_of_an_error(detail: str | None) -> None:
    poller, runner = data_pipeline_task_runner(worker_group="airflow", error_detail=detail)

    supervise = stored(runner).get_task("supervise").start_trigger_args.trigger_kwargs
    assert supervise.get("__var", supervise)["error_detail"] == detail
    assert poller.tasks[-1].error_detail == detail


@needs_airflow_3
@pytest.mark.parametrize("logical_date", [True, False])
def test_whoever_starts_the_runs_is_told_of_logical_dates(logical_date: bool) -> None:
    poller, _ = data_pipeline_task_runner(worker_group="airflow", logical_date=logical_date)

    assert poller.tasks[-1].logical_date is logical_date
