"""The functions that templates can call as ``macros.datapipeline``."""

from __future__ import annotations

from typing import Any

from airflow_provider_datapipeline.pipeline_task import PipelineTask


def task(dag_run: Any) -> PipelineTask:
    """
    Return the Data Pipeline task of a DAG run: ``{{ macros.datapipeline.task(dag_run).scheduled_start_time }}``.

    :raises ValueError: the run was not started for a Data Pipeline task
    """
    return PipelineTask.from_conf(dag_run.conf)
