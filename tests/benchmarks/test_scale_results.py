"""The table of the scale benchmark says what went wrong."""

from __future__ import annotations

from typing import Any

from benchmarks.scale.figures import Delays, Span
from benchmarks.scale.results import Burst, Memory, Phase, Results, table


def text(*, phase: dict[str, Any] | None = None, burst: dict[str, Any] | None = None, **given: Any) -> str:
    """The table of a run in which all was well but for what is given, with single spaces."""
    kept = {
        "name": "steady state",
        "span": Span(0, 120),
        "heartbeats_per_minute": [120, 118],
        "throttled": 0,
        "gaps": {"a": 0.2, "b": 0.3},
        "timeouts": {"a": 300.0, "b": 900.0},
        "lost": {},
        "delays": Delays([1.0, 3.0]),
        "cpu": {"triggerer": 12.0, "scheduler": 12.0},
    }
    ended = {
        "tasks": 2,
        "delays": Delays([1.0, 4.0]),
        "statuses": {"FINISHED": 2},
        "throttled": 0,
        "heartbeats_throttled": 0,
        "seconds": 4.0,
        "cpu": {"triggerer": 1.0},
    }
    results = {
        "title": "2 tasks",
        "settle_seconds": 3.0,
        "settle_missing": 0,
        "renewed": 0,
        "small": Memory(10, 400_000_000),
        "full": Memory(110, 410_000_000),
        "phases": [Phase(**(kept | (phase or {})))],
        "burst": Burst(**(ended | (burst or {}))),
        "lost": 0,
        "slowest_call": 0.004,
    }
    return "\n".join(" ".join(line.split()) for line in table(Results(**(results | given))).splitlines())


def test_each_figure_stands_with_its_unit() -> None:
    said = text()

    assert "per task 100 KB" in said
    assert "heartbeats a minute 120 118" in said
    assert "leases of 5 minutes 1, 0 lost\nlargest gap between heartbeats 0.20 of the lease" in said
    assert "target run ended to report median 2.0 s, longest 3.0 s of 2; 0 above 10 s" in said
    assert "CPU seconds 24, 0.20 a second" in said
    assert "reports a second 0.5" in said


def test_a_gap_above_a_third_is_told_of_its_own_lease() -> None:
    said = text(phase={"gaps": {"a": 0.34, "b": 0.5}})

    assert "0.34 of the lease, median 0.34; 0 above a third" in said  # the way to the service takes a moment
    assert "0.50 of the lease, median 0.50; 1 above a third" in said


def test_lost_leases_are_told_by_length() -> None:
    said = text(phase={"lost": {5: 1}}, lost=3)

    assert "leases of 5 minutes 1, 1 lost" in said
    assert "leases of 15 minutes 1, 0 lost" in said
    assert "leases lost, from filling up to the end 3" in said


def test_reports_that_did_not_come_are_told() -> None:
    said = text(phase={"delays": Delays([20.0], missing=1)}, burst={"delays": Delays([], missing=2)})

    assert "longest 20.0 s of 1; 2 above 10 s, 1 missing" in said
    assert "until reported none reported, 2 missing" in said
    assert "reports a second" not in said


def test_a_restart_tells_when_heartbeats_came_again() -> None:
    said = text(phase={"first_heartbeats": [31.0, 40.0]}, settle_missing=7)

    assert "heartbeat again first after 31 s, last of 2 after 40 s" in said
    assert "given up for 7 tasks" in said
