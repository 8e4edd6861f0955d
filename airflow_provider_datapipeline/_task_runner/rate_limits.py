"""Keeps the calls of one process within the rates that AWS grants an account, and makes full use of those rates."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from airflow_provider_datapipeline._airflow.waiting_line import WaitingLine, await_turn

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator


@dataclass(frozen=True, slots=True)
class Rate:
    """
    How often an operation may be called.

    :param first: calls a second at the start
    :param most: calls a second at the most; the rate grows to it while calls wait and none is throttled
    :param burst: how many unused calls can be saved up
    """

    first: float
    most: float
    burst: int


POLL_RATE: Final = Rate(first=2.0, most=2.0, burst=100)
"""PollForTask: the account's limit (developer guide, limits)."""

REPORT_RATE: Final = Rate(first=5.0, most=9.5, burst=50)
"""
ReportTaskProgress and SetTaskStatus: each has 10 calls a second and a burst of 100 (developer guide, limits).

A process begins with half of that, because other triggerers and other task runners in the account use the same rate.
"""

HEARTBEAT_CAPACITY: Final = 9.0
"""ReportTaskProgress calls a second that heartbeats may use; the rest is for acknowledgements and repeated calls."""

_GROWTH = 0.5  # calls a second that the rate gains in each second in which calls wait: from half to all of it in 10 s
_CALM_SECONDS = 5.0  # for how long the rate does not grow after a call was throttled
_IDLE_SECONDS = 60.0  # after so long without waiting or throttled calls, the rate is the first one again
_LOWEST_RATE = 1.0
_TIMER_MARGIN_SECONDS = 0.001


class RateLimiter:
    """
    A token bucket: ``await limiter.acquire()`` before each call.

    Calls that wait are let through by urgency. The rate grows while calls wait, and halves when a call was throttled.
    So processes that share an account find their shares of its rate without knowing of each other.
    """

    def __init__(self, rate: Rate) -> None:
        self._limits = rate
        self._rate = rate.first
        self._saved = float(rate.burst)
        self._refilled: float | None = None
        self._demanded = self._throttled = float("-inf")
        self._waiting = WaitingLine()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def rate(self) -> float:
        """Calls a second at present."""
        return self._rate

    async def acquire(self, urgency: float = 0.0) -> None:
        """
        Wait for permission to make one call.

        :param urgency: the call with the lowest number comes first; calls with equal numbers keep their order
        """
        loop = asyncio.get_running_loop()
        self._refill(loop.time())
        if not self._waiting and self._saved >= 1:
            self._saved -= 1
            return
        turn = self._waiting.join(urgency)
        self._let_through(loop)
        await await_turn(turn, self._give_back)

    def throttled(self) -> None:
        """Slow down, because the service has refused a call that exceeded the rate."""
        now = asyncio.get_running_loop().time()
        if now - self._throttled < 1:
            return  # calls that were under way together count as one
        self._refill(now)
        self._throttled = now
        self._rate = max(_LOWEST_RATE, self._rate / 2)
        self._saved = min(self._saved, 0.0)

    def _refill(self, now: float) -> None:
        seconds = 0.0 if self._refilled is None else now - self._refilled
        self._refilled = now
        self._saved = min(float(self._limits.burst), self._saved + seconds * self._rate)
        if self._waiting:
            self._demanded = now
            if now - self._throttled >= _CALM_SECONDS:
                self._rate = min(self._limits.most, self._rate + _GROWTH * seconds)
        elif now - max(self._demanded, self._throttled) >= _IDLE_SECONDS:
            self._rate = self._limits.first

    def _let_through(self, loop: asyncio.AbstractEventLoop) -> None:
        self._refill(loop.time())
        while self._saved >= 1 and self._waiting.wake_first():
            self._saved -= 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            # A timer that fires a little too early finds no whole token and has to be set again and again.
            seconds = (1 - self._saved) / self._rate + _TIMER_MARGIN_SECONDS
            self._timer = loop.call_later(seconds, self._let_through, loop)

    def _give_back(self) -> None:
        """Take back a token whose call will not be made."""
        self._saved += 1


_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, RateLimiter]] = WeakKeyDictionary()


def rate_limiter_for(rate: Rate, operation: str, account: Hashable) -> RateLimiter:
    """Return the limiter that all calls of an operation share, for one account and the running event loop."""
    limiters = _limiters.setdefault(asyncio.get_running_loop(), {})
    key = (operation, account)
    if key not in limiters:
        limiters[key] = RateLimiter(rate)
    return limiters[key]


def backoff(first: float = 1, most: float = 60) -> Iterator[float]:
    """
    Yield delays in seconds, without end: each is a random time between half of a bound and the whole of it.

    :param first: the first bound; each further one is twice as long
    :param most: the longest bound
    """
    bound = first
    while True:
        yield bound * random.uniform(0.5, 1)  # noqa: S311  # jitter, not a secret
        bound = min(most, bound * 2)
