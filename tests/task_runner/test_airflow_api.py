"""Airflow's API, through a connection of type ``http`` to its API server."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import DAG  # noqa: F401  # Airflow 2 reads no connection before it
from airflow_provider_datapipeline.airflow_api.api import AirflowApi
from airflow_provider_datapipeline.airflow_api.server import api_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)


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
