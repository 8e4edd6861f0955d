"""Signatures over a real socket: which requests are refused, and with which error."""

from __future__ import annotations

import hashlib
import json
import re
import socket
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from airflow_provider_datapipeline.emulator import EmulatorServer

OPERATION = "ReportTaskRunnerHeartbeat"
BODY = b'{"taskrunnerId": "runner-1"}'


def test_the_raw_report_of_a_failure_has_a_verified_signature(server, client, region, hello, capsys):
    """The test prints the most important request as the server received it."""
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
    """This shows that the tests below are refused for their own reason only."""
    assert answer(http, http.headers(OPERATION, BODY)) == (200, None)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"secret": "wrong"}, "InvalidSignatureException"),
        ({"key": "unknown"}, "UnrecognizedClientException"),
        ({"service": "sns"}, "InvalidSignatureException"),
        ({"token": "nobody-gave-out-this-one"}, "UnrecognizedClientException"),
        ({"extra": {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}}, "InvalidSignatureException"),
        ({"extra": {"x-amz-content-sha256": hashlib.sha256(b"{}").hexdigest()}}, "InvalidSignatureException"),
    ],
)
def test_a_signature_that_is_not_right_is_refused(http, options, error):
    """The secret, key, service, token or hash of the body is wrong."""
    assert answer(http, http.headers(OPERATION, BODY, **options)) == (400, error)


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_may_be_a_little_off(http, minutes):
    headers = http.headers(OPERATION, BODY, when=datetime.now(UTC) + timedelta(minutes=minutes))

    assert answer(http, headers) == (200, None)


def test_the_hash_of_the_body_may_be_a_header(http):
    headers = http.headers(OPERATION, BODY, extra={"x-amz-content-sha256": hashlib.sha256(BODY).hexdigest()})

    assert answer(http, headers) == (200, None)


def test_a_request_changed_after_signing_is_refused(http):
    """A part of the request was changed, or a header was added or is not signed."""
    signed = http.headers(OPERATION, BODY)
    with_hash = http.headers(OPERATION, BODY, extra={"x-amz-content-sha256": hashlib.sha256(BODY).hexdigest()})
    partly = signed["Authorization"].replace(";x-amz-target", "")
    refused = (400, "InvalidSignatureException")

    assert answer(http, signed, BODY + b" ") == refused
    assert answer(http, with_hash, BODY + b" ") == refused
    assert answer(http, {**signed, "X-Amz-Target": "DataPipeline.ListPipelines"}) == refused
    assert answer(http, signed, path="/other") == refused
    assert answer(http, signed, method="PUT") == refused
    assert answer(http, signed, path="/?a=b") == refused
    assert answer(http, {**signed, "X-Amz-Meta": "added"}) == refused
    assert answer(http, {**signed, "Authorization": partly}) == refused


@pytest.mark.parametrize("claim", ["UNSIGNED-PAYLOAD", hashlib.sha256(b"{}").hexdigest()])
def test_a_body_that_was_not_signed_is_named_as_the_reason(http, claim):
    """The signature itself is valid for the wrong hash."""
    headers = http.headers(OPERATION, BODY, extra={"x-amz-content-sha256": claim})

    assert "x-amz-content-sha256 does not match the body" in http.send(BODY, headers)[2].decode()


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        ("", "MissingAuthenticationTokenException"),
        ("Bearer token", "IncompleteSignatureException"),
        ("AWS4-HMAC-SHA256", "IncompleteSignatureException"),
        ("AWS4-HMAC-SHA256 Credential=, SignedHeaders=host, Signature=00", "IncompleteSignatureException"),
        (
            "AWS4-HMAC-SHA256 Credential=test/20121212/x, SignedHeaders=host, Signature=00",
            "IncompleteSignatureException",
        ),
    ],
)
def test_what_is_not_a_signature_is_refused(http, authorization, error):
    """The signature is missing, incomplete, or of another scheme."""
    assert answer(http, {**http.headers(OPERATION, BODY), "Authorization": authorization}) == (400, error)


def test_a_request_without_a_date_is_refused(http):
    signed = http.headers(OPERATION, BODY)
    without = {name: value for name, value in signed.items() if name.lower() != "x-amz-date"}

    assert answer(http, without) == (400, "IncompleteSignatureException")
    assert answer(http, {**signed, "X-Amz-Date": "yesterday"}) == (400, "IncompleteSignatureException")


def message(http, headers, **target):
    return json.loads(http.send(BODY, headers, **target)[2])["message"]


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (-16, r"Signature expired: \w{16} is now earlier than \w{16} \(\w{16} - 15 min\.\)"),
        (16, r"Signature not yet current: \w{16} is still later than \w{16} \(\w{16} \+ 15 min\.\)"),
    ],
)
def test_a_clock_that_is_wrong_is_told_in_which_direction(http, minutes, words):
    """The text is that of AWS, so that users find it when they search for it."""
    headers = http.headers(OPERATION, BODY, when=datetime.now(UTC) + timedelta(minutes=minutes))

    assert answer(http, headers) == (400, "InvalidSignatureException")
    assert re.fullmatch(words, message(http, headers))


@pytest.mark.parametrize(
    ("part", "instead", "words"),
    [
        ("/datapipeline/", "/sns/", "correct service: 'datapipeline', not 'sns'"),
        ("aws4_request", "aws5_request", "valid terminator: 'aws4_request', not 'aws5_request'"),
        (r"/\d{8}/", "/20121212/", "Date in Credential scope does not match"),
        ("/datapipeline/aws4_request", "", "5 slash-delimited parts"),
    ],
)
def test_a_scope_that_is_wrong_is_named(http, part, instead, words):
    headers = http.headers(OPERATION, BODY)

    changed = re.sub(part, instead, headers["Authorization"], count=1)

    assert words in message(http, {**headers, "Authorization": changed})


@pytest.mark.parametrize("name", ["host", "x-amz-date", "x-amz-target"])
def test_the_headers_that_must_be_signed_are_named(http, name):
    headers = http.headers(OPERATION, BODY)
    partly = headers["Authorization"].replace(f"{name};", "").replace(f";{name}", "")

    assert message(http, {**headers, "Authorization": partly}) == (
        f"'{name}' must be a 'SignedHeader' in the AWS Authorization."
    )


def test_a_header_that_is_sent_twice_is_not_used_by_the_value_that_was_not_signed(server, http):
    """Otherwise somebody could add another target to a signed request."""
    headers = http.headers(OPERATION, BODY)
    lines = [f"{name}: {value}" for name, value in [("X-Amz-Target", "DataPipeline.ListPipelines"), *headers.items()]]
    host = http.url.removeprefix("http://")
    head = "\r\n".join(["POST / HTTP/1.1", f"Host: {host}", f"Content-Length: {len(BODY)}", *lines, "", ""])
    connection = socket.create_connection(host.split(":"), timeout=10)

    connection.sendall(head.encode() + BODY)

    response = HTTPResponse(connection)
    response.begin()
    assert json.loads(response.read())["__type"] == "InvalidSignatureException"
    response.close()
    connection.close()


def test_only_the_regions_that_are_served_can_be_signed_for(tools):
    with EmulatorServer(regions=["eu-west-1"]) as server:
        here, elsewhere = tools.Http(server.url, "eu-west-1"), tools.Http(server.url, "eu-west-9")

        assert answer(here, here.headers(OPERATION, BODY)) == (200, None)
        assert "valid region, not 'eu-west-9'" in message(elsewhere, elsewhere.headers(OPERATION, BODY))
        assert answer(elsewhere, elsewhere.headers(OPERATION, BODY)) == (400, "InvalidSignatureException")


def presigned(http, body=BODY, *, seconds=60, age=0, token=None, target=OPERATION, key="test", secret="test"):
    """Return the path and the headers of a request that botocore's functions signed in its query."""
    auth = SigV4Auth(Credentials(key, secret), "datapipeline", http.region)
    when = (datetime.now(UTC) - timedelta(seconds=age)).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": http.url.removeprefix("http://"), "x-amz-target": f"DataPipeline.{target}"}
    request = AWSRequest("POST", f"{http.url}/", headers=headers, data=body)
    request.context["timestamp"] = when
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": auth.scope(request),
        "X-Amz-Date": when,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host;x-amz-target",
        **({"X-Amz-Security-Token": token} if token else {}),
    }
    request.url += "?" + urlencode(query, quote_via=quote, safe="-_.~")
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return f"{request.url.removeprefix(http.url)}&X-Amz-Signature={signature}", headers


def test_a_request_may_be_signed_in_its_query(http):
    path, headers = presigned(http)

    assert answer(http, headers, path=path) == (200, None)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"seconds": 10, "age": 11}, "InvalidSignatureException"),
        ({"age": -16 * 60}, "InvalidSignatureException"),
        ({"secret": "wrong"}, "InvalidSignatureException"),
        ({"key": "unknown"}, "UnrecognizedClientException"),
        ({"token": "x"}, "UnrecognizedClientException"),
        ({"seconds": 0}, "IncompleteSignatureException"),
        ({"seconds": 7 * 24 * 3600 + 1}, "IncompleteSignatureException"),
        ({"seconds": "soon"}, "IncompleteSignatureException"),
    ],
)
def test_a_signature_in_the_query_is_held_to_its_rules(http, options, error):
    """It expires after its own seconds, which are at most a week."""
    path, headers = presigned(http, **options)

    assert answer(http, headers, path=path) == (400, error)


def test_a_request_changed_after_presigning_is_refused(http):
    path, headers = presigned(http)
    refused = (400, "InvalidSignatureException")
    incomplete = (400, "IncompleteSignatureException")

    assert answer(http, headers, BODY + b" ", path=path) == refused
    assert answer(http, headers, path=path.replace("X-Amz-Expires=60", "X-Amz-Expires=61")) == refused
    assert answer(http, {**headers, "x-amz-target": "DataPipeline.ListPipelines"}, path=path) == refused
    assert answer(http, {**headers, "X-Amz-Meta": "added"}, path=path) == refused
    assert answer(http, headers, path=path.partition("&X-Amz-Signature")[0]) == incomplete
    assert answer(http, http.headers(OPERATION, BODY), path=path) == incomplete


def test_a_refused_request_is_recorded_as_not_verified(server, http):
    """Tests of credentials need this record."""
    answer(http, http.headers(OPERATION, BODY, secret="wrong"))

    record = server.service.requests[-1]
    assert (record.signature_verified, record.error_code) == (False, "InvalidSignatureException")


def test_credentials_can_be_chosen(tools, region):
    """The key test:test is unknown then."""
    with EmulatorServer(credentials={"AKIDEXAMPLE": "s3cret"}) as server:
        http = tools.Http(server.url, region)
        assert answer(http, http.headers(OPERATION, BODY, key="AKIDEXAMPLE", secret="s3cret")) == (200, None)
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            tools.connect(server, region).list_pipelines()


def test_other_machines_are_served_only_with_credentials_of_their_own():
    """Everybody knows test:test, so it protects nothing."""
    with pytest.raises(ValueError, match="other machines"):
        EmulatorServer(host="0.0.0.0")
    with pytest.raises(ValueError, match="other machines"):
        EmulatorServer(host="0.0.0.0", credentials={"other": "s3cret", "test": "test"})
