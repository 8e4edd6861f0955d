"""How patiently each kind of call is made: timeouts, tries and connections, as botocore configuration."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from botocore.config import Config  # type: ignore[import-untyped]  # ships no types

from airflow_provider_datapipeline.exceptions import ConfigurationError


class Purpose(StrEnum):
    """Why a client exists; each has a client, and a connection pool, of its own."""

    POLL = "poll"
    """PollForTask: held open by the service, tried once."""

    CALL = "call"
    """Everything else of Data Pipeline: answered at once, tried again."""

    LOGIN = "login"
    """Amazon MWAA's CreateWebLoginToken: as patient as a call."""


LONG_POLL_SECONDS = 90
"""How long the service holds PollForTask (botocore's datapipeline model 2012-10-29, PollForTask)."""

POLL_READ_TIMEOUT_SECONDS = LONG_POLL_SECONDS + 10
"""botocore's own default, 60 s, drops an idle poll before its answer, and a task handed to it then is lost."""

POLL_READ_TIMEOUT_FLOOR_SECONDS = LONG_POLL_SECONDS + 5
"""A user's ``read_timeout`` does not go below this for PollForTask."""

POLL_CONNECT_TIMEOUT_SECONDS = 10

CALL_TRIES = 3
CALL_CONNECT_TIMEOUT_SECONDS = 2
CALL_READ_TIMEOUT_SECONDS = 7
CALL_LIMIT_SECONDS = 30
"""
The longest that a call takes by default, tries and pauses included.

3 tries x (2 s connect + 7 s read) = 27 s; botocore's ``standard`` mode pauses at most 2**(n - 1) s after try n
(``botocore.retries.standard.ExponentialBackoff``), so 1 s + 2 s = 3 s; 30 s in all. Name resolution has no timeout in
botocore, and a host name with several dead addresses costs one connect timeout each: who needs a hard limit
sets one around the call (``delivery.deliver(..., timeout=...)``).
"""

POOL_CONNECTIONS = 128
"""Per client. botocore's default of 10 would let the eleventh long poll wait for 90 s before it is even sent."""


def checked_config(config: Config | dict[str, Any] | None) -> Config | None:
    """
    Return the user's settings as botocore has them.

    :raises ConfigurationError: botocore does not know one of them, or not this value of it
    """
    try:
        return Config(**config) if isinstance(config, dict) else config
    except Exception as err:
        raise ConfigurationError(
            f"botocore_config (of a hook: config) is {config!r}, which botocore does not take: {err}. Correct it; its "
            "names are those of botocore.config.Config."
        ) from err


def client_config(purpose: Purpose, user: Config) -> Config:
    """
    Return the defaults of ``purpose`` with the user's settings over them.

    PollForTask keeps two of its own whatever the user says, because without them tasks are lost silently: a single try
    (a repeat inside botocore drops the answer to the first), and a read timeout above the 90 s that the service holds
    the call. Everything else can be set, ``retries`` key by key.
    """
    if purpose is Purpose.POLL:
        merged = Config(
            connect_timeout=POLL_CONNECT_TIMEOUT_SECONDS,
            read_timeout=POLL_READ_TIMEOUT_SECONDS,
            max_pool_connections=POOL_CONNECTIONS,
        ).merge(user)
        read_timeout = merged.read_timeout or POLL_READ_TIMEOUT_SECONDS  # None would wait for a dead peer for ever
        return merged.merge(
            Config(
                read_timeout=max(read_timeout, POLL_READ_TIMEOUT_FLOOR_SECONDS),
                retries={"mode": "standard", "total_max_attempts": 1},
            )
        )
    return (
        Config(
            connect_timeout=CALL_CONNECT_TIMEOUT_SECONDS,
            read_timeout=CALL_READ_TIMEOUT_SECONDS,
            max_pool_connections=POOL_CONNECTIONS,
        )
        .merge(user)
        .merge(Config(retries=_retries(user.retries or {})))
    )


def _retries(user: dict[str, Any]) -> dict[str, Any]:
    """Merge key by key: ``Config.merge`` replaces the whole dict, and a mode alone brings back botocore's tries."""
    retries: dict[str, Any] = {"mode": "standard", "total_max_attempts": CALL_TRIES} | user
    if "max_attempts" in user and "total_max_attempts" not in user:
        del retries["total_max_attempts"]  # it would win over the user's max_attempts
    return retries
