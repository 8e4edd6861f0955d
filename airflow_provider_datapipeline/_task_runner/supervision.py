"""
Supervises a Data Pipeline task from the start of its target run until its outcome is reported.

Runs in the triggerer; it is all that the one task of a runner run does. Two activities run side by side: heartbeats
keep the lease, and the watch waits for the end of the target run. Neither waits for the other.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_provider_datapipeline._airflow import compat, triggerer
from airflow_provider_datapipeline._airflow.metrics import count, timing
from airflow_provider_datapipeline._task_runner.assignment import TARGET_RUN_LINK_KEY
from airflow_provider_datapipeline._task_runner.clock import Clock
from airflow_provider_datapipeline._task_runner.deadline import Deadline
from airflow_provider_datapipeline._task_runner.heartbeats import load_of
from airflow_provider_datapipeline._task_runner.lease import Lease
from airflow_provider_datapipeline._task_runner.progress import is_waiting, progress_fields
from airflow_provider_datapipeline._task_runner.report_delivery import ReportDelivery
from airflow_provider_datapipeline._task_runner.reports import SupervisionReports
from airflow_provider_datapipeline._task_runner.target_run_reader import TargetRunReader
from airflow_provider_datapipeline._task_runner.target_run_stop import TargetRunStop
from airflow_provider_datapipeline._task_runner.watcher import WATCH_SECONDS, RunState, RunWatcher, WatchedRun
from airflow_provider_datapipeline.delivery.protocol import Delivery
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.reporting.detail import ErrorDetail
from airflow_provider_datapipeline.telemetry import metrics
from airflow_provider_datapipeline.telemetry.log_fields import format_fields

if TYPE_CHECKING:
    from collections.abc import Hashable

    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient
    from airflow_provider_datapipeline._task_runner.assignment import Assignment
    from airflow_provider_datapipeline._task_runner.lease import LeaseLoss
    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
    from airflow_provider_datapipeline.reporting.report import TaskReport
    from airflow_provider_datapipeline.reporting.status import TaskStatus

log = logging.getLogger(__name__)

# A target run that does not exist may still be coming: the poller creates it right after the runner run. If the poller
# crashed between the two, the service hands the task out again two minutes after the poll, and that creates the run.
_MISSING_SECONDS = 150.0
_MISSING_CHECK_SECONDS = 3.0

_UNREADABLE_SECONDS = 600.0
"""For how long Airflow may refuse to tell the state of the target run; an upgrade of Airflow takes less."""

_DEADLINE_CHECK_SECONDS = 60.0  # the deadline is compared with the clock this often, because a clock may be set
_LINK_SECONDS = 120.0  # after the poll; a supervision that begins later took over, and the link was written before
_AT_LEAST_SECONDS = 0.1


class Ending(StrEnum):
    """How a supervision ended."""

    REPORTED = "reported"
    LOST = "lost"
    """The lease is lost, so the service accepts no report. Nothing was reported."""
    UNDELIVERED = "undelivered"
    """The service refused the report, or the lease ended before the report could be delivered."""


@dataclass(frozen=True, slots=True)
class SupervisionResult:
    """
    The result of a supervision.

    :param status: of the report, whether it was delivered or not; None if there was no report
    """

    ending: Ending
    status: TaskStatus | None = None


@dataclass(kw_only=True)
class Supervision:
    """
    The supervision of one task.

    :param runner_dag_id: the DAG of the runner run
    :param run_id: of the runner run and of the target run
    :param account: the calls share its rate with all others of this account
    :param heartbeat_seconds: between two heartbeats; the interval grows where many tasks share the account's rate
    :param run_timeout: seconds from the poll in which the target run must end; None: no limit
    :param airflow: answers questions about the target run, and stops it
    :param watcher: watches the target run
    :param detail: ``TYPE``: reports have no text of an exception, neither the target's nor Airflow's
    """

    assignment: Assignment
    runner_dag_id: str
    run_id: str
    hook: DataPipelineHook
    account: Hashable
    heartbeat_seconds: float
    run_timeout: float | None
    airflow: AirflowClient
    watcher: RunWatcher
    detail: ErrorDetail = ErrorDetail.FULL
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        task, polled_at = self.assignment.task, self.assignment.polled_at
        self._target_dag_id = self.assignment.target_dag_id
        self._target_url = triggerer.run_url(self._target_dag_id, self.run_id)
        target_fields = {"target_dag": self._target_dag_id, "run": self.run_id}
        self._log_fields = format_fields(task, **target_fields)
        self._lease = Lease(
            task=task,
            hook=self.hook,
            account=self.account,
            heartbeat_seconds=self.heartbeat_seconds,
            polled_at=polled_at,
            runner_dag_id=self.runner_dag_id,
            target_fields=target_fields,
            clock=self.clock,
        )
        self._delivery = ReportDelivery(
            task=task,
            hook=self.hook,
            account=self.account,
            lease=self._lease,
            log_fields={"dag": self.runner_dag_id, **target_fields},
            clock=self.clock,
        )
        self._reports = SupervisionReports(
            assignment=self.assignment, run_id=self.run_id, target_url=self._target_url, detail=self.detail
        )
        # The time counts from the poll, so that a supervision which takes over from a dead triggerer grants no more.
        self._deadline = Deadline.of(task, self.clock.wall() if polled_at is None else polled_at, self.run_timeout)

    async def run(self) -> SupervisionResult:
        """Supervise until the outcome is reported, or the task is canceled or lost."""
        with self._lease.held():
            if self.assignment.refusal:
                return await self._deliver(self._reports.not_started(self.assignment.refusal))
            log.info("supervising: %s", self._log_fields)
            with self.watcher.watch(self._target_dag_id, self.run_id) as watched:
                return await self._supervise(watched)

    async def _supervise(self, watched: WatchedRun) -> SupervisionResult:
        heartbeats = asyncio.create_task(self._keep_lease(watched))
        watch = asyncio.create_task(self._wait_for_report(watched))
        link = asyncio.create_task(self._link_to_target())
        try:
            await asyncio.wait({heartbeats, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not watch.done():
                await self._stop_target()
                return SupervisionResult(Ending.LOST)
            if (report := watch.result()) is None:
                return SupervisionResult(Ending.LOST)
            # Heartbeats go on meanwhile: the report may have to wait for the account's rate, or for the service.
            return await self._deliver(report, ended_at=self.clock.monotonic() if watched.has_ended else None)
        finally:
            for part in (heartbeats, watch, link):
                part.cancel()
            await asyncio.gather(heartbeats, watch, link, return_exceptions=True)

    async def _keep_lease(self, watched: WatchedRun) -> LeaseLoss:
        # Only the number of all leases tells how urgent a lease is that another process has kept until now.
        await self.watcher.wait_for_held_tasks(self.runner_dag_id, load_of(asyncio.get_running_loop(), self.account))
        return await self._lease.keep(
            lambda: self._progress(watched), watched.request_task_states, lead_seconds=WATCH_SECONDS + 1
        )

    def _progress(self, watched: WatchedRun) -> dict[str, str]:
        """Return the fields of the next ReportTaskProgress."""
        if watched.task_states is None:
            return {}
        if is_waiting(watched.task_states):
            count(metrics.WAITING, dag_id=self.runner_dag_id)
        return progress_fields(watched.task_states, self._target_url, mask=compat.mask)

    async def _link_to_target(self) -> None:
        """Store the address of the target run where Airflow's UI looks for it."""
        polled_at = self.assignment.polled_at
        if polled_at is not None and self.clock.wall() - polled_at > _LINK_SECONDS:
            return
        try:
            await self.airflow.write_xcom(
                self.runner_dag_id, self.run_id, "supervise", TARGET_RUN_LINK_KEY, self._target_url
            )
        except Exception as error:  # noqa: BLE001  # a missing link must not cost the report
            log.warning("There will be no link to the target run: %s", without_secrets(error))

    async def _wait_for_report(self, watched: WatchedRun) -> TaskReport | None:
        """Wait until there is something to report and return it; None if the lease turns out to be lost."""
        missing_since: float | None = None
        unreadable_since: float | None = None
        while True:
            now = self.clock.monotonic()
            missing_since = _since(missing_since, now, holds=watched.state is RunState.MISSING)
            unreadable_since = _since(unreadable_since, now, holds=bool(watched.unreadable))
            if watched.has_ended:
                return await self._reports.ended(watched.state, self._ended_run(watched))
            if missing_since is not None:
                if refusal := await self._refusal_by_airflow():
                    return self._reports.not_started(refusal)
                if now - missing_since >= _MISSING_SECONDS:
                    return await self._report_missing()
            if unreadable_since is not None and now - unreadable_since >= _UNREADABLE_SECONDS:
                return self._reports.unreadable(watched.unreadable, self._log_fields)
            if self._deadline is not None and self.clock.wall() >= self._deadline.at:
                return await self._stop_and_report(self._deadline, watched)
            await watched.wait_for_change(self._seconds_to_next_check(is_missing=missing_since is not None))

    def _seconds_to_next_check(self, *, is_missing: bool) -> float:
        seconds = _MISSING_CHECK_SECONDS if is_missing else _DEADLINE_CHECK_SECONDS
        if self._deadline is None:
            return seconds
        return min(seconds, max(_AT_LEAST_SECONDS, self._deadline.at - self.clock.wall()))

    async def _refusal_by_airflow(self) -> str:
        """Return why Airflow refused to create the target run, as the poller has stored it; empty if it has not."""
        dag_id, run_id, task_id = self.assignment.poller
        try:
            return str(await self.airflow.xcom(dag_id, run_id, task_id, -1, self.run_id) or "")
        except Exception as error:  # noqa: BLE001  # the next check asks again
            log.warning("Could not read what the poller kept: %s", without_secrets(error))
            return ""

    async def _report_missing(self) -> TaskReport | None:
        # Either somebody deleted the target run, or the poller died before it created the run. In the second case the
        # poller has not acknowledged the task either, so the service has handed it out again, to runs of its own.
        loss = await self._lease.heartbeat({})
        return self._reports.missing() if loss is None else None

    async def _stop_and_report(self, deadline: Deadline, watched: WatchedRun) -> TaskReport:
        ended = await self._stop_target()
        if ended in triggerer.TERMINAL:  # it ended just before it would have been stopped
            return await self._reports.ended(ended, self._ended_run(watched))
        count(metrics.TIMED_OUT, dag_id=self.runner_dag_id)
        return self._reports.timed_out(deadline)

    async def _stop_target(self) -> str | None:
        stop = TargetRunStop(
            airflow=self.airflow,
            dag_id=self._target_dag_id,
            run_id=self.run_id,
            runner_dag_id=self.runner_dag_id,
            log_fields=self._log_fields,
        )
        return await stop.stop()

    def _ended_run(self, watched: WatchedRun) -> TargetRunReader:
        return TargetRunReader(self.airflow, self._target_dag_id, self.run_id, watched.task_states)

    async def _deliver(self, report: TaskReport, *, ended_at: float | None = None) -> SupervisionResult:
        """
        Deliver the report.

        :param ended_at: when (``clock.monotonic()``) the watch noticed the end of the target run
        """
        delivery = await self._delivery.deliver(report)
        if delivery is None:
            count(metrics.UNDELIVERED, dag_id=self.runner_dag_id)
            log.error("NOT reported: %s; clear this task to report again. %s", report.status, self._log_fields)
            return SupervisionResult(Ending.UNDELIVERED, report.status)
        if ended_at is not None and delivery is not Delivery.UNKNOWN_TASK:
            timing(metrics.REPORT_DELAY, self.clock.monotonic() - ended_at, dag_id=self.runner_dag_id)
        return SupervisionResult(Ending.REPORTED, report.status)


def _since(since: float | None, now: float, *, holds: bool) -> float | None:
    """Return since when a condition has held without a break; None while it does not hold."""
    if not holds:
        return None
    return now if since is None else since
