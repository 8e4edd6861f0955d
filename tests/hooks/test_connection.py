"""The credentials, the endpoint and the region that a call uses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import certifi
import pytest
from botocore.config import Config  # type: ignore[import-untyped]  # ships no types

from airflow_provider_datapipeline.exceptions import (
    AccessDeniedError,
    ConfigurationError,
    ConnectionMissingError,
    InternalServiceError,
)
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
from tests.hooks.conftest import CONN_ID
from tests.hooks.stub_service import Answer

ALIVE = Answer({"canceled": False})


@pytest.fixture(autouse=True)
def _no_ambient_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def credential(request) -> str:
    """Return the part of the signature that names the key, the region and the service."""
    _, _, scope = request.headers["Authorization"].partition("Credential=")
    key, _, region, service, _ = scope.partition(",")[0].split("/")
    return f"{key} {region} {service}"


async def test_the_connection_decides_key_region_and_endpoint(serve, hook, invoke) -> None:
    service = serve(ALIVE)

    await invoke(hook, "report_task_progress", "task-1")

    assert credential(service.requests[0]) == "test us-east-1 datapipeline"


async def test_a_region_given_to_the_hook_wins(serve, invoke) -> None:
    service = serve(ALIVE)

    await invoke(DataPipelineHook(CONN_ID, region_name="eu-west-1"), "report_task_progress", "task-1")

    assert credential(service.requests[0]) == "test eu-west-1 datapipeline"


async def test_the_endpoint_of_the_service_alone_wins_over_that_of_all(serve, connect, hook, invoke) -> None:
    """``service_config`` changes the endpoint of Data Pipeline, and not that of STS or others."""
    service = serve(ALIVE)
    connect("http://127.0.0.1:1", service_config={"datapipeline": {"endpoint_url": service.url}})

    await invoke(hook, "report_task_progress", "task-1")

    assert len(service.requests) == 1


async def test_settings_of_the_connection_apply(serve, connect, hook, invoke) -> None:
    service = serve(ALIVE)
    connect(service.url, config_kwargs={"user_agent_extra": "from-the-connection"})

    await invoke(hook, "report_task_progress", "task-1")

    assert "from-the-connection" in service.requests[0].headers["User-Agent"]
    assert "Airflow/" in service.requests[0].headers["User-Agent"]


@pytest.mark.parametrize("conn_id", ["no_such_connection", ""])
async def test_a_missing_connection_is_an_error(invoke, monkeypatch, conn_id) -> None:
    """Ambient credentials may belong to another account, which would then receive the reports."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ambient")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ambient")
    hook = DataPipelineHook(conn_id, region_name="us-east-1")

    with pytest.raises(ConnectionMissingError) as missing:
        await invoke(hook, "report_task_progress", "task-1")

    assert repr(conn_id) in str(missing.value)
    assert "aws_conn_id=None" in str(missing.value)


async def test_no_connection_means_ambient_credentials(serve, invoke, monkeypatch) -> None:
    service = serve(ALIVE)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ambient")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ambient")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DATA_PIPELINE", service.url)

    await invoke(DataPipelineHook(None, region_name="us-west-2"), "report_task_progress", "task-1")

    assert credential(service.requests[0]) == "ambient us-west-2 datapipeline"


async def test_the_default_connection_is_that_of_the_amazon_provider(serve, connect, invoke) -> None:
    service = serve(ALIVE)
    connect(service.url, conn_id="aws_default")

    await invoke(DataPipelineHook(), "report_task_progress", "task-1")

    assert len(service.requests) == 1


async def test_no_credentials_anywhere_is_access_denied(connect, monkeypatch, hook, invoke) -> None:
    connection = {"conn_type": "aws", "extra": {"endpoint_url": "http://127.0.0.1:1", "region_name": "us-east-1"}}
    monkeypatch.setenv("AIRFLOW_CONN_STUB", json.dumps(connection))

    with pytest.raises(AccessDeniedError, match=r"NoCredentialsError.*aws_conn_id"):
        await invoke(hook, "report_task_progress", "task-1")


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"region_name": None}, "NoRegionError"),
        ({"url": "not a url"}, "not a url"),
        ({"profile_name": "missing"}, "missing"),
        ({"role_arn": "arn:aws:iam::123456789012:role/r", "assume_role_method": "by_asking"}, "by_asking"),
    ],
)
async def test_a_connection_that_cannot_be_used_says_so(connect, hook, invoke, extra, named) -> None:
    connect(**({"url": "http://127.0.0.1:1"} | extra))

    with pytest.raises(ConfigurationError, match=named):
        await invoke(hook, "report_task_progress", "task-1")


ROLE = {"role_arn": "arn:aws:iam::123456789012:role/r"}
BY_WEB_IDENTITY = {**ROLE, "assume_role_method": "assume_role_with_web_identity"}


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"url": "http://127.0.0.1:99999"}, "Port out of range"),
        ({"url": 5}, "'int' object"),
        ({"verify": "not_there.pem"}, "verify .* is 'not_there.pem'.*No such file"),
        ({"verify": __file__}, "test_connection.py'.*cannot be read as a file of certificates"),
        ({"verify": str(Path(__file__).parent)}, "verify .*cannot be read as a file of certificates"),
        ({"verify": 5}, "verify .* is 5"),
        ({**ROLE, "verify": "not_there.pem"}, "verify .* is 'not_there.pem'.*No such file"),
        ({"config_kwargs": {"nope": 1}}, "nope"),
        ({**ROLE, "assume_role_kwargs": {"Nope": 1}}, "ParamValidationError.*\n?.*Nope"),
        (BY_WEB_IDENTITY, "Unsupported federation"),
        (
            {
                **BY_WEB_IDENTITY,
                "assume_role_with_web_identity_federation": "file",
                "assume_role_with_web_identity_token_file": "no_token",
            },
            "FileNotFoundError.*no_token",
        ),
        ({**ROLE, "assume_role_method": "assume_role_with_saml"}, "KeyError: 'assume_role_with_saml'"),
    ],
)
async def test_whatever_is_wrong_with_a_connection_is_an_error_of_this_package(
    connect, hook, invoke, extra, named
) -> None:
    """Errors of botocore, the amazon provider or the file system. Each of these cases was found by trying."""
    connect(**({"url": "https://127.0.0.1:1"} | extra))

    with pytest.raises(ConfigurationError, match=f"{named}.*Correct the Airflow connection"):
        await invoke(hook, "report_task_progress", "task-1")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"AWS_CA_BUNDLE": "not_there.pem"}, "AWS_CA_BUNDLE is 'not_there.pem'"),
        ({"AWS_CA_BUNDLE": __file__}, "AWS_CA_BUNDLE is .*cannot be read as a file of certificates"),
        ({"REQUESTS_CA_BUNDLE": "not_there.pem"}, "REQUESTS_CA_BUNDLE is 'not_there.pem'"),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "no_token", "AWS_ROLE_ARN": ROLE["role_arn"]}, "no_token"),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://elsewhere/"}, "Unsupported host 'elsewhere'"),
        (
            {
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "no_token",
            },
            "no_token",
        ),
    ],
)
async def test_whatever_is_wrong_with_the_ambient_configuration_is_one_too(
    invoke, monkeypatch, environment, named
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=f"{named}.*Correct the Airflow connection or the AWS configuration"):
        await invoke(DataPipelineHook(None, region_name="us-east-1"), "report_task_progress", "task-1")


async def test_a_missing_bundle_in_the_aws_configuration_is_one_too(invoke, monkeypatch, tmp_path) -> None:
    configuration = tmp_path / "config"
    configuration.write_text("[default]\nca_bundle = not_there.pem\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(configuration))

    with pytest.raises(ConfigurationError, match=r"ca_bundle \(in the AWS configuration\) is 'not_there.pem'"):
        await invoke(DataPipelineHook(None, region_name="us-east-1"), "report_task_progress", "task-1")


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
async def test_a_role_is_not_assumed_with_a_bundle_that_is_missing(connect, hook, invoke, monkeypatch, name) -> None:
    """STS is asked first, with the ambient bundle, and not with the ``verify`` of the connection."""
    connect("https://127.0.0.1:1", verify=certifi.where(), **ROLE)
    monkeypatch.setenv(name, "not_there.pem")

    with pytest.raises(ConfigurationError, match=f"{name} is 'not_there.pem'"):
        await invoke(hook, "report_task_progress", "task-1")


async def test_a_bundle_that_goes_while_it_is_in_use_is_told_from_a_network_that_fails(
    serve, connect, hook, invoke, tmp_path
) -> None:
    """By then the client has been made."""
    bundle = tmp_path / "bundle.pem"
    shutil.copy(certifi.where(), bundle)
    speaks_no_tls = serve().url.replace("http:", "https:")
    connect(speaks_no_tls, verify=str(bundle))
    with pytest.raises(InternalServiceError, match="SSL"):
        await invoke(hook, "report_task_progress", "task-1")
    bundle.unlink()

    with pytest.raises(ConfigurationError, match=r"verify .*bundle.pem'.*No such file"):
        await invoke(DataPipelineHook(CONN_ID), "report_task_progress", "task-1")


@pytest.mark.parametrize("config", [{"nope": 1}, {"retries": {"mode": "sometimes"}}, {"read_timeout": 1, "retries": 3}])
def test_settings_that_botocore_does_not_take_are_named(config) -> None:
    with pytest.raises(ConfigurationError, match=r"botocore_config .* is \{.*which botocore does not take"):
        DataPipelineHook(CONN_ID, config=config)


async def test_a_failed_lookup_is_not_remembered(serve, connect, hook, invoke, monkeypatch) -> None:
    service = serve(ALIVE)
    monkeypatch.delenv("AIRFLOW_CONN_STUB")
    with pytest.raises(ConnectionMissingError):
        await invoke(hook, "report_task_progress", "task-1")
    connect(service.url)

    assert await invoke(hook, "report_task_progress", "task-1") is False


def test_a_hook_is_made_without_reading_the_connection() -> None:
    """A constructor only assigns attributes, because DAG files and operators make many hooks."""
    assert DataPipelineHook("no_such_connection", config=Config(read_timeout=5)).aws_conn_id == "no_such_connection"


def test_the_connection_type_and_its_test_are_the_amazon_providers(serve) -> None:
    """``airflow connections test`` asks STS. The package adds no connection type."""
    assert DataPipelineHook.conn_type == "aws"
    assert DataPipelineHook.conn_name_attr == "aws_conn_id"
    assert DataPipelineHook.default_conn_name == "aws_default"


def test_the_shared_client_serves_users_of_conn(serve, hook) -> None:
    """``hook.conn`` is the amazon provider's way to make the calls that this hook has no method for."""
    service = serve(Answer({"pipelineIdList": []}))

    hook.conn.list_pipelines()

    assert service.operations == ["ListPipelines"]
    assert hook.conn is DataPipelineHook(CONN_ID).get_conn()
    assert hook.conn_region_name == "us-east-1"
