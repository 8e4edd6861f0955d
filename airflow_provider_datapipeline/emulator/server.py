"""The emulator over HTTP: Starlette on uvicorn, keep-alive connections, many long polls held at once."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from typing import TYPE_CHECKING, ClassVar, Self

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from airflow_provider_datapipeline.emulator.credentials import Credentials
from airflow_provider_datapipeline.emulator.endpoint import Answer, Endpoint
from airflow_provider_datapipeline.emulator.long_polls import LongPolls
from airflow_provider_datapipeline.emulator.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from types import TracebackType

    from starlette.types import Receive, Scope, Send

    from airflow_provider_datapipeline.emulator.endpoint import Call
    from airflow_provider_datapipeline.emulator.settings import EmulatorSettings

DEFAULT_CREDENTIALS = {"test": "test"}
_KEEP_ALIVE_SECONDS = 120
_SHUTDOWN_SECONDS = 1
_BACKLOG = 2048


class EmulatorServer:
    """
    A local AWS Data Pipeline: ``with EmulatorServer() as server: boto3.client(..., endpoint_url=server.url)``.

    In a ``with`` block it runs in a thread of its own; ``run()`` runs it in the calling one until ctrl-C.

    :param service: the service to offer, or the switches of a new one
    :param port: TCP port; 0 takes a free one, which ``url`` tells
    :param host: an address of this machine; one that is not loopback needs credentials other than the default
    :param credentials: secrets by access key, or ``Credentials`` with tokens, ends, owners and policies; by default
        ``test`` with the secret ``test``. They can be changed at any time: ``server.credentials.expire("test")``
    :param regions: those that requests may be signed for; by default any
    :raises ValueError: a host beyond loopback with the default credentials
    :raises OSError: the port is taken
    """

    def __init__(
        self,
        service: Service | EmulatorSettings | None = None,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        credentials: Mapping[str, str] | Credentials | None = None,
        regions: Collection[str] | None = None,
    ) -> None:
        given = DEFAULT_CREDENTIALS if credentials is None else credentials
        self.credentials = given if isinstance(given, Credentials) else Credentials(given)
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback and self._accepts_default_credentials():
            raise ValueError(f"{host} can be reached from other machines: choose credentials other than test:test")
        self.service = service if isinstance(service, Service) else Service(service)
        self._endpoint = Endpoint(self.service, self.credentials, regions)
        self._socket = _listening_socket(host, port)
        bound_port: int = self._socket.getsockname()[1]
        self.url = f"http://[{host}]:{bound_port}" if ":" in host else f"http://{host}:{bound_port}"
        self._server = _Server(
            uvicorn.Config(
                self._application,
                http=_Connection,
                interface="asgi3",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            ),
            self._close_polls,
        )
        self._polls: LongPolls | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.run, name="data-pipeline-emulator", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        if self._thread:
            self._thread.join()

    def _accepts_default_credentials(self) -> bool:
        return any(
            (key := self.credentials.find(name)) is not None and key.secret == secret
            for name, secret in DEFAULT_CREDENTIALS.items()
        )

    def run(self) -> None:
        """Serve until stopped; in the main thread, until SIGINT or SIGTERM, which uvicorn then raises again."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._polls = LongPolls(self.service, self._endpoint, asyncio.get_running_loop())
        # uvicorn leaves it open when it is stopped before it has started.
        with self._socket:
            await self._server.serve(sockets=[self._socket])

    def _close_polls(self) -> None:
        if self._polls:
            self._polls.close()

    async def _application(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        path = scope["raw_path"].decode("latin-1")
        if scope["query_string"]:
            path += "?" + scope["query_string"].decode("latin-1")
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        call = self._endpoint.authenticate(scope["method"], path, headers, body)
        answer = call if isinstance(call, Answer) else await self._answer_call(call, request)
        if answer is None:
            await _Connection.close(request)
        else:
            await Response(answer.body, answer.status, answer.headers)(scope, receive, send)

    async def _answer_call(self, call: Call, request: Request) -> Answer | None:
        """Return the answer, or None if the connection must be closed without an answer."""
        fault = call.fault
        if fault and fault.kind in ("drop", "swallow"):
            await asyncio.sleep(fault.seconds)
            return None
        result = self._endpoint.execute(call)
        if call.operation == "PollForTask" and result == {} and self._polls:
            result = await self._wait_for_task(call, request, self._polls)
        answer = result if isinstance(result, Answer) else self._endpoint.success_answer(call, result)
        if fault and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        return None if fault and fault.kind == "lose_answer" else answer

    async def _wait_for_task(self, call: Call, request: Request, polls: LongPolls) -> dict[str, object] | Answer:
        settings = self.service.settings
        waiting = polls.wait(call, settings.long_poll_seconds)
        if settings.abandoned_poll == "takes_task":
            return await waiting
        poll = asyncio.ensure_future(waiting)
        gone = asyncio.ensure_future(_wait_for_disconnect(request))
        try:
            await asyncio.wait({poll, gone}, return_when=asyncio.FIRST_COMPLETED)
            return poll.result() if poll.done() else {}
        finally:
            poll.cancel()
            gone.cancel()


def _listening_socket(host: str, port: int) -> socket.socket:
    # The protocol is named because asyncio turns off Nagle's delay (40 ms per answer) only where it is.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Server(uvicorn.Server):
    """uvicorn, which would wait for held polls before it ends."""

    def __init__(self, config: uvicorn.Config, close_polls: Callable[[], None]) -> None:
        super().__init__(config)
        self._close_polls = close_polls

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._close_polls()
        await super().shutdown(sockets)


class _Connection(H11Protocol):
    """A connection that the application can close without an answer, which ASGI has no word for."""

    _open_transports: ClassVar[dict[tuple[object, object], asyncio.Transport]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._open_transports[(self.client, self.server)] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_transports.pop((self.client, self.server), None)
        super().connection_lost(exc)

    @classmethod
    async def close(cls, request: Request) -> None:
        """Close the connection of this request and wait until that is done, lest uvicorn answers for us."""
        transport = cls._open_transports.get((request.scope["client"], request.scope["server"]))
        if transport:
            transport.close()
        await _wait_for_disconnect(request)
