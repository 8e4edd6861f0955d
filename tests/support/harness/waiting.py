"""Waits for a condition until a deadline, and says in the error what did not happen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_SECONDS = 0.15

T = TypeVar("T")


class DeploymentError(AssertionError):
    """The deployment did not do what a test waits for. It is an AssertionError, since the test fails."""


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

    While an HTTP server cannot be reached, the condition does not hold: tests kill servers on purpose.

    :param what: completes the sentence "waited 60 s for ..."
    :param timeout: in seconds
    :param last_seen: returns a description of the present state, for the error
    :param give_up: returns a reason to stop before the deadline, or None
    :raises DeploymentError: at the deadline, or when ``give_up`` returns a reason
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
