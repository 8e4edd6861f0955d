"""A poll is never cancelled: the next poller takes over a poll that is under way."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline._task_runner import poll_registry
from airflow_provider_datapipeline._task_runner.poll_registry import PolledTask, next_task
from airflow_provider_datapipeline.exceptions import AccessDeniedError

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator import Service
    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

GROUP = "airflow"
SOON = 10.0
"""Seconds; a task that is ready comes in a few milliseconds."""


async def poll(
    hook: DataPipelineHook,
    group: str = GROUP,
    timeout: float | None = SOON,  # noqa: ASYNC109  # of the poll
    runner: str = "runner",
) -> str | None:
    polled = await next_task(("account", group, runner), hook, group, hostname=None, timeout=timeout)
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
    """As when the triggerer ends a trigger. The next poller gets the task that was handed out meanwhile."""
    waiter = asyncio.create_task(poll(hook))
    await polls_received(service, 1)

    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    submit("echo hello")

    assert await poll(hook) == "echo hello"
    assert len(service.received("PollForTask")) == 1


async def test_a_task_that_came_too_long_ago_is_dropped(service, submit, hook, monkeypatch) -> None:
    """The service will soon hand the task out again. The next poll is a new one."""
    submit("echo stale")
    monkeypatch.setattr(poll_registry, "USABLE_SECONDS", 0.0)
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


async def test_of_two_waiters_one_gets_the_task_and_the_other_waits_on(service, submit, hook) -> None:
    """Each task starts once, and no poll is orphaned."""
    waiters = [asyncio.create_task(poll(hook)) for _ in range(2)]
    await polls_received(service, 1)
    submit("echo first")
    done, waiting = await asyncio.wait(waiters, timeout=SOON, return_when=asyncio.FIRST_COMPLETED)
    assert [each.result() for each in done] == ["echo first"]
    await polls_received(service, 2)
    submit("echo second")

    assert await asyncio.gather(*waiting) == ["echo second"]
    assert len(service.received("PollForTask")) == 2


async def test_who_waits_on_still_gives_up_in_time(service, submit, hook) -> None:
    """Its time counts from the moment when it began to wait, even if other callers got the answers."""
    quick = asyncio.create_task(poll(hook))
    waits = asyncio.create_task(poll(hook, timeout=0.5))
    await polls_received(service, 1)
    submit("echo hello")

    assert await asyncio.gather(quick, waits) == ["echo hello", None]
    await polls_received(service, 2)  # the one that it has left


async def test_an_error_is_told_to_one_waiter_and_the_other_polls_anew(service, submit, hook) -> None:
    service.fail_next("PollForTask", "AccessDeniedException")
    submit("echo hello")

    answers = await asyncio.gather(poll(hook), poll(hook), return_exceptions=True)

    assert [type(each) for each in answers] == [AccessDeniedError, str]
    assert len(service.received("PollForTask")) == 2


async def test_task_runners_of_one_worker_group_have_polls_of_their_own(service, submit, hook) -> None:
    """Each can hold only so many tasks, and starts them in a DAG of its own."""
    runners = [asyncio.create_task(poll(hook, runner=name)) for name in ("nightly", "hourly")]
    await polls_received(service, 2)
    submit("echo 1", "echo 2")

    assert sorted(await asyncio.gather(*runners)) == ["echo 1", "echo 2"]
    assert len(service.received("PollForTask")) == 2


@pytest.mark.parametrize(("age", "is_usable"), [(0, True), (89, True), (91, False), (3600, False)])
def test_a_task_is_worth_starting_for_a_minute_and_a_half(make_task, age: float, is_usable: bool) -> None:
    assert PolledTask(make_task(), time.time() - age).is_usable is is_usable


def test_polls_are_kept_apart_by_event_loop(service, hook) -> None:
    """A poll of an event loop that has ended would never have an answer."""

    async def give_up_soon(polls: int) -> None:
        assert await poll(hook, timeout=0.05) is None
        await polls_received(service, polls)

    asyncio.run(give_up_soon(1))
    asyncio.run(give_up_soon(2))
