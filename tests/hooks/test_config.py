"""Timeouts and tries of each kind of call."""

from __future__ import annotations

import pytest
from botocore.config import Config  # type: ignore[import-untyped]  # ships no types
from botocore.retries.standard import ExponentialBackoff  # type: ignore[import-untyped]  # ships no types

from airflow_provider_datapipeline.hooks import _config
from airflow_provider_datapipeline.hooks._config import Purpose, client_config


def test_the_poll_outlasts_the_long_poll_and_is_tried_once() -> None:
    config = client_config(Purpose.POLL, Config())

    assert config.read_timeout >= _config.LONG_POLL_SECONDS + 5
    assert config.retries == {"mode": "standard", "total_max_attempts": 1}


@pytest.mark.parametrize(
    ("user", "read_timeout"),
    [({"read_timeout": 5}, 95), ({"read_timeout": 300}, 300), ({"read_timeout": None}, 100), ({}, 100)],
)
def test_the_read_timeout_of_the_poll_has_a_floor(user, read_timeout) -> None:
    assert client_config(Purpose.POLL, Config(**user)).read_timeout == read_timeout


def test_the_poll_is_tried_once_whatever_the_user_says() -> None:
    config = client_config(Purpose.POLL, Config(retries={"max_attempts": 10}, connect_timeout=1))

    assert config.retries == {"mode": "standard", "total_max_attempts": 1}
    assert config.connect_timeout == 1


def test_a_call_ends_within_30_seconds() -> None:
    """Calculates CALL_LIMIT_SECONDS with botocore's own longest pauses."""
    config = client_config(Purpose.CALL, Config())
    tries = config.retries["total_max_attempts"]
    backoff = ExponentialBackoff(random=lambda: 1.0)
    pauses = sum(backoff.delay_amount(_AfterTry(number)) for number in range(1, tries))

    assert tries * (config.connect_timeout + config.read_timeout) + pauses <= _config.CALL_LIMIT_SECONDS == 30


class _AfterTry:
    """Has what botocore's back-off uses: the number of the try, and an answer without Retry-After."""

    http_response = None

    def __init__(self, number: int) -> None:
        self.attempt_number = number


@pytest.mark.parametrize(
    ("user", "retries"),
    [
        ({}, {"mode": "standard", "total_max_attempts": 3}),
        ({"mode": "adaptive"}, {"mode": "adaptive", "total_max_attempts": 3}),
        ({"max_attempts": 5}, {"mode": "standard", "max_attempts": 5}),
        ({"total_max_attempts": 7}, {"mode": "standard", "total_max_attempts": 7}),
        (
            {"total_max_attempts": 7, "max_attempts": 5},
            {"mode": "standard", "total_max_attempts": 7, "max_attempts": 5},
        ),
    ],
)
def test_retries_are_merged_key_by_key(user, retries) -> None:
    assert client_config(Purpose.CALL, Config(retries=user) if user else Config()).retries == retries


@pytest.mark.parametrize("purpose", list(Purpose))
def test_the_users_settings_win_and_are_left_alone(purpose) -> None:
    user = Config(max_pool_connections=7, retries={"max_attempts": 2})

    assert client_config(purpose, user).max_pool_connections == 7
    assert user.retries == {"max_attempts": 2}
    assert client_config(purpose, Config()).max_pool_connections >= 100
