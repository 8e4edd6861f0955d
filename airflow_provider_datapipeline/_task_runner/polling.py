"""Polls for tasks in batches: as many as the task runner has room for, while the poller is not paused."""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airflow_provider_datapipeline._airflow.metrics import gauge
from airflow_provider_datapipeline._airflow.triggerer import QUEUED, UNFINISHED
from airflow_provider_datapipeline._task_runner.clock import Clock
from airflow_provider_datapipeline._task_runner.poll_registry import PolledTask, next_task
from airflow_provider_datapipeline._task_runner.rate_limits import POLL_RATE, backoff, rate_limiter_for
from airflow_provider_datapipeline.exceptions import DataPipelineError, InternalServiceError, ThrottledError
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient
    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

log = logging.getLogger(__name__)

_QUIET_SECONDS = 1.0  # a batch is complete when no further task has come for so long
_NO_ROOM_SECONDS = 2.0
_STALLED_SECONDS = 60.0  # for how long runs of the runner DAG may be queued before a warning
_LIFETIME_SECONDS = 600.0  # a poller run without a task ends after so long; the next run sees what changed in the DAG
_MISCONFIGURED_SECONDS = 60.0  # between the runs of a poller that cannot poll
_SILENT_SECONDS = 60.0  # for how long the API server may be out of reach without a warning: it may just be starting
_PAUSED_CHECK_SECONDS = 10.0  # at least, between two questions whether the poller is paused

_silent_since: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, float]] = WeakKeyDictionary()
"""By event loop and DAG: since when (``clock.wall()``) Airflow has not said whether the DAG is paused. After a warning,
the time of the warning. All pollers of a DAG share it, because each run of the DAG has a poller of its own."""


class CannotPollError(Exception):
    """Polling is not possible with this configuration. The reason is logged; a minute has passed since the attempt."""


@dataclass(kw_only=True)
class Poller:
    """
    Polls a worker group.

    :param account: the calls share its rate with all others of this account
    :param poller_dag_id: the DAG that polls; while it is paused nothing is polled, if Airflow's API can tell
    :param runner_dag_id: the DAG whose runs supervise the tasks
    :param max_active_tasks: how many tasks may be held at once; each has an unfinished run of the runner DAG
    :param batch_size: how many tasks a batch may have
    :param hostname: shown on the attempts
    """

    hook: DataPipelineHook
    account: Hashable
    airflow: AirflowClient
    worker_group: str
    poller_dag_id: str
    runner_dag_id: str
    max_active_tasks: int
    batch_size: int
    hostname: str | None
    clock: Clock = field(default_factory=Clock)
    _stalled_since: float | None = None
    _pause_checked_at: float = -math.inf
    _was_paused: bool = False

    async def batch(self) -> Sequence[PolledTask]:
        """
        Return the next tasks; none after ten minutes without a task, or if the poller is paused.

        :raises CannotPollError: polling is not possible with the connection or its permissions
        """
        end = self.clock.monotonic() + _LIFETIME_SECONDS
        delays = backoff()
        while self.clock.monotonic() < end and not await self._is_paused():
            try:
                batch = await self._next_batch()
            except (ThrottledError, InternalServiceError) as error:
                await self._back_off(next(delays), error)
            except DataPipelineError as error:
                log.error(  # noqa: TRY400  # a traceback may hold a secret
                    "Cannot poll; trying again in %.0f s. %s", _MISCONFIGURED_SECONDS, without_secrets(error)
                )
                await asyncio.sleep(_MISCONFIGURED_SECONDS)
                raise CannotPollError from None
            else:
                delays = backoff()
                if batch:
                    return batch
        return ()

    async def _back_off(self, delay: float, error: Exception) -> None:
        log.warning("Polling again in %.0f s. %s", delay, without_secrets(error))
        await asyncio.sleep(delay)

    async def _next_batch(self) -> list[PolledTask]:
        room = await self._room()
        batch: list[PolledTask] = []
        while len(batch) < room:
            polled = await self._poll(_QUIET_SECONDS if batch else None, batch)
            if polled is None:
                break
            batch.append(polled)
        return batch

    async def _room(self) -> int:
        """Return how many tasks may be polled; wait for a moment if there is no room."""
        held = await self._count(UNFINISHED)
        if held is None:
            return 0
        gauge(metrics.HELD, held, dag_id=self.runner_dag_id)
        if held and await self._runner_is_stalled():
            return 0
        room = min(self.batch_size, self.max_active_tasks - held)
        if room <= 0:
            await asyncio.sleep(_NO_ROOM_SECONDS)
        return room

    async def _runner_is_stalled(self) -> bool:
        """Return whether runs of the runner DAG are queued; wait for a moment if so."""
        queued = await self._count(QUEUED)
        if queued == 0:
            self._stalled_since = None
            return False
        if queued is None:
            return True
        # The tasks of queued runs are not supervised yet, and further tasks would not be either. That is normal for a
        # moment after each batch.
        now = self.clock.monotonic()
        since = self._stalled_since = now if self._stalled_since is None else self._stalled_since
        if now - since > _STALLED_SECONDS:
            self._stalled_since = math.inf  # told once
            log.warning(
                "Not polling: %d runs of DAG %s have been queued for a minute. Is it paused, or no scheduler at work?",
                queued,
                self.runner_dag_id,
            )
        await asyncio.sleep(_NO_ROOM_SECONDS)
        return True

    async def _count(self, states: Sequence[str]) -> int | None:
        """Return how many runs of the runner DAG are in these states; None, after a pause, if Airflow does not say."""
        try:
            return await self.airflow.count_runs(self.runner_dag_id, None, states)
        except Exception as error:  # noqa: BLE001  # Airflow may answer the next time
            log.warning(
                "Could not count the runs of DAG %s; not polling. %s", self.runner_dag_id, without_secrets(error)
            )
            await asyncio.sleep(_PAUSED_CHECK_SECONDS)
            return None

    async def _poll(self, timeout: float | None, batch: list[PolledTask]) -> PolledTask | None:  # noqa: ASYNC109
        limiter = rate_limiter_for(POLL_RATE, "PollForTask", self.account)
        await limiter.acquire()
        try:
            return await next_task(
                (self.account, self.worker_group, self.runner_dag_id),
                self.hook,
                self.worker_group,
                hostname=self.hostname,
                runner_dag_id=self.runner_dag_id,
                timeout=timeout,
            )
        except DataPipelineError as error:
            if isinstance(error, ThrottledError):
                limiter.throttled()
            if not batch:
                raise
            log.warning("Starting with the tasks received so far. %s", without_secrets(error))
            return None

    async def _is_paused(self) -> bool:
        now = self.clock.monotonic()
        if not self.airflow.can_stop or now - self._pause_checked_at < _PAUSED_CHECK_SECONDS:
            return self._was_paused
        self._pause_checked_at = now
        try:
            self._was_paused = await self.airflow.is_paused(self.poller_dag_id)
        except Exception as error:  # noqa: BLE001  # the connection may be wrong in many ways; polling does not depend on it
            self._was_paused = False
            self._log_unknown_pause(error)
        else:
            self._silent_since().pop(self.poller_dag_id, None)
        return self._was_paused

    def _log_unknown_pause(self, error: Exception) -> None:
        """
        Log that Airflow does not say whether the poller is paused.

        As a warning only after a minute, and then once a minute: each poll asks again, and it may soon be over.
        """
        level, now, silent_since = logging.DEBUG, self.clock.wall(), self._silent_since()
        if now - silent_since.setdefault(self.poller_dag_id, now) >= _SILENT_SECONDS:
            level, silent_since[self.poller_dag_id] = logging.WARNING, now
        why = without_secrets(error)
        log.log(level, "Could not find out whether DAG %s is paused: %s", self.poller_dag_id, why)

    @staticmethod
    def _silent_since() -> dict[str, float]:
        return _silent_since.setdefault(asyncio.get_running_loop(), {})


def event_payload(batch: Sequence[PolledTask]) -> dict[str, list[dict[str, object]]]:
    """
    Return the payload of a batch's event, which is all JSON.

    ``{"tasks": [{"conf": PipelineTask.to_conf(), "at": seconds since 1970}, ...]}``
    """
    return {"tasks": [{"conf": each.task.to_conf(), "at": each.at} for each in batch]}
