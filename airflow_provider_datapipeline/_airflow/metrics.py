"""Sends metrics where Airflow sends its own."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow.names import COPIES_OF_STATS, Stats

if TYPE_CHECKING:
    from airflow_provider_datapipeline.telemetry.metrics import Metric


def count(metric: Metric, **tags: str) -> None:
    """Add one to a counter. A process that Airflow has given no destination for metrics sends nothing."""
    for name in _names(metric):
        _stats().incr(name, tags=tags)


def gauge(metric: Metric, value: float, **tags: str) -> None:
    """Send the present value of a gauge."""
    for name in _names(metric):
        _stats().gauge(name, value, tags=tags)


def timing(metric: Metric, seconds: float, **tags: str) -> None:
    """Send how long something took."""
    for name in _names(metric):
        _stats().timing(name, timedelta(seconds=seconds), tags=tags)


def _names(metric: Metric) -> tuple[str, ...]:
    return (metric.name, metric.formerly) if metric.formerly else (metric.name,)


def _stats() -> Any:
    # Airflow 3.2 and 3.3 have this private module twice: one copy for tasks, one for Airflow's own processes. In the
    # process that runs a callback or a trigger, only the second copy was given a destination. This function can go when
    # the public airflow.sdk.observability.stats works in the triggerer and in the dag-processor as well.
    for path in COPIES_OF_STATS:
        module = sys.modules.get(path)
        if getattr(module, "_factory", None) is not None:
            return module
        stats = getattr(module, "Stats", None)
        if stats is not None and _has_destination(stats):
            return stats
    return Stats


def _has_destination(stats: Any) -> bool:
    """
    Return whether the class in the module of Airflow 3.2 was given a destination.

    A class that was used before it was given one holds a dummy, which counts as none.
    """
    factory = vars(stats).get("factory")
    return factory is not None and getattr(factory, "__name__", "") != "NoStatsLogger"
