"""Keeps the calls of one process within the rates that AWS grants to an account, and uses them."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator


@dataclass(frozen=True, slots=True)
class Rate:
    """
    How often an operation may be called.

    :param first: calls a second to begin with
    :param most: calls a second that are reached while calls wait and none is throttled
    :param burst: calls that can be saved up
    """

    first: float
    most: float
    burst: int


POLL_RATE: Final = Rate(first=2.0, most=2.0, burst=100)
"""PollForTask: what the account has (developer guide, limits)."""

REPORT_RATE: Final = Rate(first=5.0, most=9.5, burst=50)
"""
ReportTaskProgress and SetTaskStatus each: the account has 10/s, 100 saved up (developer guide, limits).

A process begins with half of it, since another triggerer, and whoever else runs tasks in the account, draws on it too.
"""

HEARTBEAT_CAPACITY: Final = 9.0
"""ReportTaskProgress calls a second with which heartbeats are planned; the rest is for acknowledgements and repeats."""

_GROWTH = 0.5  # calls a second, gained in each second with calls that wait: from half of a rate to all of it in 10 s
_CALM_SECONDS = 5.0  # without growth after a call was throttled
_IDLE_SECONDS = 60.0  # after which a process begins with half of the rate again
_LEAST = 1.0


class RateLimiter:
    """
    A token bucket: ``await limiter.acquire()`` before each call.

    Who waits is let through by urgency. The rate grows while somebody waits, and halves when a call was throttled: so
    processes that share an account find their parts without knowing of each other.
    """

    def __init__(self, rate: Rate) -> None:
        self._limits = rate
        self._rate = rate.first
        self._saved = float(rate.burst)
        self._refilled: float | None = None
        self._demanded = self._throttled = float("-inf")
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def rate(self) -> float:
        """Calls a second that it lets through at present."""
        return self._rate

    async def acquire(self, urgency: float = 0.0) -> None:
        """
        Wait for permission to make one call.

        :param urgency: who has the lowest number comes first; among equals who came first
        """
        loop = asyncio.get_running_loop()
        self._refill(loop.time())
        if not self._waiting and self._saved >= 1:
            self._saved -= 1
            return
        turn: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (urgency, next(self._order), turn))
        self._let_through(loop)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._saved += 1  # let through at the very moment: the call will not be made
            raise

    def throttled(self) -> None:
        """Slow down: the service has refused a call for want of rate."""
        now = asyncio.get_running_loop().time()
        if now - self._throttled < 1:
            return  # one of several that were under way together
        self._refill(now)
        self._throttled = now
        self._rate = max(_LEAST, self._rate / 2)
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
        while self._waiting and self._saved >= 1:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._saved -= 1
                turn.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            # A little late rather than early: a token that is almost there would have the timer set again and again.
            self._timer = loop.call_later((1 - self._saved) / self._rate + 0.001, self._let_through, loop)


_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, RateLimiter]] = WeakKeyDictionary()


def rate_limiter_for(rate: Rate, operation: str, account: Hashable) -> RateLimiter:
    """Return the limiter that all calls of an operation in an account share, in the running event loop."""
    limiters = _limiters.setdefault(asyncio.get_running_loop(), {})
    key = (operation, account)
    if key not in limiters:
        limiters[key] = RateLimiter(rate)
    return limiters[key]


def backoff(first: float = 1, most: float = 60) -> Iterator[float]:
    """Yield growing delays in seconds, each at random between half of it and all of it."""
    delay = first
    while True:
        yield delay * random.uniform(0.5, 1)  # noqa: S311  # jitter, not a secret
        delay = min(most, delay * 2)
