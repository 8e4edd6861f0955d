"""An event loop whose time jumps to the next timer, so that hours pass in milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_datapipeline._task_runner.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Coroutine

_T = TypeVar("_T")

START = 1_900_000_000.0
"""The time of day at which each loop begins, in seconds since 1970."""

_STUCK_SECONDS = 5.0


class _JumpingSelector(selectors.SelectSelector):
    """Advances the time instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:  # there is no timer, so only a thread can wake the loop
            if not (ready := super().select(_STUCK_SECONDS)):
                raise RuntimeError("the test waits for something that will never happen")
            return ready
        ready = super().select(0)
        if not ready:
            self.now += max(0.0, timeout)
        return ready


class FakeTimeLoop(asyncio.SelectorEventLoop):
    """A loop that never waits."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def run(test: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine in fake time."""
    with asyncio.Runner(loop_factory=FakeTimeLoop) as runner:
        return runner.run(test)


def now() -> float:
    """Return the seconds since the running loop began."""
    return asyncio.get_running_loop().time()


def wall() -> float:
    """Return the time of day in the running loop, in seconds since 1970."""
    return START + now()


CLOCK = Clock(wall=wall)
"""The clock of the running loop."""
