"""
A target of the task runner: wait for a precondition with a sensor.

The precondition holds when the sensor succeeds. A sensor that gives up is skipped (``soft_fail``), and the task runner
reports FALSE. The precondition in the pipeline definition, to which an activity with a ``workerGroup`` refers::

    {"id": "ExportIsThere", "type": "ShellCommandPrecondition", "command": "unused",
     "myDagId": "example_datapipeline_sensor", "myPath": "/exports/orders.csv"}

Needs Airflow 3, and the connection ``fs_default``, of type ``fs``.
"""

from __future__ import annotations

from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk import dag


# [START howto_sensor]
@dag(schedule=None, tags=["example", "datapipeline"])
def example_datapipeline_sensor() -> None:
    """Wait until a file exists."""
    FileSensor(
        task_id="is_there",
        filepath="{{ dag_run.conf.datapipeline.fields.myPath }}",
        poke_interval=1,
        timeout=5,  # seconds; to wait for hours, mode="reschedule" or deferrable=True
        soft_fail=True,
    )


example_datapipeline_sensor()
# [END howto_sensor]
