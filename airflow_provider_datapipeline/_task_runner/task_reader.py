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

_STATES = 2000  # of task instances in one answer, about: while it is made, the triggerer gets no other
_FIRST_RUNS = 10  # while it is not known how many tasks a run has
_CALLS = 3

_FAILED = frozenset({"failed", "upstream_failed"})
_ENDED = _FAILED | {"success", "skipped", "removed"}


class TaskReader:
    """
    Reads task states; nothing that Airflow raises gets out.

    :param airflow: is asked
    """

    def __init__(self, airflow: AirflowClient) -> None:
        self._airflow = airflow
        self._states_per_run: dict[str, float] = {}

    async def read(self, dag_id: str, run_ids: Sequence[str]) -> dict[str, Mapping[str, str | None]]:
        """Return the task states of as many of these runs as a few questions tell, by run."""
        found: dict[str, Mapping[str, str | None]] = {}
        for _ in range(_CALLS):
            if not run_ids:
                break
            number = int(max(1, min(RUNS_AT_ONCE, _STATES / self._states_per_run.get(dag_id, _STATES / _FIRST_RUNS))))
            asked, run_ids = run_ids[:number], run_ids[number:]
            try:
                states = await self._airflow.task_states(dag_id, asked)
            except Exception as error:  # noqa: BLE001  # a heartbeat does without
                log.warning("Could not read how far runs of DAG %s are. %s", dag_id, without_secrets(error))
                break
            self._states_per_run[dag_id] = max(1.0, sum(map(len, states.values())) / len(asked))
            found |= {run_id: states.get(run_id, {}) for run_id in asked}
        return found


def look_ended(found: Mapping[str, Mapping[str, str | None]]) -> set[str]:
    """Return the runs that have nothing left to do, so that they are likely to have ended."""
    return {run_id for run_id, tasks in found.items() if all(state in _ENDED for state in tasks.values())}


def look_good(found: Mapping[str, Mapping[str, str | None]]) -> set[str]:
    """Return the runs of which no task has failed, so that they are likely to have succeeded."""
    return {run_id for run_id, tasks in found.items() if not _FAILED.intersection(tasks.values())}
