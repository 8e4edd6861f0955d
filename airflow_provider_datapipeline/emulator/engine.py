"""The state machine: what becomes of instances and attempts as time passes and dependencies end."""

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
    """The wall clock."""
    return datetime.now(UTC)


class Engine:
    """
    The pipelines of one region and the rules by which they move on.

    Not thread-safe: the caller holds a lock. Nothing happens by itself: ``tick()`` applies what has become due by
    the clock, and ``next_deadline()`` says when to call it next.

    :param settings: the switches; may be replaced at any time
    :param clock: returns the time in UTC; drives everything except signatures
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
        """Apply everything that is due."""
        now = self.clock()
        while self._timers and self._timers[0][0] <= now:
            self._apply_due(heapq.heappop(self._timers)[2], now)

    def next_deadline(self) -> datetime | None:
        """No later than this, ``tick()`` may have something to do."""
        return self._timers[0][0] if self._timers else None

    def take(self, worker_group: str) -> Attempt | None:
        """The attempt that has waited longest for a runner of exactly this group, removed from the queue."""
        queue = self._ready.get(worker_group)
        if not queue:
            return None
        while queue and not _waits_for_runner(queue[0]):
            queue.popleft()
        attempt = next((each for each in queue if _waits_for_runner(each) and not each.instance.component.paused), None)
        if attempt:
            queue.remove(attempt)
        return attempt

    def has_ready(self, worker_group: str) -> bool:
        """Whether ``take`` would find something."""
        queue = self._ready.get(worker_group, ())
        return any(_waits_for_runner(attempt) and not attempt.instance.component.paused for attempt in queue)

    def watch(self, instance: Instance) -> None:
        """Set the timer for the next thing that time alone will do to the instance."""
        due = self._next_due_time(instance)
        if due is not None:
            heapq.heappush(self._timers, (due, next(self._order), instance))

    def advance(self, instance: Instance) -> None:
        """Start the instance if all that it waits for is FINISHED, or let a failure cascade to it."""
        if instance.status is not Status.WAITING_ON_DEPENDENCIES:
            return
        failed = [each for each in instance.dependencies if each.status in UNSUCCESSFUL]
        if failed and (instance.cascade or any(each.cascade for each in failed)):
            instance.cascade_failed_on = ", ".join(each.id for each in failed)
            self.end(instance, Status.CASCADE_FAILED)
        elif all(each.status is Status.FINISHED for each in instance.dependencies):
            self.start_attempt(instance)

    def start_attempt(self, instance: Instance) -> None:
        """Create the next attempt and offer it to runners."""
        number = len(instance.attempts) + 1
        attempt = Attempt(f"{instance.id}_Attempt={number}", number, instance, self.clock())
        instance.attempts.append(attempt)
        instance.pipeline.attempts[attempt.id] = attempt
        instance.retry_at = None
        self._offer(attempt)

    def end_attempt(self, attempt: Attempt, status: Status) -> None:
        """Make the attempt final; its lease ends with it."""
        attempt.status = status
        attempt.ended = self.clock()

    def fail(self, instance: Instance) -> None:
        """After a failed attempt: retry later while tries are left, else FAILED."""
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
        """Make the instance final, with an attempt that still runs, and tell everything that waits for it."""
        instance.status = status
        instance.retry_at = None
        instance.ended = self.clock()
        if instance.head_attempt and instance.head_attempt.status not in ENDED:
            self.end_attempt(instance.head_attempt, Status.CANCELED if status is Status.CASCADE_FAILED else status)
        if status is not Status.FINISHED:
            for guard in instance.dependencies:
                if guard.node is instance and guard.status not in ENDED:
                    self.end(guard, Status.CANCELED)
        for consumer in instance.consumers:
            self.advance(consumer)
        self._finish_pipeline_if_done(instance.pipeline)

    def revoke_lease(self, attempt: Attempt) -> None:
        """Take the task away from whoever holds it."""
        lease = self.leases.get(attempt.pipeline_task_id or "")
        if lease:
            lease.current = False

    def _offer(self, attempt: Attempt) -> None:
        instance = attempt.instance
        instance.status = attempt.status = Status.WAITING_FOR_RUNNER
        if instance.worker_group is not None:
            self._ready[instance.worker_group].append(attempt)

    def _finish_pipeline_if_done(self, pipeline: Pipeline) -> None:
        statuses = {instance.status for instance in pipeline.instances.values()}
        ended = (
            statuses <= {Status.FINISHED}
            if self.settings.pipeline_finishes == "when_all_finished"
            else (self.settings.pipeline_finishes == "when_all_ended" and statuses <= ENDED)
        )
        if ended:
            pipeline.finished = self.clock()

    def _retry_delay(self, instance: Instance) -> float:
        asked = period_seconds(_field_value(instance, "retryDelay"))
        delay = self.settings.retry_delay_default_seconds if asked is None else asked
        return max(delay, self.settings.retry_delay_minimum_seconds)

    def _time_limits(self, attempt: Attempt) -> list[tuple[datetime, str]]:
        """When time alone will end what the attempt is doing, and the errorId of that."""
        if attempt.handed_out is None or attempt.status in ENDED:
            return []
        instance = attempt.instance
        limits = []
        if attempt.acknowledged is None:
            seconds = self.settings.acknowledge_seconds
            limits.append((attempt.handed_out + timedelta(seconds=seconds), MISSED_ACKNOWLEDGEMENT))
        else:
            asked = period_seconds(_field_value(instance, "reportProgressTimeout"))
            seconds = self.settings.progress_seconds if asked is None else asked
            limits.append(((attempt.reported or attempt.acknowledged) + timedelta(seconds=seconds), STALLED))
        whole = ["attemptTimeout"] if self.settings.attempt_timeout == "service" else []
        if instance.is_precondition:
            whole.append("preconditionTimeout")
        for key in whole:
            asked = period_seconds(_field_value(instance, key))
            if asked is not None:
                limits.append((attempt.handed_out + timedelta(seconds=asked), TIMED_OUT))
        return limits

    def _next_due_time(self, instance: Instance) -> datetime | None:
        if instance.retry_at is not None:
            return instance.retry_at
        return (
            min((due for due, _ in self._time_limits(instance.head_attempt)), default=None)
            if instance.head_attempt
            else None
        )

    def _apply_due(self, instance: Instance, now: datetime) -> None:
        if instance.pipeline.deleted or instance.status in ENDED:
            return
        if instance.retry_at is not None:
            if instance.retry_at <= now:
                self.start_attempt(instance)
        elif instance.head_attempt:
            due = sorted(limit for limit in self._time_limits(instance.head_attempt) if limit[0] <= now)
            if due:
                self._time_out(instance.head_attempt, due[0][1])
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
    current = attempt.status is Status.WAITING_FOR_RUNNER and instance.head_attempt is attempt
    return current and attempt.handed_out is None and not instance.pipeline.deleted
