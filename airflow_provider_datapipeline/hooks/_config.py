"""The botocore configuration of each kind of call: timeouts, tries and connections."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from botocore.config import Config  # type: ignore[import-untyped]  # ships no types

from airflow_provider_datapipeline.exceptions import ConfigurationError


class Purpose(StrEnum):
    """The kinds of calls. Each kind has its own client, and so its own connection pool."""

    POLL = "poll"
    """PollForTask: the service holds it open, and it is tried once."""

    CALL = "call"
    """All other operations of Data Pipeline: the service answers at once, and a call that fails is tried again."""

    LOGIN = "login"
    """CreateWebLoginToken of Amazon MWAA: the same timeouts and tries as ``CALL``."""


LONG_POLL_SECONDS = 90
"""How long the service holds PollForTask (botocore's datapipeline model 2012-10-29, PollForTask)."""

POLL_READ_TIMEOUT_SECONDS = LONG_POLL_SECONDS + 10
"""botocore's default of 60 s would end a poll before the service answers. A task handed to that poll would be lost."""

POLL_READ_TIMEOUT_FLOOR_SECONDS = LONG_POLL_SECONDS + 5
"""The least ``read_timeout`` of PollForTask: a user's lower value is raised to this."""

POLL_CONNECT_TIMEOUT_SECONDS = 10

CALL_TRIES = 3
CALL_CONNECT_TIMEOUT_SECONDS = 2
CALL_READ_TIMEOUT_SECONDS = 7
CALL_LIMIT_SECONDS = 30
"""
The longest time that a call takes by default, tries and pauses included.

3 tries x (2 s connect + 7 s read) = 27 s; botocore's ``standard`` mode pauses at most 2**(n - 1) s after try n
(``botocore.retries.standard.ExponentialBackoff``), so 1 s + 2 s = 3 s; 30 s in all. Two things may make it longer:
botocore has no timeout for name resolution, and each dead address of a host name costs one connect timeout.
Code that needs a hard limit sets one around the call (``_airflow.bounded``).
"""

POOL_CONNECTIONS = 128
"""For each client. With botocore's default of 10 the eleventh long poll would wait up to 90 s before it is sent."""


def checked_config(config: Config | dict[str, Any] | None) -> Config | None:
    """
    Return the user's settings as a ``Config`` of botocore.

    :raises ConfigurationError: botocore does not know a setting, or refuses its value
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
    Return the configuration of a kind of call: the user's settings, and this package's defaults for the rest.

    The user cannot change two settings of PollForTask, because tasks would be lost silently: the single try (a repeat
    inside botocore drops the answer to the first try), and a read timeout above the 90 s for which the service holds
    the call. Everything else can be set; ``retries`` is merged key by key.
    """
    if purpose is Purpose.POLL:
        merged = Config(
            connect_timeout=POLL_CONNECT_TIMEOUT_SECONDS,
            read_timeout=POLL_READ_TIMEOUT_SECONDS,
            max_pool_connections=POOL_CONNECTIONS,
        ).merge(user)
        # With None a poll would wait for ever for a peer that is gone.
        read_timeout = merged.read_timeout or POLL_READ_TIMEOUT_SECONDS
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
    """Merge key by key: ``Config.merge`` replaces the whole dict, so a mode alone would bring back botocore's tries."""
    retries: dict[str, Any] = {"mode": "standard", "total_max_attempts": CALL_TRIES} | user
    if "max_attempts" in user and "total_max_attempts" not in user:
        del retries["total_max_attempts"]  # it would take precedence over the user's max_attempts
    return retries
