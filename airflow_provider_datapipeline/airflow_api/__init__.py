"""Airflow's own REST API, asked for what a trigger may not ask otherwise: on any Airflow 3, and on Amazon MWAA."""
