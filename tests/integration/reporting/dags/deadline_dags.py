"""DAGs that miss a deadline, one for each form of callback that Airflow can call then."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow_provider_datapipeline._airflow.names import AIRFLOW_VERSION
from airflow_provider_datapipeline.callbacks import report_failed, report_finished
from airflow_provider_datapipeline.notifications.datapipeline import DataPipelineNotifier

try:
    from airflow.sdk import DAG, task
    from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference, SyncCallback
except ImportError:
    KINDS: dict[str, Any] = {}  # deadlines came with Airflow 3.1
else:
    KINDS = {"async": AsyncCallback}
    if not AIRFLOW_VERSION.startswith("3.1."):
        KINDS["sync"] = SyncCallback

PATH = "airflow_provider_datapipeline.callbacks.report_failed"
TEMPLATES = {
    "pipeline_task_id": "{{ dag_run.conf.datapipeline.taskId }}",
    "error_id": "TooLate",
    "error_message": "{{ dag.dag_id }} was due at {{ deadline.deadline_time }}",
}
CALLBACKS: dict[str, tuple[object, dict[str, Any]]] = {
    "class": (DataPipelineNotifier, {}),
    "path": (PATH, TEMPLATES),
    "object": (report_failed, {}),
    "stored": (report_failed, {"aws_conn_id": "stored"}),
    "missing": (DataPipelineNotifier, {"aws_conn_id": "no_such_connection"}),
}


def wait(**context: Any) -> None:
    """Run until the file exists that the run's conf names."""
    while not Path(context["dag_run"].conf["gate"]).exists():
        time.sleep(0.1)


for kind, callback_of in KINDS.items():
    for name, (callback, parameters) in CALLBACKS.items():
        alert = DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=timedelta(seconds=1),
            callback=callback_of(callback, parameters),
        )
        with DAG(
            f"deadline_{kind}_{name}", schedule=None, tags=["test"], deadline=alert, on_success_callback=report_finished
        ):
            task(task_id="work")(wait)()
