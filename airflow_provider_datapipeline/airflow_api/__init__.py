"""Airflow's own REST API, asked for what a trigger may not ask otherwise."""
