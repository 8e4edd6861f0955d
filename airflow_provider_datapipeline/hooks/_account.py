"""Whose rates a client's calls count against, known without asking AWS."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any, NamedTuple

_PREFIX_CHARACTERS = 4  # AKIA for a user's key, ASIA for a temporary one
_KEY_ID_CHARACTERS = 20
_HAS_ACCOUNT = 1 << 47
_MOST = 10**12  # an account id has twelve digits


class Account(NamedTuple):
    """
    What has rates of its own at AWS Data Pipeline; equal for all connections that share them.

    :param account: the account's id; where the credentials do not say it, a name for the access key, or for the
        Airflow connection where there are no credentials
    :param region: of the calls
    :param endpoint: the URL that they go to
    """

    account: str
    region: str
    endpoint: str


def account_of(client: Any, conn_id: str | None) -> Account:
    """Return the account of a client of boto3 or aiobotocore; neither asks anybody nor renews credentials."""
    # No other seam: a client does not show its credentials, and a session would go and look for them.
    credentials = getattr(getattr(client, "_request_signer", None), "_credentials", None)
    # Their properties would renew those of a role, which asks STS; what is below them is what was there last.
    known = vars(credentials) if credentials is not None else {}
    key_id = known.get("access_key") or known.get("_access_key")
    name = known.get("account_id") or known.get("_account_id")
    if key_id:
        # The key's own word comes first, because the other may be a setting of somebody's.
        name = account_id(key_id) or name or f"key {hashlib.sha256(key_id.encode()).hexdigest()[:16]}"
    return Account(str(name or conn_id or "ambient"), client.meta.region_name, client.meta.endpoint_url)


def account_id(key_id: str) -> str | None:
    """
    Return the account id that an access key id carries, None if it carries none.

    Keys made since about 2019 do: base32 after the prefix, the first bit set, and the account in the 40 bits after it.
    AWS does not publish this, but ``sts get-access-key-info`` answers the same of any key.
    """
    if len(key_id) != _KEY_ID_CHARACTERS:
        return None
    try:
        bits = int.from_bytes(base64.b32decode(key_id[_PREFIX_CHARACTERS:])[:6], "big")
    except (binascii.Error, ValueError):
        return None
    number = (bits & (_HAS_ACCOUNT - 1)) >> 7
    return f"{number:012d}" if bits & _HAS_ACCOUNT and number < _MOST else None
