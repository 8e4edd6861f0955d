"""Keeps the calls of one process within the rates that AWS grants to an account."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

POLL_RATE: Final = (2.0, 100)
"""PollForTask: calls a second, and saved-up calls (developer guide, limits)."""

REPORT_RATE: Final = (5.0, 50)
"""
ReportTaskProgress and SetTaskStatus each: half of what the account has (10/s, 100 saved up), since another triggerer,
and whoever else runs tasks in the account, draws on it too.
"""


class Pace:
    """
    A token bucket: ``await pace.turn()`` before each call.

    :param rate: turns a second
    :param burst: turns that can be saved up
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = 1 / rate
        self._burst = burst
        self._clock = clock
        self._next = clock() - burst * self._seconds

    def reserve(self) -> float:
        """Take the next turn; return how many seconds from now it is."""
        now = self._clock()
        self._next = max(self._next, now - self._burst * self._seconds) + self._seconds
        return max(0.0, self._next - now)

    async def turn(self) -> None:
        """Wait for the next turn."""
        if wait := self.reserve():
            await asyncio.sleep(wait)


_paces: dict[Hashable, Pace] = {}


def shared_pace(rate: tuple[float, int], *key: Hashable) -> Pace:
    """Return the process's pace for an operation of an account, which ``key`` names."""
    return _paces.setdefault((rate, *key), Pace(*rate))


def backoff(first: float = 1, most: float = 60) -> Iterator[float]:
    """Yield growing delays in seconds, each at random between half of it and all of it."""
    delay = first
    while True:
        yield delay * random.uniform(0.5, 1)  # noqa: S311  # jitter, not a secret
        delay = min(most, delay * 2)


def beat_seconds(beat: float, leases: int, timeout: float) -> float:
    """
    Return how long to wait until the next ReportTaskProgress of a task.

    :param beat: as often as asked for
    :param leases: tasks held by this process, which share :data:`REPORT_RATE`
    :param timeout: the task's ``reportProgressTimeout``; two beats may be lost before it ends the lease
    """
    return min(max(beat, leases / REPORT_RATE[0]), timeout / 3)
