"""From a supervised task to the DAG run that does the work."""

from __future__ import annotations

import json
from typing import Any

from airflow_provider_datapipeline._airflow.names import BaseOperatorLink


class DataPipelineTargetRunLink(BaseOperatorLink):
    """Leads from the runner run's task to the target run; the other way, the target run has a note."""

    name = "Target DAG run"

    @property
    def xcom_key(self) -> str:
        """The XCom that the supervision writes the address to."""
        from airflow_provider_datapipeline._task_runner.assignment import TARGET_RUN_LINK_KEY

        return TARGET_RUN_LINK_KEY

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002  # Airflow's signature
        """
        Return the address, or nothing where there is no target run.

        Up to Airflow 3.2 a worker starts the task, asks for the address then, and stores it as an XCom under
        ``xcom_key``, at times after the trigger has written the same.
        """
        from airflow_provider_datapipeline._airflow.triggerer import run_url
        from airflow_provider_datapipeline._task_runner.assignment import Assignment

        try:
            assignment = Assignment.from_conf(json.loads(operator.conf))
        except (TypeError, ValueError):
            return ""
        return "" if assignment.refusal else run_url(assignment.target_dag_id, operator.run_id)
