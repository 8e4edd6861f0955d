"""Access keys over a real socket: their owners, their expiry, and their renewal while the server runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_datapipeline.emulator import Credentials, EmulatorServer

OPERATION = "ReportTaskRunnerHeartbeat"
BODY = b'{"taskrunnerId": "runner-1"}'
UNKNOWN = "UnrecognizedClientException"
EXPIRED = "ExpiredTokenException"


@pytest.fixture(scope="module")
def own_server():
    with EmulatorServer(credentials=Credentials()) as server:
        yield server


@pytest.fixture
def keys(own_server):
    """The keys of the server. Every test adds its own keys."""
    return own_server.credentials


@pytest.fixture
def answer(own_server, tools, region):
    """Send a heartbeat, and return the name of the error or None."""
    http = tools.Http(own_server.url, region)

    def send(key, secret="s3cret", token=None):
        headers = http.headers(OPERATION, BODY, key=key, secret=secret, token=token)
        status, content_type, content = http.send(BODY, headers)
        code = json.loads(content).get("__type")
        assert (status, content_type) == (400 if code else 200, "application/x-amz-json-1.1")
        return code

    return send


def test_every_key_has_a_secret_of_its_own(keys, answer):
    keys.add("AKIAANN", "of-ann")
    keys.add("AKIABOB", "of-bob")

    assert answer("AKIAANN", "of-ann") is None
    assert answer("AKIABOB", "of-bob") is None
    assert answer("AKIAANN", "of-bob") == "InvalidSignatureException"
    assert answer("AKIAEVE", "of-ann") == UNKNOWN


@pytest.mark.parametrize("token", [None, "", "another", "tokén"])
def test_a_temporary_key_is_worth_nothing_without_its_token(keys, answer, token):
    keys.add("ASIATEMP", "s3cret", session_token="token-1")

    assert answer("ASIATEMP", token=token) == UNKNOWN
    assert answer("ASIATEMP", token="token-1") is None


def test_a_token_makes_a_long_term_key_unknown(keys, answer):
    keys.add("AKIALONG", "s3cret")

    assert answer("AKIALONG", token="token-1") == UNKNOWN
    assert answer("AKIALONG") is None


def test_a_key_ends_at_its_time(keys, answer):
    now = datetime.now(UTC)
    keys.add("ASIAOLD", "s3cret", session_token="t", expires=now)
    keys.add("ASIAYOUNG", "s3cret", session_token="t", expires=now + timedelta(hours=1))

    assert answer("ASIAOLD", token="t") == EXPIRED
    assert answer("ASIAYOUNG", token="t") is None


def test_a_key_can_be_expired_and_renewed_while_the_server_runs(keys, answer):
    keys.add("ASIASESSION", "s3cret", session_token="token-1")

    keys.expire("ASIASESSION")
    assert answer("ASIASESSION", token="token-1") == EXPIRED

    keys.add("ASIASESSION", "s3cret", session_token="token-2")
    assert answer("ASIASESSION", token="token-1") == UNKNOWN
    assert answer("ASIASESSION", token="token-2") is None


def test_a_key_that_was_removed_is_unknown(keys, answer):
    keys.add("AKIAGONE", "s3cret")

    keys.remove("AKIAGONE")

    assert answer("AKIAGONE") == UNKNOWN


@pytest.mark.parametrize("change", ["expire", "remove"])
def test_a_key_that_is_not_there_cannot_be_changed(keys, change):
    """Otherwise a test with a misspelt key would test nothing."""
    with pytest.raises(KeyError):
        getattr(keys, change)("AKIANOBODY")


def test_a_request_is_recorded_with_its_signer(own_server, keys, answer):
    keys.add("AKIAANN", "s3cret")
    keys.add("ASIAROLE", "s3cret", arn="arn:aws:sts::123456789012:assumed-role/airflow/worker")

    answer("AKIAANN")
    answer("ASIAROLE")
    answer("AKIAANN", "wrong")

    signers = [record.signer for record in own_server.service.requests[-3:]]
    assert signers == [
        "arn:aws:iam::123456789012:user/AKIAANN",
        "arn:aws:sts::123456789012:assumed-role/airflow/worker",
        None,
    ]
