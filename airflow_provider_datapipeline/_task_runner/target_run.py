"""What a target run has left that has ended, read patiently, but not for ever."""

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

_PATIENCE_SECONDS = 180.0
"""For all that is read of a run: a restart of the API server takes less, and its status is due."""

_T = TypeVar("_T")


class TargetRun:
    """
    A run as :func:`~airflow_provider_datapipeline._airflow.stored_run.areport` reads it.

    What may pass is tried again, for three minutes in all; after that, and where it will not pass, it is unknown.

    :param seen: the states of its task instances, if they were seen before it ended
    """

    def __init__(
        self, airflow: AirflowClient, dag_id: str, run_id: str, seen: Mapping[str, str | None] | None = None
    ) -> None:
        self._airflow = airflow
        self._dag_id = dag_id
        self._run_id = run_id
        self._seen = seen
        self._states: Mapping[str, str | None] | None = None
        self._patient_until: float | None = None

    async def is_empty_though_dated(self, task: PipelineTask) -> bool:
        """
        Tell whether the run has no task instance, and may have been given a logical date that is the reason.

        Airflow leaves out of a run each task whose time has not come by the run's logical date, and calls a run
        without tasks a success.
        """
        if self._seen or task.scheduled_start_time is None:
            return False
        try:
            return not await self.task_states()
        except UnreadableError:
            return False

    async def task_states(self) -> Mapping[str, str | None]:
        """Return the stored states, by task; of a run that has ended they are read once."""

        async def read() -> Mapping[str, str | None]:
            states = await self._airflow.task_states(self._dag_id, [self._run_id], Priority.OUTCOME)
            return states.get(self._run_id, {})

        def judged(error: Exception) -> UnreadableError:
            text = f"The states of its tasks: {type(error).__name__}: {without_secrets(error)}"
            return UnreadableError(text, may_pass=self._airflow.may_pass(error))

        if self._states is None:
            self._states = await self.retry_until_available(read, judged)
        return self._states

    async def xcom(self, task_id: str, map_index: int, key: str) -> Any:
        """Return an XCom, None if there is none."""
        return await self.retry_until_available(
            lambda: self._airflow.xcom(self._dag_id, self._run_id, task_id, map_index, key),
            lambda error: unreadable(error, (task_id, map_index, key)),
        )

    async def retry_until_available(
        self, read: Callable[[], Awaitable[_T]], judged: Callable[[Exception], UnreadableError]
    ) -> _T:
        loop = asyncio.get_running_loop()
        if self._patient_until is None:
            self._patient_until = loop.time() + _PATIENCE_SECONDS
        delays = backoff(most=15)
        while True:
            try:
                return await read()
            except Exception as error:
                found, delay = judged(error), next(delays)
                if not found.may_pass or loop.time() + delay > self._patient_until:
                    raise found from error
                log.warning("Reading again in %.0f s. %s", delay, found)
            await asyncio.sleep(delay)
