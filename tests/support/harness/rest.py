"""The part of Airflow's REST API that tests need, with the same methods for v1 (Airflow 2) and v2 (Airflow 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from tests.support.harness.settings import IS_AIRFLOW_3, LAYOUT
from tests.support.harness.waiting import DeploymentError, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]


class RestClient:
    """Calls the HTTP server of a deployment, to which every caller is an administrator."""

    def __init__(self, address: str):
        # The environment of the tests, a proxy or a .netrc for example, must not change the calls.
        self._http = httpx.Client(base_url=address, timeout=60, trust_env=False)
        self._authorized = not IS_AIRFLOW_3

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> dict[str, Json]:
        """Return what the server reports about each component; empty while the server does not answer."""
        try:
            answer = self._http.get(LAYOUT.health_path)
        except httpx.TransportError:
            return {}
        report: dict[str, Json] = answer.json() if answer.status_code == httpx.codes.OK else {}
        return report

    def dag(self, dag_id: str) -> Json | None:
        """Return the DAG; None while Airflow does not know it."""
        return self._find(f"/dags/{dag_id}")

    def import_errors(self) -> dict[str, str]:
        """Return the stack trace of each DAG file that could not be imported, by file name."""
        errors = self._call("GET", "/importErrors", params={"limit": 100})["import_errors"]
        return {error["filename"]: error["stack_trace"] for error in errors}

    def plugins(self) -> list[str]:
        """Return the name of each plugin that the server has loaded."""
        return [plugin["name"] for plugin in self._call("GET", "/plugins", params={"limit": 100})["plugins"]]

    def set_connection(self, connection: Mapping[str, str]) -> None:
        """Create a connection, or replace the one with the same id."""
        self._call(
            "PATCH",
            "/connections",
            json={"actions": [{"action": "create", "entities": [connection], "action_on_existence": "overwrite"}]},
        )

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> None:
        """Create a DAG run."""
        body: Json = {"dag_run_id": run_id, "conf": conf}
        if IS_AIRFLOW_3:
            body["logical_date"] = None
        self._call("POST", f"/dags/{dag_id}/dagRuns", json=body)

    def run(self, dag_id: str, run_id: str) -> Json | None:
        """Return the DAG run; None if there is none."""
        return self._find(_run_path(dag_id, run_id))

    def runs(self) -> list[Json]:
        """Return every run of every DAG, up to the page size of the server."""
        runs: list[Json] = self._call("GET", "/dags/~/dagRuns", params={"limit": 1000})["dag_runs"]
        return runs

    def running_task_instances(self) -> list[Json]:
        """Return the running task instances of every DAG, up to the page size of the server."""
        path = "/dags/~/dagRuns/~/taskInstances"
        instances: list[Json] = self._call("GET", path, params={"limit": 1000, "state": "running"})["task_instances"]
        return instances

    def task_instances(self, dag_id: str, run_id: str) -> list[Json]:
        """Return every task instance of a run, mapped ones included; on Airflow 3 at most 100."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances"
        instances: list[Json] = self._call("GET", path, params={"limit": 100})["task_instances"]
        return instances

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str, map_index: int) -> Json | None:
        """Return the XCom entry; None if there is none."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances/{task_id}/xcomEntries/{quote(key, safe='')}"
        return self._find(path, params={"map_index": map_index, "stringify": "false"})

    def set_run_state(self, dag_id: str, run_id: str, state: str) -> Json:
        """Mark a run as a user of the web interface would; return the run."""
        return self._call("PATCH", _run_path(dag_id, run_id), json={"state": state})

    def set_task_state(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Mark a task instance as a user of the web interface would."""
        body: Json = {"new_state": state} if IS_AIRFLOW_3 else {"new_state": state, "dry_run": False}
        self._call("PATCH", f"{_run_path(dag_id, run_id)}/taskInstances/{task_id}", json=body)

    def clear(self, dag_id: str, run_id: str, task_ids: list[str] | None) -> None:
        """Clear task instances of a run in any state, so that they run again; by default all instances."""
        body: Json = {"dry_run": False, "dag_run_id": run_id, "only_failed": False, "reset_dag_runs": True}
        if task_ids is not None:
            body["task_ids"] = task_ids
        self._call("POST", f"/dags/{dag_id}/clearTaskInstances", json=body)

    def _find(self, path: str, **arguments: Any) -> Json | None:
        answer = self._send("GET", path, **arguments)
        return None if answer.status_code == httpx.codes.NOT_FOUND else _json(answer)

    def _call(self, method: str, path: str, **arguments: Any) -> Json:
        def answered() -> httpx.Response | None:
            answer = self._send(method, path, **arguments)
            return None if answer.is_server_error else answer

        # With SQLite a write fails while the database is locked.
        return _json(wait_until(answered, f"{method} {path}", timeout=60))

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        if not self._authorized:
            token = _json(self._http.get("/auth/token"))["access_token"]
            self._http.headers["Authorization"] = f"Bearer {token}"
            self._authorized = True
        return self._http.request(method, f"{LAYOUT.api_path}{path}", **arguments)


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"


def _json(answer: httpx.Response) -> Json:
    if answer.is_error:
        request = answer.request
        raise DeploymentError(f"{request.method} {request.url}: {answer.status_code} {answer.text[:2000]}")
    body: Json = answer.json()
    return body
