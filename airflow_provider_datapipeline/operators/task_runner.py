"""The two operators of the task runner; :mod:`~airflow_provider_datapipeline.task_runner` makes DAGs of them."""

from __future__ import annotations

import json
import logging
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_datapipeline import metrics
from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline._airflow.names import BaseOperator, StartTriggerArgs, TaskDeferred
from airflow_provider_datapipeline.hooks.parameters import DataPipelineHookMixin
from airflow_provider_datapipeline.links import DataPipelineTargetRunLink
from airflow_provider_datapipeline.log_words import words
from airflow_provider_datapipeline.pipeline_task import PipelineTask
from airflow_provider_datapipeline.reporting.masking import without_secrets
from airflow_provider_datapipeline.runs import Assignment, run_id_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

log = logging.getLogger(__name__)

_TRIGGERS = "airflow_provider_datapipeline.triggers.datapipeline"
_STALE_SECONDS = 100.0  # the service hands a task out again 120 s after the poll


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
    Polls a worker group, and starts two DAG runs for each task: one that does the work, one that supervises it.

    Waits in the triggerer and takes a worker slot only while runs are created, for all tasks of a batch at once. In
    this order, for each task: the runner run, the target run of the same run id, the acknowledgement. Whatever dies in
    between, the service hands the task out again, and what was created before is found again by its run id.

    :param worker_group: exactly as in the pipeline definition, case included
    :param runner_dag_id: the DAG whose runs supervise
    :param target_dag_id: the DAG that does the work; a template over the task, as ``dag_run.conf.datapipeline``
    :param max_active_tasks: tasks held at once
    :param batch_size: tasks started by one worker at once
    :param allowed_pipeline_ids: tasks of other pipelines are reported FAILED, since a polled task cannot be handed
        back; None allows all
    :param hostname: shown on the attempts; default: the triggerer's
    """

    ui_color = "#e6f2ff"

    def __init__(
        self,
        *,
        worker_group: str,
        runner_dag_id: str,
        target_dag_id: str,
        max_active_tasks: int = 100,
        batch_size: int = 20,
        allowed_pipeline_ids: Collection[str] | None = None,
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
        self.target_dag_id = target_dag_id
        self.max_active_tasks = max_active_tasks
        self.batch_size = batch_size
        self.allowed_pipeline_ids = None if allowed_pipeline_ids is None else sorted(allowed_pipeline_ids)
        self.hostname = hostname

    def execute(self, context: Mapping[str, Any]) -> None:  # noqa: ARG002  # Airflow's signature
        """Defer; only where Airflow does not start the trigger itself."""
        self._defer()

    def execute_complete(self, context: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Start the tasks of a batch; the fault of one does not keep the others."""
        for polled in event["tasks"]:
            task = PipelineTask.from_conf(polled["conf"])
            if time.time() - polled["at"] > _STALE_SECONDS:
                count(metrics.LATE, dag_id=self.runner_dag_id)
                log.warning("Polled too long ago; the service will hand it out again. %s", words(task))
                continue
            try:
                self._start(task, polled["at"], context)
                self.hook.report_task_progress(task.task_id)
            except Exception:  # the others of the batch are not to suffer
                count(metrics.NOT_STARTED, dag_id=self.runner_dag_id)
                log.exception("Could not start a task; the service will hand it out again. %s", words(task))
            else:
                count(metrics.ACKNOWLEDGED, dag_id=self.runner_dag_id)
                log.info("acknowledged: %s", words(task, dag=self.runner_dag_id, run=run_id_of(task)))

    def _start(self, task: PipelineTask, polled_at: float, context: Mapping[str, Any]) -> None:
        """Create the runner run and the target run, in this order: a run that works must not be without supervisor."""
        run_id = run_id_of(task)
        assignment = self._assignment(task, (context["dag"].dag_id, context["run_id"]), polled_at)
        if compat.create_dag_run(self.runner_dag_id, run_id, assignment.runner_conf(), note=""):
            log.info("runner run created: %s", words(task, dag=self.runner_dag_id, run=run_id))
        else:
            count(metrics.DUPLICATES, dag_id=self.runner_dag_id)
            log.info("runner run exists already: %s", words(task, dag=self.runner_dag_id, run=run_id))
        if assignment.refusal:
            self._refused(task, assignment.refusal)
            return
        note = f"Started for [AWS Data Pipeline](/dags/{self.runner_dag_id}/runs/{run_id})"
        try:
            is_new = compat.create_dag_run(
                assignment.target_dag_id, run_id, assignment.target_conf(self.runner_dag_id), note=note
            )
        except compat.RunRefusedError as error:
            # The supervising run looks here when it finds no target run.
            refusal = (
                f"No run of DAG {assignment.target_dag_id!r} can be started: {without_secrets(error, compat.mask)} "
                f"The DAG id comes from the task runner's target_dag_id: {self.target_dag_id}"
            )
            self._refused(task, refusal)
            context["ti"].xcom_push(key=run_id, value=refusal)
        else:
            what = "target run created" if is_new else "target run exists already"
            log.info("%s: %s", what, words(task, dag=assignment.target_dag_id, run=run_id))

    def _refused(self, task: PipelineTask, refusal: str) -> None:
        count(metrics.REFUSED, dag_id=self.runner_dag_id)
        log.error("No target run: %s %s", refusal, words(task))

    def _assignment(self, task: PipelineTask, poller: tuple[str, str], polled_at: float | None = None) -> Assignment:
        target_dag_id, refusal = "", ""
        if self.allowed_pipeline_ids is not None and task.pipeline_id not in self.allowed_pipeline_ids:
            refusal = (
                f"This task runner does not run tasks of pipeline {task.pipeline_id}: its allowed_pipeline_ids are "
                f"{', '.join(self.allowed_pipeline_ids) or 'empty'}."
            )
        else:
            try:
                target_dag_id = self._render_target(task)
            except Exception as error:  # noqa: BLE001  # a template can fail in any way
                why = without_secrets(error, compat.mask)
                refusal = f"target_dag_id {self.target_dag_id} cannot be rendered for this task: {why}"
            else:
                if not target_dag_id:
                    refusal = f"target_dag_id {self.target_dag_id} renders to nothing for this task."
                elif target_dag_id in (self.runner_dag_id, poller[0]):
                    refusal = f"target_dag_id {self.target_dag_id} renders to the task runner itself: {target_dag_id}."
                    target_dag_id = ""
        return Assignment(task=task, target_dag_id=target_dag_id, refusal=refusal, polled_at=polled_at, poller=poller)

    def _render_target(self, task: PipelineTask) -> str:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import SandboxedEnvironment

        env = SandboxedEnvironment(undefined=StrictUndefined)
        context = {"dag_run": SimpleNamespace(conf=task.to_conf()), "pipeline_task": task}
        return env.from_string(self.target_dag_id).render(context).strip()


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
