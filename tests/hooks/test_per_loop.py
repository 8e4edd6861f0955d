"""One shared value per event loop and key."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.hooks._per_loop import PerLoop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Builder:
    """Builds values, each when it is told to."""

    def __init__(self) -> None:
        self.built: list[object] = []
        self.goes_on = asyncio.Event()

    async def build(self) -> object:
        await self.goes_on.wait()
        self.built.append(object())
        return self.built[-1]


@pytest.fixture
def values() -> PerLoop[str, object]:
    return PerLoop()


async def fail() -> object:
    await asyncio.sleep(0)
    raise OSError("no network yet")


def ready() -> Callable[[], Awaitable[object]]:
    builder = Builder()
    builder.goes_on.set()
    return builder.build


async def test_who_asks_at_once_shares_what_is_built(values) -> None:
    builder = Builder()
    asking = [asyncio.create_task(values.get("key", builder.build)) for _ in range(5)]
    await asyncio.sleep(0)
    builder.goes_on.set()

    assert set(await asyncio.gather(*asking)) == set(builder.built)
    assert len(builder.built) == 1
    assert await values.get("key", fail) is builder.built[0]
    assert await values.get("other", builder.build) is not builder.built[0]


async def test_who_stops_waiting_takes_it_from_nobody(values) -> None:
    builder = Builder()
    first, second = (asyncio.create_task(values.get("key", builder.build)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    builder.goes_on.set()

    assert await second is builder.built[0]
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_failure_is_told_to_all_who_wait_and_not_kept(values) -> None:
    asking = [asyncio.create_task(values.get("key", fail)) for _ in range(3)]

    assert [type(told) for told in await asyncio.gather(*asking, return_exceptions=True)] == [OSError] * 3
    assert await values.get("key", ready()) is not None


@pytest.mark.parametrize("canceled", [False, True])
async def test_a_failure_that_is_still_there_is_nobodys_value(values, canceled) -> None:
    """Between the end of a task and its callbacks is a turn of the event loop, in which others run."""
    failed = asyncio.create_task(fail())
    if canceled:  # as by somebody who cancels every task of the event loop
        failed.cancel()
    await asyncio.wait([failed])
    values._of_running_loop()["key"] = failed

    assert values.discard("key", object()) is False
    assert await values.get("key", ready()) is not None


async def test_what_is_outdated_is_built_anew_once(values) -> None:
    old = await values.get("key", ready())
    builder = Builder()
    builder.goes_on.set()

    got = await asyncio.gather(*(values.get("key", builder.build, fits=lambda it: it is not old) for _ in range(4)))

    assert set(got) == set(builder.built)
    assert len(builder.built) == 1


async def test_who_finds_it_outdated_when_it_comes_builds_another(values) -> None:
    """It was begun for somebody with other wishes; who builds gets what was built, without further questions."""
    first, second = Builder(), Builder()
    second.goes_on.set()
    begun = asyncio.create_task(values.get("key", first.build, fits=lambda _: False))
    await asyncio.sleep(0)
    other = asyncio.create_task(values.get("key", second.build, fits=lambda it: it not in first.built))
    await asyncio.sleep(0)
    first.goes_on.set()

    assert await begun is first.built[0]
    assert await other is second.built[0]


async def test_only_what_is_still_there_is_discarded(values) -> None:
    old = await values.get("key", ready())

    assert values.discard("key", old) is True
    new = await values.get("key", ready())
    assert values.discard("key", old) is False
    assert await values.get("key", fail) is new


async def test_each_event_loop_has_its_own_and_closed_ones_are_forgotten(values) -> None:
    got = [await asyncio.to_thread(asyncio.run, values.get("key", ready())) for _ in range(3)]

    assert len(set(got)) == 3
    assert len(values._loops) == 1
