"""The only code that knows how Airflow's own objects look, on each version."""
