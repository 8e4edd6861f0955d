"""Finds the AWS account whose rates a client's calls count against, without asking AWS."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any, NamedTuple

_PREFIX_CHARACTERS = 4  # AKIA for a user's key, ASIA for a temporary one
_KEY_ID_CHARACTERS = 20
_HAS_ACCOUNT = 1 << 47
_ACCOUNT_IDS = 10**12  # an account id has twelve digits


class Account(NamedTuple):
    """
    An account in a region. AWS Data Pipeline grants rates to each; connections that share rates have equal accounts.

    :param account: the account's id; if the credentials do not contain it, a name for the access key; if there are no
        credentials, a name for the Airflow connection
    :param region: the AWS region of the calls
    :param endpoint: the URL of the calls
    """

    account: str
    region: str
    endpoint: str


def account_of(client: Any, conn_id: str | None) -> Account:
    """Return the account of a client of boto3 or aiobotocore, without any request and without renewing credentials."""
    # There is no public way: a client does not show its credentials, and a session would look for them again.
    credentials = getattr(getattr(client, "_request_signer", None), "_credentials", None)
    # The properties of these objects would renew the credentials of a role, which asks STS. The attributes below them
    # have the last known values.
    known = vars(credentials) if credentials is not None else {}
    key_id = known.get("access_key") or known.get("_access_key")
    name = known.get("account_id") or known.get("_account_id")
    if key_id:
        # The account in the key comes first, because the other one may come from a user's settings.
        name = account_id(key_id) or name or f"key {hashlib.sha256(key_id.encode()).hexdigest()[:16]}"
    return Account(str(name or conn_id or "ambient"), client.meta.region_name, client.meta.endpoint_url)


def account_id(key_id: str) -> str | None:
    """
    Return the account id that an access key id contains, or None if it contains none.

    Keys made since about 2019 contain it: after the prefix comes base32, whose first bit is set and whose next 40 bits
    are the account. AWS does not publish this, but ``sts get-access-key-info`` returns the same account for any key.
    """
    if len(key_id) != _KEY_ID_CHARACTERS:
        return None
    try:
        bits = int.from_bytes(base64.b32decode(key_id[_PREFIX_CHARACTERS:])[:6], "big")
    except (binascii.Error, ValueError):
        return None
    number = (bits & (_HAS_ACCOUNT - 1)) >> 7
    return f"{number:012d}" if bits & _HAS_ACCOUNT and number < _ACCOUNT_IDS else None
