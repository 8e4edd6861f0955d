"""The DAGs of the task runner under test (Airflow reads only files that have the word DAG in them)."""

from __future__ import annotations

from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner

poller, runner = data_pipeline_task_runner(
    worker_group="airflow",
    airflow_conn_id="airflow_api",
    heartbeat=2,
)
