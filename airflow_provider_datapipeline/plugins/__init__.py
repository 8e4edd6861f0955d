"""What Airflow loads at its start: the listener that stores errors, and the macros for templates."""
