"""One shared value per event loop and key."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.hooks._per_loop import PerLoop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Value:
    """A plain object, to which there may be weak references."""


class Builder:
    """Builds values, each after ``goes_on`` is set."""

    def __init__(self) -> None:
        self.built: list[object] = []
        self.goes_on = asyncio.Event()

    async def build(self) -> object:
        await self.goes_on.wait()
        self.built.append(Value())
        return self.built[-1]


@pytest.fixture
def dropped() -> list[object]:
    return []


@pytest.fixture
def values(dropped: list[object]) -> PerLoop[str, object]:
    return PerLoop(dropped.append)


async def fail() -> object:
    await asyncio.sleep(0)
    raise OSError("no network yet")


def ready() -> Callable[[], Awaitable[object]]:
    builder = Builder()
    builder.goes_on.set()
    return builder.build


async def test_callers_at_the_same_time_share_one_value(values) -> None:
    builder = Builder()
    asking = [asyncio.create_task(values.get("key", builder.build)) for _ in range(5)]
    await asyncio.sleep(0)
    builder.goes_on.set()

    assert set(await asyncio.gather(*asking)) == set(builder.built)
    assert len(builder.built) == 1
    assert await values.get("key", fail) is builder.built[0]
    assert await values.get("other", builder.build) is not builder.built[0]


async def test_a_caller_that_is_canceled_does_not_end_the_build(values) -> None:
    builder = Builder()
    first, second = (asyncio.create_task(values.get("key", builder.build)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    builder.goes_on.set()

    assert await second is builder.built[0]
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_failure_is_raised_to_all_who_wait_and_not_kept(values) -> None:
    asking = [asyncio.create_task(values.get("key", fail)) for _ in range(3)]

    assert [type(told) for told in await asyncio.gather(*asking, return_exceptions=True)] == [OSError] * 3
    assert await values.get("key", ready()) is not None


@pytest.mark.parametrize("failure", [OSError, asyncio.CancelledError])
async def test_a_failure_that_is_not_yet_forgotten_is_not_returned(values, failure) -> None:
    """Between the end of a build and the moment when its failure is forgotten, other coroutines run."""
    has_failed = asyncio.get_running_loop().create_future()

    async def fail_now() -> object:
        has_failed.set_result(None)
        raise failure

    first = asyncio.create_task(values.get("key", fail_now))
    await has_failed

    assert values.discard("key", object()) is False
    assert await values.get("key", ready()) is not None
    with pytest.raises(failure):
        await first


async def test_a_value_that_does_not_fit_is_replaced_once(values) -> None:
    old = await values.get("key", ready())
    builder = Builder()
    builder.goes_on.set()

    got = await asyncio.gather(*(values.get("key", builder.build, fits=lambda it: it is not old) for _ in range(4)))

    assert set(got) == set(builder.built)
    assert len(builder.built) == 1


async def test_a_caller_that_waited_for_a_value_that_does_not_fit_builds_another(values) -> None:
    """The first caller receives the value that it has built, without a check; the second one cannot use that value."""
    first, second = Builder(), Builder()
    second.goes_on.set()
    begun = asyncio.create_task(values.get("key", first.build, fits=lambda _: False))
    await asyncio.sleep(0)
    other = asyncio.create_task(values.get("key", second.build, fits=lambda it: it not in first.built))
    await asyncio.sleep(0)
    first.goes_on.set()

    assert await begun is first.built[0]
    assert await other is second.built[0]


async def test_a_value_that_was_replaced_is_not_discarded_again(values) -> None:
    old = await values.get("key", ready())

    assert values.discard("key", old) is True
    new = await values.get("key", ready())
    assert values.discard("key", old) is False
    assert await values.get("key", fail) is new


async def test_a_dropped_value_is_passed_on_once(values, dropped) -> None:
    """A value is dropped because it was discarded, did not fit, or was cleared."""
    got = [await values.get("key", ready())]
    values.discard("key", got[0])
    values.discard("key", got[0])
    assert dropped == got

    got.append(await values.get("key", ready()))
    current = await values.get("key", ready(), fits=lambda _: False)
    assert dropped == got

    got.append(current)
    values.clear()
    await values.get("key", ready())
    assert dropped == got


async def test_a_value_that_is_cleared_while_it_is_built_is_passed_on_when_it_is_built(values, dropped) -> None:
    """Callers that wait for the value receive it, and later callers do not."""
    builder = Builder()
    waiting = asyncio.create_task(values.get("key", builder.build))
    await asyncio.sleep(0)

    values.clear()
    other = await values.get("key", ready())
    assert dropped == []
    builder.goes_on.set()

    assert await waiting is builder.built[0]
    assert dropped == builder.built
    assert await values.get("key", fail) is other


async def test_each_event_loop_has_its_own_value_and_closed_loops_are_forgotten(values) -> None:
    got = [await asyncio.to_thread(asyncio.run, values.get("key", ready())) for _ in range(3)]
    remaining = [weakref.ref(value) for value in got]
    assert len(set(got)) == 3

    del got
    await values.get("key", ready())  # in yet another event loop
    gc.collect()

    assert [value() for value in remaining] == [None] * 3
