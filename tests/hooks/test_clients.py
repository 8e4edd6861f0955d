"""One client per process, event loop, connection, region and purpose."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from airflow.providers.amazon.aws.hooks import base_aws
from asgiref.sync import sync_to_async
from botocore.loaders import JSONFileLoader, Loader  # type: ignore[import-untyped]  # ships no types

from airflow_provider_datapipeline.exceptions import AccessDeniedError
from airflow_provider_datapipeline.hooks import _clients
from airflow_provider_datapipeline.hooks._clients import (
    ClientKey,
    Opener,
    forget_clients,
    shared_async_client,
    shared_client,
)
from airflow_provider_datapipeline.hooks._config import Purpose
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
from tests.hooks.conftest import CONN_ID
from tests.hooks.stub_service import Answer, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = ClientKey("aws_default", None, None, "", Purpose.CALL)
ALIVE = Answer({"canceled": False})


class Builder:
    """Makes distinguishable clients, slowly enough for others to want one meanwhile."""

    def __init__(self) -> None:
        self.built: list[object] = []
        self.closed: list[object] = []

    def build(self) -> object:
        client = object()
        self.built.append(client)
        return client

    async def prepare(self) -> Opener:
        await asyncio.sleep(0.01)
        return self.open

    @asynccontextmanager
    async def open(self) -> AsyncIterator[object]:
        client = self.build()
        try:
            yield client
        finally:
            self.closed.append(client)


@pytest.fixture
def builder() -> Builder:
    return Builder()


def test_threads_share_a_client(builder) -> None:
    start = threading.Barrier(8)

    def get(_: int) -> object:
        start.wait()
        return shared_client(KEY, builder.build)

    with ThreadPoolExecutor(8) as threads:
        clients = set(threads.map(get, range(8)))

    assert clients == set(builder.built)
    assert len(clients) == 1


@pytest.mark.parametrize(
    "other",
    [
        KEY._replace(aws_conn_id="other"),
        KEY._replace(aws_conn_id=None),
        KEY._replace(region_name="eu-west-1"),
        KEY._replace(verify=False),
        KEY._replace(botocore_config="other"),
        KEY._replace(purpose=Purpose.POLL),
    ],
)
def test_what_differs_in_anything_has_a_client_of_its_own(builder, other) -> None:
    assert shared_client(KEY, builder.build) is not shared_client(other, builder.build)


def test_a_failed_build_is_tried_again_by_the_next_call(builder) -> None:
    def fail() -> object:
        raise OSError("no network yet")

    with pytest.raises(OSError, match="no network yet"):
        shared_client(KEY, fail)

    assert shared_client(KEY, builder.build) is builder.built[0]


def test_a_slow_build_keeps_up_nobody_else(builder) -> None:
    """Assuming a role may take seconds; a poll of another connection does not wait for it."""
    release = threading.Event()

    def build_slowly() -> object:
        release.wait(10)
        return builder.build()

    slow = threading.Thread(target=shared_client, args=(KEY, build_slowly))
    slow.start()
    try:
        shared_client(KEY._replace(aws_conn_id="other"), builder.build)
        assert slow.is_alive()
    finally:
        release.set()
        slow.join()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_process_builds_its_own_client(builder) -> None:
    """Even if the fork happened while another thread was building, and so held the lock."""
    inherited = shared_client(KEY, builder.build)
    release = threading.Event()
    other = KEY._replace(aws_conn_id="other")
    busy = threading.Thread(target=shared_client, args=(other, lambda: release.wait(10)))
    busy.start()

    child = os.fork()
    if child == 0:
        signal.alarm(10)  # instead of waiting for a lock for ever
        shared_client(other, builder.build)
        os._exit(0 if shared_client(KEY, builder.build) is not inherited else 1)
    release.set()
    busy.join()

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert shared_client(KEY, builder.build) is inherited


async def test_tasks_share_a_client(builder) -> None:
    shared = await asyncio.gather(*(shared_async_client(KEY, builder.prepare) for _ in range(8)))

    assert {id(one.client) for one in shared} == {id(builder.built[0])}
    assert len(builder.built) == 1


async def test_a_canceled_caller_does_not_take_the_client_from_the_others(builder) -> None:
    """A trigger may be canceled while it builds the client that others wait for."""
    first = asyncio.create_task(shared_async_client(KEY, builder.prepare))
    second = asyncio.create_task(shared_async_client(KEY, builder.prepare))
    await asyncio.sleep(0)

    first.cancel()

    assert (await second).client is builder.built[0]
    assert first.cancelled()


async def test_a_failed_preparation_is_tried_again_by_the_next_call(builder) -> None:
    async def fail() -> Opener:
        raise OSError("no network yet")

    with pytest.raises(OSError, match="no network yet"):
        await shared_async_client(KEY, fail)

    assert (await shared_async_client(KEY, builder.prepare)).client is builder.built[0]


async def test_an_event_loop_has_its_own_client_and_closes_it_at_its_end(builder) -> None:
    """Or aiohttp complains about a session that was never closed."""

    async def get() -> object:
        return (await shared_async_client(KEY, builder.prepare)).client

    first = await asyncio.to_thread(asyncio.run, get())
    second = await asyncio.to_thread(asyncio.run, get())

    assert first is not second
    assert builder.closed == [first, second]


async def test_event_loops_that_were_closed_are_not_kept(builder) -> None:
    async def get() -> None:
        await shared_async_client(KEY, builder.prepare)

    for _ in range(3):
        await asyncio.to_thread(asyncio.run, get())

    assert len(_clients._async_clients._loops) == 1


async def test_a_discarded_client_closes_after_the_last_call_under_way(builder) -> None:
    """Another task may be waiting for its answer on the same client."""
    under_way = await shared_async_client(KEY, builder.prepare)

    _clients.discard_async(KEY, under_way)
    replacement = await shared_async_client(KEY, builder.prepare)
    assert replacement.client is not under_way.client
    assert builder.closed == []

    del under_way
    gc.collect()
    async with asyncio.timeout(5):
        while not builder.closed:  # noqa: ASYNC110  # the event loop's own housekeeping sets no event
            await asyncio.sleep(0)
    assert builder.closed == builder.built[:1]


async def test_only_the_client_that_was_refused_is_discarded(builder) -> None:
    """Many calls may be refused at once; the first has replaced the client when the others come to discard it."""
    old = shared_client(KEY, builder.build)
    old_async = await shared_async_client(KEY, builder.prepare)
    _clients.discard(KEY, old)
    _clients.discard_async(KEY, old_async)
    new = shared_client(KEY, builder.build)
    new_async = await shared_async_client(KEY, builder.prepare)

    _clients.discard(KEY, old)
    _clients.discard_async(KEY, old_async)

    assert shared_client(KEY, builder.build) is new
    assert await shared_async_client(KEY, builder.prepare) is new_async


async def test_forgotten_clients_are_built_anew(builder) -> None:
    old, old_async = shared_client(KEY, builder.build), await shared_async_client(KEY, builder.prepare)

    forget_clients()

    assert shared_client(KEY, builder.build) is not old
    assert await shared_async_client(KEY, builder.prepare) is not old_async


async def test_hooks_share_one_connection_to_the_service(serve, invoke) -> None:
    """New hooks, as each task and trigger makes them; sessions, TLS and sockets stay."""
    service = serve(ALIVE)

    for _ in range(3):
        await invoke(DataPipelineHook(CONN_ID), "report_task_progress", "task-1")

    assert len(service.requests) == 3
    assert len(service.connections) == 1


async def test_the_airflow_connection_is_looked_up_once(serve, invoke, monkeypatch) -> None:
    serve(ALIVE)
    await invoke(DataPipelineHook(CONN_ID), "report_task_progress", "task-1")
    monkeypatch.delenv("AIRFLOW_CONN_STUB")

    assert await invoke(DataPipelineHook(CONN_ID), "report_task_progress", "task-1") is False


async def test_equal_settings_share_a_client_and_others_do_not(serve, invoke) -> None:
    """Each hook gets a dict of its own, as from an operator's template."""
    service = serve(ALIVE)
    for seconds in (5, 5, 6):
        hook = DataPipelineHook(CONN_ID, config={"read_timeout": seconds, "retries": {"mode": "standard"}})
        await invoke(hook, "report_task_progress", "task-1")

    assert len(service.connections) == 2


async def test_credentials_of_another_identity_are_picked_up_after_a_refusal(serve, connect, invoke, hook) -> None:
    """The connection is read again by the next call, in the same process."""
    service = serve(ALIVE, refusal("AccessDeniedException"), ALIVE)
    await invoke(hook, "report_task_progress", "task-1")
    connect(service.url, aws_session_token="rotated")

    with pytest.raises(AccessDeniedError):
        await invoke(hook, "report_task_progress", "task-1")
    await invoke(DataPipelineHook(CONN_ID), "report_task_progress", "task-1")

    tokens = [request.headers.get("X-Amz-Security-Token") for request in service.requests]
    assert tokens == [None, None, "rotated"]


async def test_a_hook_that_is_kept_picks_up_rotated_credentials_too(serve, connect, invoke, hook) -> None:
    service = serve(ALIVE, refusal("ExpiredToken"), ALIVE)
    await invoke(hook, "report_task_progress", "task-1")
    connect(service.url, aws_session_token="rotated")

    await invoke(hook, "report_task_progress", "task-1")

    assert service.requests[-1].headers.get("X-Amz-Security-Token") == "rotated"


async def test_a_refused_client_is_closed_and_not_merely_collected(serve, hook) -> None:
    """Collected with its connections open it would complain, here as an error."""
    serve(ALIVE, refusal("ExpiredToken"))
    await hook.areport_task_progress("task-1")

    with pytest.raises(AccessDeniedError):
        await hook.areport_task_progress("task-1")

    gc.collect()


async def test_fifty_polls_wait_side_by_side(serve, hook) -> None:
    """None queues for a connection behind another's 90 seconds."""
    service = serve(Answer(hang=True))
    polls = [asyncio.create_task(hook.apoll_for_task(f"group-{n}")) for n in range(50)]

    async with asyncio.timeout(10):
        while len(service.requests) < 50:  # noqa: ASYNC110  # filled by the server's threads
            await asyncio.sleep(0.01)

    assert len(service.connections) == 50
    for poll in polls:
        poll.cancel()
    await asyncio.gather(*polls, return_exceptions=True)


class ReaderLog(JSONFileLoader):
    """Remembers which threads read botocore's models."""

    def __init__(self) -> None:
        self.threads: set[int] = set()

    def load_file(self, file_path: str) -> object:
        content = super().load_file(file_path)
        if content is not None:
            self.threads.add(threading.get_ident())
        return content


async def test_the_event_loop_reads_no_models(serve, hook, monkeypatch) -> None:
    """Megabytes of JSON, which would stop every trigger for up to 150 ms."""
    serve(ALIVE)
    log = ReaderLog()
    monkeypatch.setattr(base_aws, "_loader", Loader(file_loader=log))

    await hook.areport_task_progress("task-1")

    assert log.threads
    assert threading.get_ident() not in log.threads


async def test_a_client_does_not_wait_for_the_thread_that_everybody_shares(serve, hook) -> None:
    """Where another provider's hook may be asking a slow server."""
    serve(ALIVE)
    started, release = threading.Event(), threading.Event()

    def occupy() -> None:
        started.set()
        release.wait(30)

    occupied = asyncio.create_task(sync_to_async(occupy)())
    await asyncio.to_thread(started.wait)
    try:
        async with asyncio.timeout(10):
            await hook.areport_task_progress("task-1")
    finally:
        release.set()
        await occupied
