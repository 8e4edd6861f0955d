"""Signatures over a real socket: what is refused, and with which error."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

OPERATION = "ReportTaskRunnerHeartbeat"
BODY = b'{"taskrunnerId": "runner-1"}'


def test_the_raw_report_of_a_failure_has_a_verified_signature(server, client, region, hello, capsys):
    """The one request that matters most, as it went over the wire."""
    server.service.start_pipeline(hello, region=region)
    task_id = client.poll_for_task(workerGroup="group-1")["taskObject"]["taskId"]

    client.set_task_status(
        taskId=task_id,
        taskStatus="FAILED",
        errorId="builtins.ValueError",
        errorMessage="no such file: /data/orders.csv",
        errorStackTrace="Traceback (most recent call last):\n  ...\nValueError: no such file",
    )

    record = server.service.received("SetTaskStatus")[-1]
    with capsys.disabled():
        print(f"\n\n{record.method} {record.path}  (signature verified: {record.signature_verified})")
        for name, value in record.headers:
            print(f"{name}: {value}")
        print(f"\n{record.body.decode()}\n")
    assert record.signature_verified is True
    assert record.header("X-Amz-Target") == "DataPipeline.SetTaskStatus"
    assert f"/{region}/datapipeline/aws4_request" in record.header("Authorization")
    assert json.loads(record.body)["errorId"] == "builtins.ValueError"
    assert (record.status, record.error_code) == (200, None)


def answer(http, headers, body=BODY, **target):
    status, content_type, content = http.send(body, headers, **target)
    assert content_type == "application/x-amz-json-1.1"
    return status, json.loads(content).get("__type")


def test_a_good_signature_is_accepted(http):
    """So that the refusals below are for their reasons."""
    assert answer(http, http.headers(OPERATION, BODY)) == (200, None)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"secret": "wrong"}, "InvalidSignatureException"),
        ({"key": "unknown"}, "UnrecognizedClientException"),
        ({"service": "sns"}, "InvalidSignatureException"),
        ({"when": datetime.now(UTC) - timedelta(minutes=16)}, "InvalidSignatureException"),
        ({"when": datetime.now(UTC) + timedelta(minutes=16)}, "InvalidSignatureException"),
        ({"extra": {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}}, "InvalidSignatureException"),
        ({"extra": {"x-amz-content-sha256": hashlib.sha256(b"{}").hexdigest()}}, "InvalidSignatureException"),
    ],
)
def test_a_signature_that_is_not_right_is_refused(http, options, error):
    """Wrong secret, unknown key, another service, another time, a body that was not signed."""
    assert answer(http, http.headers(OPERATION, BODY, **options)) == (400, error)


@pytest.mark.parametrize(
    "options",
    [
        {"when": datetime.now(UTC) - timedelta(minutes=14)},
        {"token": "session-token"},
        {"extra": {"x-amz-content-sha256": hashlib.sha256(BODY).hexdigest()}},
    ],
)
def test_a_signature_that_is_right_in_another_way_is_accepted(http, options):
    """A clock a little off, temporary credentials, the hash of the body as a header."""
    assert answer(http, http.headers(OPERATION, BODY, **options)) == (200, None)


def test_what_was_changed_after_signing_is_refused(http):
    """The body, the target, the path, the method, the token; a header left out of the signature."""
    signed = http.headers(OPERATION, BODY)
    with_hash = http.headers(OPERATION, BODY, extra={"x-amz-content-sha256": hashlib.sha256(BODY).hexdigest()})
    partly = signed["Authorization"].replace(";x-amz-target", "")
    refused = (400, "InvalidSignatureException")

    assert answer(http, signed, BODY + b" ") == refused
    assert answer(http, with_hash, BODY + b" ") == refused
    assert answer(http, {**signed, "X-Amz-Target": "DataPipeline.ListPipelines"}) == refused
    assert answer(http, signed, path="/other") == refused
    assert answer(http, signed, method="PUT") == refused
    assert answer(http, {**signed, "X-Amz-Security-Token": "added"}) == refused
    assert answer(http, {**signed, "Authorization": partly}) == refused


@pytest.mark.parametrize("claim", ["UNSIGNED-PAYLOAD", hashlib.sha256(b"{}").hexdigest()])
def test_a_body_that_was_not_signed_is_named_as_the_reason(http, claim):
    """However valid the signature over the claim is."""
    headers = http.headers(OPERATION, BODY, extra={"x-amz-content-sha256": claim})

    assert "x-amz-content-sha256 does not match the body" in http.send(BODY, headers)[2].decode()


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        ("", "MissingAuthenticationTokenException"),
        ("Bearer token", "IncompleteSignatureException"),
        (
            "AWS4-HMAC-SHA256 Credential=test/20121212/x, SignedHeaders=host, Signature=00",
            "IncompleteSignatureException",
        ),
    ],
)
def test_what_is_not_a_signature_is_refused(http, authorization, error):
    """None at all, another scheme, half of one."""
    assert answer(http, {**http.headers(OPERATION, BODY), "Authorization": authorization}) == (400, error)


def test_a_request_without_date_or_with_a_query_is_refused(http):
    """Neither can be verified here."""
    signed = http.headers(OPERATION, BODY)
    without = {name: value for name, value in signed.items() if name.lower() != "x-amz-date"}

    assert answer(http, without) == (400, "IncompleteSignatureException")
    assert answer(http, signed, path="/?X-Amz-Signature=1") == (400, "IncompleteSignatureException")


def test_a_refused_request_is_recorded_as_not_verified(server, http):
    """For tests of credentials."""
    answer(http, http.headers(OPERATION, BODY, secret="wrong"))

    record = server.service.requests[-1]
    assert (record.signature_verified, record.error_code) == (False, "InvalidSignatureException")


def test_credentials_can_be_chosen(tools, region):
    """Then test:test is unknown."""
    from airflow_provider_datapipeline.emulator import EmulatorServer

    with EmulatorServer(credentials={"AKIDEXAMPLE": "s3cret"}) as server:
        http = tools.Http(server.url, region)
        assert answer(http, http.headers(OPERATION, BODY, key="AKIDEXAMPLE", secret="s3cret")) == (200, None)
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            tools.connect(server, region).list_pipelines()


def test_other_machines_are_served_only_with_credentials_of_their_own():
    """test:test is no protection."""
    from airflow_provider_datapipeline.emulator import EmulatorServer

    with pytest.raises(ValueError, match="other machines"):
        EmulatorServer(host="0.0.0.0")
