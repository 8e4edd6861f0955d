"""Sends metrics where Airflow sends its own."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow.names import COPIES_OF_STATS, Stats

if TYPE_CHECKING:
    from airflow_provider_datapipeline.telemetry.metrics import Metric


def count(metric: Metric, **tags: str) -> None:
    """Add one to a counter; it is sent where this process was told to send metrics, and nowhere otherwise."""
    _stats().incr(metric.name, tags=tags)


def gauge(metric: Metric, value: float, **tags: str) -> None:
    """Say how much there is of something now."""
    _stats().gauge(metric.name, value, tags=tags)


def timing(metric: Metric, seconds: float, **tags: str) -> None:
    """Say how long something took."""
    _stats().timing(metric.name, timedelta(seconds=seconds), tags=tags)


def _stats() -> Any:
    # Private: Airflow 3.2 and 3.3 have this module twice, one copy for tasks and one for their own processes, and where
    # a callback or a trigger runs, only the second was told a destination. Goes when the public
    # airflow.sdk.observability.stats works in the triggerer and in the dag-processor as well.
    for path in COPIES_OF_STATS:
        module = sys.modules.get(path)
        if getattr(module, "_factory", None) is not None:
            return module
        stats = getattr(module, "Stats", None)
        if stats is not None and _was_told(stats):
            return stats
    return Stats


def _was_told(stats: Any) -> bool:
    """Tell whether the class in the module of Airflow 3.2 has a destination: once used without one, it has a dummy."""
    factory = vars(stats).get("factory")
    return factory is not None and getattr(factory, "__name__", "") != "NoStatsLogger"
