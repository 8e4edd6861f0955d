"""The Airflow plugin. Airflow finds it through the entry point ``airflow.plugins`` of the installed package."""

from __future__ import annotations

from airflow_provider_datapipeline._airflow.names import AirflowPlugin
from airflow_provider_datapipeline.plugins import listener
from airflow_provider_datapipeline.plugins.macros import task


class DataPipelinePlugin(AirflowPlugin):
    """Registers the listener that stores the error of a failed task, and the macros for templates."""

    name = "datapipeline"
    listeners = [listener]  # noqa: RUF012  # declared as an instance variable by Airflow
    macros = [task]  # noqa: RUF012  # likewise
