"""How many tasks each task runner holds in all triggerers, which decides how often each lease may have a heartbeat."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING

from airflow_provider_datapipeline._airflow.triggerer import UNFINISHED
from airflow_provider_datapipeline.masking.masker import without_secrets

if TYPE_CHECKING:
    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient
    from airflow_provider_datapipeline._task_runner.heartbeats import Load

log = logging.getLogger(__name__)

_SECONDS = 60.0
_RETRY_SECONDS = 5.0
_PATIENCE_SECONDS = 20.0


class Census:
    """
    Counts the runs of runner DAGs.

    :param airflow: is asked; nothing that it raises gets out
    """

    def __init__(self, airflow: AirflowClient) -> None:
        self._airflow = airflow
        self._loads: dict[str, Load] = {}
        self._due_at: dict[str, float] = {}
        self._taken_at: dict[str, float] = {}
        self._taken = asyncio.Event()

    async def counted(self, runner_dag_id: str, load: Load) -> None:
        """Have the runs of a runner DAG counted from now on, and return when they have been, or after 20 s."""
        self._loads[runner_dag_id] = load
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while loop.time() - self._taken_at.get(runner_dag_id, -math.inf) > 2 * _SECONDS:
                    self._taken.clear()
                    await self._taken.wait()
        except TimeoutError:
            log.debug("Planning heartbeats without knowing how many runs DAG %s has", runner_dag_id)

    async def take(self, now: float) -> None:
        """Count what is due."""
        for runner_dag_id, load in list(self._loads.items()):
            if now < self._due_at.get(runner_dag_id, now):
                continue
            self._due_at[runner_dag_id] = now + _RETRY_SECONDS
            try:
                load.held[runner_dag_id] = await self._airflow.count_runs(runner_dag_id, None, UNFINISHED)
            except Exception as error:  # noqa: BLE001  # heartbeats are planned with what was known before
                log.warning("Could not count the runs of DAG %s. %s", runner_dag_id, without_secrets(error))
            else:
                self._due_at[runner_dag_id] = now + _SECONDS
                self._taken_at[runner_dag_id] = now
                self._taken.set()
