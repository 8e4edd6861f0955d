"""Calls stay within the rates of an account, and make full use of them; in fake time."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from airflow_provider_datapipeline._task_runner.rate_limits import (
    POLL_RATE,
    REPORT_RATE,
    Rate,
    RateLimiter,
    backoff,
    rate_limiter_for,
)
from airflow_provider_datapipeline.emulator.rates import TokenBuckets
from tests.task_runner.fake_time import now, run, wall

STEADY = Rate(first=4, most=4, burst=3)


async def turns(limiter: RateLimiter, number: int, waiting: int = 10) -> list[float]:
    """Make calls with so many callers at a time, and return the time of each call."""
    made: list[float] = []
    left = itertools.count()

    async def waiter() -> None:
        while next(left) < number:
            await limiter.acquire()
            made.append(now())

    await asyncio.gather(*(waiter() for _ in range(waiting)))
    return made


async def demand(limiter: RateLimiter, seconds: float, waiting: int = 10) -> list[float]:
    """Make calls for so many seconds, and return the time of each call."""
    made: list[float] = []

    async def waiter() -> None:
        while True:
            await limiter.acquire()
            made.append(now())

    waiters = [asyncio.create_task(waiter()) for _ in range(waiting)]
    await asyncio.sleep(seconds)
    for each in waiters:
        each.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)
    return made


# The bucket


def test_saved_up_calls_are_made_at_once_and_the_others_steadily() -> None:
    made = run(turns(RateLimiter(STEADY), 6))

    assert made == pytest.approx([0, 0, 0, 0.25, 0.5, 0.75], abs=0.02)


def test_calls_are_saved_up_to_the_burst_and_no_further() -> None:
    """An hour without calls does not allow all calls of that hour at once."""

    async def after_an_hour() -> list[float]:
        limiter = RateLimiter(STEADY)
        await turns(limiter, 10)
        await asyncio.sleep(3600)
        start = now()
        return [at - start for at in await turns(limiter, 5)]

    assert run(after_an_hour()) == pytest.approx([0, 0, 0, 0.25, 0.5], abs=0.02)


@given(st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=60))
def test_no_stretch_of_time_has_more_calls_than_rate_and_burst_allow(pauses: list[float]) -> None:
    async def calls() -> list[float]:
        limiter = RateLimiter(rate)
        made: list[float] = []

        async def call() -> None:
            await limiter.acquire()
            made.append(now())

        waiting = []
        for pause in pauses:
            await asyncio.sleep(pause)
            waiting.append(asyncio.create_task(call()))
        await asyncio.gather(*waiting)
        return made

    rate = Rate(first=1, most=2, burst=5)
    made = run(calls())

    assert len(made) == len(pauses)
    for first, last in itertools.combinations(range(len(made)), 2):
        assert last - first + 1 <= rate.burst + rate.most * (made[last] - made[first]) + 1e-6


# Who comes first


def test_who_is_most_in_want_of_a_call_comes_first_and_equals_in_their_order() -> None:
    async def order() -> list[str]:
        limiter = RateLimiter(Rate(first=1, most=1, burst=1))
        await limiter.acquire()
        through: list[str] = []

        async def wait(name: str, urgency: float) -> None:
            await limiter.acquire(urgency)
            through.append(name)

        waiters = [("late", 30.0), ("soon", 10.0), ("soon too", 10.0), ("at once", -5.0)]
        tasks = [asyncio.create_task(wait(*each)) for each in waiters]
        await asyncio.sleep(1.5)
        tasks.append(asyncio.create_task(wait("came last", 0.0)))
        await asyncio.gather(*tasks)
        return through

    assert run(order()) == ["at once", "came last", "soon", "soon too", "late"]


def test_nobody_overtakes_who_waits_when_a_call_becomes_free() -> None:
    """Not even a call that comes at the moment when there is a token."""

    async def order() -> list[str]:
        limiter = RateLimiter(Rate(first=1, most=1, burst=1))
        await limiter.acquire()
        through: list[str] = []

        async def wait(name: str) -> None:
            await limiter.acquire()
            through.append(name)

        first = asyncio.create_task(wait("first"))
        await asyncio.sleep(1.0005)  # there is a token, but the timer has not let anybody through yet
        await asyncio.gather(first, wait("second"))
        return through

    assert run(order()) == ["first", "second"]


# Who gives up


def test_who_gives_up_takes_no_call_from_the_others() -> None:
    async def times() -> tuple[bool, float]:
        limiter = RateLimiter(Rate(first=1, most=1, burst=1))
        await limiter.acquire()
        gives_up = asyncio.create_task(limiter.acquire(-1))
        waits = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0.5)
        gives_up.cancel()
        await waits
        return gives_up.cancelled(), now()

    assert run(times()) == (True, pytest.approx(1, abs=0.01))


def test_a_call_that_was_let_through_at_the_very_moment_is_given_back() -> None:
    async def seconds() -> float:
        limiter = RateLimiter(Rate(first=1, most=1, burst=1))
        await limiter.acquire()
        gives_up = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        # In the turn of the loop in which the timer lets it through, behind that.
        asyncio.get_running_loop().call_at(now() + 1.001 + 1e-10, gives_up.cancel)
        await asyncio.wait({gives_up})
        assert gives_up.cancelled()
        given_back = now()
        await limiter.acquire()
        return now() - given_back

    assert run(seconds()) == 0


# How fast it is


def test_a_rate_grows_to_all_of_it_within_ten_seconds_of_demand() -> None:
    async def rates() -> list[float]:
        limiter = RateLimiter(REPORT_RATE)
        seen = [limiter.rate]
        for _ in range(12):
            await demand(limiter, 1, waiting=100)
            seen.append(limiter.rate)
        return seen

    seen = run(rates())

    assert seen[0] == 5
    assert seen == sorted(seen)
    # What is saved up is used first; from then on somebody waits.
    assert seen[9] >= 9
    assert seen[10:] == pytest.approx([9.5] * 3, abs=0.05)


def test_a_rate_does_not_grow_while_nobody_waits() -> None:
    async def rate() -> float:
        limiter = RateLimiter(REPORT_RATE)
        for _ in range(100):
            await limiter.acquire()
            await asyncio.sleep(0.25)
        return limiter.rate

    assert run(rate()) == 5


def test_a_thousand_calls_take_less_than_110_seconds() -> None:
    """As when a thousand runs end at once."""
    made = run(turns(RateLimiter(REPORT_RATE), 1000, waiting=1000))

    assert len(made) == 1000
    assert made[-1] < 110
    for second in range(1, int(made[-1])):
        assert sum(second <= at < second + 1 for at in made) <= 10


def test_polls_stay_at_their_rate() -> None:
    made = run(turns(RateLimiter(POLL_RATE), 300))

    assert made[99] == 0
    assert made[-1] == pytest.approx(100, rel=0.01)


def test_a_throttled_call_halves_the_rate() -> None:
    async def rates() -> list[float]:
        limiter = RateLimiter(Rate(first=4, most=4, burst=3))
        await turns(limiter, 60)
        seen = []
        for _ in range(4):
            limiter.throttled()
            seen.append(limiter.rate)
            await asyncio.sleep(1.1)
        return seen

    assert run(rates()) == [2, 1, 1, 1]  # never less than one a second: it has to find out whether there is more


@pytest.mark.parametrize("quiet", [0.0, 10.0])
def test_a_throttled_call_spends_what_was_saved_up(quiet: float) -> None:
    async def seconds() -> float:
        limiter = RateLimiter(Rate(first=4, most=4, burst=50))
        await turns(limiter, 55)
        await asyncio.sleep(quiet)
        limiter.throttled()
        start = now()
        await limiter.acquire()
        return now() - start

    assert run(seconds()) == pytest.approx(0.5, abs=0.02)


def test_a_throttled_call_slows_down_who_has_lived_on_what_was_saved_up() -> None:
    """As if another process had used the account's rate."""

    async def rate() -> float:
        limiter = RateLimiter(REPORT_RATE)
        await limiter.acquire()
        limiter.throttled()
        await limiter.acquire()
        return limiter.rate

    assert run(rate()) == 2.5


def test_calls_throttled_together_count_once() -> None:
    async def rate() -> float:
        limiter = RateLimiter(REPORT_RATE)
        for _ in range(20):
            limiter.throttled()
            await asyncio.sleep(0.04)
        return limiter.rate

    assert run(rate()) == 2.5


def test_a_rate_grows_again_after_a_calm_time() -> None:
    async def rates() -> list[float]:
        limiter = RateLimiter(REPORT_RATE)
        await demand(limiter, 30, waiting=100)
        limiter.throttled()
        seen = []
        for seconds in (0, 4.9, 5, 5):
            await demand(limiter, seconds)
            seen.append(limiter.rate)
        return seen

    after, calm, grown, more = run(rates())

    assert (after, calm) == pytest.approx((4.75, 4.75))
    assert (grown, more) == pytest.approx((7.2, 9.5), abs=0.3)


@pytest.mark.parametrize(("idle", "rate"), [(59, 9.5), (61, 5)])
def test_after_a_minute_without_demand_it_begins_anew(idle: float, rate: float) -> None:
    """Another process may have taken what this one did not use."""

    async def rate_after() -> float:
        limiter = RateLimiter(REPORT_RATE)
        await demand(limiter, 30, waiting=100)
        await asyncio.sleep(idle)
        await limiter.acquire()
        return limiter.rate

    assert run(rate_after()) == rate


def test_processes_of_one_account_find_their_parts() -> None:
    """The processes do not know of each other: each knows only which of its own calls were throttled."""

    async def two_processes() -> tuple[list[list[float]], list[float]]:
        account = TokenBuckets(lambda: datetime.fromtimestamp(wall(), UTC))
        taken: list[list[float]] = [[], []]
        refused: list[float] = []

        async def calls(number: int, limiter: RateLimiter) -> None:
            while True:
                await limiter.acquire()
                await asyncio.sleep(0.03)
                if account.take("ReportTaskProgress"):
                    taken[number].append(now())
                else:
                    refused.append(now())
                    limiter.throttled()

        limiters = [RateLimiter(REPORT_RATE) for _ in taken]
        tasks = [asyncio.create_task(calls(number, limiters[number])) for number in (0, 1) for _ in range(50)]
        await asyncio.sleep(900)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return taken, refused

    taken, refused = run(two_processes())

    steady = [sum(at >= 300 for at in each) / 600 for each in taken]
    assert 9 <= sum(steady) <= 10.2  # with what was saved up before
    assert min(steady) >= 3.5
    assert sum(at >= 300 for at in refused) / 600 <= 0.5


# Who shares one


async def test_a_limiter_is_shared_by_operation_and_account() -> None:
    """Two accounts, and two operations, do not slow each other down."""
    of_poll = rate_limiter_for(POLL_RATE, "PollForTask", "a")

    assert rate_limiter_for(POLL_RATE, "PollForTask", "a") is of_poll
    assert rate_limiter_for(POLL_RATE, "PollForTask", "b") is not of_poll
    assert rate_limiter_for(REPORT_RATE, "SetTaskStatus", "a") is not of_poll


def test_a_limiter_is_not_shared_by_event_loops() -> None:
    """The timer of a limiter belongs to one loop."""

    async def of_this_loop() -> RateLimiter:
        return rate_limiter_for(POLL_RATE, "PollForTask", "a")

    assert run(of_this_loop()) is not run(of_this_loop())


def test_delays_double_up_to_a_bound() -> None:
    """Each delay is random, so that many callers do not come back at the same time."""
    bounds = [1, 2, 4, 8, 10, 10, 10]

    for delay, bound in zip(backoff(1, 10), bounds, strict=False):
        assert bound / 2 <= delay <= bound
    assert len({next(backoff()) for _ in range(20)}) > 1
