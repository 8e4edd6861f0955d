"""Heartbeats are due within each lease, within the account's rate, and spread evenly."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter

import pytest
from hypothesis import assume, example, given, strategies as st

from airflow_provider_datapipeline._task_runner.heartbeats import (
    START_SECONDS,
    TAKE_OVER_SECONDS,
    Load,
    estimated_last_heartbeat,
    interval,
    load_of,
    next_due,
    phase_of,
)
from airflow_provider_datapipeline._task_runner.rate_limits import HEARTBEAT_CAPACITY

MINUTE = 60.0
QUARTER = 15 * MINUTE
NOW = 1_900_000_000.0

times = st.floats(min_value=1.5e9, max_value=4e9)
intervals = st.floats(min_value=5, max_value=9 * MINUTE)
phases = st.floats(min_value=0, max_value=1, exclude_max=True)
timeouts = st.sampled_from([MINUTE, 5 * MINUTE, QUARTER, 60 * MINUTE, 24 * 60 * MINUTE])


def load(*leases: tuple[int, float]) -> Load:
    """So many leases of so many seconds."""
    held = Load()
    for number, timeout in leases:
        held.leases[timeout] += number
    return held


# What is due when


@given(times, intervals, phases)
def test_the_next_heartbeat_is_due_within_one_interval(after: float, seconds: float, phase: float) -> None:
    due = next_due(after, seconds, phase)

    assert after - 1e-3 <= due <= after + seconds + 1e-3


@given(times, intervals, phases, st.floats(min_value=0.001, max_value=1))
def test_no_gap_is_longer_than_the_interval(start: float, seconds: float, phase: float, late: float) -> None:
    """Only the first interval may be shorter. A heartbeat that comes a little late does not move the next ones."""
    dues = [next_due(start, seconds, phase)]
    for _ in range(20):
        dues.append(next_due(dues[-1] + late, seconds, phase))

    assert all(second - first == pytest.approx(seconds, abs=1e-3) for first, second in itertools.pairwise(dues))


@given(times, intervals, phases, st.lists(intervals, max_size=10))
def test_an_interval_that_changes_leaves_no_gap_longer_than_the_one_of_the_moment(
    start: float, seconds: float, phase: float, changes: list[float]
) -> None:
    last = next_due(start, seconds, phase)
    for changed in changes:
        due = next_due(last, changed, phase)
        assert due - last <= changed + 1e-3
        last = due


@given(times, intervals, st.integers(min_value=2, max_value=10))
def test_an_equal_number_of_leases_is_due_in_each_part_of_an_interval(after: float, seconds: float, parts: int) -> None:
    leases = 3000
    dues = [next_due(after, seconds, phase_of(f"task {number}")) for number in range(leases)]

    per_part = Counter(min(parts - 1, int((due - after) / seconds * parts)) for due in dues)
    assert len(per_part) == parts
    # Five standard deviations of a fair draw: 3,000 of 10 parts are 300 each, give or take 82.
    fair = leases / parts
    assert all(abs(number - fair) < 5 * (fair * (1 - 1 / parts)) ** 0.5 for number in per_part.values())


@given(st.text())
def test_a_phase_belongs_to_the_task_in_every_process(name: str) -> None:
    assert 0 <= phase_of(name) < 1
    assert phase_of(name) == phase_of(name)


def test_a_phase_stays_the_same_from_release_to_release() -> None:
    """A triggerer that is upgraded while another goes on estimates what the other has done."""
    assert phase_of("a task") == pytest.approx(0.827556, abs=1e-6)


# How long an interval is


@pytest.mark.parametrize(
    ("leases", "timeout", "expected"),
    [
        (1, QUARTER, 60),
        (100, QUARTER, 60),
        (400, QUARTER, 60),  # 540 leases are 9 heartbeats a second; intervals have steps
        (1, 90, 30),
        (100, 90, 30),  # a third of a short lease
    ],
)
def test_as_asked_for_while_the_rate_allows(leases: int, timeout: float, expected: float) -> None:
    assert interval(60, timeout, load((leases, timeout))) == expected


@pytest.mark.parametrize("leases", [1000, 2000, 2700])
def test_up_to_a_third_of_a_lease_where_it_does_not(leases: int) -> None:
    assert 60 < interval(60, QUARTER, load((leases, QUARTER))) <= QUARTER / 3


@pytest.mark.parametrize("leases", [3000, 5000, 50_000])
def test_never_more_than_eight_tenths(leases: int) -> None:
    assert QUARTER / 3 < interval(60, QUARTER, load((leases, QUARTER))) <= 0.8 * QUARTER


def planned(asked: float, *leases: tuple[int, float]) -> float:
    """Heartbeats a second of all leases."""
    held = load(*leases)
    return sum(number / interval(asked, timeout, held) for number, timeout in leases)


@given(st.floats(min_value=10, max_value=300), st.integers(1, 30_000), timeouts)
def test_the_rate_is_enough_unless_leases_would_be_lost(asked: float, number: int, timeout: float) -> None:
    seconds = interval(asked, timeout, load((number, timeout)))

    assert seconds == 0.8 * timeout or number / seconds <= HEARTBEAT_CAPACITY + 1e-6


def test_five_thousand_leases_take_little_more_than_what_is_planned_with() -> None:
    """The account has 10/s."""
    assert planned(60, (5000, QUARTER)) < 9.5


@given(
    st.floats(min_value=10, max_value=300),
    st.lists(st.tuples(st.integers(1, 3000), timeouts), min_size=1, max_size=4),
)
@example(60, [(200, 5 * MINUTE), (1800, QUARTER)])  # was 9.9/s
@example(60, [(600, 5 * MINUTE), (1000, 24 * 60 * MINUTE)])  # was 11.6/s, more than the account has
def test_the_rate_is_enough_for_short_leases_beside_long_ones(asked: float, leases: list[tuple[int, float]]) -> None:
    held = load(*leases)
    seconds = {timeout: interval(asked, timeout, held) for _, timeout in leases}

    assert all(seconds[timeout] <= 0.8 * timeout for _, timeout in leases)
    assume(not any(seconds[timeout] == 0.8 * timeout for _, timeout in leases))
    assert planned(asked, *leases) <= HEARTBEAT_CAPACITY + 1e-6


def test_short_leases_are_not_stretched_beyond_their_third_where_long_ones_can_wait() -> None:
    """400 leases of five minutes take 4/s of the rate whatever the others do; those share the other 5/s."""
    held = load((400, 5 * MINUTE), (1000, QUARTER))

    assert interval(60, 5 * MINUTE, held) == 100
    assert 200 <= interval(60, QUARTER, held) < 250


def test_a_long_lease_beside_short_ones_is_as_asked_for_while_the_rate_allows() -> None:
    """Otherwise it would take hours to notice a canceled task. 100 heartbeats a minute are a fifth of the rate."""
    day = 24 * 60 * MINUTE

    assert interval(60, day, load((100, QUARTER), (1, day))) == 60


@given(
    st.floats(min_value=10, max_value=300),
    st.lists(st.tuples(st.integers(1, 3000), timeouts), min_size=1, max_size=4),
)
def test_no_lease_risks_more_than_another(asked: float, leases: list[tuple[int, float]]) -> None:
    """If the rate is not enough for a third of each lease, all intervals are the same share of their lease."""
    held = load(*leases)
    shares = {round(interval(asked, timeout, held) / timeout, 9) for _, timeout in leases}

    if held.demand() > HEARTBEAT_CAPACITY:
        assert len(shares) == 1
    else:
        assert max(shares) <= round(1 / 3, 9)


def test_one_lease_more_moves_no_phases() -> None:
    """Intervals grow in steps. Between two steps, the heartbeats of all other leases keep their times."""
    lengths = Counter(interval(60, QUARTER, load((leases, QUARTER))) for leases in range(500, 2500, 20))

    assert len(lengths) <= 9
    assert sorted(lengths) == sorted(lengths, key=float)


# What the leases are


@given(st.lists(timeouts, max_size=40), st.randoms(use_true_random=False))
def test_leases_that_have_gone_leave_nothing_behind(leases: list[float], random) -> None:
    held = load((1, QUARTER))
    for timeout in leases:
        held.add(timeout, NOW)
    random.shuffle(leases)
    for timeout in leases:
        held.remove(timeout)

    assert dict(held.leases) == {QUARTER: 1}
    assert held.demand() == 3 / QUARTER


def test_leases_of_other_triggerers_count_as_far_as_they_have_been_counted() -> None:
    """Two triggerers of one account must stay below its rate together. Each knows its own leases exactly."""
    held = load((1000, QUARTER))
    alone, demand = interval(60, QUARTER, held), held.demand()

    held.held = {"runner": 2000, "another_runner": 500}
    assert held.demand() == pytest.approx(2.5 * demand)
    assert held.demand(60) == pytest.approx(2500 / 60)
    assert interval(60, QUARTER, held) == interval(60, QUARTER, load((2500, QUARTER))) > alone

    held.held = {"runner": 0}
    assert held.demand() == demand
    assert Load(held={"runner": 20}).demand() == 0


async def test_a_load_is_shared_by_account_and_event_loop() -> None:
    loop = asyncio.get_running_loop()

    assert load_of(loop, "account") is load_of(loop, "account")
    assert load_of(loop, "account") is not load_of(loop, "another")


# What another process has done


@given(intervals, phases, st.floats(min_value=-60, max_value=3600))
@example(540, (NOW - TAKE_OVER_SECONDS - 10) / 540 % 1, 30)  # in time for the first leases, and not for this one
@example(540, (NOW - TAKE_OVER_SECONDS + 10) / 540 % 1, -60)  # clocks differ
@example(540, (NOW - TAKE_OVER_SECONDS - START_SECONDS - 10) / 540 % 1, 3600)
def test_a_heartbeat_that_was_due_during_the_take_over_counts_as_missed(
    seconds: float, phase: float, took: float
) -> None:
    """The process may have begun this lease late, for as long as it is still beginning leases."""
    due = next_due(NOW, seconds, phase) - seconds
    last = estimated_last_heartbeat(NOW, seconds, phase, NOW - took)

    missing = TAKE_OVER_SECONDS + min(max(took, 0), START_SECONDS)
    assert last == pytest.approx(due - seconds if NOW - due < missing else due, abs=1e-3)


def test_a_take_over_begins_with_the_first_lease() -> None:
    held = Load()

    held.add(QUARTER, NOW)
    held.add(QUARTER, NOW + 60)

    assert held.began == NOW


@given(intervals, st.lists(phases, min_size=2, max_size=20, unique=True))
def test_leases_in_want_of_a_heartbeat_are_put_in_the_order_in_which_they_end(
    seconds: float, phases_of_all: list[float]
) -> None:
    """The other process died 40 s ago, and had kept the leases until then."""
    assume(seconds > TAKE_OVER_SECONDS)
    died = NOW - 40
    true = {phase: next_due(died, seconds, phase) - seconds for phase in phases_of_all}
    estimate = {phase: estimated_last_heartbeat(NOW, seconds, phase, NOW) for phase in phases_of_all}

    for phase in phases_of_all:
        # Never later than the truth: who may have missed one comes first.
        assert estimate[phase] <= true[phase] + 1e-3
        assert estimate[phase] == pytest.approx(true[phase], abs=1e-3) or true[phase] > died - TAKE_OVER_SECONDS
