"""What the scale benchmark makes of calls and times."""

from __future__ import annotations

import math

import pytest

from benchmarks.scale.figures import (
    HEARTBEAT,
    REPORT,
    THROTTLED,
    Call,
    Span,
    delays,
    largest_gaps,
    moments,
    per_minute,
    throttled,
)

SPAN = Span(100, 400)
TIMEOUTS = {"a": 300.0}


@pytest.mark.parametrize(
    ("heartbeats", "over", "gap"),
    [
        ([50, 150, 250, 350], {}, 100),
        ([10, 150, 250, 350], {}, 140),  # begun before the span
        ([350], {}, 250),  # none before: from the start of the span on
        ([90, 100, 200], {}, 200),  # not over at its end
        ([90, 100, 200, 250], {"a": 260}, 100),  # reported: nothing is to come
        ([90, 500], {}, 310),  # what comes later does not count
        ([], {}, 300),
    ],
)
def test_the_largest_gap_is_found_wherever_it_is(heartbeats: list[float], over: dict[str, float], gap: float) -> None:
    assert largest_gaps({"a": heartbeats}, TIMEOUTS, over, SPAN) == {"a": pytest.approx(gap / 300)}


def test_a_gap_is_measured_by_the_lease_of_its_task() -> None:
    gaps = largest_gaps({"a": [100, 400], "b": [100, 400]}, {"a": 300.0, "b": 900.0}, {}, SPAN)

    assert gaps == {"a": pytest.approx(1), "b": pytest.approx(1 / 3)}


def test_a_task_that_was_over_before_the_span_has_no_gap_in_it() -> None:
    assert largest_gaps({"a": [10]}, TIMEOUTS, {"a": 90}, SPAN) == {}


def test_refused_calls_keep_no_lease() -> None:
    calls = [
        Call(2, HEARTBEAT, "a"),
        Call(1, HEARTBEAT, "a"),
        Call(3, HEARTBEAT, "a", "canceled"),
        Call(4, REPORT, "a"),
        Call(5, HEARTBEAT, "b", "TaskNotFoundException"),
    ]

    assert moments(calls, HEARTBEAT) == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("end", "rates"),
    [
        (130, [4]),  # half a minute
        (160, [3]),
        (161, [5 * 60 / 61]),  # a second is no minute of its own
        (190, [3, 6]),
        (220, [3, 4]),
        (100, [1]),
    ],
)
def test_calls_a_minute_are_those_of_a_whole_minute(end: float, rates: list[float]) -> None:
    calls = [Call(at, HEARTBEAT, "a") for at in (99, 100, 130, 159, 160.5, 161, 190, 191)]

    assert per_minute(calls, HEARTBEAT, Span(100, end)) == pytest.approx(rates)


def test_what_the_rate_refused_is_counted_by_operation() -> None:
    calls = [
        Call(150, HEARTBEAT, "", THROTTLED),
        Call(150, REPORT, "", THROTTLED),
        Call(150, REPORT, "a"),
        Call(50, REPORT, "", THROTTLED),
    ]

    assert throttled(calls, REPORT, SPAN) == 1


def test_a_report_that_did_not_come_is_late() -> None:
    found = delays({"a": 100, "b": 100, "c": 100}, {"a": [104, 120], "b": [130]})

    assert (found.seconds, found.missing) == ([4, 30], 1)
    assert (found.median, found.longest, found.above(10)) == (17, 30, 2)


def test_without_a_report_there_is_no_delay() -> None:
    assert math.isnan(delays({"a": 100}, {}).longest)
