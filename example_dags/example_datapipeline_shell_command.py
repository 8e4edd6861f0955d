"""
A target of the task runner: run the ``command`` of a ShellCommandActivity, as AWS's own Task Runner does.

The activity in the pipeline definition::

    {"id": "Backup", "type": "ShellCommandActivity", "command": "tar -czf /backup/etc.tgz /etc",
     "workerGroup": "airflow", "myDagId": "example_datapipeline_shell_command"}
"""

from __future__ import annotations

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task


# [START howto_shell_command]
@dag(schedule=None, tags=["example", "datapipeline"])
def example_datapipeline_shell_command() -> None:
    """Run the command of a ShellCommandActivity."""

    @task.bash
    def command() -> str:
        return "{{ dag_run.conf.datapipeline.fields.command }}"

    command()


example_datapipeline_shell_command()
# [END howto_shell_command]
