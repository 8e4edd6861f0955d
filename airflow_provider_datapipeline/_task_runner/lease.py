"""The lease on one task: ReportTaskProgress keeps it, and tells when the service wants to hear no more."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline._task_runner.clock import Clock
from airflow_provider_datapipeline._task_runner.heartbeats import estimated_last, interval, load_of, next_due, phase_of
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

CANCELED: Final = "AWS Data Pipeline canceled the task."

# The poller acknowledges when both runs are there. Should its worker die just before, the first heartbeat is the
# acknowledgement: half of the two minutes after the poll, so that there is time to try again.
_FIRST_HEARTBEAT_SECONDS = 60.0
_RETRY_SECONDS = 15.0  # after a heartbeat that failed: a few more times within that half

_ESTIMATE_SECONDS = 30.0  # after which it is estimated anew how urgent a heartbeat is: more leases may be known by then

_GONE = (TaskNotFoundError, PipelineDeletedError, PipelineNotFoundError)


@dataclass(kw_only=True)
class Lease:
    """
    One task's lease, which lasts for its ``reportProgressTimeout`` after each heartbeat.

    :param account: whose rate all leases share
    :param heartbeat_seconds: seconds between two heartbeats, stretched where many tasks share the rate
    :param polled_at: when the task was received, in seconds since 1970; None if that is not known
    :param runner_dag_id: the metrics' tag
    :param about: the target run, in the words of the log
    """

    task: PipelineTask
    hook: DataPipelineHook
    account: Hashable
    heartbeat_seconds: float
    polled_at: float | None
    runner_dag_id: str
    about: Mapping[str, str | None]
    clock: Clock = field(default_factory=Clock)
    _last: float | None = None
    """When (``clock.monotonic()``) the last heartbeat was taken; None before the first one of this process."""
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
        """Count as one of the leases that share the rate."""
        self._load.add(self._timeout, self.clock.wall())
        try:
            yield
        finally:
            self._load.remove(self._timeout)

    @property
    def end(self) -> float:
        """When (``clock.monotonic()``) it ends at the latest if there is no further heartbeat."""
        return (self._started if self._last is None else self._last) + self._timeout

    @property
    def urgency(self) -> float:
        """When (``clock.monotonic()``) it ends as far as can be estimated: who ends first comes first."""
        if self._last is not None or self._is_fresh():
            return self.end
        now = self.clock.wall()
        last = estimated_last(now, self._interval(), self._phase, self._load.began)
        return self.clock.monotonic() - (now - last) + self._timeout

    def seconds_until_due(self) -> float:
        """Return how long it is until the next heartbeat."""
        now = self.clock.wall()
        seconds = self._interval()
        if self._last_has_failed:
            return min(seconds, _RETRY_SECONDS)
        if self._last is None:
            return self._seconds_of_acknowledgement(seconds)
        last = now - (self.clock.monotonic() - self._last)
        return max(0.0, next_due(last, seconds, self._phase) - now)

    async def keep(self, fields: Callable[[], Mapping[str, str]], soon: Callable[[], None], ahead: float) -> str:
        """
        Send heartbeats until the service does not want to hear of the task any more; return why.

        No error ends it: what goes wrong is logged, and tried again.

        :param fields: returns those of ReportTaskProgress, at once
        :param soon: is called so many seconds ahead of each heartbeat, to bring them up to date
        """
        while True:
            wait = self.seconds_until_due()
            if self._last is None:
                # A lease in its first third can wait until there is something to tell.
                wait = max(wait, min(ahead, self._seconds_of_acknowledgement(self._timeout / 3)))
            await asyncio.sleep(max(0.0, wait - ahead))
            soon()
            await asyncio.sleep(min(wait, ahead))
            try:
                lost = await self.heartbeat(fields())
            except Exception as error:  # noqa: BLE001  # whatever it is, the next heartbeat may do without it
                lost = self._failed(error)
            if lost:
                return lost

    async def heartbeat(self, fields: Mapping[str, str]) -> str:
        """
        Report progress; return why the service does not want to hear of the task any more, or nothing.

        :param fields: of ReportTaskProgress
        """
        await self._turn()
        try:
            canceled = await self._report(fields)
        except _GONE as error:
            return self._lost(metrics.LOST, without_secrets(error))
        except Exception as error:  # noqa: BLE001  # of the service, the connection or the network: all may pass
            return self._failed(error)
        return self._lost(metrics.CANCELED, CANCELED) if canceled else ""

    async def _turn(self) -> None:
        """Wait until the account's rate allows the call."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ESTIMATE_SECONDS):
                    await self._limiter.acquire(self.urgency)
                return

    async def _report(self, fields: Mapping[str, str]) -> bool:
        try:
            canceled = await self.hook.areport_task_progress(self.task.task_id, fields)
        except InvalidRequestError:
            if not fields:
                raise
            # The fields are an extra: a service that refuses them, for whatever they hold, must not end the lease.
            fields = {}
            canceled = await self.hook.areport_task_progress(self.task.task_id)
        self._taken(fields)
        return canceled

    def _interval(self) -> float:
        return interval(self.heartbeat_seconds, self._timeout, self._load)

    def _is_fresh(self) -> bool:
        return self._seconds_of_acknowledgement(self._interval()) > 0

    def _seconds_of_acknowledgement(self, seconds: float) -> float:
        """Return for how long the poller's acknowledgement is recent enough to do without a heartbeat."""
        if self.polled_at is None:
            return 0.0
        recent = min(_FIRST_HEARTBEAT_SECONDS, seconds)
        # The clock of another machine must not make the lease longer: not more than that from here on, either.
        until = self.polled_at + recent - self.clock.wall()
        return max(0.0, min(until, self._started + recent - self.clock.monotonic()))

    def _lost(self, metric: metrics.Metric, reason: str) -> str:
        count(metric, dag_id=self.runner_dag_id)
        log.warning("Nothing will be reported about this task: %s %s", reason, format_fields(self.task, **self.about))
        return reason

    def _failed(self, error: Exception) -> str:
        self._last_has_failed = True
        if isinstance(error, ThrottledError):
            self._limiter.throttled()
        count(metrics.HEARTBEATS_FAILED, dag_id=self.runner_dag_id)
        log.warning(
            "Could not report progress; trying again soon. %s %s",
            without_secrets(error),
            format_fields(self.task, **self.about),
        )
        return ""

    def _taken(self, fields: Mapping[str, str]) -> None:
        self._last = self.clock.monotonic()
        self._last_has_failed = False
        count(metrics.HEARTBEATS, dag_id=self.runner_dag_id)
        # A line a minute for each of a hundred tasks would hide what happens; that the lease lives, metrics show.
        level = logging.DEBUG if fields == self._last_fields else logging.INFO
        self._last_fields = fields
        progress = fields.get("attemptStatus", "").partition(";")[0]
        log.log(
            level,
            "progress reported: %s",
            format_fields(self.task, percent=fields.get("percentComplete"), progress=progress, **self.about),
        )
