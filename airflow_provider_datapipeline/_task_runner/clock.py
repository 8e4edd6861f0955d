"""The time of day, which a test can set; how long something takes is the event loop's time."""

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
    What tells the time.

    :param wall: returns seconds since 1970, by the clock of this machine; processes have nothing else in common
    """

    wall: Callable[[], float] = time.time

    def monotonic(self) -> float:
        """Return seconds that only ever go on, in the running event loop."""
        return asyncio.get_running_loop().time()
