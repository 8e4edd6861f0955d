"""Counts the tasks that a task runner holds in all triggerers together, as heartbeats are planned with that number."""

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

_INTERVAL_SECONDS = 60.0
_RETRY_SECONDS = 5.0
_WAIT_SECONDS = 20.0


class HeldTaskCounter:
    """
    Counts the unfinished runs of runner DAGs: a task is held as long as its runner run is unfinished.

    :param airflow: counts the runs; its errors are logged and not raised
    """

    def __init__(self, airflow: AirflowClient) -> None:
        self._airflow = airflow
        self._loads: dict[str, Load] = {}
        self._due_at: dict[str, float] = {}
        self._counted_at: dict[str, float] = {}
        self._counted = asyncio.Event()

    async def wait_for_count(self, runner_dag_id: str, load: Load) -> None:
        """
        Have the runs of a runner DAG counted from now on, and wait for the first number, for up to 20 s.

        :param load: gets the numbers
        """
        self._loads[runner_dag_id] = load
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                while loop.time() - self._counted_at.get(runner_dag_id, -math.inf) > 2 * _INTERVAL_SECONDS:
                    self._counted.clear()
                    await self._counted.wait()
        except TimeoutError:
            log.debug("Planning heartbeats without knowing how many runs DAG %s has", runner_dag_id)

    async def count_due(self, now: float) -> None:
        """Count the runs of the DAGs whose last count is a minute old, or failed 5 s ago."""
        for runner_dag_id, load in list(self._loads.items()):
            if now < self._due_at.get(runner_dag_id, now):
                continue
            self._due_at[runner_dag_id] = now + _RETRY_SECONDS
            try:
                load.held[runner_dag_id] = await self._airflow.count_runs(runner_dag_id, None, UNFINISHED)
            except Exception as error:  # noqa: BLE001  # heartbeats are planned with the last number
                log.warning("Could not count the runs of DAG %s. %s", runner_dag_id, without_secrets(error))
            else:
                self._due_at[runner_dag_id] = now + _INTERVAL_SECONDS
                self._counted_at[runner_dag_id] = now
                self._counted.set()
