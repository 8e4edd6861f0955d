"""Waiting for a condition with a deadline, and saying what did not happen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_SECONDS = 0.15

T = TypeVar("T")


class DeploymentError(AssertionError):
    """The deployment did not do what a test waits for; an AssertionError, because that is how a test fails."""


def wait_until(
    condition: Callable[[], T | None],
    what: str,
    *,
    timeout: float,
    last_seen: Callable[[], str] = str,
    give_up: Callable[[], str | None] = lambda: None,
) -> T:
    """
    Return the first value of ``condition`` that is not None.

    An HTTP server that cannot be reached counts as "not yet": tests kill it on purpose.

    :param what: completes the sentence "waited 60 s for ..."
    :param timeout: in seconds
    :param last_seen: what the error tells of the state that did not change
    :param give_up: a reason to stop before the deadline, or None
    :raises DeploymentError: at the deadline, or when ``give_up`` names a reason
    """
    deadline = time.monotonic() + timeout
    unreachable = ""
    while True:
        try:
            value = condition()
            unreachable = ""
        except httpx.TransportError as error:
            value = None
            unreachable = f"the API server did not answer: {error!r}\n"
        if value is not None:
            return value
        if reason := give_up():
            raise DeploymentError(f"waited for {what}, in vain: {reason}\n{unreachable}{last_seen()}")
        if time.monotonic() > deadline:
            raise DeploymentError(f"waited {timeout:g} s for {what}\n{unreachable}{last_seen()}")
        time.sleep(POLL_SECONDS)
