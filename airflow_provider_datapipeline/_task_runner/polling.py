"""How tasks are polled: as many as can be started, in batches, while the poller is not paused."""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_datapipeline._airflow.metrics import gauge
from airflow_provider_datapipeline._airflow.triggerer import QUEUED, UNFINISHED
from airflow_provider_datapipeline._task_runner.clock import Clock
from airflow_provider_datapipeline._task_runner.poll_registry import Polled, next_task
from airflow_provider_datapipeline._task_runner.rate_limits import POLL_RATE, backoff, rate_limiter_for
from airflow_provider_datapipeline.exceptions import DataPipelineError, InternalServiceError, ThrottledError
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient
    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

log = logging.getLogger(__name__)

_QUIET_SECONDS = 1.0  # without a further task for this long, a batch is started as it is
_NO_ROOM_SECONDS = 2.0
_STANDSTILL_SECONDS = 60.0
_LIFETIME_SECONDS = 600.0  # a poller's run ends after this long without a task: a new one reads the DAG's state anew
_MISCONFIGURED_SECONDS = 60.0  # between the runs of a poller that cannot poll
_SILENT_SECONDS = 60.0  # for as long an API server may be down, starting for example, without a word about it
_PAUSED_LOOK_SECONDS = 10.0  # between two questions whether the poller is paused, while there is no room

_silent_since: dict[str, float] = {}
"""Since when (``clock.wall()``) Airflow has not said whether a DAG is paused, or when that was told last, by DAG."""


class CannotPollError(Exception):
    """Polling makes no sense as things are configured; it has been logged, and waited for a while."""


@dataclass(kw_only=True)
class Poller:
    """
    Polls a worker group.

    :param poller_dag_id: the DAG that polls; while it is paused nothing is polled, where that can be known
    :param runner_dag_id: the DAG whose runs supervise the tasks
    :param account: whose rates the calls share
    :param max_active_tasks: tasks held at once, which is runs of that DAG
    :param batch_size: tasks in one batch at the most
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
    _still_since: float | None = None
    _asked_at: float = -math.inf
    _was_paused: bool = False

    async def batch(self) -> Sequence[Polled]:
        """
        Return the next tasks; none after ten minutes without one, or where the poller is paused.

        :raises CannotPollError: the connection or its permissions do not allow to poll
        """
        end = self.clock.monotonic() + _LIFETIME_SECONDS
        delays = backoff()
        while self.clock.monotonic() < end and not await self._is_paused():
            try:
                batch = await self._next_batch()
            except (ThrottledError, InternalServiceError) as error:
                await self._pause(next(delays), error)
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

    async def _pause(self, delay: float, error: Exception) -> None:
        log.warning("Polling again in %.0f s. %s", delay, without_secrets(error))
        await asyncio.sleep(delay)

    async def _next_batch(self) -> list[Polled]:
        room = await self._room()
        batch: list[Polled] = []
        while len(batch) < room:
            polled = await self._next(_QUIET_SECONDS if batch else None, batch)
            if polled is None:
                break
            batch.append(polled)
        return batch

    async def _room(self) -> int:
        """Return how many tasks may be polled; after a short pause, if none."""
        held = await self._count(UNFINISHED)
        if held is None:
            return 0
        gauge(metrics.HELD, held, dag_id=self.runner_dag_id)
        if held and await self._runner_stands_still():
            return 0
        room = min(self.batch_size, self.max_active_tasks - held)
        if room <= 0:
            await asyncio.sleep(_NO_ROOM_SECONDS)
        return room

    async def _runner_stands_still(self) -> bool:
        """Tell whether runs of the runner wait to be started, after a short pause if so."""
        queued = await self._count(QUEUED)
        if queued == 0:
            self._still_since = None
            return False
        if queued is None:
            return True
        # Nobody supervises those tasks, and nobody would supervise more. For a moment after each batch that is normal.
        now = self.clock.monotonic()
        since = self._still_since = now if self._still_since is None else self._still_since
        if now - since > _STANDSTILL_SECONDS:
            self._still_since = math.inf  # told once
            log.warning(
                "Not polling: %d runs of DAG %s have been queued for a minute. Is it paused, or no scheduler at work?",
                queued,
                self.runner_dag_id,
            )
        await asyncio.sleep(_NO_ROOM_SECONDS)
        return True

    async def _count(self, states: Sequence[str]) -> int | None:
        """Count the runs of the runner; None, after a pause, where Airflow does not say."""
        try:
            return await self.airflow.count_runs(self.runner_dag_id, None, states)
        except Exception as error:  # noqa: BLE001  # whatever Airflow says now, it may say something else in a moment
            log.warning(
                "Could not count the runs of DAG %s; not polling. %s", self.runner_dag_id, without_secrets(error)
            )
            await asyncio.sleep(_PAUSED_LOOK_SECONDS)
            return None

    async def _next(self, timeout: float | None, batch: list[Polled]) -> Polled | None:  # noqa: ASYNC109  # of the poll
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
        if not self.airflow.can_stop or now - self._asked_at < _PAUSED_LOOK_SECONDS:
            return self._was_paused
        self._asked_at = now
        try:
            self._was_paused = await self.airflow.is_paused(self.poller_dag_id)
        except Exception as error:  # noqa: BLE001  # the connection may be wrong in many ways; polling does not depend on it
            self._was_paused = False
            self._cannot_tell(error)
        else:
            _silent_since.pop(self.poller_dag_id, None)
        return self._was_paused

    def _cannot_tell(self, error: Exception) -> None:
        """Warn, once a minute, if it has been so for a minute: each poll asks again, so it may be over soon."""
        level, now = logging.DEBUG, self.clock.wall()
        if now - _silent_since.setdefault(self.poller_dag_id, now) >= _SILENT_SECONDS:
            level, _silent_since[self.poller_dag_id] = logging.WARNING, now
        why = without_secrets(error)
        log.log(level, "Could not find out whether DAG %s is paused: %s", self.poller_dag_id, why)


def payload(batch: Sequence[Polled]) -> dict[str, list[dict[str, object]]]:
    """Return a batch as JSON: ``{"tasks": [{"conf": PipelineTask.to_conf(), "at": seconds since 1970}, ...]}``."""
    return {"tasks": [{"conf": each.task.to_conf(), "at": each.at} for each in batch]}
