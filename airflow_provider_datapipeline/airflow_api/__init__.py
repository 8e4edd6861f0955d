"""Airflow's own REST API, on any Airflow 3 and on Amazon MWAA, for requests that a trigger cannot make otherwise."""
