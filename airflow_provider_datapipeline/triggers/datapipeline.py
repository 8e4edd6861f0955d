"""The triggers of the task runner: one polls for tasks, one supervises a task's DAG run until it has been reported."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline import metrics
from airflow_provider_datapipeline._airflow import triggerer
from airflow_provider_datapipeline._airflow.metrics import gauge
from airflow_provider_datapipeline._airflow.names import (
    BaseTrigger,
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)
from airflow_provider_datapipeline.airflow_api.api import AirflowApi
from airflow_provider_datapipeline.exceptions import DataPipelineError, InternalServiceError, ThrottledError
from airflow_provider_datapipeline.hooks.parameters import DataPipelineHookMixin
from airflow_provider_datapipeline.open_polls import Polled, next_task
from airflow_provider_datapipeline.pacing import POLL_RATE, backoff, shared_pace
from airflow_provider_datapipeline.reporting.masking import without_secrets
from airflow_provider_datapipeline.reporting.status import TaskStatus
from airflow_provider_datapipeline.runs import Assignment
from airflow_provider_datapipeline.supervision import Ending, Supervision

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = logging.getLogger(__name__)

_QUIET_SECONDS = 1.0  # without a further task for this long, a batch is started as it is
_NO_ROOM_SECONDS = 2.0
_STANDSTILL_SECONDS = 60.0
_LIFETIME_SECONDS = 600.0  # a poller's run ends after this long without a task: a new one reads the DAG's state anew
_MISCONFIGURED_SECONDS = 60.0  # between the runs of a poller that cannot poll
_SILENT_SECONDS = 60.0  # for as long an API server may be down, starting for example, without a word about it

_silent_since: dict[str, float] = {}
"""Since when (``time.monotonic()``) Airflow's API has not answered, or when that was said last, by connection."""


class _DataPipelineTrigger(DataPipelineHookMixin, BaseTrigger):
    """What both triggers have: the four AWS parameters."""

    def __init__(
        self,
        *,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        airflow_conn_id: str | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self.airflow_conn_id = airflow_conn_id

    @property
    def _account(self) -> tuple[str | None, str | None]:
        return self.aws_conn_id, self.region_name

    @property
    def _api(self) -> AirflowApi | None:
        return AirflowApi(self.airflow_conn_id) if self.airflow_conn_id else None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the public path of the class and its parameters, which are all JSON values."""
        return f"{__name__}.{type(self).__name__}", {
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
            "airflow_conn_id": self.airflow_conn_id,
            **self._own_parameters(),
        }

    def _own_parameters(self) -> dict[str, Any]:
        raise NotImplementedError


class PollForTaskTrigger(_DataPipelineTrigger):
    """
    Fires with a batch of tasks polled from a worker group, as soon as there is one and nothing more comes.

    The event's payload: ``{"tasks": [{"conf": PipelineTask.to_conf(), "at": seconds since 1970}, ...]}``. Nothing is
    acknowledged: what is lost on the way is handed out again after 2 minutes. Without a task for 10 minutes, or where
    the poller is paused, its task ends.

    :param worker_group: exactly as in the pipeline definition
    :param poller_dag_id: the DAG that polls; while it is paused nothing is polled, where ``airflow_conn_id`` lets that
        be known
    :param runner_dag_id: the DAG whose runs supervise the tasks
    :param max_active_tasks: tasks held at once, which is runs of that DAG
    :param batch_size: tasks in one event at the most
    :param hostname: shown on the attempts
    :param leaves_batch: whether the trigger ends its task, with the payload as XComs, instead of resuming it
    """

    def __init__(
        self,
        *,
        worker_group: str,
        poller_dag_id: str,
        runner_dag_id: str,
        max_active_tasks: int,
        batch_size: int,
        hostname: str | None,
        leaves_batch: bool = False,
        **aws: Any,
    ) -> None:
        super().__init__(**aws)
        self.worker_group = worker_group
        self.poller_dag_id = poller_dag_id
        self.runner_dag_id = runner_dag_id
        self.max_active_tasks = max_active_tasks
        self.batch_size = batch_size
        self.hostname = hostname
        self.leaves_batch = leaves_batch
        self._still_since: float | None = None

    def _own_parameters(self) -> dict[str, Any]:
        return {
            "worker_group": self.worker_group,
            "poller_dag_id": self.poller_dag_id,
            "runner_dag_id": self.runner_dag_id,
            "max_active_tasks": self.max_active_tasks,
            "batch_size": self.batch_size,
            "hostname": self.hostname,
            "leaves_batch": self.leaves_batch,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until there are tasks."""
        end = time.monotonic() + _LIFETIME_SECONDS
        delays = backoff()
        while time.monotonic() < end and not await self._is_paused():
            try:
                batch = await self._batch()
            except (ThrottledError, InternalServiceError) as error:
                delay = next(delays)
                log.warning("Polling again in %.0f s. %s", delay, without_secrets(error))
                await asyncio.sleep(delay)
            except DataPipelineError as error:
                log.error("Cannot poll; trying again in %.0f s. %s", _MISCONFIGURED_SECONDS, without_secrets(error))  # noqa: TRY400
                await asyncio.sleep(_MISCONFIGURED_SECONDS)
                yield TaskFailedEvent()
                return
            else:
                delays = backoff()
                if batch:
                    yield self._event_of(batch)
                    return
        yield TaskSkippedEvent() if self.leaves_batch else TaskSuccessEvent()

    def _event_of(self, batch: list[Polled]) -> TriggerEvent:
        tasks = {"tasks": [{"conf": each.task.to_conf(), "at": each.at} for each in batch]}
        if self.leaves_batch:
            return TaskSuccessEvent(xcoms=tasks)  # type: ignore[arg-type]  # JSON, all of it
        return TriggerEvent(tasks)  # type: ignore[no-untyped-call]  # Airflow's

    async def _batch(self) -> list[Polled]:
        held = await triggerer.count_runs(self.runner_dag_id, None, triggerer.UNFINISHED)
        gauge(metrics.HELD, held, dag_id=self.runner_dag_id)
        if held and await self._runner_stands_still():
            return []
        room = min(self.batch_size, self.max_active_tasks - held)
        if room <= 0:
            await asyncio.sleep(_NO_ROOM_SECONDS)
            return []
        batch: list[Polled] = []
        while len(batch) < room:
            polled = await self._next(_QUIET_SECONDS if batch else None, batch)
            if polled is None:
                break
            batch.append(polled)
        return batch

    async def _runner_stands_still(self) -> bool:
        """Tell whether runs of the runner wait to be started, after a short pause if so."""
        queued = await triggerer.count_runs(self.runner_dag_id, None, triggerer.QUEUED)
        if not queued:
            self._still_since = None
            return False
        # Nobody supervises those tasks, and nobody would supervise more. For a moment after each batch that is normal.
        now = time.monotonic()
        since = self._still_since = self._still_since or now
        if now - since > _STANDSTILL_SECONDS:
            self._still_since = math.inf  # told once
            log.warning(
                "Not polling: %d runs of DAG %s have been queued for a minute. Is it paused, or no scheduler at work?",
                queued,
                self.runner_dag_id,
            )
        await asyncio.sleep(_NO_ROOM_SECONDS)
        return True

    async def _next(self, timeout: float | None, batch: list[Polled]) -> Polled | None:  # noqa: ASYNC109
        await shared_pace(POLL_RATE, "PollForTask", *self._account).turn()
        key = (*self._account, self.worker_group)
        try:
            return await next_task(
                key,
                self.hook,
                self.worker_group,
                hostname=self.hostname,
                runner_dag_id=self.runner_dag_id,
                timeout=timeout,
            )
        except DataPipelineError as error:
            if not batch:
                raise
            log.warning("Starting with the tasks received so far. %s", without_secrets(error))
            return None

    async def _is_paused(self) -> bool:
        if self._api is None or not self.airflow_conn_id:
            return False
        try:
            is_paused = await self._api.is_paused(self.poller_dag_id)
        except Exception as error:  # noqa: BLE001  # the connection may be wrong in many ways; polling does not depend on it
            self._cannot_tell(self.airflow_conn_id, error)
            return False
        _silent_since.pop(self.airflow_conn_id, None)
        return is_paused

    def _cannot_tell(self, airflow_conn_id: str, error: Exception) -> None:
        """Warn, once a minute, if it has been so for a minute: each poll asks again, so it may be over soon."""
        level, now = logging.DEBUG, time.monotonic()
        if now - _silent_since.setdefault(airflow_conn_id, now) >= _SILENT_SECONDS:
            level, _silent_since[airflow_conn_id] = logging.WARNING, now
        why = without_secrets(error)
        log.log(level, "Could not find out whether DAG %s is paused: %s", self.poller_dag_id, why)


class SuperviseDagRunTrigger(_DataPipelineTrigger):
    """
    Supervises the target run of one Data Pipeline task, reports its outcome, and ends the task that it belongs to.

    FINISHED and FALSE end it with success, FAILED with failure, a task that was canceled or lost as skipped.

    :param conf: the runner run's conf, as JSON
    :param runner_dag_id: the DAG of the runner run
    :param run_id: of the runner run, and of the target run
    :param beat: seconds between two ReportTaskProgress
    :param run_timeout: seconds from the poll in which the target run must end, None: as long as it takes
    """

    def __init__(
        self, *, conf: str, runner_dag_id: str, run_id: str, beat: float, run_timeout: float | None, **aws: Any
    ) -> None:
        super().__init__(**aws)
        self.conf = conf
        self.runner_dag_id = runner_dag_id
        self.run_id = run_id
        self.beat = beat
        self.run_timeout = run_timeout

    def _own_parameters(self) -> dict[str, Any]:
        return {
            "conf": self.conf,
            "runner_dag_id": self.runner_dag_id,
            "run_id": self.run_id,
            "beat": self.beat,
            "run_timeout": self.run_timeout,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Supervise and report."""
        try:
            assignment = Assignment.from_conf(json.loads(self.conf))
        except ValueError as error:
            log.error("Nothing to supervise: %s", without_secrets(error))  # noqa: TRY400
            yield TaskFailedEvent()
            return
        supervision = Supervision(
            assignment=assignment,
            runner_dag_id=self.runner_dag_id,
            run_id=self.run_id,
            hook=self.hook,
            account=self._account,
            beat=self.beat,
            run_timeout=self.run_timeout,
            api=self._api,
        )
        result = await supervision.run()
        if result.ending is Ending.LOST:
            yield TaskSkippedEvent()
        elif result.ending is Ending.REPORTED and result.status is not TaskStatus.FAILED:
            yield TaskSuccessEvent()
        else:
            yield TaskFailedEvent()
