"""
A target of the task runner: execute the ``script`` of a SqlActivity, in this example on SQLite.

The activity in the pipeline definition; Airflow has its ``database`` as the connection ``sqlite_default``::

    {"id": "Totals", "type": "SqlActivity", "database": {"ref": "Orders"},
     "script": "delete from totals; insert into totals select day, sum(amount) from orders group by day",
     "workerGroup": "airflow", "myDagId": "example_datapipeline_sql"}
"""

from __future__ import annotations

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

try:
    from airflow.sdk import dag
except ImportError:  # Airflow 2
    from airflow.decorators import dag


# [START howto_sql]
@dag(schedule=None, tags=["example", "datapipeline"])
def example_datapipeline_sql() -> None:
    """Execute the script of a SqlActivity."""
    SQLExecuteQueryOperator(
        task_id="script",
        conn_id="sqlite_default",
        sql="{{ dag_run.conf.datapipeline.fields.script }}",
        split_statements=True,
    )


example_datapipeline_sql()
# [END howto_sql]
