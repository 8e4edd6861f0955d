"""Stops a target run whose outcome nobody waits for any more."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline._task_runner.rate_limits import backoff
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.telemetry import metrics

if TYPE_CHECKING:
    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient

log = logging.getLogger(__name__)

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRunStop:
    """
    Stops one target run.

    :param dag_id: of the target DAG
    :param run_id: of the target run
    :param runner_dag_id: the tag of the metrics
    :param log_fields: identify task and target run at the end of log lines
    """

    airflow: AirflowClient
    dag_id: str
    run_id: str
    runner_dag_id: str
    log_fields: str

    async def stop(self) -> str | None:
        """
        Stop the target run, if the API can be reached.

        No error is raised. A run that could not be stopped is logged and counted.

        :return: the state of a run that had ended by itself, or ``missing``; None if it was stopped or still goes on
        """
        if not self.airflow.can_stop:
            count(metrics.NOT_STOPPED, dag_id=self.runner_dag_id)
            log.warning(
                "The target run goes on for nothing. To have such runs stopped, give the task runner an "
                "airflow_conn_id: a connection to Airflow's own API, of an identity that may edit DAG runs. %s",
                self.log_fields,
            )
            return None
        for attempt, delay in enumerate(backoff(), start=1):
            try:
                ended = await self.airflow.stop_run(self.dag_id, self.run_id)
            except Exception as error:  # noqa: BLE001  # the connection may be wrong in many ways, and the lease is gone
                log.warning("Could not stop the target run: %s %s", without_secrets(error), self.log_fields)
                if attempt == _ATTEMPTS or not self.airflow.may_pass(error):
                    break
                await asyncio.sleep(delay)
                continue
            if ended is None:
                count(metrics.STOPPED, dag_id=self.runner_dag_id)
                log.info("target run stopped: %s", self.log_fields)
            return ended
        count(metrics.NOT_STOPPED, dag_id=self.runner_dag_id)
        log.error("The target run goes on for nothing; stop it by hand. %s", self.log_fields)
        return None
