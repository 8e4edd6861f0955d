"""The operators of the task runner that wait in the triggerer: one for tasks, one for the end of a task's DAG run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import BaseOperator, StartTriggerArgs, TaskDeferred
from airflow_provider_datapipeline.hooks.parameters import DataPipelineHookMixin
from airflow_provider_datapipeline.links import DataPipelineTargetRunLink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TRIGGERS = "airflow_provider_datapipeline.triggers.datapipeline"


class _TriggererOperator(DataPipelineHookMixin, BaseOperator):
    """A task that waits in the triggerer from its start: without a worker where Airflow can do that, from 3.3 on."""

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
    Waits for tasks of a worker group, in the triggerer, and takes no worker slot meanwhile.

    Its end is a batch: the XCom ``tasks``, a list of ``{"conf": PipelineTask.to_conf(), "at": seconds since 1970}``,
    for :class:`~airflow_provider_datapipeline.operators.start_dag_runs.DataPipelineStartDagRunsOperator` downstream.
    Where no task came it is skipped, and with it what is downstream.

    The batch is started by another task, and not by this one in a worker, because a task that resumes in a worker soon
    after it was deferred is failed by the scheduler of every Airflow 3 now and then: it may read the end of the first
    leg only when the second is under way, and takes that for a death.

    :param worker_group: exactly as in the pipeline definition, case included
    :param runner_dag_id: the DAG whose runs supervise
    :param max_active_tasks: tasks held at once
    :param batch_size: tasks in one batch
    :param hostname: shown on the attempts; default: the triggerer's
    """

    ui_color = "#e6f2ff"

    def __init__(
        self,
        *,
        worker_group: str,
        runner_dag_id: str,
        max_active_tasks: int = 100,
        batch_size: int = 20,
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
            },
            **kwargs,
        )
        self.worker_group = worker_group
        self.runner_dag_id = runner_dag_id
        self.max_active_tasks = max_active_tasks
        self.batch_size = batch_size
        self.hostname = hostname

    def execute(self, context: Mapping[str, Any]) -> None:  # noqa: ARG002  # Airflow's signature
        """Defer; only where Airflow does not start the trigger itself."""
        self._defer()

    def execute_complete(self, context: Mapping[str, Any], event: Any) -> None:
        """Never called: the trigger ends the task."""


class DataPipelineSuperviseDagRunOperator(_TriggererOperator):
    """
    Supervises the target run of one Data Pipeline task until its outcome has been reported; needs no worker.

    Its end is the outcome: success for FINISHED and FALSE, failed for FAILED, skipped where the task was canceled or
    given to another runner. Cleared, it supervises, and reports, again.

    :param beat: seconds between two ReportTaskProgress; more where many tasks share the account's rate
    :param run_timeout: seconds from the poll in which the target run must end; then it is stopped and reported FAILED.
        The task's own ``attemptTimeout`` holds as well
    """

    template_fields: Sequence[str] = ("conf", "runner_dag_id", "run_id")
    operator_extra_links = (DataPipelineTargetRunLink(),)
    ui_color = "#e6f2ff"

    def __init__(self, *, beat: float = 60, run_timeout: float | None = None, **kwargs: Any) -> None:
        # Rendered in the triggerer, as attributes of the trigger that are named alike.
        templates = {
            "conf": "{{ dag_run.conf | tojson }}",
            "runner_dag_id": "{{ dag.dag_id }}",
            "run_id": "{{ run_id }}",
        }
        super().__init__(
            trigger="SuperviseDagRunTrigger",
            trigger_kwargs={**templates, "beat": beat, "run_timeout": run_timeout},
            **kwargs,
        )
        self.conf = templates["conf"]
        self.runner_dag_id = templates["runner_dag_id"]
        self.run_id = templates["run_id"]
        self.beat = beat
        self.run_timeout = run_timeout

    def execute(self, context: Mapping[str, Any]) -> None:
        """Defer; only where Airflow does not start the trigger itself."""
        conf = context["dag_run"].conf
        self._defer(conf=json.dumps(conf), runner_dag_id=context["dag"].dag_id, run_id=context["run_id"])

    def execute_complete(self, context: Mapping[str, Any], event: Any) -> None:
        """Never called: the trigger ends the task."""
