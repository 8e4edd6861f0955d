"""The DAGs of the task runner under test. Airflow parses this file because it has the word DAG in it."""

from __future__ import annotations

from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner

poller, runner = data_pipeline_task_runner(
    worker_group="airflow",
    airflow_conn_id="airflow_api",
    heartbeat=5,
)
