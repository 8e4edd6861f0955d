"""Decides from Airflow's stored states which outcome of a DAG run AWS Data Pipeline is told."""
