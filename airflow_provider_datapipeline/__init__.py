"""An Airflow deployment as the task runner of AWS Data Pipeline."""

__version__ = "0.2.0"
