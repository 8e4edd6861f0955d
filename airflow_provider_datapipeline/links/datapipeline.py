"""The link from a supervised task to its target run."""

from __future__ import annotations

import json
from typing import Any

from airflow_provider_datapipeline._airflow.names import BaseOperatorLink


class DataPipelineTargetRunLink(BaseOperatorLink):
    """Leads from the task of the runner run to the target run. For the other direction the target run has a note."""

    name = "Target DAG run"

    @property
    def xcom_key(self) -> str:
        """The key of the XCom in which the supervision stores the address."""
        from airflow_provider_datapipeline._task_runner.assignment import TARGET_RUN_LINK_KEY

        return TARGET_RUN_LINK_KEY

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002  # Airflow's signature
        """
        Return the address of the target run, or an empty text if there is none.

        Up to Airflow 3.2 a worker starts the task. The worker asks for the address and stores it as the XCom
        ``xcom_key``, sometimes after the trigger has stored the same address.
        """
        from airflow_provider_datapipeline._airflow.triggerer import run_url
        from airflow_provider_datapipeline._task_runner.assignment import Assignment

        try:
            assignment = Assignment.from_conf(json.loads(operator.conf))
        except (TypeError, ValueError):
            return ""
        return "" if assignment.refusal else run_url(assignment.target_dag_id, operator.run_id)
