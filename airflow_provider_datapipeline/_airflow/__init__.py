"""The only code that knows the shapes of Airflow's own objects."""
