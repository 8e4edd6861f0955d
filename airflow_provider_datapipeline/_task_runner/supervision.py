"""
What becomes of a Data Pipeline task while its DAG run is under way, until its outcome has been reported.

Runs in the triggerer, as the whole work of a runner run's one task. Two parts go on side by side: heartbeats keep the
lease, and the watch waits for an end. Neither waits for the other.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow import compat, triggerer
from airflow_provider_datapipeline._airflow.metrics import count, timing
from airflow_provider_datapipeline._airflow.stored_run import areport
from airflow_provider_datapipeline._task_runner.assignment import TARGET_RUN_LINK_KEY
from airflow_provider_datapipeline._task_runner.clock import Clock
from airflow_provider_datapipeline._task_runner.deadline import Deadline
from airflow_provider_datapipeline._task_runner.heartbeats import load_of
from airflow_provider_datapipeline._task_runner.lease import Lease
from airflow_provider_datapipeline._task_runner.progress import is_waiting, progress_fields
from airflow_provider_datapipeline._task_runner.rate_limits import REPORT_RATE, backoff, rate_limiter_for
from airflow_provider_datapipeline._task_runner.target_run import TargetRun
from airflow_provider_datapipeline._task_runner.watcher import WATCH_SECONDS, RunWatcher, State, Watched
from airflow_provider_datapipeline.delivery.protocol import Delivery
from airflow_provider_datapipeline.delivery.sender import adeliver
from airflow_provider_datapipeline.exceptions import InvalidReportError, InvalidRequestError, ThrottledError
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.reporting.detail import ErrorDetail
from airflow_provider_datapipeline.reporting.facts import TaskFacts
from airflow_provider_datapipeline.reporting.report import TaskReport
from airflow_provider_datapipeline.telemetry import metrics
from airflow_provider_datapipeline.telemetry.log_fields import format_fields

if TYPE_CHECKING:
    from collections.abc import Hashable

    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient
    from airflow_provider_datapipeline._task_runner.assignment import Assignment
    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
    from airflow_provider_datapipeline.reporting.status import TaskStatus

log = logging.getLogger(__name__)

# Two minutes after the poll, a task that was not acknowledged is handed out again. Until then a target run that is not
# there may still be on its way: the poller creates it right after this one, and a repeat of the poll repairs what a
# crash between the two left.
_MISSING_SECONDS = 150.0
_MISSING_LOOK_SECONDS = 3.0

_UNREADABLE_SECONDS = 600.0
"""For how long Airflow may refuse to say how a run stands; an upgrade of Airflow takes less."""

_LOOK_SECONDS = 60.0  # until the deadline is looked at again, should the clock have been set meanwhile
_LINK_SECONDS = 120.0  # after the poll, in which a link is written: whoever takes over later finds it written
_STOP_TRIES = 5


class Ending(StrEnum):
    """How a supervision ended."""

    REPORTED = "reported"
    LOST = "lost"
    """The service does not want to hear of the task any more; nothing was reported."""
    UNDELIVERED = "undelivered"
    """The lease ended before the report could be delivered."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a supervision ended, and the status reported, if one was."""

    ending: Ending
    status: TaskStatus | None = None


@dataclass(kw_only=True)
class Supervision:
    """
    One task's supervision.

    :param runner_dag_id: the DAG whose run this is
    :param run_id: of the runner run and of the target run
    :param account: whose rates the calls share
    :param heartbeat_seconds: seconds between two heartbeats, stretched where many tasks share the account's rate
    :param run_timeout: seconds from the poll in which the target run must end; None: as long as it takes
    :param airflow: is asked about the target run, and stops it
    :param watcher: looks at it
    :param detail: ``TYPE``: no text of an exception is reported, the target's or Airflow's
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
        self._lease = Lease(
            task=self.assignment.task,
            hook=self.hook,
            account=self.account,
            heartbeat_seconds=self.heartbeat_seconds,
            polled_at=self.assignment.polled_at,
            runner_dag_id=self.runner_dag_id,
            about=self._target_fields,
            clock=self.clock,
        )
        # From the poll, not from now: whoever takes over from a dead triggerer grants no new time.
        polled_at = self.assignment.polled_at
        self._deadline = Deadline.of(
            self.assignment.task, self.clock.wall() if polled_at is None else polled_at, self.run_timeout
        )

    async def run(self) -> Result:
        """Supervise until the outcome has been reported, or nobody wants to hear of it."""
        with self._lease.held():
            if self.assignment.refusal:
                return await self._deliver(self._not_started(self.assignment.refusal))
            log.info("supervising: %s", self._log_fields())
            with self.watcher.watch(self._target, self.run_id) as watched:
                return await self._supervise(watched)

    @property
    def _target(self) -> str:
        return self.assignment.target_dag_id

    async def _supervise(self, watched: Watched) -> Result:
        heartbeats = asyncio.create_task(self._keep_lease(watched))
        watch = asyncio.create_task(self._report_of_end(watched))
        link = asyncio.create_task(self._link_to_target())
        try:
            await asyncio.wait({heartbeats, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not watch.done():
                await self._stop_target()
                return Result(Ending.LOST)
            if (report := watch.result()) is None:
                return Result(Ending.LOST)
            # Heartbeats go on meanwhile: a report may have to wait for its turn, or for the service.
            return await self._deliver(report, ended=self.clock.monotonic() if watched.has_ended else None)
        finally:
            for part in (heartbeats, watch, link):
                part.cancel()
            await asyncio.gather(heartbeats, watch, link, return_exceptions=True)

    async def _keep_lease(self, watched: Watched) -> str:
        # How urgent a lease is that another process has kept can only be told when all leases are known.
        await self.watcher.counted(self.runner_dag_id, load_of(asyncio.get_running_loop(), self.account))
        return await self._lease.keep(lambda: self._progress(watched), watched.want_tasks, ahead=WATCH_SECONDS + 1)

    def _progress(self, watched: Watched) -> dict[str, str]:
        if watched.tasks is None:
            return {}
        if is_waiting(watched.tasks):
            count(metrics.WAITING, dag_id=self.runner_dag_id)
        return progress_fields(watched.tasks, triggerer.run_url(self._target, self.run_id), mask=compat.mask)

    async def _link_to_target(self) -> None:
        polled_at = self.assignment.polled_at
        if polled_at is not None and self.clock.wall() - polled_at > _LINK_SECONDS:
            return
        url = triggerer.run_url(self._target, self.run_id)
        try:
            await self.airflow.write_xcom(self.runner_dag_id, self.run_id, "supervise", TARGET_RUN_LINK_KEY, url)
        except Exception as error:  # noqa: BLE001  # a link is not worth a lost outcome
            log.warning("There will be no link to the target run: %s", without_secrets(error))

    # The watch

    async def _report_of_end(self, watched: Watched) -> TaskReport | None:
        """Wait until there is something to report and return it; None if the service does not want to hear it."""
        missing_since: float | None = None
        unreadable_since: float | None = None
        while True:
            now = self.clock.monotonic()
            missing_since = _since(missing_since, now, holds=watched.state is State.MISSING)
            unreadable_since = _since(unreadable_since, now, holds=bool(watched.unreadable))
            if watched.has_ended:
                return await self._outcome(watched.state, watched.tasks)
            if missing_since is not None:
                if refusal := await self._refused_by_airflow():
                    return self._not_started(refusal)
                if now - missing_since >= _MISSING_SECONDS:
                    return await self._missing()
            if unreadable_since is not None and now - unreadable_since >= _UNREADABLE_SECONDS:
                return self._unreadable(watched.unreadable)
            if self._deadline is not None and self.clock.wall() >= self._deadline.at:
                return await self._over(self._deadline, watched)
            await watched.changed(self._seconds_to_wait(is_missing=missing_since is not None))

    def _seconds_to_wait(self, *, is_missing: bool) -> float:
        wait = _MISSING_LOOK_SECONDS if is_missing else _LOOK_SECONDS
        return wait if self._deadline is None else min(wait, max(0.1, self._deadline.at - self.clock.wall()))

    async def _over(self, deadline: Deadline, watched: Watched) -> TaskReport:
        ended = await self._stop_target()
        if ended in triggerer.TERMINAL:  # at the very last moment
            return await self._outcome(ended, watched.tasks)
        count(metrics.TIMED_OUT, dag_id=self.runner_dag_id)
        return self._failed("AirflowDagRunTimedOut", f"The DAG run did not end within {deadline.limit}.")

    async def _stop_target(self) -> str | None:
        """Stop the target run; return how it has ended if it needs no stop."""
        if not self.airflow.can_stop:
            count(metrics.NOT_STOPPED, dag_id=self.runner_dag_id)
            log.warning(
                "The target run goes on for nothing. To have such runs stopped, give the task runner an "
                "airflow_conn_id: a connection to Airflow's own API, of an identity that may edit DAG runs. %s",
                self._log_fields(),
            )
            return None
        for tries, delay in enumerate(backoff(), start=1):
            try:
                ended = await self.airflow.stop_run(self._target, self.run_id)
            except Exception as error:  # noqa: BLE001  # the connection may be wrong in many ways, and the lease is gone
                log.warning("Could not stop the target run: %s %s", without_secrets(error), self._log_fields())
                if tries == _STOP_TRIES or not self.airflow.may_pass(error):
                    break
                await asyncio.sleep(delay)
                continue
            if ended is None:
                count(metrics.STOPPED, dag_id=self.runner_dag_id)
                log.info("target run stopped: %s", self._log_fields())
            return ended
        count(metrics.NOT_STOPPED, dag_id=self.runner_dag_id)
        log.error("The target run goes on for nothing; stop it by hand. %s", self._log_fields())
        return None

    async def _refused_by_airflow(self) -> str:
        """Return what Airflow said when the poller wanted to create the target run, or nothing."""
        dag_id, run_id, task_id = self.assignment.poller
        try:
            return str(await self.airflow.xcom(dag_id, run_id, task_id, -1, self.run_id) or "")
        except Exception as error:  # noqa: BLE001  # the next look may tell
            log.warning("Could not read what the poller kept: %s", without_secrets(error))
            return ""

    async def _missing(self) -> TaskReport | None:
        # Either the target run was deleted, or the poller died before it created one: then it acknowledged nothing
        # either, and another hand-out of the task has runs of its own.
        if await self._lease.heartbeat({}):
            return None
        return self._refused(
            f"There is no run {self.run_id} of DAG {self._target!r}: it was deleted, or never created."
        )

    # The report

    async def _outcome(self, state: str, tasks: Any) -> TaskReport:
        run = TargetRun(self.airflow, self._target, self.run_id, tasks)
        if state == triggerer.SUCCESS and await run.is_empty_though_dated(self.assignment.task):
            return self._failed(
                "AirflowDagRunEmpty",
                "The DAG run succeeded without a task: the DAG has none, or the start_date of each lies after the "
                "run's logical date (or its end_date before it). Give the DAG an earlier start_date, or the task "
                "runner logical_date=False.",
            )
        return await areport(state, self.assignment.task, self._facts(), run, mask=compat.mask, detail=self.detail)

    def _facts(self) -> TaskFacts:
        url = triggerer.run_url(self._target, self.run_id)
        return TaskFacts(dag_id=self._target, run_id=self.run_id, log_url=url)

    def _failed(self, error_id: str, message: str) -> TaskReport:
        return TaskReport.failed(None, self._facts(), mask=compat.mask, error_id=error_id, error_message=message)

    def _not_started(self, refusal: str) -> TaskReport:
        return self._refused(self.assignment.refusal_told(refusal, self.detail))

    def _refused(self, reason: str) -> TaskReport:
        return TaskReport.failed(
            None, TaskFacts(run_id=self.run_id), mask=compat.mask, error_id="AirflowDagRunRefused", error_message=reason
        )

    def _unreadable(self, reason: str) -> TaskReport:
        message = (
            "How the DAG run ended is not known: for ten minutes Airflow has refused to say how it stands. The run may "
            "go on; see it in Airflow."
        )
        log.error("%s %s %s", message, reason, self._log_fields())
        told = message if self.detail is ErrorDetail.TYPE else f"{message} {reason}"
        return self._failed("AirflowDagRunUnknown", told)

    async def _deliver(self, report: TaskReport, *, ended: float | None = None) -> Result:
        """
        Deliver the report; try for as long as the lease lives.

        :param ended: when (``clock.monotonic()``) the target run was seen to have ended
        """
        limiter = rate_limiter_for(REPORT_RATE, "SetTaskStatus", self.account)
        may_have_arrived = False
        for delay in backoff():
            await limiter.acquire(self._lease.end)
            try:
                delivery = await adeliver(
                    self.hook,
                    self.assignment.task.task_id,
                    report,
                    may_have_arrived=may_have_arrived,
                    task=self.assignment.task,
                    about={"dag": self.runner_dag_id, **self._target_fields},
                )
            except (InvalidReportError, InvalidRequestError) as error:
                log.error(  # noqa: TRY400  # a traceback may hold a secret
                    "AWS Data Pipeline refuses the report, which repeating it will not change. %s",
                    without_secrets(error),
                )
                break
            except Exception as error:  # noqa: BLE001  # whatever it is, the report is tried again while it may be taken
                if isinstance(error, ThrottledError):
                    limiter.throttled()
                may_have_arrived = may_have_arrived or getattr(error, "maybe_delivered", False)
                if self.clock.monotonic() + delay > self._lease.end:
                    why = without_secrets(error)
                    log.error(  # noqa: TRY400  # a traceback may hold a secret
                        "The report was not delivered before the task's lease ended. %s", why
                    )
                    break
                log.warning("Reporting again in %.0f s. %s", delay, without_secrets(error))
                await asyncio.sleep(delay)
            else:
                if ended is not None and delivery is not Delivery.UNKNOWN_TASK:
                    timing(metrics.REPORT_DELAY, self.clock.monotonic() - ended, dag_id=self.runner_dag_id)
                return Result(Ending.REPORTED, report.status)
        count(metrics.UNDELIVERED, dag_id=self.runner_dag_id)
        log.error("NOT reported: %s; clear this task to report again. %s", report.status, self._log_fields())
        return Result(Ending.UNDELIVERED, report.status)

    @property
    def _target_fields(self) -> dict[str, str | None]:
        return {"target_dag": self._target, "run": self.run_id}

    def _log_fields(self, **more: str | None) -> str:
        return format_fields(self.assignment.task, **more, **self._target_fields)


def _since(since: float | None, now: float, *, holds: bool) -> float | None:
    if not holds:
        return None
    return now if since is None else since
