"""Keeps a task's lease alive with ReportTaskProgress, and notices when the task is canceled or lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline._task_runner.clock import Clock
from airflow_provider_datapipeline._task_runner.heartbeats import (
    estimated_last_heartbeat,
    interval,
    load_of,
    next_due,
    phase_of,
)
from airflow_provider_datapipeline._task_runner.progress import report_progress_timeout
from airflow_provider_datapipeline._task_runner.rate_limits import REPORT_RATE, RateLimiter, rate_limiter_for
from airflow_provider_datapipeline.exceptions import (
    InvalidRequestError,
    PipelineDeletedError,
    PipelineNotFoundError,
    TaskNotFoundError,
    ThrottledError,
)
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.telemetry import metrics
from airflow_provider_datapipeline.telemetry.log_fields import format_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
    from airflow_provider_datapipeline.pipeline_task import PipelineTask

log = logging.getLogger(__name__)

# The poller acknowledges a task when both runs exist. If its worker dies just before that, the first heartbeat is the
# acknowledgement. The service waits two minutes for it after the poll; half of that leaves time for more attempts.
_FIRST_HEARTBEAT_SECONDS = 60.0
_RETRY_SECONDS = 15.0  # after a heartbeat that failed: a few more attempts fit into the other half

# A heartbeat that waits for the rate limiter gets its urgency estimated anew this often: the process may know of more
# leases by then.
_ESTIMATE_SECONDS = 30.0

_UNKNOWN_TASK_ERRORS = (TaskNotFoundError, PipelineDeletedError, PipelineNotFoundError)


@dataclass(frozen=True, slots=True)
class LeaseLoss:
    """
    The lease is lost: AWS Data Pipeline accepts nothing more about the task.

    :param reason: for the log
    """

    reason: str


CANCELED: Final = LeaseLoss("AWS Data Pipeline canceled the task.")


@dataclass(kw_only=True)
class Lease:
    """
    The lease on one task. It ends ``reportProgressTimeout`` after the last heartbeat.

    :param account: all leases of one account share its rate
    :param heartbeat_seconds: between two heartbeats; the interval grows where many tasks share the rate
    :param polled_at: when the task was received, in seconds since 1970; None: not known
    :param runner_dag_id: the tag of the metrics
    :param target_fields: identify the target run in log lines
    """

    task: PipelineTask
    hook: DataPipelineHook
    account: Hashable
    heartbeat_seconds: float
    polled_at: float | None
    runner_dag_id: str
    target_fields: Mapping[str, str | None]
    clock: Clock = field(default_factory=Clock)
    _last: float | None = None
    """When (``clock.monotonic()``) the service accepted the last heartbeat; None before this process's first one."""
    _last_has_failed: bool = False
    _last_fields: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._timeout = report_progress_timeout(self.task)
        self._phase = phase_of(self.task.task_id)
        self._load = load_of(asyncio.get_running_loop(), self.account)
        self._limiter: RateLimiter = rate_limiter_for(REPORT_RATE, "ReportTaskProgress", self.account)
        self._started = self.clock.monotonic()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Count this lease among those that share the rate, until the context ends."""
        self._load.add(self._timeout, self.clock.wall())
        try:
            yield
        finally:
            self._load.remove(self._timeout)

    @property
    def end(self) -> float:
        """When (``clock.monotonic()``) the lease ends at the latest without a further heartbeat."""
        return (self._started if self._last is None else self._last) + self._timeout

    @property
    def urgency(self) -> float:
        """When (``clock.monotonic()``) the lease probably ends; the lease that ends first gets its heartbeat first."""
        if self._last is not None or self._is_fresh():
            return self.end
        now = self.clock.wall()
        last = estimated_last_heartbeat(now, self._interval(), self._phase, self._load.began)
        return self.clock.monotonic() - (now - last) + self._timeout

    def seconds_until_due(self) -> float:
        """Return the seconds until the next heartbeat is due."""
        now = self.clock.wall()
        seconds = self._interval()
        if self._last_has_failed:
            return min(seconds, _RETRY_SECONDS)
        if self._last is None:
            return self._seconds_covered_by_acknowledgement(seconds)
        last = now - (self.clock.monotonic() - self._last)
        return max(0.0, next_due(last, seconds, self._phase) - now)

    async def keep(
        self, get_fields: Callable[[], Mapping[str, str]], prepare: Callable[[], None], lead_seconds: float
    ) -> LeaseLoss:
        """
        Send heartbeats until the lease is lost; return why it was.

        Errors do not end it: each is logged, and the next heartbeat comes soon.

        :param get_fields: returns the fields of the next ReportTaskProgress, without waiting
        :param prepare: called ``lead_seconds`` before each heartbeat, to have the fields brought up to date
        """
        while True:
            wait = self.seconds_until_due()
            if self._last is None:
                # In its first third, a lease can wait until there is some progress to report.
                can_wait = self._seconds_covered_by_acknowledgement(self._timeout / 3)
                wait = max(wait, min(lead_seconds, can_wait))
            await asyncio.sleep(max(0.0, wait - lead_seconds))
            prepare()
            await asyncio.sleep(min(wait, lead_seconds))
            try:
                loss = await self.heartbeat(get_fields())
            except Exception as error:  # noqa: BLE001  # whatever failed here, the next heartbeat may succeed
                self._record_failure(error)
                continue
            if loss is not None:
                return loss

    async def heartbeat(self, fields: Mapping[str, str]) -> LeaseLoss | None:
        """
        Report progress once; return the reason if the lease is lost.

        :param fields: of ReportTaskProgress
        """
        await self._wait_for_rate()
        try:
            is_canceled = await self._report(fields)
        except _UNKNOWN_TASK_ERRORS as error:
            return self._record_loss(metrics.LOST, LeaseLoss(without_secrets(error)))
        except Exception as error:  # noqa: BLE001  # of the service, the connection or the network: all may pass
            self._record_failure(error)
            return None
        return self._record_loss(metrics.CANCELED, CANCELED) if is_canceled else None

    async def _wait_for_rate(self) -> None:
        """Wait until the account's rate allows the call."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ESTIMATE_SECONDS):
                    await self._limiter.acquire(self.urgency)
                return

    async def _report(self, fields: Mapping[str, str]) -> bool:
        """Call ReportTaskProgress; return whether the task is canceled."""
        try:
            is_canceled = await self.hook.areport_task_progress(self.task.task_id, fields)
        except InvalidRequestError:
            if not fields:
                raise
            # The fields are a courtesy: if the service refuses them, the lease must still be kept.
            fields = {}
            is_canceled = await self.hook.areport_task_progress(self.task.task_id)
        self._record_success(fields)
        return is_canceled

    def _interval(self) -> float:
        return interval(self.heartbeat_seconds, self._timeout, self._load)

    def _is_fresh(self) -> bool:
        return self._seconds_covered_by_acknowledgement(self._interval()) > 0

    def _seconds_covered_by_acknowledgement(self, seconds: float) -> float:
        """
        Return for how long the poller's acknowledgement still stands in for a heartbeat.

        :param seconds: how long it does so from the poll on, if that is less than a minute
        """
        if self.polled_at is None:
            return 0.0
        covered = min(_FIRST_HEARTBEAT_SECONDS, seconds)
        # polled_at comes from the clock of another machine, which may be ahead. So the acknowledgement also covers no
        # more than this time from the start of this process's lease on.
        until = self.polled_at + covered - self.clock.wall()
        return max(0.0, min(until, self._started + covered - self.clock.monotonic()))

    def _record_loss(self, metric: metrics.Metric, loss: LeaseLoss) -> LeaseLoss:
        count(metric, dag_id=self.runner_dag_id)
        log.warning("Nothing will be reported about this task: %s %s", loss.reason, self._log_fields())
        return loss

    def _record_failure(self, error: Exception) -> None:
        self._last_has_failed = True
        if isinstance(error, ThrottledError):
            self._limiter.throttled()
        count(metrics.HEARTBEATS_FAILED, dag_id=self.runner_dag_id)
        log.warning("Could not report progress; trying again soon. %s %s", without_secrets(error), self._log_fields())

    def _record_success(self, fields: Mapping[str, str]) -> None:
        self._last = self.clock.monotonic()
        self._last_has_failed = False
        count(metrics.HEARTBEATS, dag_id=self.runner_dag_id)
        # Without news it is at DEBUG: a line a minute for each of a hundred tasks would hide everything else.
        level = logging.DEBUG if fields == self._last_fields else logging.INFO
        self._last_fields = fields
        if log.isEnabledFor(level):
            progress = fields.get("attemptStatus", "").partition(";")[0]
            log.log(
                level,
                "progress reported: %s",
                self._log_fields(percent=fields.get("percentComplete"), progress=progress),
            )

    def _log_fields(self, **more: str | None) -> str:
        return format_fields(self.task, **more, **self.target_fields)
