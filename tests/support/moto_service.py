"""
Offers moto's AWS over HTTP, in a thread of the test's process.

Clients in other processes need it, because moto's mock works only in its own process. moto has a server too, but that
server needs Flask, which is not installed with Airflow 3.1 and newer.
"""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from botocore.awsrequest import AWSPreparedRequest  # type: ignore[import-untyped]  # ships no types
from botocore.compat import HTTPHeaders  # type: ignore[import-untyped]
from moto.core.botocore_stubber import BotocoreStubber

if TYPE_CHECKING:
    from types import TracebackType

_SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


class MotoService(ThreadingHTTPServer):
    """
    Every service of moto at one address: ``with MotoService() as aws`` serves at ``aws.url``.

    The server uses the region and the service in the signature of a request, but does not verify the signature.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _RequestHandler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _RequestHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Let moto answer the request as if it was sent to the AWS host for which it is signed."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        scope = _SCOPE.search(self.headers["Authorization"])
        assert scope is not None, self.headers["Authorization"]
        url = f"https://{scope['service']}.{scope['region']}.amazonaws.com{self.path}"
        headers = HTTPHeaders()
        for name, value in self.headers.items():
            headers[name] = value
        request = AWSPreparedRequest("POST", url, headers, body.decode(), stream_output=False)
        answer = BotocoreStubber().process_request(request)
        assert answer is not None, f"moto has no {url}"
        status, answer_headers, answer_body = answer
        encoded_body = answer_body.encode() if isinstance(answer_body, str) else answer_body
        self.send_response(status)
        for name, value in answer_headers.items():
            if name.lower() != "content-length":
                self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(encoded_body)))
        self.end_headers()
        self.wfile.write(encoded_body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass
