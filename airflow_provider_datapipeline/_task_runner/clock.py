"""The time, which a test can set. In the triggerer, durations are measured with the event loop's time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Clock:
    """
    The two clocks that supervision uses.

    :param wall: returns seconds since 1970, by the clock of this machine; the only time that processes share
    """

    wall: Callable[[], float] = time.time

    def monotonic(self) -> float:
        """Return the seconds of the running event loop, which never go back."""
        return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class WorkerClock:
    """
    The clocks of code that blocks, in a worker.

    :param wall: returns seconds since 1970
    :param monotonic: returns seconds that never go back
    :param sleep: waits for so many seconds
    """

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
