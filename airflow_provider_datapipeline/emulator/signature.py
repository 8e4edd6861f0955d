"""
Verifying AWS Signature Version 4 by computing the signature anew.

In the Authorization header, or in the query of a presigned request. UNCONFIRMED: that this service takes presigned
requests at all; they are held to the rules that AWS publishes for those that do. Of the two date headers that AWS
allows only ``X-Amz-Date`` is known here.
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

from botocore.auth import SigV4Auth  # type: ignore[import-untyped]  # botocore ships no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # botocore ships no types
from botocore.credentials import Credentials as Secret  # type: ignore[import-untyped]  # botocore ships no types

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
_UNKNOWN = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request, and for which region."""

    identity: Identity
    region: str


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a request says of its signature, wherever it says so."""

    credential: str
    signed_headers: str
    signature: str
    date: str
    token: str | None
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
    Who signed this request, after checking the signature against the received headers and body.

    The clock is the machine's: signatures are made by other processes.

    :param target: path and query, as received
    :param regions: those that are served; None: any
    :param service: the name by which AWS knows the service in signatures
    :raises ServiceError: the request is not signed by a known key for this service, now
    """
    path, _, query = target.partition("?")
    values = _joined(headers)
    claim = _claim(values, query)
    scope = _scope(claim, regions, service)
    key = _key(scope.access_key, claim.token, credentials)
    _check_date(claim, scope)
    signed = claim.signed_headers.split(";")
    _check_coverage(signed, values)
    claimed = values.get("x-amz-content-sha256")
    if claimed is not None and claimed != hashlib.sha256(body).hexdigest():
        raise _invalid("The header x-amz-content-sha256 does not match the body.")
    auth = SigV4Auth(Secret(key.id, key.secret), service, scope.region)
    canonical = _canonical_request(auth, (method, path, query), [(name, values[name]) for name in signed], body)
    request = AWSRequest(method=method, url=path)
    request.context["timestamp"] = claim.date
    expected = auth.signature(auth.string_to_sign(request, canonical), request)
    if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        raise _invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )
    return Signer(key.identity, scope.region)


def _joined(headers: Headers) -> dict[str, str]:
    """One value for each header: what was sent twice must not be verified by one value and used by the other."""
    values: dict[str, str] = {}
    for name, value in headers:
        known = values.get(name.lower())
        values[name.lower()] = value if known is None else f"{known},{value}"
    return values


def _claim(values: dict[str, str], query: str) -> _Claim:
    authorization = values.get("authorization", "").strip()
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    presigned = any(name in parameters for name in ("X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Credential"))
    if presigned and authorization:
        raise _incomplete("A request is signed in its Authorization header or in its query, not in both.")
    if presigned:
        return _claim_of_query(parameters)
    if not authorization:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = authorization.partition(" ")
    parts = dict(each.strip().partition("=")[::2] for each in rest.split(","))
    missing = [name for name in ("Credential", "SignedHeaders", "Signature") if not parts.get(name)]
    if algorithm != ALGORITHM or missing:
        texts = [f"Authorization header requires '{name}' parameter." for name in missing]
        raise _incomplete(" ".join([*texts, f"The Authorization header is not a complete {ALGORITHM} signature."]))
    if "x-amz-date" not in values:
        raise _incomplete("Authorization header requires existence of a 'X-Amz-Date' header.")
    return _Claim(
        parts["Credential"],
        parts["SignedHeaders"],
        parts["Signature"],
        values["x-amz-date"],
        values.get("x-amz-security-token"),
    )


def _claim_of_query(parameters: dict[str, str]) -> _Claim:
    names = ("X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Date", "X-Amz-Expires")
    missing = [name for name in names if not parameters.get(name)]
    if parameters.get("X-Amz-Algorithm") != ALGORITHM or missing:
        texts = [f"AWS query-string parameters must include '{name}'." for name in missing]
        raise _incomplete(" ".join([*texts, f"The query is not a complete {ALGORITHM} signature."]))
    seconds = parameters["X-Amz-Expires"]
    if not seconds.isdecimal() or not 1 <= int(seconds) <= LONGEST_PRESIGNED_SECONDS:
        raise _incomplete(f"X-Amz-Expires is a number of seconds from 1 to {LONGEST_PRESIGNED_SECONDS}.")
    credential, signed, signature, date = (parameters[name] for name in names[:-1])
    return _Claim(credential, signed, signature, date, parameters.get("X-Amz-Security-Token"), int(seconds))


def _scope(claim: _Claim, regions: Collection[str] | None, expected: str) -> _Scope:
    parts = claim.credential.rsplit("/", _SCOPE_PARTS - 1)
    if len(parts) != _SCOPE_PARTS:
        raise _incomplete(f"Credential must have {_SCOPE_PARTS} slash-delimited parts, not '{claim.credential}'.")
    access_key, day, region, service, terminator = parts
    if terminator != _TERMINATOR:
        raise _invalid(f"Credential should be scoped with a valid terminator: '{_TERMINATOR}', not '{terminator}'.")
    if service != expected:
        raise _invalid(f"Credential should be scoped to correct service: '{expected}', not '{service}'.")
    if not region or (regions is not None and region not in regions):
        raise _invalid(f"Credential should be scoped to a valid region, not '{region}'.")
    return _Scope(access_key, day, region)


def _key(access_key: str, token: str | None, credentials: Credentials) -> AccessKey:
    key = credentials.find(access_key)
    if key is None or not hmac.compare_digest((token or "").encode(), (key.session_token or "").encode()):
        raise ServiceError("UnrecognizedClientException", _UNKNOWN)
    if key.has_expired:
        raise ServiceError("ExpiredTokenException", _EXPIRED)
    return key


def _check_date(claim: _Claim, scope: _Scope) -> None:
    try:
        moment = datetime.strptime(claim.date, _DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise _incomplete(f"Date must be in ISO-8601 'basic format'. Got '{claim.date}'.") from error
    if scope.day != f"{moment:%Y%m%d}":
        raise _invalid(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{scope.day}' != '{moment:%Y%m%d}', from '{claim.date}'."
        )
    now = datetime.now(UTC)
    patience = MAXIMUM_SKEW
    if claim.presigned_seconds is not None:
        patience = timedelta(seconds=claim.presigned_seconds)
    minutes = f"{patience.total_seconds() / 60:g} min."
    if moment < now - patience:
        raise _invalid(
            f"Signature expired: {claim.date} is now earlier than {_stamp(now - patience)} ({_stamp(now)} - {minutes})"
        )
    if moment > now + MAXIMUM_SKEW:
        raise _invalid(
            f"Signature not yet current: {claim.date} is still later than {_stamp(now + MAXIMUM_SKEW)} "
            f"({_stamp(now)} + 15 min.)"
        )


def _stamp(moment: datetime) -> str:
    return moment.strftime(_DATE_FORMAT)


def _check_coverage(signed: list[str], values: dict[str, str]) -> None:
    """The host and every ``x-amz-`` header that was sent must be signed, and what is signed must have been sent."""
    for name in ("host", *(name for name in values if name.startswith("x-amz-"))):
        if name not in signed:
            raise _invalid(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    for name in signed:
        if name not in values:
            raise _invalid(f"The signed header '{name}' is not in the request.")


def _canonical_request(auth: SigV4Auth, target: tuple[str, str, str], signed: Headers, body: bytes) -> str:
    method, path, query = target
    message = HTTPMessage()
    for name, value in signed:
        message[name] = value
    unsigned = "&".join(each for each in query.split("&") if not each.startswith("X-Amz-Signature="))
    canonical_query = auth.canonical_query_string(AWSRequest(method=method, url=f"/?{unsigned}"))
    names = ";".join(sorted(name for name, _ in signed))
    headers = auth.canonical_headers(message) + "\n"
    # The body is hashed here whatever x-amz-content-sha256 says, or a changed body would pass unnoticed.
    return "\n".join([method, path, canonical_query, headers, names, hashlib.sha256(body).hexdigest()])


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidSignatureException", message)


def _incomplete(message: str) -> ServiceError:
    return ServiceError("IncompleteSignatureException", message)
