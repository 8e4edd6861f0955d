"""The operator that reports how a DAG run ended, as its last task."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow import compat, context as callback, stored_run
from airflow_provider_datapipeline._airflow.detail import error_detail
from airflow_provider_datapipeline._airflow.names import AirflowFailException, BaseOperator, TriggerRule
from airflow_provider_datapipeline.exceptions import NoPipelineTaskError
from airflow_provider_datapipeline.hooks.parameters import DataPipelineHookMixin
from airflow_provider_datapipeline.outcome import dag_structure, decision
from airflow_provider_datapipeline.pipeline_task import Asked
from airflow_provider_datapipeline.reporting.detail import ErrorDetail
from airflow_provider_datapipeline.reporting.report import TaskReport
from airflow_provider_datapipeline.reporting.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_datapipeline.pipeline_task import PipelineTask


class DataPipelineSetTaskStatusOperator(DataPipelineHookMixin, BaseOperator):
    """
    Reports the outcome of a DAG run to AWS Data Pipeline.

    With ``task_status``, the operator sends that status with the given error fields, and succeeds.

    Without ``task_status``, the operator belongs at the end of a DAG, downstream of every other task. It waits until
    all of them have ended, in any state (trigger rule ``all_done``), and derives the status from their stored states:

    ``FAILED``
        A task failed, or could not start because another task failed. The report has the error of the task that failed
        first. The operator then fails too, without retries, because its success would make the run a success. As in
        Airflow, a failed teardown does not count, unless it is declared with ``on_failure_fail_dagrun``.
    ``FALSE``
        No task failed, and a leaf of the DAG, or one instance of a mapped leaf, was skipped or returned False: the
        precondition does not hold. A leaf is a task that only teardowns and this operator follow. With
        ``pipeline_task_id``, the kind of the task is not known; then the status is FALSE if a leaf returned False, or
        if all leaves were skipped. A task that is known to be an activity cannot end FALSE.
    ``FINISHED``
        in all other cases.

    A report that cannot be delivered fails the operator, so that Airflow's ``retries`` apply. If the service already
    has the report, sending it again succeeds.

    :param task_status: ``FINISHED``, ``FAILED`` or ``FALSE``; by default derived (templated)
    :param pipeline_task_id: the id of the Data Pipeline task, 1 to 2,048 characters; by default the id in the DAG run's
        conf (templated)
    :param error_id: at most 1,024 characters, not starting with ``Service_`` (templated)
    :param error_message: by default the message of the error that is reported (templated)
    :param error_stack_trace: at most 1,024 characters, a longer text is cut; used only with ``task_status`` (templated)
    :param error_detail: ``full``, or ``type`` to send no text of a task's exception, but only its class, where it was
        raised, and the frames of its whole chain; by default the value of Airflow's option
        ``[datapipeline] error_detail``. The parameters above are always sent, with everything that their templates show
    :param aws_conn_id: the Airflow connection; None uses the credentials that boto3 finds by itself (templated)
    :param region_name: the region, if the connection does not name it (templated)
    :param verify: whether TLS certificates are verified, or the path of the CA bundle to use (templated)
    :param botocore_config: settings of the botocore client
    :raises ValueError: ``task_status`` or ``error_detail`` has an invalid value
    :raises NoPipelineTaskError: neither ``pipeline_task_id`` nor the conf names a task
    :raises ServiceError: the report was not delivered
    :raises AirflowFailException: FAILED was derived and delivered
    """

    template_fields: Sequence[str] = (
        "task_status", "pipeline_task_id", "error_id", "error_message", "error_stack_trace",
        "aws_conn_id", "region_name", "verify",
    )  # fmt: skip
    ui_color = "#f2e6ff"

    def __init__(
        self,
        *,
        task_status: TaskStatus | str | None = None,
        pipeline_task_id: str | None = None,
        error_id: str | None = None,
        error_message: str | None = None,
        error_stack_trace: str | None = None,
        error_detail: str | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if task_status is None:
            kwargs.setdefault("trigger_rule", TriggerRule.ALL_DONE)
        super().__init__(**kwargs)
        self.task_status = task_status
        self.pipeline_task_id = pipeline_task_id
        self.error_id = error_id
        self.error_message = error_message
        self.error_stack_trace = error_stack_trace
        self.error_detail = ErrorDetail.checked(error_detail)
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config

    def execute(self, context: Mapping[str, Any]) -> None:
        """Send the report."""
        from airflow_provider_datapipeline.delivery.sender import CLEARED, deliver

        task = None if self.pipeline_task_id else callback.pipeline_task(context)
        pipeline_task_id = self.pipeline_task_id or (task.task_id if task else None)
        if not pipeline_task_id:
            raise NoPipelineTaskError(
                "No Data Pipeline task to report about: pipeline_task_id is empty and the DAG run's conf has no task."
            )
        report = self._explicit_report() if self.task_status else self._derived_report(context, task)
        deliver(
            self.hook,
            pipeline_task_id,
            report,
            task=task,
            about=callback.run_fields(context),
            look_first=CLEARED if callback.was_cleared(context) else None,
        )
        if not self.task_status and report.status is TaskStatus.FAILED:
            raise AirflowFailException(
                "FAILED was reported to AWS Data Pipeline. This task fails too: its success would turn the run green."
            )

    def _explicit_report(self) -> TaskReport:
        try:
            status = TaskStatus(str(self.task_status))
        except ValueError as error:
            raise ValueError(
                f"task_status is {self.task_status!r}; it must be one of {', '.join(TaskStatus)}, or None to derive it."
            ) from error
        return TaskReport.explicit(
            status,
            error_id=self.error_id,
            error_message=self.error_message,
            error_stack_trace=self.error_stack_trace,
            mask=compat.mask,
        )

    def _derived_report(self, context: Mapping[str, Any], task: PipelineTask | None) -> TaskReport:
        dag_id, run_id = context["dag"].dag_id, context["run_id"]
        tasks = context["dag"].task_dict
        own_and_later_tasks = {self.task_id, *self.get_flat_relative_ids(upstream=False)}
        states = {
            key: state
            for key, state in compat.read_task_states(dag_id, run_id).items()
            if dag_structure.split_key(key, tasks)[0] not in own_and_later_tasks
        }
        running = sorted(key for key, state in states.items() if state not in dag_structure.FINISHED_STATES)
        if running:
            raise RuntimeError(
                f"Too early to report on DAG run {run_id}: {', '.join(running)} has not ended. "
                f"Place {self.task_id} downstream of every other task."
            )
        asked = Asked.UNKNOWN if task is None else task.asked
        reading = stored_run.ended_run(
            states,
            asked,
            failed=dag_structure.tasks_fail_run(states, tasks),
            task_ids=tasks,
            leaves=dag_structure.leaves_of(tasks, without=own_and_later_tasks),
        )
        # Before the last try a temporary error is raised, so that Airflow's retries apply.
        last_try = context["ti"].try_number > context["ti"].max_tries
        run = stored_run.read_blocking(reading, partial(compat.read_xcom, dag_id, run_id), give_up=last_try)
        return decision.report_on(
            run,
            asked,
            callback.run_facts(context),
            mask=compat.mask,
            error_id=self.error_id,
            error_message=self.error_message,
            detail=error_detail(self.error_detail),
        )
