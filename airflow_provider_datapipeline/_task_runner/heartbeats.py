"""
When the heartbeats of many leases are due.

Each lease has a phase of its own, a fixed share of the interval on the clock of the day, so that heartbeats of many
leases are spread evenly, and whoever takes over from a dead triggerer knows which leases are in need of one most.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from airflow_provider_datapipeline._task_runner.rate_limits import HEARTBEAT_CAPACITY

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Hashable

DEFAULT_HEARTBEAT_SECONDS: Final = 60.0

_A_THIRD = 3.0
"""Two heartbeats in a row may fail before the third one is the last that can keep a lease."""

_MOST_OF_A_LEASE = 0.8
"""Of a lease, between two heartbeats, where the account has not the rate for a third."""

_STEP = 1.25
"""Intervals are stretched by steps, so that a lease that comes or goes does not move the phases of all others."""

TAKE_OVER_SECONDS = 90.0
"""
Until another triggerer begins to take over, and how late heartbeats may have been before: what was due since is missed.

Longer is no safer: all that may be missing is sent twice in the first interval, which makes heartbeats late as long.
"""

START_SECONDS = 120.0
"""In which a triggerer takes up its tasks; those that it comes to last have been missing as much longer."""


@dataclass(eq=False)
class Load:
    """
    The leases of one account that a process holds.

    :param leases: how many there are of each length in seconds
    :param began: when the process took its first one, in seconds since 1970
    :param held: by runner DAG, how many tasks it holds in all triggerers, as far as this process has counted
    """

    leases: Counter[float] = field(default_factory=Counter)
    began: float = math.inf
    held: dict[str, int] = field(default_factory=dict)

    def add(self, timeout: float, now: float) -> None:
        """Count a lease that begins now."""
        self.leases[timeout] += 1
        self.began = min(self.began, now)

    def remove(self, timeout: float) -> None:
        """Count a lease no more."""
        self.leases[timeout] -= 1
        if not self.leases[timeout]:
            del self.leases[timeout]

    def demand(self, seconds: float = math.inf) -> float:
        """
        Return how many heartbeats a second all leases need, those of other triggerers as if they were like these.

        :param seconds: between two heartbeats of a lease, where a third of it is not less
        """
        if not self.leases:
            return 0.0
        own = sum(number / min(timeout / _A_THIRD, seconds) for timeout, number in self.leases.items())
        return own * max(1.0, sum(self.held.values()) / self.leases.total())


def interval(asked: float, timeout: float, load: Load) -> float:
    """
    Return the seconds between two heartbeats of a lease.

    As asked for, and a third of the lease at the most. Where the account's rate is not enough for that, all wait
    longer, but none for more than its third; and where it is not even enough for a third of every lease, each waits the
    same multiple of its third, up to eight tenths of the lease.

    :param asked: seconds, if the account's rate allows
    :param timeout: the task's ``reportProgressTimeout``
    """
    third = timeout / _A_THIRD
    scarcity = load.demand() / HEARTBEAT_CAPACITY
    if scarcity > 1:
        return min(third * _STEP ** math.ceil(math.log(scarcity, _STEP) - 1e-9), timeout * _MOST_OF_A_LEASE)
    seconds = asked
    while seconds < third and load.demand(seconds) > HEARTBEAT_CAPACITY:
        seconds *= _STEP
    return min(seconds, third)


def phase_of(name: str) -> float:
    """Return the share of its interval, from 0 to below 1, at which a lease is due."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6]) / 2**48


def next_due(after: float, seconds: float, phase: float) -> float:
    """Return the first time after another, in seconds since 1970, at which a lease is due."""
    return (math.floor(after / seconds - phase) + 1 + phase) * seconds


def estimated_last(now: float, seconds: float, phase: float, began: float) -> float:
    """
    Return when a lease that another process has kept had its last heartbeat: one that it may have missed is none.

    :param began: when this process took its first lease
    """
    last = next_due(now, seconds, phase) - seconds
    missing = TAKE_OVER_SECONDS + max(0.0, min(START_SECONDS, now - began))
    return last - seconds if now - last < missing else last


_loads: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Load]] = WeakKeyDictionary()


def load_of(loop: asyncio.AbstractEventLoop, account: Hashable) -> Load:
    """Return what an event loop holds of an account."""
    return _loads.setdefault(loop, {}).setdefault(account, Load())
