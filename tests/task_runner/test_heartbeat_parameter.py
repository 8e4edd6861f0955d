"""The parameter ``heartbeat``, and ``beat``, the name that it had up to version 0.2."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import DAG, AirflowProviderDeprecationWarning
from airflow_provider_datapipeline.operators.task_runner import DataPipelineSuperviseDagRunOperator
from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

OLD_NAME = r"beat has a new name, heartbeat; version 0\.4 drops"


def stored(operator: Any) -> object:
    """The interval as the trigger gets it, under the name that triggerers of every version read."""
    return operator.start_trigger_args.trigger_kwargs["beat"]


def supervise(default_args: dict[str, Any] | None = None, **parameters: Any) -> Any:
    """Make the operator in a DAG with these defaults."""
    with DAG("runner", schedule=None, default_args=default_args or {}):
        return DataPipelineSuperviseDagRunOperator(task_id="supervise", **parameters)


@pytest.mark.parametrize(
    ("parameters", "seconds"), [({}, 60), ({"heartbeat": 30}, 30), ({"heartbeat": timedelta(minutes=2)}, 120)]
)
def test_the_task_runner_has_the_interval_that_it_is_given(parameters: dict[str, Any], seconds: float) -> None:
    _, runner = data_pipeline_task_runner(worker_group="airflow", **parameters)

    assert stored(runner.get_task("supervise")) == seconds


@pytest.mark.parametrize(("beat", "seconds"), [(30, 30), (timedelta(minutes=2), 120)])
def test_the_old_name_works_and_warns_where_it_is_written(beat: float | timedelta, seconds: float) -> None:
    with pytest.warns(AirflowProviderDeprecationWarning, match=OLD_NAME) as warned:
        _, runner = data_pipeline_task_runner(worker_group="airflow", beat=beat)

    assert stored(runner.get_task("supervise")) == seconds
    assert [each.filename for each in warned] == [__file__]


def test_a_value_by_the_old_name_has_the_same_limits() -> None:
    with (
        pytest.warns(AirflowProviderDeprecationWarning, match=OLD_NAME),
        pytest.raises(ValueError, match="heartbeat is 0; it must be 1 to 300 seconds"),
    ):
        data_pipeline_task_runner(worker_group="airflow", beat=0)


def test_both_names_at_once_are_an_error() -> None:
    with pytest.raises(ValueError, match="same parameter: give heartbeat alone"):
        data_pipeline_task_runner(worker_group="airflow", heartbeat=30, beat=60)
    with pytest.raises(ValueError, match="same parameter: give heartbeat alone"):
        supervise(heartbeat=30, beat=60)
    with pytest.raises(ValueError, match="same parameter: give heartbeat alone"):
        supervise({"beat": 60}, heartbeat=30)


def test_the_operator_warns_where_the_old_name_is_written() -> None:
    with (
        DAG("runner", schedule=None),
        pytest.warns(AirflowProviderDeprecationWarning, match=OLD_NAME) as warned,
    ):
        operator = DataPipelineSuperviseDagRunOperator(task_id="supervise", beat=5)

    assert stored(operator) == operator.heartbeat == 5
    assert [each.filename for each in warned] == [__file__]


def test_the_old_name_in_default_args_works_and_warns() -> None:
    with pytest.warns(AirflowProviderDeprecationWarning, match=OLD_NAME):
        operator = supervise({"beat": 5})

    assert stored(operator) == 5


def test_default_args_of_a_task_runner_do_not_change_its_heartbeat() -> None:
    """As before: the task runner gives its operator the interval itself."""
    _, runner = data_pipeline_task_runner(worker_group="airflow", default_args={"beat": 5})

    assert stored(runner.get_task("supervise")) == 60


def test_a_mapped_operator_takes_the_old_name() -> None:
    with DAG("runner", schedule=None):
        mapped = DataPipelineSuperviseDagRunOperator.partial(task_id="supervise", beat=5).expand(run_timeout=[60, 120])

    with pytest.warns(AirflowProviderDeprecationWarning, match=OLD_NAME):
        assert stored(mapped.unmap({"run_timeout": 60})) == 5
