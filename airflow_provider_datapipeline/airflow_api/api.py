"""What is asked of Airflow's API, and which way there the connection means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline.airflow_api import mwaa, server

if TYPE_CHECKING:
    import httpx


class AirflowApi:
    """
    Airflow's public REST API, for what no trigger may ask otherwise.

    :param conn_id: an Airflow connection. Of type ``aws``: the API is that of an Amazon MWAA environment, see
        :mod:`~airflow_provider_datapipeline.airflow_api.mwaa`. Of type ``http``, or any other: it leads to the API
        server, see :mod:`~airflow_provider_datapipeline.airflow_api.server`
    """

    def __init__(self, conn_id: str) -> None:
        self._conn_id = conn_id

    async def stop_run(self, dag_id: str, run_id: str) -> None:
        """
        Mark a run as failed, which ends its tasks.

        :raises httpx.HTTPError: the API server did not do it
        :raises AirflowApiError: an MWAA environment did not let the caller in; the text has the remedy
        """
        await self._request("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", {"state": "failed"})

    async def is_paused(self, dag_id: str) -> bool:
        """
        Tell whether a DAG is paused.

        :raises httpx.HTTPError: the API server did not say
        :raises AirflowApiError: an MWAA environment did not let the caller in; the text has the remedy
        """
        return bool((await self._request("GET", f"/api/v2/dags/{dag_id}")).get("is_paused"))

    async def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        connection = await sync_to_async(compat.connection)(self._conn_id)
        send = mwaa.send if connection.conn_type == "aws" else server.send
        response: httpx.Response = await send(connection, method, path, body)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer
