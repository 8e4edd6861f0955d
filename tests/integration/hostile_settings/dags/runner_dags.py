"""The DAGs of the task runner under test. Airflow parses this file because it has the word DAG in it."""

from __future__ import annotations

from datetime import timedelta

from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner

poller, runner = data_pipeline_task_runner(
    worker_group="airflow",
    heartbeat=2,
    default_args={
        "depends_on_past": True,
        "execution_timeout": timedelta(seconds=8),
        "max_active_tis_per_dag": 1,
        "retries": 1,
        "wait_for_downstream": True,
    },
)
