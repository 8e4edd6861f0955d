"""Imports what the targets need from where the running version of Airflow has it."""

from __future__ import annotations

try:
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sdk import DAG, BaseOperator, get_parsing_context, task
    from airflow.sdk.log import mask_secret
except ImportError:  # Airflow 2
    from airflow.decorators import task
    from airflow.models.baseoperator import BaseOperator
    from airflow.models.dag import DAG
    from airflow.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.utils.dag_parsing_context import get_parsing_context
    from airflow.utils.log.secrets_masker import mask_secret

try:
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
except ImportError:  # before Airflow 3.2
    from airflow.exceptions import AirflowFailException, AirflowSkipException

__all__ = [
    "DAG",
    "AirflowFailException",
    "AirflowSkipException",
    "BaseOperator",
    "TriggerDagRunOperator",
    "get_parsing_context",
    "mask_secret",
    "task",
]
