"""Counters go where the process was told to send metrics."""

from __future__ import annotations

import importlib

import pytest

from airflow_provider_datapipeline._airflow import metrics
from airflow_provider_datapipeline._airflow.names import COPIES_OF_STATS
from airflow_provider_datapipeline.metrics import DELIVERY_ERRORS, GONE, HELD, REPORT_DELAY, REPORTED


class Destination:
    """What Airflow would send metrics to."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def incr(self, stat: str, **_: object) -> None:
        self.names.append(stat)


def told(path: str, monkeypatch: pytest.MonkeyPatch) -> Destination:
    """Have one of Airflow 3.3's two copies told a destination, as its process does when it starts."""
    destination = Destination()
    copy = importlib.import_module(path)
    monkeypatch.setattr(copy, "_factory", lambda: destination)
    monkeypatch.setattr(copy, "_backend", None)
    return destination


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(COPIES_OF_STATS[0], reason="only Airflow 3.3 and later have two copies")
    for path in COPIES_OF_STATS:
        monkeypatch.setattr(importlib.import_module(path), "_factory", None)


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


def test_a_process_that_was_told_nothing_counts_nowhere() -> None:
    metrics.count(DELIVERY_ERRORS)
    metrics.gauge(HELD, 3)
    metrics.timing(REPORT_DELAY, 1.5)
