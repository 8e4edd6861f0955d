"""What a DAG run means for AWS Data Pipeline, decided from what Airflow has stored about it."""
