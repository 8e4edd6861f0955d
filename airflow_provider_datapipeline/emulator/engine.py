"""The state machine of instances and attempts. It reacts to reports, to ended dependencies and to the clock."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.emulator.definition import period_seconds
from airflow_provider_datapipeline.emulator.model import ENDED, UNSUCCESSFUL, Attempt, Lease, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_datapipeline.emulator.model import Instance, Pipeline
    from airflow_provider_datapipeline.emulator.settings import EmulatorSettings

MISSED_ACKNOWLEDGEMENT = "Service_AcknowledgementTimeout"
STALLED = "Service_ReportProgressTimeout"
TIMED_OUT = "Service_AttemptTimeout"


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


class Engine:
    """
    The pipelines of one region, and the rules that change their state.

    The engine is not thread-safe: the caller must hold a lock. The engine has no thread that watches the clock:
    ``tick()`` applies every retry and timeout that is due, and ``next_deadline()`` says when to call it again.

    :param settings: the settings; they may be replaced at any time
    :param clock: returns the time in UTC, which everything except signatures uses
    """

    def __init__(self, settings: EmulatorSettings, clock: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self.pipelines: dict[str, Pipeline] = {}
        self.leases: dict[str, Lease] = {}
        self._ready: defaultdict[str, deque[Attempt]] = defaultdict(deque)
        self._timers: list[tuple[datetime, int, Instance]] = []
        self._order = count()

    def tick(self) -> None:
        """Apply every retry and timeout that is due."""
        now = self.clock()
        while self._timers and self._timers[0][0] <= now:
            _, _, instance = heapq.heappop(self._timers)
            self._apply_due_timeouts(instance, now)

    def next_deadline(self) -> datetime | None:
        """Return when ``tick()`` must be called next, or None if no retry or timeout is ahead."""
        return self._timers[0][0] if self._timers else None

    def take(self, worker_group: str) -> Attempt | None:
        """Remove from the queue the attempt that has waited longest for a runner of exactly this group; return it."""
        queue = self._ready.get(worker_group)
        if not queue:
            return None
        while queue and not _waits_for_runner(queue[0]):
            queue.popleft()
        attempt = next((each for each in queue if _can_be_handed_out(each)), None)
        if attempt:
            queue.remove(attempt)
        return attempt

    def has_ready(self, worker_group: str) -> bool:
        """Return whether ``take`` would return an attempt."""
        return any(_can_be_handed_out(attempt) for attempt in self._ready.get(worker_group, ()))

    def watch(self, instance: Instance) -> None:
        """Set a timer for the next retry or timeout of the instance."""
        due = self._next_due_time(instance)
        if due is not None:
            heapq.heappush(self._timers, (due, next(self._order), instance))

    def advance(self, instance: Instance) -> None:
        """Start the instance if all its dependencies are FINISHED, or let a failure cascade to it."""
        if instance.status is not Status.WAITING_ON_DEPENDENCIES:
            return
        failed = [each for each in instance.dependencies if each.status in UNSUCCESSFUL]
        if failed and (instance.cascade or any(each.cascade for each in failed)):
            instance.cascade_failed_on = ", ".join(each.id for each in failed)
            self.end(instance, Status.CASCADE_FAILED)
        elif all(each.status is Status.FINISHED for each in instance.dependencies):
            self.start_attempt(instance)

    def start_attempt(self, instance: Instance) -> None:
        """Create the next attempt of the instance, and offer it to task runners."""
        number = len(instance.attempts) + 1
        attempt = Attempt(f"{instance.id}_Attempt={number}", number, instance, self.clock())
        instance.attempts.append(attempt)
        instance.pipeline.attempts[attempt.id] = attempt
        instance.retry_at = None
        self._offer(attempt)

    def end_attempt(self, attempt: Attempt, status: Status) -> None:
        """Give the attempt its final status. No task runner holds it afterwards."""
        attempt.status = status
        attempt.ended = self.clock()

    def fail(self, instance: Instance) -> None:
        """Plan a retry after a failed attempt, or make the instance FAILED if no tries are left."""
        may_retry = not instance.is_precondition or self.settings.precondition_retries == "service"
        if instance.tries_left > 0 and may_retry:
            instance.tries_left -= 1
            instance.status = Status.WAITING_FOR_RUNNER
            instance.retry_at = self.clock() + timedelta(seconds=self._retry_delay(instance))
            if instance.retry_at <= self.clock():
                self.start_attempt(instance)
            else:
                self.watch(instance)
        else:
            self.end(instance, Status.FAILED)

    def end(self, instance: Instance, status: Status) -> None:
        """Give the instance and its running attempt their final status, and advance the consumers of the instance."""
        instance.status = status
        instance.retry_at = None
        instance.ended = self.clock()
        if instance.head_attempt and instance.head_attempt.status not in ENDED:
            self.end_attempt(instance.head_attempt, Status.CANCELED if status is Status.CASCADE_FAILED else status)
        if status is not Status.FINISHED:
            for dependency in instance.dependencies:
                if dependency.node is instance and dependency.status not in ENDED:
                    self.end(dependency, Status.CANCELED)
        for consumer in instance.consumers:
            self.advance(consumer)
        self._finish_pipeline_if_done(instance.pipeline)

    def revoke_lease(self, attempt: Attempt) -> None:
        """Revoke the lease of the task runner that holds the attempt."""
        lease = self.leases.get(attempt.pipeline_task_id or "")
        if lease:
            lease.current = False

    def _offer(self, attempt: Attempt) -> None:
        instance = attempt.instance
        instance.status = attempt.status = Status.WAITING_FOR_RUNNER
        if instance.worker_group is not None:
            self._ready[instance.worker_group].append(attempt)

    def _finish_pipeline_if_done(self, pipeline: Pipeline) -> None:
        if self.settings.pipeline_finishes == "never":
            return
        sufficient = {Status.FINISHED} if self.settings.pipeline_finishes == "when_all_finished" else ENDED
        if all(instance.status in sufficient for instance in pipeline.instances.values()):
            pipeline.finished = self.clock()

    def _retry_delay(self, instance: Instance) -> float:
        delay = period_seconds(_field_value(instance, "retryDelay"))
        if delay is None:
            delay = self.settings.retry_delay_default_seconds
        return max(delay, self.settings.retry_delay_minimum_seconds)

    def _progress_seconds(self, instance: Instance) -> float:
        seconds = period_seconds(_field_value(instance, "reportProgressTimeout"))
        return self.settings.progress_seconds if seconds is None else seconds

    def _timeouts(self, attempt: Attempt) -> list[tuple[datetime, str]]:
        """Return the timeouts that apply to the attempt now: each with the time when it ends and its errorId."""
        if attempt.handed_out is None or attempt.status in ENDED:
            return []
        instance = attempt.instance
        timeouts = []
        if attempt.acknowledged is None:
            acknowledge_timeout = timedelta(seconds=self.settings.acknowledge_seconds)
            timeouts.append((attempt.handed_out + acknowledge_timeout, MISSED_ACKNOWLEDGEMENT))
        else:
            last_report = attempt.reported or attempt.acknowledged
            progress_timeout = timedelta(seconds=self._progress_seconds(instance))
            timeouts.append((last_report + progress_timeout, STALLED))
        attempt_timeouts = ["attemptTimeout"] if self.settings.attempt_timeout == "service" else []
        if instance.is_precondition:
            attempt_timeouts.append("preconditionTimeout")
        for key in attempt_timeouts:
            seconds = period_seconds(_field_value(instance, key))
            if seconds is not None:
                timeouts.append((attempt.handed_out + timedelta(seconds=seconds), TIMED_OUT))
        return timeouts

    def _next_due_time(self, instance: Instance) -> datetime | None:
        if instance.retry_at is not None:
            return instance.retry_at
        if instance.head_attempt is None:
            return None
        return min((due for due, _ in self._timeouts(instance.head_attempt)), default=None)

    def _apply_due_timeouts(self, instance: Instance, now: datetime) -> None:
        if instance.pipeline.deleted or instance.status in ENDED:
            return
        if instance.retry_at is not None:
            if instance.retry_at <= now:
                self.start_attempt(instance)
        elif instance.head_attempt:
            passed = [(due, error_id) for due, error_id in self._timeouts(instance.head_attempt) if due <= now]
            if passed:
                _, error_id = min(passed)
                self._time_out(instance.head_attempt, error_id)
                return
        self.watch(instance)

    def _time_out(self, attempt: Attempt, error_id: str) -> None:
        self.revoke_lease(attempt)
        if error_id == MISSED_ACKNOWLEDGEMENT and self.settings.missed_acknowledgement == "same_attempt":
            attempt.handed_out = attempt.hostname = None
            self._offer(attempt)
            return
        attempt.error_id = error_id
        attempt.error_message = f"The task was taken from its runner: {error_id.removeprefix('Service_')}."
        self.end_attempt(attempt, Status.FAILED)
        if error_id == MISSED_ACKNOWLEDGEMENT:
            self.start_attempt(attempt.instance)
        else:
            self.fail(attempt.instance)


def _field_value(instance: Instance, key: str) -> str | None:
    return next((field.value for field in instance.fields if field.key == key), None)


def _waits_for_runner(attempt: Attempt) -> bool:
    instance = attempt.instance
    return (
        attempt.status is Status.WAITING_FOR_RUNNER
        and attempt.handed_out is None
        and instance.head_attempt is attempt
        and not instance.pipeline.deleted
    )


def _can_be_handed_out(attempt: Attempt) -> bool:
    return _waits_for_runner(attempt) and not attempt.instance.component.paused
