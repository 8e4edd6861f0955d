"""Offers the emulator over HTTP with Starlette and uvicorn: keep-alive connections, and many long polls at once."""

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

    In a ``with`` block, the server runs in its own thread. ``run()`` runs it in the current thread until ctrl-C.

    :param service: the service to offer, or the settings of a new service
    :param port: the TCP port; 0 chooses a free port, and ``url`` contains it
    :param host: the address to listen on; an address that other machines can reach needs credentials of your own
    :param credentials: a mapping from access keys to secrets, or ``Credentials``, which also has session tokens,
        expiry times, owners and policies. The default is the key ``test`` with the secret ``test``. The keys can be
        changed at any time: ``server.credentials.expire("test")``
    :param regions: the regions for which requests may be signed; the default allows all regions
    :raises ValueError: other machines can reach the host, and the credentials are the default ones
    :raises OSError: the port is in use
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
        if credentials is None:
            credentials = DEFAULT_CREDENTIALS
        self.credentials = credentials if isinstance(credentials, Credentials) else Credentials(credentials)
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback and self._accepts_default_credentials():
            raise ValueError(f"{host} can be reached from other machines: choose credentials other than test:test")
        self.service = service if isinstance(service, Service) else Service(service)
        self._endpoint = Endpoint(self.service, self.credentials, regions)
        self._socket = _open_listening_socket(host, port)
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
        for name, secret in DEFAULT_CREDENTIALS.items():
            key = self.credentials.find(name)
            if key is not None and key.secret == secret:
                return True
        return False

    def run(self) -> None:
        """
        Serve requests until the server is stopped.

        In the main thread, SIGINT and SIGTERM also stop the server. uvicorn then raises the signal again.
        """
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._polls = LongPolls(self.service, self._endpoint, asyncio.get_running_loop())
        # Close the socket here: uvicorn leaves it open if it is stopped before it has started.
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
        wait_for_task = polls.wait(call, settings.long_poll_seconds)
        if settings.abandoned_poll == "takes_task":
            return await wait_for_task
        poll = asyncio.ensure_future(wait_for_task)
        disconnect = asyncio.ensure_future(_wait_for_disconnect(request))
        try:
            await asyncio.wait({poll, disconnect}, return_when=asyncio.FIRST_COMPLETED)
            return poll.result() if poll.done() else {}
        finally:
            poll.cancel()
            disconnect.cancel()


def _open_listening_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm, which delays each answer by 40 ms, only if the protocol is given here.
    listening_socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening_socket.bind((host, port))
        listening_socket.listen(_BACKLOG)
    except OSError:
        listening_socket.close()
        raise
    return listening_socket


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Server(uvicorn.Server):
    """uvicorn's server, which answers the open long polls before it stops. uvicorn alone would wait for their end."""

    def __init__(self, config: uvicorn.Config, close_polls: Callable[[], None]) -> None:
        super().__init__(config)
        self._close_polls = close_polls

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._close_polls()
        await super().shutdown(sockets)


class _Connection(H11Protocol):
    """A connection that the application can close without an answer. ASGI has no message for that."""

    _open_transports: ClassVar[dict[tuple[object, object], asyncio.Transport]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._open_transports[(self.client, self.server)] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_transports.pop((self.client, self.server), None)
        super().connection_lost(exc)

    @classmethod
    async def close(cls, request: Request) -> None:
        """Close the connection of this request, and wait until it is closed. Otherwise uvicorn sends an answer."""
        transport = cls._open_transports.get((request.scope["client"], request.scope["server"]))
        if transport:
            transport.close()
        await _wait_for_disconnect(request)
