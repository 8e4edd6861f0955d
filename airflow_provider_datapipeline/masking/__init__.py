"""Masks secrets in any text before it leaves Airflow."""
