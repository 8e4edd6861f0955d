"""Reads the task states of many runs at once, in answers of a bounded size."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_provider_datapipeline._airflow.triggerer import RUNS_AT_ONCE
from airflow_provider_datapipeline.masking.masker import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient

log = logging.getLogger(__name__)

# How many states one answer should have, about: while Airflow makes it, the triggerer gets no other answer.
_STATES_PER_ANSWER = 2000
_FIRST_RUNS = 10  # asked about together while nobody knows how many tasks a run of the DAG has
_QUESTIONS = 3  # in one reading

_FAILED = frozenset({"failed", "upstream_failed"})
_ENDED = _FAILED | {"success", "skipped", "removed"}


class TaskReader:
    """Reads task states. Errors of Airflow are logged and not raised."""

    def __init__(self, airflow: AirflowClient) -> None:
        self._airflow = airflow
        self._states_per_run: dict[str, float] = {}

    async def read(self, dag_id: str, run_ids: Sequence[str]) -> dict[str, Mapping[str, str | None]]:
        """Return the task states by run, of as many of these runs as three questions can cover."""
        found: dict[str, Mapping[str, str | None]] = {}
        for _ in range(_QUESTIONS):
            if not run_ids:
                break
            number = self._runs_per_answer(dag_id)
            asked, run_ids = run_ids[:number], run_ids[number:]
            try:
                states = await self._airflow.task_states(dag_id, asked)
            except Exception as error:  # noqa: BLE001  # a heartbeat can do without them
                log.warning("Could not read how far runs of DAG %s are. %s", dag_id, without_secrets(error))
                break
            self._states_per_run[dag_id] = max(1.0, sum(map(len, states.values())) / len(asked))
            found |= {run_id: states.get(run_id, {}) for run_id in asked}
        return found

    def _runs_per_answer(self, dag_id: str) -> int:
        if dag_id not in self._states_per_run:
            return _FIRST_RUNS
        return int(max(1, min(RUNS_AT_ONCE, _STATES_PER_ANSWER / self._states_per_run[dag_id])))


def runs_without_work(task_states: Mapping[str, Mapping[str, str | None]]) -> set[str]:
    """Return the runs whose tasks have all ended, so that the runs themselves have probably ended."""
    return {run_id for run_id, states in task_states.items() if all(state in _ENDED for state in states.values())}


def runs_without_failure(task_states: Mapping[str, Mapping[str, str | None]]) -> set[str]:
    """Return the runs without a failed task, which have probably succeeded if they have ended."""
    return {run_id for run_id, states in task_states.items() if not _FAILED.intersection(states.values())}
