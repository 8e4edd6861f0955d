"""
Builds the reports that AWS Data Pipeline gets about tasks, always within the service's limits.

The modules use the standard library alone, and do no input or output.
"""

from airflow_provider_datapipeline.reporting.facts import TaskFacts
from airflow_provider_datapipeline.reporting.report import TaskReport
from airflow_provider_datapipeline.reporting.status import TaskStatus

__all__ = ["TaskFacts", "TaskReport", "TaskStatus"]
