"""What the reporting operator refuses before it sends anything. A real Airflow tests what it sends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_datapipeline.exceptions import NoPipelineTaskError
from airflow_provider_datapipeline.operators.datapipeline import DataPipelineSetTaskStatusOperator


def context(conf: object = None) -> dict[str, Any]:
    return {"dag": SimpleNamespace(dag_id="nightly"), "run_id": "run_1", "dag_run": SimpleNamespace(conf=conf)}


@pytest.mark.parametrize("conf", [None, {"day": "2026-11-22"}])
def test_a_run_without_a_data_pipeline_task_is_an_error(conf: object) -> None:
    """The operator is there only to report; its success would hide that nothing was reported."""
    operator = DataPipelineSetTaskStatusOperator(task_id="report")

    with pytest.raises(NoPipelineTaskError, match="pipeline_task_id is empty and the DAG run's conf has no task"):
        operator.execute(context(conf))


def test_a_template_may_render_to_an_invalid_status() -> None:
    """The error names the valid ones."""
    operator = DataPipelineSetTaskStatusOperator(task_id="report", task_status="DONE", pipeline_task_id="t")

    with pytest.raises(ValueError, match="task_status is 'DONE'; it must be one of FINISHED, FAILED, FALSE"):
        operator.execute(context())
