"""Makes Airflow a task runner: polls for tasks, starts their DAG runs, and supervises each until it is reported."""
