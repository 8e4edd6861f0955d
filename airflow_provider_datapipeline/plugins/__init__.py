"""What Airflow loads at its start: the listener that keeps errors, and the macros for templates."""
