"""Everything that the task runner asks Airflow in the triggerer, as a protocol that a fake can implement in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_datapipeline._airflow import compat, triggerer
from airflow_provider_datapipeline._airflow.triggerer import Priority
from airflow_provider_datapipeline.airflow_api import errors
from airflow_provider_datapipeline.airflow_api.api import AirflowApi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class AirflowClient(Protocol):
    """The questions to Airflow. Each call ends within a minute, with an answer or an exception."""

    @property
    def can_stop(self) -> bool:
        """Whether ``stop_run`` and ``is_paused`` can be called at all."""

    async def count_runs(self, dag_id: str, run_ids: Sequence[str] | None, states: Sequence[str]) -> int:
        """Return how many runs of a DAG are in one of these states: of the given runs, or with None of all."""

    async def task_states(
        self, dag_id: str, run_ids: Sequence[str], priority: Priority = Priority.PROGRESS
    ) -> Mapping[str, Mapping[str, str | None]]:
        """Return the states of the task instances, by run. A run without task instances is left out."""

    async def xcom(self, dag_id: str, run_id: str, task_id: str, map_index: int, key: str) -> Any:
        """Return an XCom of a task instance, None if there is none."""

    async def write_xcom(self, dag_id: str, run_id: str, task_id: str, key: str, value: Any) -> None:
        """Store an XCom of an unmapped task instance."""

    async def stop_run(self, dag_id: str, run_id: str) -> str | None:
        """
        Mark a run as failed.

        :return: None; or, if nothing was changed, the state in which the run has ended, or ``missing``
        """

    async def is_paused(self, dag_id: str) -> bool:
        """Return whether a DAG is paused."""

    def may_pass(self, error: BaseException) -> bool:
        """Return whether a call that raised this error may succeed later, though nobody corrects anything."""


class TriggererAirflow:
    """
    Airflow as a trigger reaches it: through the triggerer's supervisor, and through the API for what that cannot do.

    :param conn_id: of Airflow's own API; None: runs cannot be stopped, and whether a DAG is paused is not known
    """

    def __init__(self, conn_id: str | None) -> None:
        self._api = AirflowApi(conn_id) if conn_id else None

    @property
    def can_stop(self) -> bool:
        """Whether there is a connection to the API."""
        return self._api is not None

    async def count_runs(self, dag_id: str, run_ids: Sequence[str] | None, states: Sequence[str]) -> int:
        """Count runs."""
        return await triggerer.count_runs(dag_id, run_ids, states)

    async def task_states(
        self, dag_id: str, run_ids: Sequence[str], priority: Priority = Priority.PROGRESS
    ) -> Mapping[str, Mapping[str, str | None]]:
        """Read the states of task instances."""
        return await triggerer.task_states(dag_id, run_ids, priority)

    async def xcom(self, dag_id: str, run_id: str, task_id: str, map_index: int, key: str) -> Any:
        """Read an XCom."""
        return await triggerer.xcom(dag_id, run_id, task_id, map_index, key)

    async def write_xcom(self, dag_id: str, run_id: str, task_id: str, key: str, value: Any) -> None:
        """Write an XCom."""
        await triggerer.write_xcom(dag_id, run_id, task_id, key, value)

    async def stop_run(self, dag_id: str, run_id: str) -> str | None:
        """Stop a run that has not ended."""
        return await self._require_api().stop_run(dag_id, run_id)

    async def is_paused(self, dag_id: str) -> bool:
        """Ask whether a DAG is paused."""
        return await self._require_api().is_paused(dag_id)

    def may_pass(self, error: BaseException) -> bool:
        """Judge an error of any of these calls."""
        return compat.may_pass(error) and errors.may_pass(error)

    def _require_api(self) -> AirflowApi:
        if self._api is None:
            raise RuntimeError("There is no airflow_conn_id; ask can_stop first.")
        return self._api
