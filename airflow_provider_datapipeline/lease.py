"""The lease on one task: ReportTaskProgress keeps it, and tells when the service wants to hear no more."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_provider_datapipeline import metrics
from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline.exceptions import (
    DataPipelineError,
    InvalidRequestError,
    PipelineDeletedError,
    PipelineNotFoundError,
    ServiceError,
    TaskNotFoundError,
)
from airflow_provider_datapipeline.log_words import words
from airflow_provider_datapipeline.pacing import REPORT_RATE, beat_seconds, shared_pace
from airflow_provider_datapipeline.progress import report_progress_timeout
from airflow_provider_datapipeline.reporting.masking import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
    from airflow_provider_datapipeline.pipeline_task import PipelineTask

log = logging.getLogger(__name__)

CANCELED: Final = "AWS Data Pipeline canceled the task."

# The poller acknowledges when both runs are there. Should its worker die just before, the first beat is the
# acknowledgement: half of the two minutes after the poll, so that there is time to try again.
_FIRST_BEAT_SECONDS = 60.0
_RETRY_SECONDS = 15.0  # after a beat that failed: a few more times within that half

_held: dict[tuple[str | None, str | None], int] = {}
"""Tasks supervised by this process, by connection and region."""


@dataclass(kw_only=True)
class Lease:
    """
    One task's lease, which lasts for its ``reportProgressTimeout`` after each beat.

    :param account: connection and region, whose rate all leases share
    :param beat: seconds between two ReportTaskProgress, stretched where many tasks share the rate
    :param polled_at: when the task was received, in seconds since 1970; None if that is not known
    :param runner_dag_id: the metrics' tag
    :param about: the target run, in the words of the log
    """

    task: PipelineTask
    hook: DataPipelineHook
    account: tuple[str | None, str | None]
    beat: float
    polled_at: float | None
    runner_dag_id: str
    about: Mapping[str, str | None]
    _started: float = field(default_factory=time.monotonic)
    _last_beat: float = field(default_factory=time.monotonic)
    _last_has_failed: bool = False
    _last_fields: Mapping[str, str] = field(default_factory=dict)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Count as one of the leases that share the rate."""
        _held[self.account] = _held.get(self.account, 0) + 1
        try:
            yield
        finally:
            _held[self.account] -= 1

    @property
    def end(self) -> float:
        """When (``time.monotonic()``) it ends if there is no further beat."""
        return self._last_beat + report_progress_timeout(self.task)

    def seconds_between_beats(self) -> float:
        """Return how long to wait between two beats; shorter after one that failed."""
        seconds = beat_seconds(self.beat, _held.get(self.account, 0), report_progress_timeout(self.task))
        return min(seconds, _RETRY_SECONDS) if self._last_has_failed else seconds

    def seconds_until_first_beat(self) -> float:
        """Return for how long the poller's acknowledgement is recent enough to do without a beat, if above 0."""
        if self.polled_at is None:
            return 0.0
        recent = min(_FIRST_BEAT_SECONDS, self.seconds_between_beats())
        # The clock of another machine must not make the lease longer: not more than that from here on, either.
        return min(self.polled_at + recent - time.time(), self._started + recent - time.monotonic())

    async def is_lost(self, fields: Mapping[str, str]) -> str:
        """
        Report progress; return why the service does not want to hear of the task any more, or nothing.

        :param fields: of ReportTaskProgress
        """
        await shared_pace(REPORT_RATE, "ReportTaskProgress", *self.account).turn()
        try:
            canceled = await self.hook.areport_task_progress(self.task.task_id, fields)
        except (TaskNotFoundError, PipelineDeletedError, PipelineNotFoundError) as error:
            return self._lost(metrics.LOST, without_secrets(error))
        except InvalidRequestError:
            return await self._is_lost_without_fields()
        except DataPipelineError as error:
            return self._failed(error)
        return self._taken(fields, canceled=canceled)

    async def _is_lost_without_fields(self) -> str:
        # The fields are an extra: a service that refuses them, for whatever they hold, must not end the lease.
        try:
            canceled = await self.hook.areport_task_progress(self.task.task_id)
        except ServiceError as error:
            return self._failed(error)
        return self._taken({}, canceled=canceled)

    def _lost(self, metric: metrics.Metric, reason: str) -> str:
        count(metric, dag_id=self.runner_dag_id)
        log.warning("Nothing will be reported about this task: %s %s", reason, words(self.task, **self.about))
        return reason

    def _failed(self, error: DataPipelineError) -> str:
        self._last_has_failed = True
        count(metrics.BEATS_FAILED, dag_id=self.runner_dag_id)
        log.warning(
            "Could not report progress; trying again soon. %s %s",
            without_secrets(error),
            words(self.task, **self.about),
        )
        return ""

    def _taken(self, fields: Mapping[str, str], *, canceled: bool) -> str:
        self._last_beat = time.monotonic()
        self._last_has_failed = False
        count(metrics.BEATS, dag_id=self.runner_dag_id)
        # A line a minute for each of a hundred tasks would hide what happens; that the lease lives, metrics show.
        level = logging.DEBUG if fields == self._last_fields else logging.INFO
        self._last_fields = fields
        progress = fields.get("attemptStatus", "").partition(";")[0]
        log.log(
            level,
            "progress reported: %s",
            words(self.task, percent=fields.get("percentComplete"), progress=progress, **self.about),
        )
        return self._lost(metrics.CANCELED, CANCELED) if canceled else ""
