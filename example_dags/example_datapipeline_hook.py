"""
Call the service from a task's own code: the task reports its progress to AWS Data Pipeline and stops when canceled.

If Data Pipeline receives no progress for 15 minutes (``reportProgressTimeout``), it gives the task to another runner.
So work that takes longer must report its progress.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
try:
    from airflow.sdk.exceptions import AirflowSkipException
except ImportError:  # before Airflow 3.2
    from airflow.exceptions import AirflowSkipException

from airflow_provider_datapipeline.callbacks import report_failed, report_finished
from airflow_provider_datapipeline.pipeline_task import PipelineTask

CHUNKS = 20


# [START howto_hook]
@dag(
    schedule=None,
    tags=["example", "datapipeline"],
    on_success_callback=report_finished,
    on_failure_callback=report_failed,
)
def example_datapipeline_hook() -> None:
    """Compress a large document, chunk by chunk."""

    @task
    def compress(**context: Any) -> int:
        from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

        hook = DataPipelineHook(aws_conn_id="aws_default")
        pipeline_task = PipelineTask.from_conf(context["dag_run"].conf)
        size = 0
        for chunk in range(CHUNKS):
            size += len(zlib.compress(json.dumps([chunk] * 100_000).encode()))
            canceled = hook.report_task_progress(
                pipeline_task.task_id, fields={"percentComplete": str(100 * (chunk + 1) // CHUNKS)}
            )
            if canceled:
                raise AirflowSkipException("AWS Data Pipeline canceled the task")
        return size

    compress()


example_datapipeline_hook()
# [END howto_hook]
