"""Stands in for Airflow's API server: logins, tokens that expire, DAGs and their runs."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a kept connection has one, which waits for more

    def handle_error(self, *_: object) -> None:
        """The client may have closed the connection meanwhile."""


@dataclass
class Asked:
    line: str
    authorization: str | None
    body: Any


@dataclass
class ApiStandIn:
    """
    An API server for its users, with the paused DAG ``nightly``.

    :param path: comes before the path of the API, as behind a proxy
    :param token_seconds: how long a token is valid, by what the token itself says; None: the token does not say it
    :param readers: users who may read, and may change nothing
    """

    path: str = ""
    users: dict[str, str] = field(default_factory=lambda: {"ann": "secret"})
    readers: set[str] = field(default_factory=set)
    token_seconds: float | None = None
    status_of_unknown_token: int = 401
    runs: dict[tuple[str, str], str] = field(default_factory=dict)
    fixed_tokens: set[str] = field(default_factory=lambda: {"my-token"})
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Status and text of the answer to every request, by path."""
    asked: list[Asked] = field(default_factory=list)
    clients: set[Any] = field(default_factory=set)
    """The addresses of the clients: one for each connection."""
    cookies: list[str | None] = field(default_factory=list)
    """The cookies of each request."""
    goes_on: threading.Event = field(default_factory=threading.Event)
    """While it is cleared, requests wait, for up to 20 seconds."""
    seconds_between_bytes: float = 0
    ends_runs: str | None = None
    """The state that a run has after the first request about it; ``deleted`` removes the run."""

    def __post_init__(self) -> None:
        self.goes_on.set()
        self._tokens: dict[str, str] = {}
        self._open = 0
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # so that connections are kept

            def setup(self) -> None:
                super().setup()
                stand_in.count(1)

            def finish(self) -> None:
                super().finish()
                stand_in.count(-1)

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(
                    f"{self.command} {self.path}", self.headers["Authorization"], json.loads(body) if body else None
                )
                stand_in.remember(asked)
                stand_in.clients.add(self.client_address)
                stand_in.cookies.append(self.headers["Cookie"])
                stand_in.goes_on.wait(20)
                status, text = stand_in.reply(self.command, self.path, asked)
                self.send_response(status)
                self.send_header("Set-Cookie", "session=somebody; Path=/")
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                for byte in text.encode() if stand_in.seconds_between_bytes else [text.encode()]:
                    self.wfile.write(byte if isinstance(byte, bytes) else bytes([byte]))
                    time.sleep(stand_in.seconds_between_bytes)

            do_GET = do_POST = do_PATCH = answer  # noqa: N815  # the base class's names

            def log_message(self, *_: object) -> None:
                """Write nothing to standard error."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.port = self._server.server_port
        return self

    def __exit__(self, *_: object) -> None:
        self.goes_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def count(self, more: int) -> None:
        with self._changed:
            self._open += more
            self._changed.notify_all()

    def wait_until_open(self, number: int) -> bool:
        """Wait until so many connections are open; return whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == number, timeout=10)

    def remember(self, asked: Asked) -> None:
        with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()

    def wait_until_asked(self, line: str) -> bool:
        """Wait for a request; return whether it came."""
        with self._changed:
            return self._changed.wait_for(lambda: line in self.lines, timeout=10)

    @property
    def lines(self) -> list[str]:
        return [each.line for each in self.asked]

    @property
    def logins(self) -> int:
        return sum("/auth/token" in line for line in self.lines)

    def end_sessions(self) -> None:
        """Forget all tokens that were given out so far."""
        self._tokens.clear()

    def reply(self, method: str, path: str, asked: Asked) -> tuple[int, str]:
        if path in self.answers:
            return self.answers[path]
        if not path.startswith(f"{self.path}/"):
            return 404, json.dumps({"detail": "Not Found"})
        status, content = self._reply(method, path.removeprefix(self.path).strip("/").split("/"), asked)
        return status, json.dumps(content)

    def _reply(self, method: str, segments: list[str], asked: Asked) -> tuple[int, dict[str, Any]]:
        if segments == ["auth", "token"]:
            return self._log_in(asked.body)
        token = (asked.authorization or "").removeprefix("Bearer ")
        user = "" if token in self.fixed_tokens else self._tokens.get(token)
        if user is None:
            return self.status_of_unknown_token, {"detail": "Invalid JWT token"}
        if method == "PATCH" and user in self.readers:
            return 403, {"detail": "Forbidden"}
        match method, [unquote(segment) for segment in segments]:
            case "GET", ["api", "v2", "dags", "nightly" as dag_id]:
                return 200, {"dag_id": dag_id, "is_paused": True}
            case (("GET" | "PATCH"), ["api", "v2", "dags", dag_id, "dagRuns", run_id]):
                return self._run(method, dag_id, run_id, asked.body)
        return 404, {"detail": "Not Found"}

    def _run(self, method: str, dag_id: str, run_id: str, body: Any) -> tuple[int, dict[str, Any]]:
        if (state := self.runs.get((dag_id, run_id))) is None:
            told = f"The DagRun with dag_id: `{dag_id}` and run_id: `{run_id}` was not found"
            return 404, {"detail": told}
        if method == "PATCH":
            state = self.runs[dag_id, run_id] = body["state"]
        elif self.ends_runs == "deleted":
            del self.runs[dag_id, run_id]
        return 200, {"dag_run_id": run_id, "state": state}

    def _log_in(self, body: Any) -> tuple[int, dict[str, Any]]:
        if body is not None and self.users.get(body["username"]) != body["password"]:
            return 401, {"detail": "Invalid credentials"}
        number = len(self._tokens) + self.logins
        end = b"{}" if self.token_seconds is None else json.dumps({"exp": time.time() + self.token_seconds}).encode()
        token = f"e30.{base64.urlsafe_b64encode(end).decode().rstrip('=')}.{number}"
        self._tokens[token] = body["username"] if body else "anybody"
        return 201, {"access_token": token}
