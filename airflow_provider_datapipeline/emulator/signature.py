"""
Verifies AWS Signature Version 4: it computes the signature again and compares it with the received one.

A request has its signature in the Authorization header, or in its query (a presigned request). UNCONFIRMED: whether
AWS Data Pipeline accepts presigned requests at all. This module checks them by the rules that AWS publishes for the
services that accept them. AWS allows two date headers; this module reads only ``X-Amz-Date``.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPMessage
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import botocore.credentials  # type: ignore[import-untyped]  # botocore ships no types
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]  # botocore ships no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # botocore ships no types

from airflow_provider_datapipeline.emulator.errors import ServiceError

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator.credentials import AccessKey, Credentials, Identity

SERVICE = "datapipeline"
ALGORITHM = "AWS4-HMAC-SHA256"
MAXIMUM_SKEW = timedelta(minutes=15)
LONGEST_PRESIGNED_SECONDS = 7 * 24 * 3600
_TERMINATOR = "aws4_request"
_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_SCOPE_PARTS = 5

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request, and for which region."""

    identity: Identity
    region: str


@dataclass(frozen=True, slots=True)
class _Signature:
    """The signature of a request and its parameters, read from the Authorization header or from the query."""

    credential: str
    signed_headers: str
    signature: str
    date: str
    session_token: str | None
    presigned_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class _Scope:
    access_key: str
    day: str
    region: str


def verify(
    method: str,
    target: str,
    headers: Headers,
    body: bytes,
    credentials: Credentials,
    *,
    regions: Collection[str] | None = None,
    service: str = SERVICE,
) -> Signer:
    """
    Verify the signature of a request against its headers and body, and return who signed it.

    This uses the clock of the machine, because other processes make the signatures.

    :param target: the path and the query, as received
    :param regions: the regions that are served; None allows all regions
    :param service: the name of the service in signatures
    :raises ServiceError: no known key signed the request for this service, or the signature is not valid now
    """
    path, _, query = target.partition("?")
    values = _merge_headers(headers)
    received = _parse_signature(values, query)
    scope = _parse_scope(received, regions, service)
    key = _find_key(scope.access_key, received.session_token, credentials)
    _check_date(received, scope)
    signed_names = received.signed_headers.split(";")
    _check_signed_headers(signed_names, values)
    declared_hash = values.get("x-amz-content-sha256")
    if declared_hash is not None and declared_hash != hashlib.sha256(body).hexdigest():
        raise _invalid_signature("The header x-amz-content-sha256 does not match the body.")
    auth = SigV4Auth(botocore.credentials.Credentials(key.id, key.secret), service, scope.region)
    signed_headers = [(name, values[name]) for name in signed_names]
    canonical = _canonical_request(auth, (method, path, query), signed_headers, body)
    request = AWSRequest(method=method, url=path)
    request.context["timestamp"] = received.date
    expected = auth.signature(auth.string_to_sign(request, canonical), request)
    if not hmac.compare_digest(expected.encode(), received.signature.encode()):
        raise _invalid_signature(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )
    return Signer(key.identity, scope.region)


def _merge_headers(headers: Headers) -> dict[str, str]:
    """
    Return one value for each header name, in lower case. The values of a repeated header are joined by commas.

    Otherwise the signature could be verified with one value while the emulator uses another one.
    """
    values: dict[str, str] = {}
    for name, value in headers:
        earlier = values.get(name.lower())
        values[name.lower()] = value if earlier is None else f"{earlier},{value}"
    return values


def _parse_signature(values: dict[str, str], query: str) -> _Signature:
    authorization = values.get("authorization", "").strip()
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    presigned = any(name in parameters for name in ("X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Credential"))
    if presigned and authorization:
        raise _incomplete_signature("A request is signed in its Authorization header or in its query, not in both.")
    if presigned:
        return _parse_presigned_query(parameters)
    return _parse_authorization(authorization, values)


def _parse_authorization(authorization: str, values: dict[str, str]) -> _Signature:
    if not authorization:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = authorization.partition(" ")
    parts: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        parts[name] = value
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not parts.get(name)]
    if algorithm != ALGORITHM or missing:
        texts = [f"Authorization header requires '{name}' parameter." for name in missing]
        texts.append(f"The Authorization header is not a complete {ALGORITHM} signature.")
        raise _incomplete_signature(" ".join(texts))
    if "x-amz-date" not in values:
        raise _incomplete_signature("Authorization header requires existence of a 'X-Amz-Date' header.")
    return _Signature(
        credential=parts["Credential"],
        signed_headers=parts["SignedHeaders"],
        signature=parts["Signature"],
        date=values["x-amz-date"],
        session_token=values.get("x-amz-security-token"),
    )


def _parse_presigned_query(parameters: dict[str, str]) -> _Signature:
    required = ("X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Date", "X-Amz-Expires")
    missing = [name for name in required if not parameters.get(name)]
    if parameters.get("X-Amz-Algorithm") != ALGORITHM or missing:
        texts = [f"AWS query-string parameters must include '{name}'." for name in missing]
        texts.append(f"The query is not a complete {ALGORITHM} signature.")
        raise _incomplete_signature(" ".join(texts))
    seconds = parameters["X-Amz-Expires"]
    if not seconds.isdecimal() or not 1 <= int(seconds) <= LONGEST_PRESIGNED_SECONDS:
        raise _incomplete_signature(f"X-Amz-Expires is a number of seconds from 1 to {LONGEST_PRESIGNED_SECONDS}.")
    return _Signature(
        credential=parameters["X-Amz-Credential"],
        signed_headers=parameters["X-Amz-SignedHeaders"],
        signature=parameters["X-Amz-Signature"],
        date=parameters["X-Amz-Date"],
        session_token=parameters.get("X-Amz-Security-Token"),
        presigned_seconds=int(seconds),
    )


def _parse_scope(received: _Signature, regions: Collection[str] | None, expected_service: str) -> _Scope:
    parts = received.credential.rsplit("/", _SCOPE_PARTS - 1)
    if len(parts) != _SCOPE_PARTS:
        text = f"Credential must have {_SCOPE_PARTS} slash-delimited parts, not '{received.credential}'."
        raise _incomplete_signature(text)
    access_key, day, region, service, terminator = parts
    if terminator != _TERMINATOR:
        text = f"Credential should be scoped with a valid terminator: '{_TERMINATOR}', not '{terminator}'."
        raise _invalid_signature(text)
    if service != expected_service:
        text = f"Credential should be scoped to correct service: '{expected_service}', not '{service}'."
        raise _invalid_signature(text)
    if not region or (regions is not None and region not in regions):
        raise _invalid_signature(f"Credential should be scoped to a valid region, not '{region}'.")
    return _Scope(access_key, day, region)


def _find_key(access_key: str, session_token: str | None, credentials: Credentials) -> AccessKey:
    key = credentials.find(access_key)
    if key is None or not hmac.compare_digest((session_token or "").encode(), (key.session_token or "").encode()):
        message = "The security token included in the request is invalid."
        raise ServiceError("UnrecognizedClientException", message)
    if key.has_expired:
        raise ServiceError("ExpiredTokenException", "The security token included in the request is expired")
    return key


def _check_date(received: _Signature, scope: _Scope) -> None:
    try:
        signed_at = datetime.strptime(received.date, _DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise _incomplete_signature(f"Date must be in ISO-8601 'basic format'. Got '{received.date}'.") from error
    if scope.day != f"{signed_at:%Y%m%d}":
        raise _invalid_signature(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{scope.day}' != '{signed_at:%Y%m%d}', from '{received.date}'."
        )
    now = datetime.now(UTC)
    longest_age = MAXIMUM_SKEW
    if received.presigned_seconds is not None:
        longest_age = timedelta(seconds=received.presigned_seconds)
    oldest, newest = now - longest_age, now + MAXIMUM_SKEW
    if signed_at < oldest:
        minutes = f"{longest_age.total_seconds() / 60:g}"
        raise _invalid_signature(
            f"Signature expired: {received.date} is now earlier than {_format_date(oldest)} "
            f"({_format_date(now)} - {minutes} min.)"
        )
    if signed_at > newest:
        raise _invalid_signature(
            f"Signature not yet current: {received.date} is still later than {_format_date(newest)} "
            f"({_format_date(now)} + 15 min.)"
        )


def _format_date(moment: datetime) -> str:
    return moment.strftime(_DATE_FORMAT)


def _check_signed_headers(signed_names: list[str], values: dict[str, str]) -> None:
    """Check that the host and each received ``x-amz-`` header are signed, and that each signed header was received."""
    for name in ("host", *(name for name in values if name.startswith("x-amz-"))):
        if name not in signed_names:
            raise _invalid_signature(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    for name in signed_names:
        if name not in values:
            raise _invalid_signature(f"The signed header '{name}' is not in the request.")


def _canonical_request(auth: SigV4Auth, target: tuple[str, str, str], signed_headers: Headers, body: bytes) -> str:
    method, path, query = target
    message = HTTPMessage()
    for name, value in signed_headers:
        message[name] = value
    unsigned_query = "&".join(part for part in query.split("&") if not part.startswith("X-Amz-Signature="))
    canonical_query = auth.canonical_query_string(AWSRequest(method=method, url=f"/?{unsigned_query}"))
    names = ";".join(sorted(name for name, _ in signed_headers))
    canonical_headers = auth.canonical_headers(message) + "\n"
    # Hash the received body and do not trust x-amz-content-sha256. Otherwise a changed body would not be noticed.
    body_hash = hashlib.sha256(body).hexdigest()
    return f"{method}\n{path}\n{canonical_query}\n{canonical_headers}\n{names}\n{body_hash}"


def _invalid_signature(message: str) -> ServiceError:
    return ServiceError("InvalidSignatureException", message)


def _incomplete_signature(message: str) -> ServiceError:
    return ServiceError("IncompleteSignatureException", message)
