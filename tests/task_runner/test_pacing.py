"""The rates of an account are kept, by the clock."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given, strategies as st

from airflow_provider_datapipeline.pacing import POLL_RATE, REPORT_RATE, Pace, backoff, beat_seconds, shared_pace


class Clock:
    """Hand-driven, and started at a time that is not zero."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_saved_up_turns_come_at_once_and_the_others_steadily(clock: Clock) -> None:
    pace = Pace(4, 3, clock)

    waits = [pace.reserve() for _ in range(6)]

    assert waits == [0, 0, 0, 0.25, 0.5, 0.75]


def test_turns_are_saved_up_to_the_burst_and_no_further(clock: Clock) -> None:
    """An hour without calls is no licence for an hour's calls."""
    pace = Pace(4, 3, clock)
    for _ in range(10):
        pace.reserve()

    clock.now += 3600

    assert [pace.reserve() for _ in range(5)] == [0, 0, 0, 0.25, 0.5]


@given(st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=60))
def test_no_stretch_of_time_has_more_turns_than_rate_and_burst_allow(pauses: list[float]) -> None:
    clock = Clock()
    rate, burst = 2, 5
    pace = Pace(rate, burst, clock)
    turns = []
    for pause in pauses:
        clock.now += pause
        turns.append(clock.now + pace.reserve())

    for first, last in itertools.combinations(range(len(turns)), 2):
        assert last - first + 1 <= burst + rate * (turns[last] - turns[first]) + 1 + 1e-6


async def test_a_turn_is_waited_for(clock: Clock) -> None:
    """The turn itself, on the real clock, takes what ``reserve`` says."""
    pace = Pace(20, 1)
    loop = asyncio.get_running_loop()
    started = loop.time()

    for _ in range(4):
        await pace.turn()

    assert loop.time() - started >= 0.14


def test_a_pace_is_shared_by_operation_and_account() -> None:
    """Two accounts, and two operations, do not slow each other down."""
    of_poll = shared_pace(POLL_RATE, "PollForTask", "a", None)

    assert shared_pace(POLL_RATE, "PollForTask", "a", None) is of_poll
    assert shared_pace(POLL_RATE, "PollForTask", "b", None) is not of_poll
    assert shared_pace(REPORT_RATE, "SetTaskStatus", "a", None) is not of_poll


def test_delays_double_up_to_a_bound() -> None:
    """Each is drawn from the upper half, so that many callers do not come back together."""
    bounds = [1, 2, 4, 8, 10, 10, 10]

    for delay, bound in zip(backoff(1, 10), bounds, strict=False):
        assert bound / 2 <= delay <= bound
    assert len({next(backoff()) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    ("beat", "leases", "timeout", "expected"),
    [
        (60, 1, 900, 60),
        (60, 300, 900, 60),  # 300 leases at 5/s are one round a minute
        (60, 1000, 900, 200),
        (60, 100_000, 900, 300),  # two beats may be lost
        (60, 1, 90, 30),
        (1, 0, 900, 1),
    ],
)
def test_beats_stretch_with_the_leases_but_never_risk_one(
    beat: float, leases: int, timeout: float, expected: float
) -> None:
    assert beat_seconds(beat, leases, timeout) == expected
