"""
Check a precondition and report by the operator: FINISHED if it holds, FALSE if not, FAILED if the check itself failed.

The precondition in the pipeline definition, to which an activity with a ``workerGroup`` refers::

    {"id": "FileIsThere", "type": "ShellCommandPrecondition", "command": "unused",
     "myDagId": "example_datapipeline_precondition", "myPath": "/exports/orders.csv"}
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

from airflow_provider_datapipeline.operators.datapipeline import DataPipelineSetTaskStatusOperator


# [START howto_operator]
@dag(schedule=None, tags=["example", "datapipeline"])
def example_datapipeline_precondition() -> None:
    """Check whether a file exists."""

    @task
    def is_there(**context: Any) -> bool:
        return Path(context["dag_run"].conf["datapipeline"]["fields"]["myPath"]).exists()

    is_there() >> DataPipelineSetTaskStatusOperator(task_id="report", retries=3)


example_datapipeline_precondition()
# [END howto_operator]
