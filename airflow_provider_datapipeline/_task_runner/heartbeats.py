"""
Plans when the heartbeats of many leases are due.

Each lease has a phase of its own: a fixed share of the interval, counted by the time of day. So the heartbeats of many
leases are spread evenly. And a triggerer that takes over from a dead one knows which leases need a heartbeat first.
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

DEFAULT_HEARTBEAT_SECONDS: Final = 60

_HEARTBEATS_PER_LEASE = 3.0
"""Two heartbeats in a row may fail; the third one still keeps the lease."""

_LONGEST_SHARE = 0.8
"""The longest interval, as a share of the lease, where the account's rate does not allow a third of it."""

_STEP = 1.25
"""Intervals grow by this factor at a time, so that one lease more or less does not move the phases of all others."""

TAKE_OVER_SECONDS = 90.0
"""
The time until another triggerer begins to take over, and the delay that heartbeats may have had before that.

Heartbeats that were due in this time count as missed. A longer time is not safer: each heartbeat that may be missing is
sent twice in the first interval, and that makes other heartbeats late by the same time.
"""

START_SECONDS = 120.0
"""The time in which a triggerer begins all its tasks. The last ones have been without heartbeats for as much longer."""


@dataclass(eq=False)
class Load:
    """
    The leases of one account that this process holds.

    :param leases: how many leases there are, by their length in seconds
    :param began: when the process took its first lease, in seconds since 1970
    :param held: by runner DAG, how many tasks are held in all triggerers together, as this process has counted them
    """

    leases: Counter[float] = field(default_factory=Counter)
    began: float = math.inf
    held: dict[str, int] = field(default_factory=dict)

    def add(self, timeout: float, now: float) -> None:
        """Count a lease that begins now."""
        self.leases[timeout] += 1
        self.began = min(self.began, now)

    def remove(self, timeout: float) -> None:
        """Stop counting a lease."""
        self.leases[timeout] -= 1
        if not self.leases[timeout]:
            del self.leases[timeout]

    def demand(self, seconds: float = math.inf) -> float:
        """
        Return how many heartbeats a second all leases need.

        Leases of other triggerers count as if they were like those of this process.

        :param seconds: between two heartbeats of a lease, unless a third of the lease is less
        """
        if not self.leases:
            return 0.0
        own = sum(number / min(timeout / _HEARTBEATS_PER_LEASE, seconds) for timeout, number in self.leases.items())
        held_everywhere = sum(self.held.values())
        return own * max(1.0, held_everywhere / self.leases.total())


def interval(asked: float, timeout: float, load: Load) -> float:
    """
    Return the seconds between two heartbeats of a lease.

    The interval is the one asked for, but no more than a third of the lease. If the account's rate is not enough for
    these intervals, they all grow, each up to a third of its lease. If the rate is not even enough for that, each
    interval is the same multiple of a third of its lease, up to eight tenths of the lease.

    :param asked: seconds, where the account's rate is enough
    :param timeout: the task's ``reportProgressTimeout``
    """
    third = timeout / _HEARTBEATS_PER_LEASE
    scarcity = load.demand() / HEARTBEAT_CAPACITY
    if scarcity > 1:
        return min(third * _STEP ** math.ceil(math.log(scarcity, _STEP) - 1e-9), timeout * _LONGEST_SHARE)
    seconds = asked
    while seconds < third and load.demand(seconds) > HEARTBEAT_CAPACITY:
        seconds *= _STEP
    return min(seconds, third)


def phase_of(name: str) -> float:
    """Return the share of the interval, from 0 to below 1, at which the lease of this name is due."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6]) / 2**48


def next_due(after: float, seconds: float, phase: float) -> float:
    """Return when a lease is due for the first time after a given time; both in seconds since 1970."""
    return (math.floor(after / seconds - phase) + 1 + phase) * seconds


def estimated_last_heartbeat(now: float, seconds: float, phase: float, began: float) -> float:
    """
    Return when a lease that another process has kept until now had its last heartbeat, as an estimate.

    A heartbeat that may have been missed counts as missed.

    :param began: when this process took its first lease
    """
    last = next_due(now, seconds, phase) - seconds
    missing = TAKE_OVER_SECONDS + max(0.0, min(START_SECONDS, now - began))
    return last - seconds if now - last < missing else last


_loads: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Load]] = WeakKeyDictionary()


def load_of(loop: asyncio.AbstractEventLoop, account: Hashable) -> Load:
    """Return the leases of an account that an event loop holds."""
    return _loads.setdefault(loop, {}).setdefault(account, Load())
