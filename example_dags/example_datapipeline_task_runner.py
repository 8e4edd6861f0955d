"""
The task runner: every task of the worker group ``airflow`` is executed by the DAG that its field ``myDagId`` names.

Two Airflow DAGs: ``example_datapipeline_runner_poller`` waits for tasks, and ``example_datapipeline_runner`` has a run
for each. The target DAGs need to know nothing of AWS Data Pipeline. Needs Airflow 3.

The connection ``airflow_api``, of type ``http``, is to Airflow's own API server: it lets a canceled task's run be
stopped.
"""

from __future__ import annotations

# [START howto_task_runner]
from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner

poller, runner = data_pipeline_task_runner(
    worker_group="airflow",
    dag_id="example_datapipeline_runner",  # default: datapipeline_airflow
    airflow_conn_id="airflow_api",
    heartbeat=10,  # a cancel is noticed within so many seconds; default: 60
)
# [END howto_task_runner]
