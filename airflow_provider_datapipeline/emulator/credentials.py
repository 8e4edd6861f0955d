"""Who may sign requests: access keys, whose they are, until when, and what their identity may do."""

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
    Whom an access key belongs to.

    :param arn: as errors name it
    :param policies: all that it may do; None: everything
    """

    arn: str
    policies: tuple[Policy, ...] | None = None

    @property
    def user_id(self) -> str:
        """The unique id: ``${aws:userid}`` in a policy, ``pipelineCreator`` of a pipeline that it makes."""
        return "AIDA" + base64.b32encode(hashlib.sha256(self.arn.encode()).digest())[:17].decode()


@dataclass(frozen=True, slots=True)
class AccessKey:
    """
    What signs.

    :param session_token: without it the key is worth nothing; None for a long-term key, which takes no token
    :param expires: when the key ends, by the machine's clock
    """

    id: str
    secret: str
    identity: Identity
    session_token: str | None = None
    expires: datetime | None = None

    @property
    def has_expired(self) -> bool:
        """Whether the key has ended."""
        return self.expires is not None and datetime.now(UTC) >= self.expires


class Credentials:
    """
    The access keys that a server accepts; they can be changed while it runs, from any thread.

    :param secrets: long-term keys to begin with, secrets by access key; each belongs to a user of its own, named like
        the key, who may do everything
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
        Accept a key from now on; in place of the one of that name, if there is one, which so is renewed.

        :param session_token: makes it a temporary key, which is good with this token only
        :param expires: when it ends; a time with a zone, by the machine's clock
        :param arn: whose it is; default: a user named like the key
        :param policies: IAM policy documents, as JSON or as what JSON gives; None: everything is allowed,
            an empty list: nothing
        :raises ValueError: a policy that cannot be read, or that has what the emulator does not know
        """
        read = None if policies is None else tuple(Policy.parse(each) for each in policies)
        identity = Identity(arn or f"arn:aws:iam::{ACCOUNT_ID}:user/{access_key}", read)
        with self._lock:
            self._keys[access_key] = AccessKey(access_key, secret, identity, session_token, expires)

    def expire(self, access_key: str) -> None:
        """
        Refuse a key from now on as expired; ``add`` renews it.

        :raises KeyError: there is no such key
        """
        with self._lock:
            self._keys[access_key] = replace(self._keys[access_key], expires=datetime.now(UTC))

    def remove(self, access_key: str) -> None:
        """
        Refuse a key from now on as unknown.

        :raises KeyError: there is no such key
        """
        with self._lock:
            del self._keys[access_key]

    def find(self, access_key: str) -> AccessKey | None:
        """The key of that name."""
        with self._lock:
            return self._keys.get(access_key)
