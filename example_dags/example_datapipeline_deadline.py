"""
Report a missed deadline: after one hour, AWS Data Pipeline is told that the DAG run failed. Needs Airflow 3.1.

This is for DAGs that report by callbacks or by the operator. For a target of the task runner, set ``attemptTimeout`` in
the pipeline definition instead. A run is started for a Data Pipeline task, with the polled task as its conf. The
activity in the pipeline definition::

    {"id": "Slow", "type": "ShellCommandActivity", "command": "unused", "workerGroup": "airflow",
     "myDagId": "example_datapipeline_deadline", "mySeconds": "5"}
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task
from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference

from airflow_provider_datapipeline.callbacks import report_failed, report_finished
from airflow_provider_datapipeline.notifications.datapipeline import DataPipelineNotifier

# [START howto_deadline]
WITHIN_AN_HOUR = DeadlineAlert(
    reference=DeadlineReference.DAGRUN_QUEUED_AT,
    interval=timedelta(hours=1),
    callback=AsyncCallback(DataPipelineNotifier, {"error_id": "TooLate"}),
)
# [END howto_deadline]


@dag(
    schedule=None,
    tags=["example", "datapipeline"],
    deadline=WITHIN_AN_HOUR,
    on_success_callback=report_finished,
    on_failure_callback=report_failed,
)
def example_datapipeline_deadline() -> None:
    """Work for as long as the pipeline definition says."""

    @task
    def work(**context: Any) -> None:
        time.sleep(float(context["dag_run"].conf["datapipeline"]["fields"]["mySeconds"]))

    work()


example_datapipeline_deadline()
