"""What the components of a deployment use: processor time and memory."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]  # ships no types

from tests.support.harness import guard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.harness.processes import Component

MEGABYTE = 1_000_000


def cpu_seconds(components: Iterable[Component]) -> dict[str, float]:
    """CPU seconds of each component so far: every process of it, and those that have ended."""
    seconds = {}
    for component in components:
        seconds[component.name] = 0.0
        for pid in guard.members(component.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                seconds[component.name] += sum(psutil.Process(pid).cpu_times()[:4])  # own and of reaped children
    return seconds


def own_cpu_seconds() -> float:
    """CPU seconds of this process so far."""
    return float(sum(psutil.Process().cpu_times()[:2]))


def resident_bytes(component: Component) -> int:
    """
    Resident memory of a component's processes.

    Pages that its processes share count once for each of them, so that differences mean more than the figure itself.
    """
    total = 0
    for pid in guard.members(component.pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += psutil.Process(pid).memory_info().rss
    return total
