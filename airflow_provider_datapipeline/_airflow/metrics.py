"""Counters in Airflow's metrics."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import Stats

if TYPE_CHECKING:
    from collections.abc import Callable

_COPIES = ("airflow.sdk._shared.observability.metrics.stats", "airflow._shared.observability.metrics.stats")


def increment(name: str) -> None:
    """Add one to a counter; it is sent where this process was told to send metrics, and nowhere otherwise."""
    _counter()(name)


def _counter() -> Callable[[str], None]:
    # Private: Airflow 3.3 has this module twice, one copy for tasks and one for its own processes, and where a callback
    # or a trigger runs, only the second was told a destination. Goes when the public
    # airflow.sdk.observability.stats works in the triggerer and in the dag-processor as well.
    for path in _COPIES:
        module = sys.modules.get(path)
        if module is not None and getattr(module, "_factory", None) is not None:
            told: Callable[[str], None] = module.incr
            return told
    anywhere: Callable[[str], None] = Stats.incr
    return anywhere
