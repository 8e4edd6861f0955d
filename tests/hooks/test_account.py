"""The account whose rates a client's calls count against."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from hypothesis import given, strategies as st

from airflow_provider_datapipeline.exceptions import ConfigurationError, ConnectionMissingError
from airflow_provider_datapipeline.hooks._account import Account, account_id
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

if TYPE_CHECKING:
    from collections.abc import Callable

ENDPOINT = "http://127.0.0.1:1"
OLD_KEYS = ("AKIAIOSFODNN7EXAMPLE", "AKIAJXXXXXXXXXXXXXXX", "ASIAIXXXXXXXXXXXXXXX")


def key_id(account: int, rest: int = 0, prefix: str = "AKIA") -> str:
    """Make an access key id as AWS does: the first bit is set, 40 bits are the account, the rest is random."""
    bits = (1 << 79) | (account << 39) | (rest & (1 << 39) - 1)
    return prefix + base64.b32encode(bits.to_bytes(10, "big")).decode()


@pytest.fixture
def connect_as(monkeypatch) -> Callable[..., None]:
    def define(conn_id: str, key: str, **extra: Any) -> None:
        given = {"endpoint_url": ENDPOINT, "region_name": "us-east-1"} | extra
        connection = {"conn_type": "aws", "login": key, "password": "secret", "extra": given}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))

    return define


@given(st.integers(0, 10**12 - 1), st.integers(0, 2**39 - 1), st.sampled_from(["AKIA", "ASIA"]))
def test_an_account_is_read_from_any_key_of_it(account, rest, prefix) -> None:
    assert account_id(key_id(account, rest, prefix)) == f"{account:012d}"


def test_a_key_of_a_known_account() -> None:
    """The people who found out how keys contain accounts have published this one."""
    assert account_id("ASIAQNZGKIQY56JQ7WML") == "029608264753"


@pytest.mark.parametrize(
    "key",
    [
        *OLD_KEYS,
        *("", "test", "AKIA", "AKIA1111111111111111", "akiaqnzgkiqy56jq7wml", "AKIA" + "é" * 16, "x" * 200),
        key_id(10**12),
    ],
)
def test_a_key_that_carries_no_account_has_none(key) -> None:
    assert account_id(key) is None


async def test_two_connections_of_one_account_are_one(connect_as, invoke) -> None:
    """The key of a user, and the key of a role of that account that was assumed."""
    connect_as("one", key_id(123456789012, 1))
    connect_as("two", key_id(123456789012, 2, "ASIA"), aws_session_token="s3ssi0n")

    accounts = {await invoke(DataPipelineHook(conn_id), "account") for conn_id in ("one", "two")}

    assert accounts == {Account("123456789012", "us-east-1", ENDPOINT)}


async def test_what_has_rates_of_its_own_is_another(connect_as, invoke) -> None:
    hooks = {"here": DataPipelineHook("one"), "region": DataPipelineHook("one", region_name="eu-west-1")}
    connect_as("one", key_id(123456789012))
    connect_as("two", key_id(210987654321))
    connect_as("three", key_id(123456789012), endpoint_url="http://127.0.0.1:2")
    hooks |= {"account": DataPipelineHook("two"), "endpoint": DataPipelineHook("three")}

    accounts = [await invoke(hook, "account") for hook in hooks.values()]

    assert len(set(accounts)) == 4


async def test_the_endpoint_is_that_of_the_region_where_none_is_named(connect_as, invoke) -> None:
    connect_as("one", key_id(123456789012), endpoint_url=None)

    account = await invoke(DataPipelineHook("one", region_name="us-west-2"), "account")

    assert account == Account("123456789012", "us-west-2", "https://datapipeline.us-west-2.amazonaws.com")


async def test_an_old_key_stands_for_its_account_unread(connect_as, invoke) -> None:
    connect_as("one", OLD_KEYS[0])
    connect_as("two", OLD_KEYS[0])
    connect_as("three", OLD_KEYS[1])

    one, two, three = [await invoke(DataPipelineHook(conn_id), "account") for conn_id in ("one", "two", "three")]

    assert one == two != three
    assert OLD_KEYS[0] not in repr(one)


async def test_without_credentials_the_connection_stands_for_the_account(connect_as, invoke, monkeypatch) -> None:
    connect_as("one", "")

    assert (await invoke(DataPipelineHook("one"), "account")).account == "one"
    assert (await invoke(DataPipelineHook(None, region_name="us-east-1"), "account")).account == "ambient"


async def test_a_role_that_was_not_assumed_yet_is_not_assumed_for_it(invoke, monkeypatch, tmp_path) -> None:
    """Otherwise the event loop would have to wait for AWS."""
    config = tmp_path / "config"
    role = "role_arn = arn:aws:iam::123456789012:role/r\nsource_profile = other\n"
    keys = f"aws_access_key_id = {key_id(1)}\naws_secret_access_key = secret\n"
    config.write_text(f"[default]\nregion = us-east-1\n{role}[profile other]\n{keys}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)  # where an answer would not come from

    assert (await invoke(DataPipelineHook(None), "account")).account == "ambient"


@pytest.mark.parametrize(
    ("extra", "error"),
    [({"region_name": None, "endpoint_url": None}, ConfigurationError), (None, ConnectionMissingError)],
)
async def test_where_there_is_no_client_there_is_its_error(connect_as, invoke, extra, error) -> None:
    if extra is not None:
        connect_as("one", key_id(1), **extra)

    with pytest.raises(error):
        await invoke(DataPipelineHook("one"), "account")


async def test_the_client_is_that_of_the_calls_and_built_once(connect_as, monkeypatch) -> None:
    made = []
    create = botocore.session.Session.create_client

    def counted(session: Any, service_name: str, *args: Any, **kwargs: Any) -> Any:
        made.append(service_name)
        return create(session, service_name, *args, **kwargs)

    connect_as("one", key_id(1))
    DataPipelineHook("one").account()
    monkeypatch.setattr(botocore.session.Session, "create_client", counted)

    DataPipelineHook("one").account()
    await asyncio.gather(*(DataPipelineHook("one").aaccount() for _ in range(5)))

    assert made == ["datapipeline"]  # for the asynchronous client, whose models it reads
