"""Starts the DAG runs of the tasks that were polled together; its whole work is done in a worker."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.detail import error_detail
from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline._task_runner.assignment import Assignment, logical_dates_of, run_id_of
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

_STALE_SECONDS = 100.0  # the service hands a task out again 120 s after the poll
_LOOK_AGAIN_SECONDS = 3.0

# Airflow may have lost sight of a DAG for a moment: a file that could not be read in time, or is just being replaced,
# counts as gone until it is parsed anew, which it is every 30 s by default. Only what is unknown for longer is refused:
# each time that it is looked for, for at least that long. A DAG that never had a run is most likely an id misspelt.
_UNKNOWN_SECONDS = 60.0
_PARSE_SECONDS = 30.0
_NEVER_KNOWN_SECONDS = 10.0

# An API server that fails over a run, and takes other requests meanwhile, will fail over it again: before Airflow 3.3
# that is its answer to whatever it refuses. Airflow's client has repeated each of our requests by itself.
_FAILING_SECONDS = 30.0


@dataclass(slots=True)
class _Start:
    """A task of the batch, and how far its start has come."""

    assignment: Assignment
    is_supervised: bool = False
    had_runs: bool | None = None
    """Whether the target DAG, which Airflow does not know at the moment, has ever had a run; None: not asked yet."""


@dataclass(slots=True)
class _Times:
    """What a batch knows of the time (``time.monotonic()``)."""

    begin: float
    failing_since: float | None = None
    """When the API server was first asked for a run over which it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStarter:
    """
    Starts two DAG runs for each task of a batch: one that does the work, one that supervises it.

    In this order, for each task: the runner run, the target run of the same run id, the acknowledgement. Whatever dies
    in between, the service hands the task out again, and what was created before is found again by its run id. The
    fault of one task does not keep the others.

    A target DAG that Airflow does not know is looked for when all others have been started: for 10 s, or, if it has had
    runs before, until 60 s after the poll and for 30 s at the least. Where it stays unknown, or Airflow refuses the
    target run for another reason, the task is acknowledged without a run, and its supervising run reports it FAILED.
    Where Airflow refuses the supervising run itself, the task is acknowledged and reported FAILED from here.

    :param runner_dag_id: the DAG whose runs supervise
    :param target_dag_id: the DAG that does the work; a template over the task, as ``dag_run.conf.datapipeline``
    :param allowed_pipeline_ids: tasks of other pipelines are reported FAILED, since a polled task cannot be handed
        back; None allows all
    :param logical_date: whether target runs get the task's schedule as logical date, where the task has one
    :param error_detail: ``full`` or ``type``; None: what the deployment says
    """

    hook: DataPipelineHook
    runner_dag_id: str
    target_dag_id: str
    allowed_pipeline_ids: Collection[str] | None
    logical_date: bool = True
    error_detail: str | None = None

    def start(self, batch: Iterable[Mapping[str, Any]], context: Mapping[str, Any]) -> None:
        """
        Start the tasks of a batch.

        :param batch: ``{"conf": PipelineTask.to_conf(), "at": seconds since 1970}`` of each task
        :param context: of the task that does it; what Airflow says against a target run is kept as its XCom
        """
        task_instance = context["ti"]
        poller = (context["dag"].dag_id, context["run_id"], task_instance.task_id)
        starts = [_Start(self._assignment(PipelineTask.from_conf(each["conf"]), poller, each["at"])) for each in batch]
        times = _Times(time.monotonic())
        while starts := [each for each in starts if not self._is_settled(each, task_instance, times)]:
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _is_settled(self, start: _Start, task_instance: Any, times: _Times) -> bool:
        """Start a task, or leave it; return False where Airflow does not know a DAG that it may know in a moment."""
        try:
            return self._try_to_start(start, task_instance, times)
        except Exception:  # the others of the batch are not to suffer
            task = start.assignment.task
            count(metrics.NOT_STARTED, dag_id=self.runner_dag_id)
            log.exception("Could not start a task; the service will hand it out again. %s", format_fields(task))
            return True

    def _try_to_start(self, start: _Start, task_instance: Any, times: _Times) -> bool:
        task = start.assignment.task
        age = time.time() - (start.assignment.polled_at or 0)
        if age > _STALE_SECONDS:
            count(metrics.LATE, dag_id=self.runner_dag_id)
            log.warning("Polled too long ago; the service will hand it out again. %s", format_fields(task))
            return True
        asked = time.monotonic()
        try:
            self._create_runs(start)
        except compat.RunRefusedError as error:
            if isinstance(error, compat.ServerFailedError) and times.failing_since is None:
                times.failing_since = asked
            if self._may_pass(error, start, age, times):
                return False
            self._refuse(start, error, task_instance)
        else:
            self._acknowledge(task)
        return True

    def _create_runs(self, start: _Start) -> None:
        """Create the runner run and the target run, in this order: a run that works must not be without supervisor."""
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
            self._refused(task, assignment.refusal)
            return
        dates = logical_dates_of(task, time.time()) if self.logical_date else ()
        is_new = create_target_run(assignment, self.runner_dag_id, run_id, dates)
        what = "target run created" if is_new else "target run exists already"
        log.info("%s: %s", what, format_fields(task, dag=assignment.target_dag_id, run=run_id))

    @staticmethod
    def _may_pass(error: compat.RunRefusedError, start: _Start, age: float, times: _Times) -> bool:
        """Tell whether Airflow may create the run if it is asked again."""
        now = time.monotonic()
        looked_for = now - times.begin
        if isinstance(error, compat.ServerFailedError):
            # Since it failed over any run of the batch: Airflow's client takes up to twenty seconds to find out about
            # each, and a batch that fails as a whole is to be decided before it is handed out again.
            return times.failing_since is None or now - times.failing_since < _FAILING_SECONDS
        if not isinstance(error, compat.DagUnknownError):
            return False
        if start.is_supervised and start.had_runs is None:
            start.had_runs = compat.has_runs(start.assignment.target_dag_id)
        if start.had_runs is False:
            return looked_for < _NEVER_KNOWN_SECONDS
        # By two clocks: that of the triggerer, which set polled_at, may be ahead.
        return looked_for < _PARSE_SECONDS or max(age, looked_for) < _UNKNOWN_SECONDS

    def _refuse(self, start: _Start, error: compat.RunRefusedError, task_instance: Any) -> None:
        """Have the task reported FAILED, by its supervising run or, if that is what Airflow refuses, from here."""
        task, said = start.assignment.task, without_secrets(error, compat.mask)
        if start.is_supervised:
            refusal = (
                f"No run of DAG {start.assignment.target_dag_id!r} can be started: {said} "
                f"The DAG id comes from the task runner's target_dag_id: {self.target_dag_id}"
            )
        elif isinstance(error, compat.DagUnknownError):
            raise error  # the task runner's own file is broken or gone; when it is back, its tasks are handed out again
        else:
            refusal = f"No run of DAG {self.runner_dag_id!r}, which would supervise the task, can be started: {said}"
        # The supervising run looks here when it finds no target run. And if Airflow cannot store this either, it is in
        # trouble, and has refused nothing.
        task_instance.xcom_push(key=run_id_of(task), value=refusal)
        self._refused(task, refusal)
        self._acknowledge(task)
        if not start.is_supervised:
            told = start.assignment.reportable_refusal(refusal, error_detail(self.error_detail))
            report = TaskReport.failed(mask=compat.mask, error_id="AirflowDagRunRefused", error_message=told)
            deliver(self.hook, task.task_id, report, task=task, about={"dag": self.runner_dag_id})

    def _acknowledge(self, task: PipelineTask) -> None:
        self.hook.report_task_progress(task.task_id)
        count(metrics.ACKNOWLEDGED, dag_id=self.runner_dag_id)
        log.info("acknowledged: %s", format_fields(task, dag=self.runner_dag_id, run=run_id_of(task)))

    def _refused(self, task: PipelineTask, refusal: str) -> None:
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
