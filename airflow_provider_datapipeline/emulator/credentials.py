"""The access keys that may sign requests, with their owners, expiry times and policies."""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.emulator.policies import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ACCOUNT_ID = "123456789012"


@dataclass(frozen=True, slots=True)
class Identity:
    """
    The owner of an access key.

    :param arn: the ARN that error messages show
    :param policies: the policies that apply to the owner; None allows everything
    """

    arn: str
    policies: tuple[Policy, ...] | None = None

    @property
    def user_id(self) -> str:
        """
        The unique id of the identity.

        Policies refer to it by ``${aws:userid}``. A pipeline that the identity creates has it as ``pipelineCreator``.
        """
        return "AIDA" + base64.b32encode(hashlib.sha256(self.arn.encode()).digest())[:17].decode()


@dataclass(frozen=True, slots=True)
class AccessKey:
    """
    An access key with its secret.

    :param session_token: the token that a request with a temporary key must contain; None for a long-term key, whose
        requests must not contain a token
    :param expires: when the key expires, by the clock of the machine; None for never
    """

    id: str
    secret: str
    identity: Identity
    session_token: str | None = None
    expires: datetime | None = None

    @property
    def has_expired(self) -> bool:
        """Whether the key has expired."""
        return self.expires is not None and datetime.now(UTC) >= self.expires


class Credentials:
    """
    The access keys that a server accepts. Any thread may change them while the server runs.

    :param secrets: the secrets of the first long-term keys, by access key. Each key belongs to its own user, which has
        the name of the key and may do everything
    """

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, AccessKey] = {}
        for access_key, secret in (secrets or {}).items():
            self.add(access_key, secret)

    def add(
        self,
        access_key: str,
        secret: str,
        *,
        session_token: str | None = None,
        expires: datetime | None = None,
        arn: str | None = None,
        policies: Sequence[Mapping[str, Any] | str] | None = None,
    ) -> None:
        """
        Accept a key from now on. It replaces an earlier key of the same name: this is how to renew a key.

        :param session_token: makes the key a temporary key, which is valid only together with this token
        :param expires: when the key expires: a time with a time zone, compared with the clock of the machine
        :param arn: the ARN of the owner; the default is a user with the name of the key
        :param policies: the IAM policy documents of the owner, as JSON texts or as parsed JSON. None allows
            everything, an empty list allows nothing
        :raises ValueError: a policy is not valid, or contains something that the emulator does not support
        """
        parsed = None if policies is None else tuple(Policy.parse(each) for each in policies)
        identity = Identity(arn or f"arn:aws:iam::{ACCOUNT_ID}:user/{access_key}", parsed)
        with self._lock:
            self._keys[access_key] = AccessKey(access_key, secret, identity, session_token, expires)

    def expire(self, access_key: str) -> None:
        """
        Refuse a key as expired from now on. ``add`` renews it.

        :raises KeyError: there is no such key
        """
        with self._lock:
            self._keys[access_key] = replace(self._keys[access_key], expires=datetime.now(UTC))

    def remove(self, access_key: str) -> None:
        """
        Refuse a key as unknown from now on.

        :raises KeyError: there is no such key
        """
        with self._lock:
            del self._keys[access_key]

    def find(self, access_key: str) -> AccessKey | None:
        """Return the key, or None if it is unknown."""
        with self._lock:
            return self._keys.get(access_key)
