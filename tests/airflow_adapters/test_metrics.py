"""Counters go where the process was told to send metrics."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline._airflow import metrics
from airflow_provider_datapipeline._airflow.names import COPIES_OF_STATS
from airflow_provider_datapipeline.telemetry.metrics import (
    DELIVERY_ERRORS,
    GONE,
    HEARTBEATS,
    HELD,
    REPORT_DELAY,
    REPORTED,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Destination:
    """What Airflow would send metrics to."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def incr(self, stat: str, **_: object) -> None:
        self.names.append(stat)


def told(path: str, monkeypatch: pytest.MonkeyPatch) -> Destination:
    """Have one of Airflow's two copies told a destination, as its process does when it starts."""
    destination = Destination()
    tell(path, lambda: destination, monkeypatch)
    return destination


def tell(path: str, factory: Callable[[], Destination] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = importlib.import_module(path)
    where, attribute, made = (
        (copy, "_factory", "_backend") if hasattr(copy, "_factory") else (copy.Stats, "factory", "instance")
    )
    monkeypatch.setattr(where, attribute, factory, raising=False)
    monkeypatch.setattr(where, made, None, raising=False)


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(COPIES_OF_STATS[0], reason="only Airflow 3.2 and later have two copies")
    for path in COPIES_OF_STATS:
        tell(path, None, monkeypatch)


def test_a_copy_that_was_used_before_it_was_told_takes_nothing_from_the_other(monkeypatch) -> None:
    """Airflow 3.2 then sends its metrics nowhere."""
    importlib.import_module(COPIES_OF_STATS[0])
    metrics.count(GONE)
    destination = told(COPIES_OF_STATS[1], monkeypatch)

    metrics.count(GONE)

    assert destination.names == ["datapipeline.gone"]


@pytest.mark.parametrize("path", COPIES_OF_STATS)
def test_the_copy_that_was_told_a_destination_counts(path, monkeypatch) -> None:
    """A task's process tells the first; the triggerer and the dag-processor tell the second, before they fork."""
    destination = told(path, monkeypatch)

    metrics.count(REPORTED["FINISHED"])

    assert destination.names == ["datapipeline.reported.finished"]


def test_nothing_is_counted_twice(monkeypatch) -> None:
    """A task that the executor forked finds both told."""
    destinations = [told(path, monkeypatch) for path in COPIES_OF_STATS]

    metrics.count(GONE)

    assert [name for destination in destinations for name in destination.names] == ["datapipeline.gone"]


def test_a_metric_with_a_new_name_is_sent_under_the_old_one_as_well(monkeypatch) -> None:
    """A dashboard that shows the old name goes on."""
    destination = told(COPIES_OF_STATS[0], monkeypatch)

    metrics.count(HEARTBEATS)

    assert destination.names == ["datapipeline.heartbeats", "datapipeline.beats"]


def test_a_process_that_was_told_nothing_counts_nowhere() -> None:
    metrics.count(DELIVERY_ERRORS)
    metrics.gauge(HELD, 3)
    metrics.timing(REPORT_DELAY, 1.5)
