"""Credentials that end while a process lives: renewed in the connection, they are used without anybody's help."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.amazon.aws.hooks.base_aws import BaseSessionFactory

from airflow_provider_datapipeline.delivery.sender import Delivery, adeliver
from airflow_provider_datapipeline.emulator import Credentials, EmulatorServer, EmulatorSettings
from airflow_provider_datapipeline.exceptions import AccessDeniedError, CredentialsError
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
from airflow_provider_datapipeline.reporting.report import TaskReport
from tests.hooks.conftest import CONN_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GROUP = "airflow"
PIPELINE = {
    "objects": [
        {"id": "Default", "scheduleType": "ondemand", "maximumRetries": "0"},
        {"id": "Work", "type": "ShellCommandActivity", "command": "true", "workerGroup": GROUP},
    ]
}
HEARTBEAT = ("report_task_runner_heartbeat", "runner-1")


@pytest.fixture
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(EmulatorSettings(long_poll_seconds=0), credentials=Credentials()) as server:
        yield server


@pytest.fixture
def renew(server: EmulatorServer, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Give the connection ``stub`` a new temporary key, which the service knows; return its id."""
    numbers = iter(range(100))

    def new_key(**rights: Any) -> str:
        number = next(numbers)
        key, secret, token = f"ASIA{number}", f"secret-{number}", f"token-{number}"
        server.credentials.add(key, secret, session_token=token, **rights)
        extra = {"endpoint_url": server.url, "region_name": "us-east-1", "aws_session_token": token}
        connection = {"conn_type": "aws", "login": key, "password": secret, "extra": extra}
        monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(connection))
        return key

    return new_key


def codes(server: EmulatorServer) -> list[str | None]:
    return [record.error_code for record in server.service.requests]


@pytest.mark.parametrize("end", ["expire", "remove"])
async def test_renewed_credentials_are_used_by_the_very_call_that_finds_the_old_ones_ended(
    server, renew, invoke, end
) -> None:
    """Nothing fails, no report waits for its next try; the service sees one refused request."""
    hook = DataPipelineHook(CONN_ID)
    old = renew()
    await invoke(hook, *HEARTBEAT)
    renew()
    getattr(server.credentials, end)(old)

    assert await invoke(hook, *HEARTBEAT) is False

    refused = {"expire": "ExpiredTokenException", "remove": "UnrecognizedClientException"}[end]
    assert codes(server) == [None, refused, None]


async def test_a_poll_finds_the_renewed_credentials_too(server, renew, hook, invoke) -> None:
    """It has a client of its own."""
    old = renew()
    assert await invoke(hook, "poll_for_task", GROUP) is None
    await invoke(hook, *HEARTBEAT)
    renew()
    server.credentials.expire(old)
    server.service.start_pipeline(PIPELINE)

    task = await invoke(DataPipelineHook(CONN_ID), "poll_for_task", GROUP)

    assert await invoke(hook, "report_task_progress", task.task_id) is False
    assert codes(server).count("ExpiredTokenException") == 2


async def test_until_they_are_renewed_every_call_says_what_to_do(server, renew, hook, invoke) -> None:
    """And asks the service once: credentials that were read for the call are not tried again."""
    key = renew()
    await invoke(hook, *HEARTBEAT)
    server.credentials.expire(key)

    for _ in range(3):
        with pytest.raises(CredentialsError, match=r"ExpiredTokenException: .* next call reads them anew"):
            await invoke(hook, *HEARTBEAT)
    assert codes(server)[1:] == ["ExpiredTokenException"] * 4

    renew()
    assert await invoke(hook, *HEARTBEAT) is False


async def test_what_the_identity_may_not_do_is_asked_once(server, renew, hook, invoke) -> None:
    """Rights are not expected to change; should the connection change, the next call has it."""
    renew(policies=[{"Statement": {"Effect": "Allow", "Action": "datapipeline:PollForTask", "Resource": "*"}}])
    assert await invoke(hook, "poll_for_task", GROUP) is None

    with pytest.raises(
        AccessDeniedError, match=r"user/ASIA0 is not authorized to perform: .* Grant the operation"
    ) as no:
        await invoke(hook, *HEARTBEAT)

    assert not isinstance(no.value, CredentialsError)
    assert codes(server) == [None, "AccessDeniedException"]
    renew()
    assert await invoke(hook, *HEARTBEAT) is False


async def test_all_calls_under_way_when_the_credentials_end_succeed(server, renew, hook) -> None:
    """A triggerer's heartbeats: each is refused once at most, and one new client serves them all."""
    old = renew()
    await asyncio.gather(*(hook.areport_task_runner_heartbeat(f"r{n}") for n in range(30)))
    renew()
    server.credentials.expire(old)

    answers = await asyncio.gather(*(hook.areport_task_runner_heartbeat(f"r{n}") for n in range(30)))

    assert answers == [False] * 30
    assert len(server.service.requests) <= 90
    signers = [record.signer for record in server.service.requests if record.error_code is None]
    assert [signer.rpartition("/")[2] for signer in signers[30:]] == ["ASIA1"] * 30


async def test_a_report_is_delivered_across_the_end_of_the_credentials(server, renew, hook) -> None:
    old = renew()
    server.service.start_pipeline(PIPELINE)
    task = await hook.apoll_for_task(GROUP)
    await hook.areport_task_progress(task.task_id)
    renew()
    server.credentials.expire(old)

    assert await adeliver(hook, task.task_id, TaskReport.finished()) is Delivery.DELIVERED

    (attempt,) = server.service.attempts()
    assert (attempt.reported_status, attempt.accepted_reports) == ("FINISHED", 1)


@pytest.mark.parametrize("repeated_status", ["task_not_found", "invalid_request"])
async def test_a_report_that_arrived_before_the_credentials_ended_counts_as_arrived(
    server, renew, hook, repeated_status
) -> None:
    """The answer is lost, the credentials end, botocore repeats: what the renewed credentials hear is an echo."""
    server.service.settings = EmulatorSettings(long_poll_seconds=0, repeated_status=repeated_status)
    old = renew()
    server.service.start_pipeline(PIPELINE)
    task = await hook.apoll_for_task(GROUP)
    await hook.areport_task_progress(task.task_id)
    renew()
    server.service.lose_next_answer("SetTaskStatus")
    report = asyncio.create_task(adeliver(hook, task.task_id, TaskReport.finished()))
    while not server.service.received("SetTaskStatus"):  # noqa: ASYNC110  # filled by another thread
        await asyncio.sleep(0)
    server.credentials.expire(old)

    assert await report is Delivery.REPEATED


class TokenService(ThreadingHTTPServer):
    """AWS STS as far as AssumeRole goes: a new temporary key each time, which the emulated service then knows."""

    def __init__(self, keys: Credentials) -> None:
        super().__init__(("127.0.0.1", 0), _AssumeRole)
        self.keys = keys
        self.minutes = iter([60.0])
        """How long each of the next keys is good; after the last one, roles cannot be assumed any more."""
        self.threads: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _AssumeRole(BaseHTTPRequestHandler):
    server: TokenService

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        minutes = next(self.server.minutes, None)
        number = len(self.server.threads)
        self.server.threads.append(number)
        key, token, secret = f"ASIAROLE{number}", f"token-{number}", "s3cret"
        content, status = (
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
            403,
        )
        if minutes is not None:
            expires = datetime.now(UTC) + timedelta(minutes=minutes)
            self.server.keys.add(key, secret, session_token=token, expires=expires)
            content, status = (
                (
                    "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
                    f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
                    f"<SessionToken>{token}</SessionToken><Expiration>{expires:%Y-%m-%dT%H:%M:%SZ}</Expiration>"
                    "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
                ),
                200,
            )
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def token_service(server: EmulatorServer, connect: Callable[..., None]) -> Iterator[TokenService]:
    """The connection ``stub`` names a role to assume."""
    with TokenService(server.credentials) as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        connect(
            server.url,
            role_arn="arn:aws:iam::123456789012:role/airflow",
            service_config={"sts": {"endpoint_url": service.url}},
        )
        yield service
        service.shutdown()
        thread.join()


def signers(server: EmulatorServer) -> list[str]:
    return [str(record.signer).rpartition("/")[2] for record in server.service.requests]


async def test_a_role_is_assumed_again_before_its_credentials_end(server, token_service, hook, invoke) -> None:
    """By botocore, in the living client: those of ten minutes or less are not used any more."""
    token_service.minutes = iter([9, 60])

    for _ in range(3):
        await invoke(hook, *HEARTBEAT)

    assert signers(server) == ["ASIAROLE1"] * 3


async def test_credentials_of_a_role_that_end_early_are_replaced(server, token_service, hook, invoke) -> None:
    """Revoked, for example: botocore would use them to their end."""
    token_service.minutes = iter([60, 60])
    await invoke(hook, *HEARTBEAT)
    server.credentials.expire("ASIAROLE0")

    await invoke(hook, *HEARTBEAT)

    assert signers(server) == ["ASIAROLE0", "None", "ASIAROLE1"]


@pytest.mark.parametrize("minutes", [[], [9], [9, -1]])
async def test_a_role_that_cannot_be_assumed_is_an_error_of_ours(server, token_service, hook, invoke, minutes) -> None:
    """Not at all, not again, or with credentials that have ended already (a clock that is wrong)."""
    token_service.minutes = iter(minutes)

    with pytest.raises(AccessDeniedError):
        await invoke(hook, *HEARTBEAT)


async def test_assuming_a_role_again_does_not_hold_up_the_event_loop(server, token_service, hook, monkeypatch) -> None:
    """STS may be slow, and every trigger of the triggerer would wait with it."""
    threads: list[int] = []
    assume = BaseSessionFactory._refresh_credentials

    def observed(self: BaseSessionFactory) -> dict[str, Any]:
        threads.append(threading.get_ident())
        return assume(self)

    monkeypatch.setattr(BaseSessionFactory, "_refresh_credentials", observed)
    token_service.minutes = iter([9, 60])

    await hook.areport_task_runner_heartbeat("runner-1")

    assert len(threads) == 2
    assert threading.get_ident() not in threads
