"""The operators of the task runner that wait in the triggerer: one polls for tasks, one supervises a target run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import BaseOperator, StartTriggerArgs, TaskDeferred
from airflow_provider_datapipeline._airflow.renamed import value_of_renamed
from airflow_provider_datapipeline._task_runner.batches import BatchStarter
from airflow_provider_datapipeline._task_runner.heartbeats import DEFAULT_HEARTBEAT_SECONDS
from airflow_provider_datapipeline.hooks.parameters import DataPipelineHookMixin
from airflow_provider_datapipeline.links.datapipeline import DataPipelineTargetRunLink
from airflow_provider_datapipeline.reporting.detail import ErrorDetail

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_TRIGGERS = "airflow_provider_datapipeline.triggers.datapipeline"


class _TriggererOperator(DataPipelineHookMixin, BaseOperator):
    """
    The base of both operators: a task that waits in the triggerer.

    From Airflow 3.3 on the task starts there, without a worker. Before, a worker starts it and defers it at once.
    """

    def __init__(
        self,
        *,
        trigger: str,
        trigger_kwargs: dict[str, Any],
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        airflow_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self.airflow_conn_id = airflow_conn_id
        self._trigger = trigger
        self._trigger_kwargs = {
            **trigger_kwargs,
            "aws_conn_id": aws_conn_id,
            "region_name": region_name,
            "verify": verify,
            "botocore_config": botocore_config,
            "airflow_conn_id": airflow_conn_id,
        }
        self.start_from_trigger = compat.START_FROM_TRIGGER
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=f"{_TRIGGERS}.{trigger}",
            trigger_kwargs=self._trigger_kwargs,
            next_method="execute_complete",
        )

    def _defer(self, **rendered: Any) -> NoReturn:
        from airflow_provider_datapipeline.triggers import datapipeline as triggers

        trigger = getattr(triggers, self._trigger)(**{**self._trigger_kwargs, **rendered})
        raise TaskDeferred(trigger=trigger, method_name="execute_complete")


class DataPipelinePollForTaskOperator(_TriggererOperator):
    """
    Waits in the triggerer for tasks of a worker group, and starts two DAG runs for each task.

    The target run does the work, and the runner run supervises it. The operator needs a worker slot only while the runs
    of a batch are created. That takes up to a minute if Airflow does not know a target DAG any more, and 10 seconds if
    Airflow never knew it.

    Below Airflow 3.3 leave ``target_dag_id`` out, and put a ``DataPipelineStartDagRunsOperator`` downstream. There a
    task that resumes in a worker soon after it was deferred may fail: the scheduler may read the end of its first part
    only when its second part is running, and then concludes that the task has died. Without ``target_dag_id`` this task
    ends in the triggerer, with the batch as XCom ``tasks``: a list of ``{"conf": PipelineTask.to_conf(), "at": seconds
    since 1970}``. The task is skipped if there was no batch.

    :param worker_group: exactly as in the pipeline definition, case included
    :param runner_dag_id: the DAG whose runs supervise
    :param target_dag_id: the DAG that does the work; a template that sees the task as ``dag_run.conf.datapipeline``
    :param max_active_tasks: how many tasks may be held at once (default 100)
    :param batch_size: how many tasks one worker starts at once (default 20)
    :param allowed_pipeline_ids: tasks of other pipelines are reported FAILED, because a polled task cannot be handed
        back; None allows all
    :param logical_date: whether target runs get the task's schedule as their logical date, if the task has one
    :param error_detail: ``full``, or ``type``: no text of an exception leaves Airflow; None: Airflow's option
        ``[datapipeline] error_detail`` decides
    :param hostname: shown on the attempts; default: the name of the triggerer's host
    :raises ValueError: ``error_detail`` has another value
    """

    ui_color = "#e6f2ff"

    def __init__(
        self,
        *,
        worker_group: str,
        runner_dag_id: str,
        target_dag_id: str | None = None,
        max_active_tasks: int = 100,
        batch_size: int = 20,
        allowed_pipeline_ids: Collection[str] | None = None,
        logical_date: bool = True,
        error_detail: str | None = None,
        hostname: str | None = None,
        **kwargs: Any,
    ) -> None:
        dag = kwargs.get("dag")
        super().__init__(
            trigger="PollForTaskTrigger",
            trigger_kwargs={
                "worker_group": worker_group,
                "poller_dag_id": dag.dag_id if dag else "",
                "runner_dag_id": runner_dag_id,
                "max_active_tasks": max_active_tasks,
                "batch_size": batch_size,
                "hostname": hostname,
                "leaves_batch": target_dag_id is None,
            },
            **kwargs,
        )
        self.worker_group = worker_group
        self.runner_dag_id = runner_dag_id
        self.target_dag_id = target_dag_id
        self.max_active_tasks = max_active_tasks
        self.batch_size = batch_size
        self.allowed_pipeline_ids = None if allowed_pipeline_ids is None else sorted(allowed_pipeline_ids)
        self.logical_date = logical_date
        self.error_detail = ErrorDetail.checked(error_detail)
        self.hostname = hostname

    def execute(self, context: Mapping[str, Any]) -> None:  # noqa: ARG002  # Airflow's signature
        """Defer; called only below Airflow 3.3, which does not start the trigger itself."""
        self._defer()

    def execute_complete(self, context: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Start the tasks of the batch; without ``target_dag_id`` store the batch as an XCom."""
        if self.target_dag_id is None:  # the trigger is of version 0.1.0, which resumed its task in any case
            context["ti"].xcom_push(key="tasks", value=event["tasks"])
            return
        starter = BatchStarter(
            hook=self.hook,
            runner_dag_id=self.runner_dag_id,
            target_dag_id=self.target_dag_id,
            allowed_pipeline_ids=self.allowed_pipeline_ids,
            logical_date=self.logical_date,
            error_detail=self.error_detail,
        )
        starter.start(event["tasks"], context)


class DataPipelineSuperviseDagRunOperator(_TriggererOperator):
    """
    Supervises the target run of one Data Pipeline task until its outcome is reported. It waits in the triggerer.

    The state of this Airflow task shows the outcome: success for FINISHED and FALSE, failed for FAILED, and skipped if
    the Data Pipeline task was canceled or given to another task runner. Clearing the task supervises and reports again.

    :param heartbeat: seconds between two ReportTaskProgress (default 60); more where many tasks share the
        account's rate
    :param run_timeout: seconds from the poll in which the target run must end; after that it is stopped and reported
        FAILED. None: no limit. The attempt's own ``attemptTimeout`` always holds
    :param error_detail: ``full``, or ``type``: no text of an exception leaves Airflow; None: Airflow's option
        ``[datapipeline] error_detail`` decides
    :param beat: the old name of ``heartbeat``, which version 0.4 drops
    :raises ValueError: both ``heartbeat`` and ``beat`` are given, or ``error_detail`` has another value
    """

    template_fields: Sequence[str] = ("conf", "runner_dag_id", "run_id")
    operator_extra_links = (DataPipelineTargetRunLink(),)
    ui_color = "#e6f2ff"

    def __init__(
        self,
        *,
        heartbeat: float = DEFAULT_HEARTBEAT_SECONDS,
        run_timeout: float | None = None,
        error_detail: str | None = None,
        beat: float | None = None,
        **kwargs: Any,
    ) -> None:
        heartbeat = value_of_renamed(
            "heartbeat",
            heartbeat,
            DEFAULT_HEARTBEAT_SECONDS,
            old_name="beat",
            old_value=beat,
            dropped_in="0.4",
            stacklevel=4,
        )
        error_detail = ErrorDetail.checked(error_detail)
        # Airflow renders them in the triggerer, if operator and trigger have attributes of the same names.
        templates = {
            "conf": "{{ dag_run.conf | tojson }}",
            "runner_dag_id": "{{ dag.dag_id }}",
            "run_id": "{{ run_id }}",
        }
        super().__init__(
            trigger="SuperviseDagRunTrigger",
            # The trigger's parameter keeps its old name: see SuperviseDagRunTrigger.
            trigger_kwargs={**templates, "beat": heartbeat, "run_timeout": run_timeout, "error_detail": error_detail},
            **kwargs,
        )
        self.conf = templates["conf"]
        self.runner_dag_id = templates["runner_dag_id"]
        self.run_id = templates["run_id"]
        self.heartbeat = heartbeat
        self.run_timeout = run_timeout
        self.error_detail = error_detail

    def execute(self, context: Mapping[str, Any]) -> None:
        """Defer; called only below Airflow 3.3, which does not start the trigger itself."""
        conf = context["dag_run"].conf
        self._defer(conf=json.dumps(conf), runner_dag_id=context["dag"].dag_id, run_id=context["run_id"])

    def execute_complete(self, context: Mapping[str, Any], event: Any) -> None:
        """Never called: the trigger ends the task."""
