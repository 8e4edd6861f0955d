"""A small service that gives the answers of a test, and remembers its requests."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

NAMESPACE = "com.amazon.setl.webservice#"


@dataclass(frozen=True)
class Answer:
    """One answer. With ``hang`` none is sent until the test ends. With ``hang_up`` the connection is closed instead."""

    body: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    hang: bool = False
    hang_up: bool = False


HANG = Answer(hang=True)
HANG_UP = Answer(hang_up=True)


def refusal(code: str, *, status: int = 400, message: str = "as told by the test") -> Answer:
    return Answer({"__type": NAMESPACE + code, "message": message}, status)


THROTTLED = refusal("ThrottlingException", message="Rate exceeded")
FAULT = refusal("InternalServiceError", status=500)


@dataclass
class Request:
    operation: str
    body: dict[str, Any]
    headers: dict[str, str]
    connection: tuple[str, int]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class StubService:
    """Gives its answers in order, and repeats the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers) or [Answer()]
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service._answer(self, body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def operations(self) -> list[str]:
        return [request.operation for request in self.requests]

    @property
    def connections(self) -> set[tuple[str, int]]:
        return {request.connection for request in self.requests}

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        with self._lock:
            operation = handler.headers["X-Amz-Target"].rpartition(".")[2]
            self.requests.append(Request(operation, body, dict(handler.headers), handler.client_address))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.hang:
            self._over.wait()
        if answer.hang or answer.hang_up:
            handler.close_connection = True
            return
        content = json.dumps(answer.body).encode()
        handler.send_response(answer.status)
        handler.send_header("Content-Type", "application/x-amz-json-1.1")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
