"""Verifying AWS Signature Version 4 by computing the signature anew."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPMessage

from botocore.auth import SigV4Auth  # type: ignore[import-untyped]  # botocore ships no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # botocore ships no types
from botocore.credentials import Credentials  # type: ignore[import-untyped]  # botocore ships no types

from airflow_provider_datapipeline.emulator.errors import ServiceError

SERVICE = "datapipeline"
MAXIMUM_SKEW = timedelta(minutes=15)
_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+),\s*"
    r"SignedHeaders=(?P<signed>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_MUST_BE_SIGNED = frozenset({"host", "x-amz-date", "x-amz-target", "x-amz-security-token"})
_SCOPE_PARTS = 5

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request, and for which region."""

    access_key: str
    region: str


def verify(method: str, path: str, headers: Headers, body: bytes, credentials: Mapping[str, str]) -> Signer:
    """
    Who signed this request, after checking the signature against the received headers and body.

    The clock is the machine's: signatures are made by other processes.

    :param path: as received, without a query
    :param credentials: secrets by access key
    :raises ServiceError: the request is not signed by a known key for this service, now
    """
    values = {name.lower(): value for name, value in headers}
    authorization = values.get("authorization")
    if not authorization:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    match = _AUTHORIZATION.fullmatch(authorization.strip())
    scope = match["credential"].rsplit("/", _SCOPE_PARTS - 1) if match else []
    if match is None or len(scope) != _SCOPE_PARTS:
        raise ServiceError("IncompleteSignatureException", "The Authorization header is not a complete AWS4 signature.")
    access_key, day, region, service, terminator = scope
    if access_key not in credentials:
        raise ServiceError("UnrecognizedClientException", "The security token included in the request is invalid.")
    moment = _signed_at(values.get("x-amz-date"))
    if (service, terminator, day) != (SERVICE, "aws4_request", f"{moment:%Y%m%d}"):
        raise _invalid(f"Credential should be scoped to the service '{SERVICE}' and the day of the request.")
    signed = match["signed"].split(";")
    unsigned = (_MUST_BE_SIGNED & values.keys()) - set(signed)
    if unsigned or "host" not in signed or any(name not in values for name in signed):
        raise _invalid("The signed headers do not cover the request.")
    claimed = values.get("x-amz-content-sha256")
    if claimed is not None and claimed != hashlib.sha256(body).hexdigest():
        raise _invalid("The header x-amz-content-sha256 does not match the body.")
    auth = SigV4Auth(Credentials(access_key, credentials[access_key]), SERVICE, region)
    canonical = _canonical_request(auth, (method, path), [(name, values[name]) for name in signed], body)
    request = AWSRequest(method=method, url=path)
    request.context["timestamp"] = values["x-amz-date"]
    expected = auth.signature(auth.string_to_sign(request, canonical), request)
    if not hmac.compare_digest(expected, match["signature"]):
        raise _invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method."
        )
    return Signer(access_key, region)


def _signed_at(text: str | None) -> datetime:
    try:
        moment = datetime.strptime(text or "", _DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError as error:
        raise ServiceError("IncompleteSignatureException", "The header X-Amz-Date is missing or malformed.") from error
    if abs(datetime.now(UTC) - moment) > MAXIMUM_SKEW:
        raise _invalid(f"Signature expired or not yet current: {text} is more than {MAXIMUM_SKEW} from now.")
    return moment


def _canonical_request(auth: SigV4Auth, target: tuple[str, str], signed: Headers, body: bytes) -> str:
    message = HTTPMessage()
    for name, value in signed:
        message[name] = value
    names = ";".join(sorted(name for name, _ in signed))
    # The body is hashed here whatever x-amz-content-sha256 says, or a changed body would pass unnoticed.
    return "\n".join([*target, "", auth.canonical_headers(message) + "\n", names, hashlib.sha256(body).hexdigest()])


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidSignatureException", message)
