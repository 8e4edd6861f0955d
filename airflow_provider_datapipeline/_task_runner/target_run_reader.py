"""Reads the task states and XComs of a target run that has ended, and tries again while Airflow is out of reach."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_datapipeline._airflow.stored_run import unreadable
from airflow_provider_datapipeline._airflow.triggerer import Priority
from airflow_provider_datapipeline._task_runner.rate_limits import backoff
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.outcome.decision import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient
    from airflow_provider_datapipeline.pipeline_task import PipelineTask

log = logging.getLogger(__name__)

_RETRY_SECONDS = 180.0
"""For all readings of a run together. A restart of the API server takes less, and the report must not wait longer."""

_T = TypeVar("_T")


class TargetRunReader:
    """
    A run in the form that :func:`~airflow_provider_datapipeline._airflow.stored_run.areport` reads.

    A reading that fails is tried again if it may succeed later, for three minutes in all. Then it raises
    ``UnreadableError``.

    :param seen: the states of its task instances, if they were read before the run ended
    """

    def __init__(
        self, airflow: AirflowClient, dag_id: str, run_id: str, seen: Mapping[str, str | None] | None = None
    ) -> None:
        self._airflow = airflow
        self._dag_id = dag_id
        self._run_id = run_id
        self._seen = seen
        self._states: Mapping[str, str | None] | None = None
        self._retry_until: float | None = None

    async def is_empty_though_dated(self, task: PipelineTask) -> bool:
        """
        Return whether the run has no task instance, and may have a logical date that is the reason for it.

        Airflow leaves a task out of a run if the task's dates exclude the run's logical date. Airflow calls a run
        without tasks a success.
        """
        if self._seen or task.scheduled_start_time is None:
            return False
        try:
            return not await self.task_states()
        except UnreadableError:
            return False

    async def task_states(self) -> Mapping[str, str | None]:
        """Return the stored states, by task. They are read once, because they do not change after the end of a run."""

        async def read() -> Mapping[str, str | None]:
            states = await self._airflow.task_states(self._dag_id, [self._run_id], Priority.OUTCOME)
            return states.get(self._run_id, {})

        def as_unreadable(error: Exception) -> UnreadableError:
            text = f"The states of its tasks: {type(error).__name__}: {without_secrets(error)}"
            return UnreadableError(text, may_pass=self._airflow.may_pass(error))

        if self._states is None:
            self._states = await self._retry_until_available(read, as_unreadable)
        return self._states

    async def xcom(self, task_id: str, map_index: int, key: str) -> Any:
        """Return an XCom, None if there is none."""
        return await self._retry_until_available(
            lambda: self._airflow.xcom(self._dag_id, self._run_id, task_id, map_index, key),
            lambda error: unreadable(error, (task_id, map_index, key)),
        )

    async def _retry_until_available(
        self, read: Callable[[], Awaitable[_T]], as_unreadable: Callable[[Exception], UnreadableError]
    ) -> _T:
        loop = asyncio.get_running_loop()
        if self._retry_until is None:
            self._retry_until = loop.time() + _RETRY_SECONDS
        delays = backoff(most=15)
        while True:
            try:
                return await read()
            except Exception as error:
                failure, delay = as_unreadable(error), next(delays)
                if not failure.may_pass or loop.time() + delay > self._retry_until:
                    raise failure from error
                log.warning("Reading again in %.0f s. %s", delay, failure)
            await asyncio.sleep(delay)
