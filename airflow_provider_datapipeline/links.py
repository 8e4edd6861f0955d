"""From a supervised task to the DAG run that does the work."""

from __future__ import annotations

from typing import Any

from airflow_provider_datapipeline._airflow.names import BaseOperatorLink


class DataPipelineTargetRunLink(BaseOperatorLink):
    """Leads from the runner run's task to the target run; the other way, the target run has a note."""

    name = "Target DAG run"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002  # Airflow's signature
        """
        Return nothing: the address is an XCom, under ``xcom_key``, which the trigger writes.

        Airflow asks for the address in the worker, and this task has none.
        """
        return ""
