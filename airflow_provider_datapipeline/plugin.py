"""The Airflow plugin: found through the entry point ``airflow.plugins`` once the package is installed."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowPlugin

from airflow_provider_datapipeline import listener


class DataPipelinePlugin(AirflowPlugin):
    """Registers the listener that keeps the error of a failed task for the report about its DAG run."""

    name = "datapipeline"
    listeners = [listener]  # noqa: RUF012  # declared as an instance variable by Airflow
