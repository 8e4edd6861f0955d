"""What a trigger asks of Airflow: when runs end, and its public API."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline._airflow import compat, triggerer
from airflow_provider_datapipeline._airflow.names import DAG  # noqa: F401  # Airflow 2 reads no connection before it is loaded
from airflow_provider_datapipeline._airflow.triggerer import AirflowApi, RunWatcher, api_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

LONG = 20.0


@dataclass
class Runs:
    """Stands in for Airflow's count of runs."""

    ended: set[str] = field(default_factory=set)
    calls: list[tuple[str, int]] = field(default_factory=list)
    errors: int = 0

    async def count(self, dag_id: str, run_ids: Sequence[str], states: Sequence[str]) -> int:
        assert tuple(states) == ("success", "failed")
        self.calls.append((dag_id, len(run_ids)))
        if self.errors:
            self.errors -= 1
            raise ConnectionError("the API server is down")
        return len(self.ended.intersection(run_ids))


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    runs = Runs()
    monkeypatch.setattr(triggerer, "count_runs", runs.count)
    monkeypatch.setattr(triggerer, "_WATCH_SECONDS", 0.02)
    return runs


async def calls(runs: Runs, number: int) -> None:
    async with asyncio.timeout(LONG):
        while len(runs.calls) < number:  # noqa: ASYNC110  # simpler than an event for each number
            await asyncio.sleep(0.01)


async def test_a_wait_ends_with_the_run(runs: Runs) -> None:
    waiting = asyncio.create_task(RunWatcher().ended("nightly", "run_1", timeout=LONG))
    await calls(runs, 2)
    assert not waiting.done()

    runs.ended.add("run_1")

    async with asyncio.timeout(LONG / 2):
        await waiting


async def test_many_runs_of_a_dag_are_one_question(runs: Runs) -> None:
    watcher = RunWatcher()
    waiting = [asyncio.create_task(watcher.ended("nightly", f"run_{n}", timeout=LONG)) for n in range(80)]
    waiting.append(asyncio.create_task(watcher.ended("hourly", "run_1", timeout=LONG)))
    await calls(runs, 4)

    assert set(runs.calls) == {("nightly", 80), ("hourly", 1)}
    runs.ended |= {f"run_{n}" for n in range(80)}
    async with asyncio.timeout(LONG / 2):
        await asyncio.gather(*waiting)


async def test_only_who_waits_for_the_run_that_ended_is_woken(runs: Runs) -> None:
    """One of eighty is found by halving: some dozen questions, not eighty."""
    watcher = RunWatcher()
    waiting = {f"run_{n}": asyncio.create_task(watcher.ended("nightly", f"run_{n}", timeout=LONG)) for n in range(80)}
    await calls(runs, 1)
    asked = len(runs.calls)
    runs.ended.add("run_33")

    async with asyncio.timeout(LONG / 2):
        await waiting["run_33"]

    assert [run_id for run_id, task in waiting.items() if task.done()] == ["run_33"]
    assert len(runs.calls) - asked < 25
    runs.ended |= set(waiting)
    await asyncio.gather(*waiting.values())


async def test_a_wait_survives_errors_of_airflow(runs: Runs) -> None:
    runs.errors = 3
    runs.ended.add("run_1")

    async with asyncio.timeout(LONG / 2):
        await RunWatcher().ended("nightly", "run_1", timeout=LONG)

    assert len(runs.calls) == 4


async def test_a_wait_ends_after_its_time(runs: Runs) -> None:
    """Without an error; and nobody is asked any more when nobody waits."""
    watcher = RunWatcher()

    async with asyncio.timeout(LONG):
        await watcher.ended("nightly", "run_1", timeout=0.05)

    assert watcher._reader is not None
    async with asyncio.timeout(LONG):
        await watcher._reader


async def test_two_who_wait_for_one_run_are_both_woken(runs: Runs) -> None:
    """A trigger and its successor, which overlap when a triggerer is replaced."""
    watcher = RunWatcher()
    patient = asyncio.create_task(watcher.ended("nightly", "run_1", timeout=LONG))
    await watcher.ended("nightly", "run_1", timeout=0.05)

    runs.ended.add("run_1")

    async with asyncio.timeout(LONG / 2):
        await patient


# Airflow's API


@dataclass
class Asked:
    line: str
    authorization: str | None
    body: Any


@contextmanager
def api_server() -> Iterator[tuple[int, list[Asked]]]:
    """Airflow's API server, as far as it is asked: tokens for anybody, and a paused DAG."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append(
                Asked(f"{self.command} {self.path}", self.headers["Authorization"], json.loads(body) if body else None)
            )
            found = "missing" not in self.path
            content = json.dumps({"access_token": "handed-out", "is_paused": True}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = answer  # noqa: N815  # the base class's names

        def log_message(self, *_: object) -> None:
            """Nothing to standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[tuple[int, list[Asked]]]:
    with api_server() as started:
        yield started


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AirflowApi]:
    def define(**connection: Any) -> AirflowApi:
        monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_API", json.dumps({"conn_type": "http", **connection}))
        return AirflowApi("airflow_api")

    return define


async def test_a_login_is_exchanged_for_a_token(server, connect) -> None:
    port, asked = server

    assert await connect(host="127.0.0.1", port=port, login="ann", password="secret").is_paused("nightly") is True

    assert asked == [
        Asked("POST /auth/token", None, {"username": "ann", "password": "secret"}),
        Asked("GET /api/v2/dags/nightly", "Bearer handed-out", None),
    ]


async def test_a_password_alone_is_the_token(server, connect) -> None:
    port, asked = server

    await connect(host="127.0.0.1", port=port, password="my-token").is_paused("nightly")

    assert asked == [Asked("GET /api/v2/dags/nightly", "Bearer my-token", None)]


async def test_without_either_a_token_is_asked_for(server, connect) -> None:
    """As Airflow's simple auth manager hands out where everybody is an administrator."""
    port, asked = server

    await connect(host="127.0.0.1", port=port).is_paused("nightly")

    assert [(each.line, each.authorization) for each in asked] == [
        ("GET /auth/token", None),
        ("GET /api/v2/dags/nightly", "Bearer handed-out"),
    ]


async def test_a_run_is_stopped_by_marking_it_failed(server, connect) -> None:
    """Run ids hold characters that mean something in a URL."""
    port, asked = server

    await connect(host="127.0.0.1", port=port, password="t").stop_run("nightly", "df-1.A_2026-11-22T10:00:00+1~.ab")

    (patch,) = asked
    assert patch.line == "PATCH /api/v2/dags/nightly/dagRuns/df-1.A_2026-11-22T10:00:00+1~.ab"
    assert patch.body == {"state": "failed"}


@pytest.mark.parametrize(
    "address",
    [
        lambda port: {"host": "http://127.0.0.1", "port": port},
        lambda port: {"host": f"http://127.0.0.1:{port}"},
        lambda port: {"host": f"http://127.0.0.1:{port}/"},
        lambda port: {"host": "127.0.0.1", "port": port, "schema": "http"},
        lambda port: {"host": "http://127.0.0.1", "port": port, "schema": "https"},
    ],
)
async def test_a_host_may_carry_its_scheme(server, connect, address) -> None:
    """Which then counts more than the schema, as in Airflow's own HttpHook."""
    port, asked = server

    assert await connect(**address(port), password="t").is_paused("nightly") is True

    assert asked[0].line == "GET /api/v2/dags/nightly"


@pytest.mark.parametrize(
    ("host", "port", "schema", "url"),
    [
        (None, None, None, "http://localhost"),
        ("airflow", 8080, None, "http://airflow:8080"),
        ("airflow", None, "https", "https://airflow"),
        ("airflow:8080", None, "https", "https://airflow:8080"),
        ("https://airflow/", 8443, None, "https://airflow:8443"),
        ("https://airflow/team/a", 8443, None, "https://airflow:8443/team/a"),
        ("https://airflow:8443/team/a/", None, "http", "https://airflow:8443/team/a"),
        ("https://airflow:8443/team", 9, None, "https://airflow:8443/team"),
        ("airflow/team", 8443, "https", "https://airflow:8443/team"),
        ("::1", 8080, None, "http://[::1]:8080"),
        ("[::1]:8080", None, None, "http://[::1]:8080"),
        ("http://[::1]/team", 8080, None, "http://[::1]:8080/team"),
    ],
)
def test_the_address_is_put_together_from_what_the_connection_has(host, port, schema, url) -> None:
    """Behind a proxy Airflow has a path, which comes after the port."""
    assert api_url(host, port, schema) == url


async def test_the_path_of_the_host_comes_before_that_of_the_api(server, connect) -> None:
    port, asked = server

    await connect(host="http://127.0.0.1/team/a", port=port, login="ann", password="secret").is_paused("nightly")

    assert [each.line for each in asked] == ["POST /team/a/auth/token", "GET /team/a/api/v2/dags/nightly"]


async def test_the_schema_https_is_spoken(server, connect) -> None:
    """To a server that does not speak it."""
    import httpx

    port, asked = server

    with pytest.raises(httpx.ConnectError):
        await connect(host="127.0.0.1", port=port, schema="https", password="t").is_paused("nightly")
    assert not asked


async def test_an_error_of_the_api_server_is_raised(server, connect) -> None:
    import httpx

    port, _ = server

    with pytest.raises(httpx.HTTPStatusError, match="404"):
        await connect(host="127.0.0.1", port=port, password="t").stop_run("missing", "run_1")
