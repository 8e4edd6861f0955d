"""Fixtures: a service with a clock that tests control, and a shared server with a new region for each test."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GROUP = "group-1"
_regions = count(1)


@dataclass
class Clock:
    """A clock that stands still until a test advances it."""

    now: datetime = datetime(2012, 12, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@dataclass
class Account:
    """What a user of the console and a task runner do with a service. It calls the service without HTTP."""

    service: Service
    clock: Clock
    pipeline_ids: list[str] = field(default_factory=list)

    def configure(self, **settings: Any) -> None:
        self.service.settings = EmulatorSettings(**settings)

    def start(self, *objects: dict[str, Any], **document: Any) -> str:
        self.pipeline_ids.append(self.service.start_pipeline({"objects": list(objects), **document}))
        return self.pipeline_ids[-1]

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.service.call(operation, request)

    def poll(self, worker_group: str = GROUP, **request: Any) -> dict[str, Any] | None:
        return self.call("PollForTask", workerGroup=worker_group, **request).get("taskObject")

    def take(self, worker_group: str = GROUP) -> str:
        """Poll and acknowledge a task, and return its id."""
        task = self.poll(worker_group)
        assert task is not None, f"no task for {worker_group}"
        self.progress(task["taskId"])
        return str(task["taskId"])

    def progress(self, pipeline_task_id: str, **fields: str) -> bool:
        wire = [{"key": key, "stringValue": value} for key, value in fields.items()]
        return bool(self.call("ReportTaskProgress", taskId=pipeline_task_id, fields=wire)["canceled"])

    def report(self, pipeline_task_id: str, status: str, **errors: str) -> None:
        self.call("SetTaskStatus", taskId=pipeline_task_id, taskStatus=status, **errors)

    def attempts(self) -> dict[str, str]:
        """Return the status of each attempt by ``component#number``."""
        return {
            f"{each.component_id}#{each.attempt_id.rpartition('=')[2]}": each.status for each in self.service.attempts()
        }

    def object(self, object_id: str) -> dict[str, str]:
        """Return the fields of an object of the latest pipeline. The values of a repeated key are joined by commas."""
        described = self.call("DescribeObjects", pipelineId=self.pipeline_ids[-1], objectIds=[object_id])
        fields: dict[str, str] = {}
        for each in described["pipelineObjects"][0]["fields"]:
            value = each.get("stringValue", each.get("refValue"))
            fields[each["key"]] = f"{fields[each['key']]},{value}" if each["key"] in fields else value
        return fields

    def statuses(self) -> dict[str, str]:
        """Return the status of each instance of the latest pipeline by its component."""
        ids = self.call("QueryObjects", pipelineId=self.pipeline_ids[-1], sphere="INSTANCE")["ids"]
        fields = [self.object(each) for each in ids]
        return {each["@componentParent"]: each["@status"] for each in fields}

    def instance(self, component_id: str) -> str:
        """Return the id of the component's newest instance."""
        ids = self.call("QueryObjects", pipelineId=self.pipeline_ids[-1], sphere="INSTANCE")["ids"]
        return str([each for each in ids if each.startswith(f"@{component_id}_")][-1])

    def command(self, status: str, *components: str) -> None:
        ids = [self.instance(each) for each in components]
        self.call("SetStatus", pipelineId=self.pipeline_ids[-1], objectIds=ids, status=status)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def account(clock: Clock) -> Account:
    return Account(Service(clock=clock), clock)


@pytest.fixture(scope="session")
def shared_server() -> Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


@pytest.fixture
def server(shared_server: EmulatorServer) -> EmulatorServer:
    """A running server with default settings and no faults. Its records also have the requests of other tests."""
    shared_server.service.settings = EmulatorSettings(retry_delay_minimum_seconds=0, retry_delay_default_seconds=0)
    shared_server.service.faults.clear()
    return shared_server


@pytest.fixture
def region() -> str:
    """A region that no other test uses. The state of the emulator is separate for each region."""
    return f"region-{next(_regions)}"


@pytest.fixture
def client(server: EmulatorServer, region: str) -> Any:
    """A boto3 client that does not retry requests."""
    return connect(server, region)


def connect(server: EmulatorServer, region: str, **config: Any) -> Any:
    settings = {"retries": {"total_max_attempts": 1}, "read_timeout": 100, "max_pool_connections": 50, **config}
    return boto3.session.Session().client(
        "datapipeline",
        endpoint_url=server.url,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(**settings),
    )


@pytest.fixture
def hello() -> dict[str, Any]:
    """A pipeline definition with one activity."""
    return {
        "objects": [{"id": "SayHello", "type": "ShellCommandActivity", "command": "echo hello", "workerGroup": GROUP}]
    }


class DatedSigV4Auth(SigV4Auth):
    """Signs requests with the time ``when`` instead of the current time."""

    when: datetime | None = None

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        if self.when is not None:
            request.context["timestamp"] = self.when.strftime("%Y%m%dT%H%M%SZ")
        super()._modify_request_before_signing(request)


@dataclass
class Http:
    """Sends raw HTTP requests, signed by botocore, to a server. Tests use it for requests that boto3 never sends."""

    url: str
    region: str

    def headers(self, operation: str, body: bytes, **options: Any) -> dict[str, str]:
        """
        Signed headers.

        :param options: ``key``, ``secret``, ``token``, ``service``, ``extra`` (more headers, signed too), ``when``
        """
        credentials = Credentials(options.get("key", "test"), options.get("secret", "test"), options.get("token"))
        headers = {"X-Amz-Target": f"DataPipeline.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        request = AWSRequest("POST", f"{self.url}/", headers={**headers, **options.get("extra", {})}, data=body)
        auth = DatedSigV4Auth(credentials, options.get("service", "datapipeline"), self.region)
        auth.when = options.get("when")
        auth.add_auth(request)
        return dict(request.headers.items())

    def send(
        self, body: bytes, headers: dict[str, str], *, method: str = "POST", path: str = "/"
    ) -> tuple[int, str, bytes]:
        """Return the status, the content type and the body of the answer."""
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=10)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        finally:
            connection.close()

    def start_request(self, operation: str, body: bytes) -> socket.socket:
        """Send a request and return its connection. Do not wait for the answer."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        lines = [f"{name}: {value}" for name, value in self.headers(operation, body).items()]
        head = "\r\n".join(["POST / HTTP/1.1", f"Host: {host}:{port}", f"Content-Length: {len(body)}", *lines, "", ""])
        connection = socket.create_connection((host, int(port)), timeout=10)
        connection.sendall(head.encode() + body)
        return connection


@pytest.fixture
def http(server: EmulatorServer, region: str) -> Http:
    return Http(server.url, region)


def received_answer(connection: socket.socket) -> dict[str, Any]:
    """Return the JSON of the answer on a connection, and close the connection."""
    response = HTTPResponse(connection)
    response.begin()
    try:
        return dict(json.loads(response.read()))
    finally:
        response.close()
        connection.close()


def eventually(condition: Callable[[], Any], *, seconds: float = 10) -> Any:
    """Wait until the condition is true, and return its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.005)
    return value


@dataclass
class Tools:
    """The functions of this file, as a fixture. Test modules cannot import this file."""

    connect = staticmethod(connect)
    eventually = staticmethod(eventually)
    received_answer = staticmethod(received_answer)
    Http = Http


@pytest.fixture
def tools() -> Tools:
    return Tools()
