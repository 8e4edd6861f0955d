"""What a trigger may ask of Airflow, without blocking the triggerer; Airflow 3 only."""

from __future__ import annotations

import asyncio
import logging
import weakref
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import conf

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

TERMINAL = ("success", "failed")
QUEUED = ("queued",)
UNFINISHED = (*QUEUED, "running")

_CHUNK = 100  # run ids in one call: they travel in the URL of a request, which may have 64 KiB
_WATCH_SECONDS = 3.0

# In threads of asgiref, which up to Airflow 3.2 are the only ones that the triggerer answers.
count_runs = sync_to_async(compat.count_runs)
run_state = sync_to_async(compat.run_state)
task_states = sync_to_async(compat.read_task_states)
xcom = sync_to_async(compat.read_xcom)
write_xcom = sync_to_async(compat.write_xcom)


def run_url(dag_id: str, run_id: str) -> str:
    """Where Airflow shows a DAG run."""
    base: str = conf.get("api", "base_url", fallback="http://localhost:8080")
    return f"{base.rstrip('/')}/dags/{dag_id}/runs/{run_id}"


def api_url(host: str | None, port: int | None, schema: str | None) -> str:
    """
    Return the address of the API server that a connection gives, without a slash at the end.

    :param host: a name or an address, or a URL, both with or without a path; what it says of scheme and port counts
        more than the two others, as in Airflow's own HttpHook
    """
    host = (host or "localhost").strip()
    if host.count(":") > 1 and "://" not in host and not host.startswith("["):
        host = f"[{host}]"  # an IPv6 address; with a port of its own it stands in brackets already
    parts = urlsplit(host if "://" in host else f"{schema or 'http'}://{host}")
    address = parts.netloc if parts.port or not port else f"{parts.netloc.rstrip(':')}:{port}"
    return f"{parts.scheme}://{address}{parts.path.rstrip('/')}"


class RunWatcher:
    """
    Tells when DAG runs end: one reader for all triggers of a process.

    A run costs no query of its own: the runs of a DAG are counted together, and only where some have ended is it found
    out which.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, set[asyncio.Event]]] = {}
        self._reader: asyncio.Task[None] | None = None

    async def ended(self, dag_id: str, run_id: str, *, timeout: float) -> None:  # noqa: ASYNC109  # ends without error
        """Return when the run has ended, or after ``timeout`` seconds."""
        runs = self._waiting.setdefault(dag_id, {})
        event = asyncio.Event()  # of this waiter alone: a trigger and its successor may wait for one run
        runs.setdefault(run_id, set()).add(event)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait_for(event.wait(), timeout)
        except TimeoutError:
            pass
        finally:
            runs[run_id].discard(event)
            if not runs[run_id]:
                del runs[run_id]

    async def _read(self) -> None:
        while any(self._waiting.values()):
            await asyncio.sleep(_WATCH_SECONDS)
            for dag_id, runs in list(self._waiting.items()):
                try:
                    await self._read_dag(dag_id, list(runs))
                except Exception:  # whatever Airflow says now, it may say something else in a moment
                    log.exception("Could not read how the runs of DAG %s stand; trying again", dag_id)

    async def _read_dag(self, dag_id: str, run_ids: list[str]) -> None:
        for start in range(0, len(run_ids), _CHUNK):
            for run_id in await _ended_of(dag_id, run_ids[start : start + _CHUNK]):
                for event in self._waiting[dag_id].get(run_id, ()):
                    event.set()


async def _ended_of(dag_id: str, run_ids: Sequence[str]) -> Sequence[str]:
    ended = await count_runs(dag_id, run_ids, TERMINAL)
    if ended in (0, len(run_ids)):
        return run_ids if ended else ()
    half = len(run_ids) // 2
    return [*await _ended_of(dag_id, run_ids[:half]), *await _ended_of(dag_id, run_ids[half:])]


_watchers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, RunWatcher] = weakref.WeakKeyDictionary()


def watcher() -> RunWatcher:
    """Return the watcher of the running event loop."""
    return _watchers.setdefault(asyncio.get_running_loop(), RunWatcher())


class AirflowApi:
    """
    Airflow's public REST API, for what no trigger may ask otherwise.

    :param conn_id: an Airflow connection of type ``http`` to the API server: host, port, login and password of a user
        who may edit DAG runs; ``schema`` for https. A password alone is taken for a token.
    """

    def __init__(self, conn_id: str) -> None:
        self._conn_id = conn_id

    async def stop_run(self, dag_id: str, run_id: str) -> None:
        """
        Mark a run as failed, which ends its tasks.

        :raises httpx.HTTPError: the API server did not do it
        """
        await self._request("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", {"state": "failed"})

    async def is_paused(self, dag_id: str) -> bool:
        """
        Tell whether a DAG is paused.

        :raises httpx.HTTPError: the API server did not say
        """
        return bool((await self._request("GET", f"/api/v2/dags/{dag_id}")).get("is_paused"))

    async def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        import httpx

        connection = await sync_to_async(compat.connection)(self._conn_id)
        base = api_url(connection.host, connection.port, connection.schema)
        async with httpx.AsyncClient(base_url=base, timeout=10) as client:
            token = await self._token(client, connection)
            response = await client.request(
                method, path, json=body, headers={"Authorization": f"Bearer {token}"} if token else {}
            )
            response.raise_for_status()
            answer: dict[str, Any] = response.json()
            return answer

    async def _token(self, client: Any, connection: Any) -> str:
        """Log in anew each time: these calls are rare, and tokens end."""
        if not connection.login:
            return connection.password or (await _token_without_login(client))
        response = await client.post(
            "/auth/token", json={"username": connection.login, "password": connection.password}
        )
        response.raise_for_status()
        return str(response.json()["access_token"])


async def _token_without_login(client: Any) -> str:
    # SimpleAuthManager with [core] simple_auth_manager_all_admins hands a token to anybody.
    response = await client.get("/auth/token")
    response.raise_for_status()
    return str(response.json()["access_token"])
