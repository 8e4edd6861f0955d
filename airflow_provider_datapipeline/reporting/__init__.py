"""What is told to AWS Data Pipeline about a task: pure, standard library only, always within the service's limits."""

from airflow_provider_datapipeline.reporting.facts import TaskFacts
from airflow_provider_datapipeline.reporting.report import TaskReport
from airflow_provider_datapipeline.reporting.status import TaskStatus

__all__ = ["TaskFacts", "TaskReport", "TaskStatus"]
