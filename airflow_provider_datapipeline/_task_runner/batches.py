"""Starts the DAG runs of tasks that were polled together, in a worker."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.detail import error_detail
from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline._task_runner.assignment import Assignment, logical_dates_of, run_id_of
from airflow_provider_datapipeline._task_runner.clock import WorkerClock
from airflow_provider_datapipeline._task_runner.target_run_creation import choose_target, create_target_run
from airflow_provider_datapipeline.delivery.sender import deliver
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.pipeline_task import PipelineTask
from airflow_provider_datapipeline.reporting.report import TaskReport
from airflow_provider_datapipeline.telemetry import metrics
from airflow_provider_datapipeline.telemetry.log_fields import format_fields

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

log = logging.getLogger(__name__)

_STALE_SECONDS = 100.0  # after the poll; at 120 s the service hands a task out again
_RETRY_SECONDS = 3.0

# Airflow may not know a DAG for a moment: if a DAG file could not be read in time, or is just being replaced, its DAGs
# count as deleted until the file is parsed again, which happens every 30 s by default. So a target DAG is refused only
# if it has been unknown for 60 s, and each attempt goes on for at least 30 s. A DAG that never had a run is most likely
# a misspelt id, and is refused after 10 s.
_UNKNOWN_SECONDS = 60.0
_PARSE_SECONDS = 30.0
_NEVER_KNOWN_SECONDS = 10.0

# Before Airflow 3.3, a run that the API server refuses is a server error. So a server error that lasts for 30 s counts
# as a refusal. Airflow's client has repeated each request by itself before it raises the error.
_SERVER_ERROR_SECONDS = 30.0


@dataclass(slots=True)
class _PendingStart:
    """A task of the batch, and how far its start has come."""

    assignment: Assignment
    is_supervised: bool = False
    had_runs: bool | None = None
    """Whether the target DAG has ever had a run; None: not asked yet. Asked only if Airflow does not know the DAG."""


@dataclass(slots=True)
class _BatchTimes:
    """When (``clock.monotonic()``) something happened to the batch."""

    began: float
    server_error_at: float | None = None
    """When the first request began that ended with a server error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStarter:
    """
    Starts two DAG runs for each task of a batch: the target run does the work, and the runner run supervises it.

    The order for each task: create the runner run, create the target run with the same run id, acknowledge the task. If
    a process dies in between, the service hands the task out again, and the runs that exist are found by their run id.
    An error of one task does not keep the others from being started.

    A target DAG that Airflow does not know is tried again after all other tasks have been started: for 10 s, or, if it
    has had runs before, until 60 s after the poll and for at least 30 s. If the DAG stays unknown, or Airflow refuses
    the target run for another reason, the task is acknowledged without a target run, and its runner run reports it
    FAILED. If Airflow refuses the runner run itself, the task is acknowledged and reported FAILED from here.

    :param runner_dag_id: the DAG of the runner runs
    :param target_dag_id: the target DAG; a template that sees the task as ``dag_run.conf.datapipeline``
    :param allowed_pipeline_ids: tasks of other pipelines are reported FAILED, because a polled task cannot be handed
        back; None allows all
    :param logical_date: whether target runs get the task's schedule as their logical date, if the task has one
    :param error_detail: ``full`` or ``type``; None: Airflow's option decides
    """

    hook: DataPipelineHook
    runner_dag_id: str
    target_dag_id: str
    allowed_pipeline_ids: Collection[str] | None
    logical_date: bool = True
    error_detail: str | None = None
    clock: WorkerClock = field(default_factory=WorkerClock)

    def start(self, batch: Iterable[Mapping[str, Any]], context: Mapping[str, Any]) -> None:
        """
        Start the tasks of a batch.

        :param batch: ``{"conf": PipelineTask.to_conf(), "at": seconds since 1970}`` of each task
        :param context: of the Airflow task that runs this; why Airflow refuses a target run becomes an XCom of it
        """
        task_instance = context["ti"]
        poller = (context["dag"].dag_id, context["run_id"], task_instance.task_id)
        pending = [
            _PendingStart(self._assignment(PipelineTask.from_conf(each["conf"]), poller, each["at"])) for each in batch
        ]
        times = _BatchTimes(self.clock.monotonic())
        while True:
            pending = [each for each in pending if not self._start_or_drop(each, task_instance, times)]
            if not pending:
                return
            self.clock.sleep(_RETRY_SECONDS)

    def _start_or_drop(self, start: _PendingStart, task_instance: Any, times: _BatchTimes) -> bool:
        """Start a task, or give it up until it is handed out again; return False if it must be tried again soon."""
        try:
            return self._try_to_start(start, task_instance, times)
        except Exception:  # the other tasks of the batch must be started
            task = start.assignment.task
            count(metrics.NOT_STARTED, dag_id=self.runner_dag_id)
            log.exception("Could not start a task; the service will hand it out again. %s", format_fields(task))
            return True

    def _try_to_start(self, start: _PendingStart, task_instance: Any, times: _BatchTimes) -> bool:
        task = start.assignment.task
        age = self.clock.wall() - (start.assignment.polled_at or 0)
        if age > _STALE_SECONDS:
            count(metrics.LATE, dag_id=self.runner_dag_id)
            log.warning("Polled too long ago; the service will hand it out again. %s", format_fields(task))
            return True
        asked = self.clock.monotonic()
        try:
            self._create_runs(start)
        except compat.RunRefusedError as error:
            if isinstance(error, compat.ServerFailedError) and times.server_error_at is None:
                times.server_error_at = asked
            if self._may_succeed_later(error, start, age, times):
                return False
            self._refuse(start, error, task_instance)
        else:
            self._acknowledge(task)
        return True

    def _create_runs(self, start: _PendingStart) -> None:
        """Create the runner run and then the target run, so that no target run is without supervision."""
        assignment, task = start.assignment, start.assignment.task
        run_id = run_id_of(task)
        if not start.is_supervised:
            if compat.create_dag_run(self.runner_dag_id, run_id, assignment.runner_conf()):
                log.info("runner run created: %s", format_fields(task, dag=self.runner_dag_id, run=run_id))
            else:
                count(metrics.DUPLICATES, dag_id=self.runner_dag_id)
                log.info("runner run exists already: %s", format_fields(task, dag=self.runner_dag_id, run=run_id))
            start.is_supervised = True
        if assignment.refusal:
            self._record_refusal(task, assignment.refusal)
            return
        dates = logical_dates_of(task, self.clock.wall()) if self.logical_date else ()
        is_new = create_target_run(assignment, self.runner_dag_id, run_id, dates)
        what = "target run created" if is_new else "target run exists already"
        log.info("%s: %s", what, format_fields(task, dag=assignment.target_dag_id, run=run_id))

    def _may_succeed_later(
        self, error: compat.RunRefusedError, start: _PendingStart, age: float, times: _BatchTimes
    ) -> bool:
        """Return whether Airflow may still create the run if it is asked again soon."""
        now = self.clock.monotonic()
        tried_for = now - times.began
        if isinstance(error, compat.ServerFailedError):
            # The time counts for the whole batch. Airflow's client takes up to 20 s to raise this error for one run,
            # and the whole batch must be decided before the service hands it out again.
            return times.server_error_at is None or now - times.server_error_at < _SERVER_ERROR_SECONDS
        if not isinstance(error, compat.DagUnknownError):
            return False
        if start.is_supervised and start.had_runs is None:
            start.had_runs = compat.has_runs(start.assignment.target_dag_id)
        if start.had_runs is False:
            return tried_for < _NEVER_KNOWN_SECONDS
        # The age depends on the clock of the triggerer, which set polled_at and may be ahead. So this clock counts too.
        return tried_for < _PARSE_SECONDS or max(age, tried_for) < _UNKNOWN_SECONDS

    def _refuse(self, start: _PendingStart, error: compat.RunRefusedError, task_instance: Any) -> None:
        """Have the task reported FAILED by its runner run; report it here if Airflow refuses the runner run."""
        task, reason = start.assignment.task, without_secrets(error, compat.mask)
        if start.is_supervised:
            refusal = (
                f"No run of DAG {start.assignment.target_dag_id!r} can be started: {reason} "
                f"The DAG id comes from the task runner's target_dag_id: {self.target_dag_id}"
            )
        elif isinstance(error, compat.DagUnknownError):
            # The task runner's own DAG file is broken or gone. When it is back, the service hands the task out again.
            raise error
        else:
            refusal = f"No run of DAG {self.runner_dag_id!r}, which would supervise the task, can be started: {reason}"
        # The supervision reads this XCom when it finds no target run. An error here means that Airflow is in trouble
        # and has not refused the run. Then the task is not acknowledged.
        task_instance.xcom_push(key=run_id_of(task), value=refusal)
        self._record_refusal(task, refusal)
        self._acknowledge(task)
        if not start.is_supervised:
            message = start.assignment.reportable_refusal(refusal, error_detail(self.error_detail))
            report = TaskReport.failed(mask=compat.mask, error_id="AirflowDagRunRefused", error_message=message)
            deliver(self.hook, task.task_id, report, task=task, about={"dag": self.runner_dag_id})

    def _acknowledge(self, task: PipelineTask) -> None:
        self.hook.report_task_progress(task.task_id)
        count(metrics.ACKNOWLEDGED, dag_id=self.runner_dag_id)
        log.info("acknowledged: %s", format_fields(task, dag=self.runner_dag_id, run=run_id_of(task)))

    def _record_refusal(self, task: PipelineTask, refusal: str) -> None:
        count(metrics.REFUSED, dag_id=self.runner_dag_id)
        log.error("No target run: %s %s", refusal, format_fields(task))

    def _assignment(self, task: PipelineTask, poller: tuple[str, str, str], polled_at: float | None) -> Assignment:
        target_dag_id, refusal = choose_target(
            task,
            self.target_dag_id,
            allowed_pipeline_ids=self.allowed_pipeline_ids,
            task_runner=(self.runner_dag_id, poller[0]),
        )
        return Assignment(
            task=task,
            target_dag_id=target_dag_id,
            refusal=refusal,
            polled_at=polled_at,
            poller=poller,
            error_detail=self.error_detail,
        )
