"""Makes Airflow a task runner: polls for tasks, starts their DAG runs, and supervises them until they are reported."""
