"""
The callbacks for DAG files.

::

    from airflow_provider_datapipeline.callbacks import report_failed, report_finished

    with DAG("nightly", on_success_callback=report_finished, on_failure_callback=report_failed):
        ...

Both are notifiers. They work on a task, in ``default_args`` and on a DAG, alone or in a list. A call with parameters of
:class:`~airflow_provider_datapipeline.notifications.datapipeline.DataPipelineNotifier` returns a notifier with these
parameters: ``report_failed(pipeline_task_id="{{ dag_run.conf.token }}", aws_conn_id="aws_prod")``.

On a DAG they report once, when the run has ended. On tasks, the first report that the service receives counts, so put
``report_finished`` on the last task only.

From Airflow 3.1 on, ``report_failed`` also works as the callback of a deadline, by name or by path::

    DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=1),
        callback=AsyncCallback(report_failed, {"error_id": "TooLate"}),
    )
"""

from __future__ import annotations

from airflow_provider_datapipeline.notifications.datapipeline import DataPipelineNotifier
from airflow_provider_datapipeline.reporting.status import TaskStatus

__all__ = ["report_failed", "report_finished"]

report_finished = DataPipelineNotifier(task_status=TaskStatus.FINISHED)
report_failed = DataPipelineNotifier(task_status=TaskStatus.FAILED)

# Airflow stores the callback of a deadline as the import path of a function or a class. These two are instances, so
# they get the attributes from which Airflow makes the path.
for _name in __all__:
    vars(globals()[_name]).update(__module__=__name__, __qualname__=_name)
