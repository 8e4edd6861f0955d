"""A poll is never cut off: whoever polls next takes over the one that is under way."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline import open_polls
from airflow_provider_datapipeline.exceptions import AccessDeniedError
from airflow_provider_datapipeline.open_polls import next_task

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator import Service
    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

GROUP = "airflow"
SOON = 10.0
"""Seconds; a task that is ready comes in a few milliseconds."""


async def poll(hook: DataPipelineHook, group: str = GROUP, timeout: float | None = SOON) -> str | None:  # noqa: ASYNC109
    polled = await next_task(("account", group), hook, group, hostname=None, timeout=timeout)
    return None if polled is None else str(polled.task.fields["command"])


async def polls_received(service: Service, number: int) -> None:
    async with asyncio.timeout(SOON):
        while len(service.received("PollForTask")) < number:  # noqa: ASYNC110  # the server is in another thread
            await asyncio.sleep(0.01)


async def test_a_poll_outlives_its_waiter_and_is_taken_over(service, submit, hook) -> None:
    """One request to the service, and no task lost in between."""
    assert await poll(hook, timeout=0.05) is None
    await polls_received(service, 1)
    submit("echo hello")

    assert await poll(hook) == "echo hello"

    assert len(service.received("PollForTask")) == 1


async def test_a_canceled_waiter_leaves_its_poll(service, submit, hook) -> None:
    """As when the triggerer ends a trigger: what the service hands out meanwhile goes to the next."""
    waiter = asyncio.create_task(poll(hook))
    await polls_received(service, 1)

    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    submit("echo hello")

    assert await poll(hook) == "echo hello"
    assert len(service.received("PollForTask")) == 1


async def test_a_task_that_came_too_long_ago_is_dropped(service, submit, hook, monkeypatch) -> None:
    """The service is about to hand it out again; the poll after it is a new one."""
    submit("echo stale")
    monkeypatch.setattr(open_polls, "USABLE_SECONDS", 0.0)
    assert await poll(hook) is None

    monkeypatch.undo()
    assert await poll(hook, timeout=0.05) is None
    await polls_received(service, 2)


async def test_worker_groups_do_not_mix(service, submit, hook) -> None:
    waiters = [asyncio.create_task(poll(hook, group)) for group in ("one", "two")]
    await polls_received(service, 2)
    submit("echo two", worker_group="two")
    submit("echo one", worker_group="one")

    assert await asyncio.gather(*waiters) == ["echo one", "echo two"]


async def test_an_error_is_raised_once_and_the_next_poll_is_a_new_one(service, submit, hook) -> None:
    service.fail_next("PollForTask", "AccessDeniedException")
    with pytest.raises(AccessDeniedError):
        await poll(hook)
    gc.collect()  # would find the client, unclosed, if the error held on to it
    submit("echo hello")

    assert await poll(hook) == "echo hello"
    assert len(service.received("PollForTask")) == 2


async def test_an_error_that_nobody_waited_for_is_told_to_the_next(service, hook) -> None:
    service.fail_next("PollForTask", "AccessDeniedException")
    waiter = asyncio.create_task(poll(hook))
    await asyncio.sleep(0)
    waiter.cancel()

    with pytest.raises(AccessDeniedError):
        await poll(hook)
    assert len(service.received("PollForTask")) == 1


async def test_two_waiters_of_one_group_orphan_no_poll(service, submit, hook) -> None:
    """Both hear of the task, which starts once; the poll that the quicker one starts next stays known."""

    async def both_tasks() -> list[str | None]:
        return [await poll(hook), await poll(hook)]

    waiters = [asyncio.create_task(both_tasks()) for _ in range(2)]
    await polls_received(service, 1)
    submit("echo first")
    await polls_received(service, 2)
    submit("echo second")

    assert await asyncio.gather(*waiters) == [["echo first", "echo second"]] * 2
    assert len(service.received("PollForTask")) == 2


def test_polls_are_kept_apart_by_event_loop(service, hook) -> None:
    """A poll of a loop that has ended is none to wait for."""

    async def give_up_soon(polls: int) -> None:
        assert await poll(hook, timeout=0.05) is None
        await polls_received(service, polls)

    asyncio.run(give_up_soon(1))
    asyncio.run(give_up_soon(2))
