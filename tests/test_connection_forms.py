"""
Every form of the connection in docs/install.md, used against a service that verifies signatures in full.

The tests read the commands from the page and run them unchanged. The environment names the endpoints, as botocore
reads them. The service knows the key that the page shows.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import shlex
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.sts.models import sts_backends

import airflow_provider_datapipeline
from airflow_provider_datapipeline._airflow.names import DAG  # noqa: F401  # Airflow 2 reads no connection before it is loaded
from airflow_provider_datapipeline.emulator import Credentials, EmulatorServer, EmulatorSettings
from airflow_provider_datapipeline.exceptions import ConnectionMissingError, CredentialsError
from airflow_provider_datapipeline.hooks._clients import forget_clients
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
from tests.support.moto_service import MotoService
from tests.support.pages import INSTALL, labelled_blocks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from airflow_provider_datapipeline.emulator.credentials import AccessKey
    from airflow_provider_datapipeline.emulator.records import RequestRecord

ACCOUNT = "123456789012"
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
OF_THE_PAGE = f"arn:aws:iam::{ACCOUNT}:user/{KEY}"
BLOCKS = labelled_blocks(INSTALL)
PIPELINE = {
    "objects": [
        {"id": "Default", "scheduleType": "ondemand"},
        {"id": "Work", "type": "ShellCommandActivity", "command": "true", "workerGroup": "airflow"},
    ]
}


class KeysAndMotosKeys(Credentials):
    """The keys of a server, and those that moto's STS has given out."""

    def find(self, access_key: str) -> AccessKey | None:
        for sts in sts_backends[ACCOUNT].values():
            assumed = sts.get_assumed_role_from_access_key(access_key)
            if assumed is not None:
                self.add(
                    access_key,
                    assumed.secret_access_key,
                    session_token=assumed.session_token,
                    expires=assumed.expiration.replace(tzinfo=UTC),
                    arn=assumed.arn,
                )
        return super().find(access_key)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[EmulatorServer]:
    """The service, which knows the key of the page. AWS clients find it, and no credentials but those of the test."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    with EmulatorServer(
        EmulatorSettings(long_poll_seconds=0), credentials=KeysAndMotosKeys({KEY: SECRET}), regions=["us-east-1"]
    ) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DATA_PIPELINE", server.url)
        yield server


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """STS and Secrets Manager of AWS."""
    with MotoService() as aws:
        for service in ("STS", "SECRETS_MANAGER"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", aws.url)
        yield


def exported(label: str) -> dict[str, str]:
    """Return the variables that a block of the page sets, as a shell reads it."""
    words = shlex.split(BLOCKS[label])
    assert words[::2] == ["export"] * (len(words) // 2)
    return dict(word.split("=", 1) for word in words[1::2])


def export(monkeypatch: pytest.MonkeyPatch, label: str) -> None:
    for name, value in exported(label).items():
        monkeypatch.setenv(name, value)


def verified(server: EmulatorServer) -> list[RequestRecord]:
    """Return all requests, after checking that none was refused."""
    records = server.service.requests
    assert all(record.signature_verified and record.error_code is None for record in records), records
    return records


def signers(server: EmulatorServer) -> list[str | None]:
    return [record.signer for record in verified(server)]


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Callable[..., Awaitable[Any]]:
    """Call the service as a worker does (synchronously), or as the triggerer does."""
    forget_clients()

    async def heartbeat(aws_conn_id: str | None = "datapipeline", **parameters: Any) -> None:
        hook = DataPipelineHook(aws_conn_id, **parameters)
        if request.param == "async":
            await hook.areport_task_runner_heartbeat("runner-1")
        else:
            await asyncio.to_thread(hook.report_task_runner_heartbeat, "runner-1")

    return heartbeat


# Connections that every process finds in its environment


@pytest.mark.parametrize("form", ["json", "uri"])
async def test_an_environment_variable(server, monkeypatch, call, form) -> None:
    export(monkeypatch, f"connection {form}")

    await call()

    assert signers(server) == [OF_THE_PAGE]


async def test_a_uri_whose_secret_is_not_encoded_is_not_read(server, monkeypatch, call) -> None:
    """As the page warns."""
    ((name, uri),) = exported("connection uri").items()
    assert "%2F" in uri
    monkeypatch.setenv(name, uri.replace("%2F", "/"))

    with pytest.raises(ConnectionMissingError, match="could not be read"):
        await call()


async def test_a_wrong_secret_is_refused(server, monkeypatch, call) -> None:
    """What all the others rely on."""
    ((name, connection),) = exported("connection json").items()
    monkeypatch.setenv(name, connection.replace(SECRET, SECRET.lower()))

    with pytest.raises(CredentialsError, match="InvalidSignatureException"):
        await call()


async def test_a_named_profile(server, monkeypatch, tmp_path, call) -> None:
    (tmp_path / "config").write_text(BLOCKS["profile"])
    export(monkeypatch, "connection profile")

    await call()

    assert signers(server) == [OF_THE_PAGE]


async def test_an_assumed_role(server, moto, monkeypatch, call) -> None:
    """By the ambient credentials; the service takes only the key, secret and token that STS has given out."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    export(monkeypatch, "connection role")
    (connection,) = exported("connection role").values()
    role = json.loads(connection)["extra"]["role_arn"].rpartition("/")[2]

    await call()

    (signer,) = signers(server)
    assert str(signer).startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/")


# Ambient credentials


def ambient() -> dict[str, Any]:
    """What the page gives the task runner for its connection."""
    (assignment,) = ast.parse(BLOCKS["use ambient"]).body
    assert isinstance(assignment, ast.Assign)
    assert isinstance(assignment.value, ast.Call)
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in assignment.value.keywords}
    assert set(given) == {"worker_group", "aws_conn_id", "region_name"}
    return {name: value for name, value in given.items() if name != "worker_group"}


async def test_ambient_credentials_in_the_environment(server, monkeypatch, call) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    await call(**ambient())

    assert signers(server) == [OF_THE_PAGE]


class RoleOfTheContainer(ThreadingHTTPServer):
    """What hands a container the credentials of its role: a temporary key, for who has the token of the container."""

    def __init__(self, keys: Credentials) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/execution/task"
        expires = datetime.now(UTC) + timedelta(hours=1)
        self.answer = {
            "AccessKeyId": "ASIAEXECUTION",
            "SecretAccessKey": "s3cret",
            "Token": "token",
            "Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
        }
        keys.add("ASIAEXECUTION", "s3cret", session_token="token", expires=expires, arn=self.arn)


class _Answer(BaseHTTPRequestHandler):
    server: RoleOfTheContainer

    def do_GET(self) -> None:
        allowed = self.headers["Authorization"] == "of-the-container"
        content = json.dumps(self.server.answer).encode() if allowed else b"{}"
        self.send_response(200 if allowed else 403)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def execution_role(server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The role of the container that this process runs in, as on ECS, MWAA and EKS."""
    with RoleOfTheContainer(server.credentials) as role:
        thread = threading.Thread(target=role.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{role.server_port}/role")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of-the-container")
        yield role.arn
        role.shutdown()
        thread.join()


async def test_the_role_of_the_container(server, execution_role, call) -> None:
    await call(**ambient())

    assert signers(server) == [execution_role]


async def test_the_default_connection_of_mwaa_is_the_execution_role(server, execution_role, monkeypatch, call) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")

    await call("aws_default", region_name="us-east-1")

    assert signers(server) == [execution_role]


# Connections that Airflow looks up: a task reports, in an Airflow of its own

REPORTS = """
import json, os
from datetime import datetime
from airflow_provider_datapipeline._airflow.names import DAG
from airflow_provider_datapipeline.operators.datapipeline import DataPipelineSetTaskStatusOperator

with DAG("reports", schedule=None, start_date=datetime(2026, 1, 1)):
    for connection, pipeline_task_id in json.loads(os.environ.get("REPORTS", "{}")).items():
        DataPipelineSetTaskStatusOperator(
            task_id=connection,
            task_status="FINISHED",
            pipeline_task_id=pipeline_task_id,
            aws_conn_id=connection,
            region_name="us-east-1",
        )
"""
CALL = """
from airflow_provider_datapipeline._airflow.names import DAG  # Airflow 2 reads no connection before it is loaded
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

DataPipelineHook("datapipeline").report_task_runner_heartbeat("runner-1")
"""


class Airflow:
    """An Airflow of its own; what is run in it sees the environment of the test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "dags").mkdir()
        (home / "dags" / "reports.py").write_text(REPORTS)

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command of a shell, in which ``airflow`` is the one under test."""
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.home,
            env={
                **os.environ,
                "AIRFLOW_HOME": str(self.home),
                "AIRFLOW__CORE__DAGS_FOLDER": str(self.home / "dags"),
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(Path(airflow_provider_datapipeline.__file__).parents[1]),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def report(self, server: EmulatorServer, *connections: str, **environment: str) -> dict[str, str]:
        """Let tasks report FINISHED, each with a connection; return who has signed for each, once all have arrived."""
        tasks = {}
        for connection in connections:
            server.service.start_pipeline(PIPELINE)
            tasks[connection] = server.service.call("PollForTask", {"workerGroup": "airflow"})["taskObject"]["taskId"]
        done = self.run("airflow dags test reports", REPORTS=json.dumps(tasks), **environment)
        assert [attempt.reported_status for attempt in server.service.attempts()] == ["FINISHED"] * len(tasks), done
        signed = {record.parameters["taskId"]: str(record.signer) for record in verified(server)}
        return {connection: signed[task] for connection, task in tasks.items()}


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    airflow = Airflow(tmp_path_factory.mktemp("airflow"))
    migrated = airflow.run("airflow db migrate")
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr
    return airflow


@pytest.mark.long
def test_a_connection_in_the_database(server, execution_role, airflow) -> None:
    """And the trap of MWAA: one that is called aws_default is stored, and not used."""
    command = BLOCKS["connection database"]
    for statement in (command, command.replace("datapipeline", "aws_default")):
        added = airflow.run(statement, AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET)
        assert added.returncode == 0, added.stdout + added.stderr

    signed = airflow.report(server, "datapipeline", "aws_default", AIRFLOW_CONN_AWS_DEFAULT="aws://")

    assert signed == {"datapipeline": OF_THE_PAGE, "aws_default": execution_role}


@pytest.mark.long
def test_a_connection_in_secrets_manager(server, moto, airflow, monkeypatch) -> None:
    """The backend has credentials of its own, which the service does not know."""
    arguments = shlex.split(BLOCKS["connection secrets manager"])
    assert arguments[:3] == ["aws", "secretsmanager", "create-secret"]
    options = dict(zip(arguments[3::2], arguments[4::2], strict=True))
    keys = {"AWS_ACCESS_KEY_ID": "AKIABACKEND", "AWS_SECRET_ACCESS_KEY": "s3cret"}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("secretsmanager", region_name=options.pop("--region"))
    client.create_secret(Name=options.pop("--name"), SecretString=options.pop("--secret-string"))
    client.close()
    assert not options

    signed = airflow.report(server, "datapipeline", **exported("backend secrets manager"))

    assert signed == {"datapipeline": OF_THE_PAGE}


@pytest.mark.long
def test_a_connection_in_a_file(server, airflow, tmp_path) -> None:
    on_the_page = "/opt/airflow/secrets/connections.json"
    backend = exported("backend file")
    assert on_the_page in backend["AIRFLOW__SECRETS__BACKEND_KWARGS"]
    mounted = tmp_path / "connections.json"
    mounted.write_text(BLOCKS["connection file"])
    here = {name: value.replace(on_the_page, str(mounted)) for name, value in backend.items()}

    called = airflow.run(f"python -c {shlex.quote(CALL)}", **here)

    assert called.returncode == 0, called.stdout + called.stderr
    assert signers(server) == [OF_THE_PAGE]


FORMS = {
    "connection json": test_an_environment_variable,
    "connection uri": test_an_environment_variable,
    "connection database": test_a_connection_in_the_database,
    "backend secrets manager": test_a_connection_in_secrets_manager,
    "connection secrets manager": test_a_connection_in_secrets_manager,
    "backend file": test_a_connection_in_a_file,
    "connection file": test_a_connection_in_a_file,
    "connection role": test_an_assumed_role,
    "use ambient": test_the_role_of_the_container,
    "profile": test_a_named_profile,
    "connection profile": test_a_named_profile,
}


def test_every_form_of_the_page_is_run() -> None:
    """A block that is added to the page needs a test here."""
    assert [label for label in BLOCKS if label.startswith(("connection ", "backend ", "use ", "profile"))] == list(
        FORMS
    )
