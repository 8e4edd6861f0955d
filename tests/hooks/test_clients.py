"""One client per process, event loop, connection, region and purpose."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from airflow.providers.amazon.aws.hooks import base_aws
from asgiref.sync import sync_to_async
from botocore.loaders import JSONFileLoader, Loader  # type: ignore[import-untyped]  # ships no types

from airflow_provider_datapipeline.exceptions import AccessDeniedError
from airflow_provider_datapipeline.hooks._clients import (
    ClientKey,
    Opener,
    forget_clients,
    use_async_client,
    use_client,
)
from airflow_provider_datapipeline.hooks._config import Purpose
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
from tests.hooks.conftest import CONN_ID
from tests.hooks.stub_service import Answer, refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

KEY = ClientKey("aws_default", None, None, "", Purpose.CALL)
ALIVE = Answer({"canceled": False})


class Client:
    """A client that remembers whether it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Builder:
    """Makes distinguishable clients, slowly enough that other callers want one meanwhile."""

    def __init__(self) -> None:
        self.built: list[Client] = []

    @property
    def closed(self) -> list[int]:
        """How often each client was closed, in the order in which they were built."""
        return [client.closed for client in self.built]

    def build(self) -> Client:
        client = Client()
        self.built.append(client)
        return client

    async def prepare(self) -> Opener:
        await asyncio.sleep(0.01)
        return self.open

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Client]:
        client = self.build()
        try:
            yield client
        finally:
            try:
                await asyncio.sleep(0)  # as for the goodbye of TLS
            finally:
                client.close()


def shared_client(key: ClientKey, build: Callable[[], object]) -> object:
    """Return the client that a call would use now."""
    with use_client(key, build) as used:
        return used.client


async def shared_async_client(key: ClientKey, prepare: Callable[[], Awaitable[Opener]]) -> object:
    """Return the client that a call in this event loop would use now."""
    async with use_async_client(key, prepare) as used:
        return used.client


async def until_closed(builder: Builder, *closed: int) -> None:
    """Wait until clients are closed in tasks of their own."""
    async with asyncio.timeout(5):
        while builder.closed != list(closed):  # noqa: ASYNC110  # a task that nobody can wait for
            await asyncio.sleep(0)


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
    """Assuming a role may take seconds, in which a poll with another connection goes on."""
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
    """Even if another thread held a lock at the fork, because it was building a client."""
    inherited = builder.build()
    assert shared_client(KEY, lambda: inherited) is inherited
    release = threading.Event()
    other = KEY._replace(aws_conn_id="other")
    busy = threading.Thread(target=shared_client, args=(other, lambda: release.wait(10) and builder.build()))
    busy.start()

    child = os.fork()
    if child == 0:
        signal.alarm(10)  # instead of waiting for a lock for ever
        shared_client(other, builder.build)
        forget_clients()
        os._exit(0 if shared_client(KEY, builder.build) is not inherited and not inherited.closed else 1)
    release.set()
    busy.join()

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert shared_client(KEY, builder.build) is inherited


async def test_tasks_share_a_client(builder) -> None:
    shared = await asyncio.gather(*(shared_async_client(KEY, builder.prepare) for _ in range(8)))

    assert set(shared) == set(builder.built)
    assert len(builder.built) == 1


async def test_a_canceled_caller_does_not_take_the_client_from_the_others(builder) -> None:
    """A trigger may be canceled while it builds the client that others wait for."""
    first = asyncio.create_task(shared_async_client(KEY, builder.prepare))
    second = asyncio.create_task(shared_async_client(KEY, builder.prepare))
    await asyncio.sleep(0)

    first.cancel()

    assert await second is builder.built[0]
    assert first.cancelled()


async def test_a_failed_preparation_is_tried_again_by_the_next_call(builder) -> None:
    async def fail() -> Opener:
        raise OSError("no network yet")

    with pytest.raises(OSError, match="no network yet"):
        await shared_async_client(KEY, fail)

    assert await shared_async_client(KEY, builder.prepare) is builder.built[0]


async def test_an_event_loop_has_its_own_client_and_closes_it_at_its_end(builder) -> None:
    """If it stayed open, aiohttp would complain."""
    first = await asyncio.to_thread(asyncio.run, shared_async_client(KEY, builder.prepare))
    assert builder.closed == [1]

    second = await asyncio.to_thread(asyncio.run, shared_async_client(KEY, builder.prepare))

    assert builder.built == [first, second]
    assert first is not second
    assert builder.closed == [1, 1]


@pytest.mark.parametrize("discarded", ["during a call", "by the last call", "by nobody"])
async def test_a_client_is_closed_once_although_the_event_loop_ends(builder, discarded) -> None:
    """Also if a call is under way then, or the client is just being closed."""

    async def call(started: asyncio.Event) -> None:
        async with use_async_client(KEY, builder.prepare) as used:
            if discarded == "during a call":
                used.discard()
            started.set()
            await asyncio.Event().wait()

    async def main() -> None:
        if discarded == "by the last call":
            async with use_async_client(KEY, builder.prepare) as used:
                used.discard()
            return
        started = asyncio.Event()
        tasks.append(asyncio.create_task(call(started)))
        await started.wait()

    tasks: list[asyncio.Task[None]] = []
    await asyncio.to_thread(asyncio.run, main())

    assert builder.closed == [1]


async def test_event_loops_that_were_closed_are_not_kept(builder) -> None:
    for _ in range(3):
        await asyncio.to_thread(asyncio.run, shared_async_client(KEY, builder.prepare))
    clients = [weakref.ref(client) for client in builder.built]

    builder.built.clear()
    await shared_async_client(KEY, builder.prepare)
    gc.collect()

    assert [client() for client in clients] == [None] * 3


async def test_a_discarded_client_closes_after_the_last_call_under_way(builder) -> None:
    """Another task may be waiting for an answer on the same client. Nothing depends on the garbage collector."""
    async with use_async_client(KEY, builder.prepare) as first:
        async with use_async_client(KEY, builder.prepare) as refused:
            assert refused.client is first.client
            refused.discard()
            first.discard()
        async with use_async_client(KEY, builder.prepare) as replacement:
            assert replacement.client is not first.client
        await asyncio.sleep(0.01)
        assert builder.closed == [0, 0]

    await until_closed(builder, 1, 0)


def test_a_discarded_client_of_threads_closes_after_the_last_call_under_way(builder) -> None:
    with use_client(KEY, builder.build) as first:
        with use_client(KEY, builder.build) as refused:
            assert refused.client is first.client
            refused.discard()
            first.discard()
        assert shared_client(KEY, builder.build) is not first.client
        assert builder.closed == [0, 0]

    assert builder.closed == [1, 0]


async def test_a_call_that_is_canceled_leaves_its_client_to_be_closed(builder) -> None:
    started = asyncio.Event()

    async def call() -> None:
        async with use_async_client(KEY, builder.prepare) as used:
            used.discard()
            started.set()
            await asyncio.Event().wait()

    calling = asyncio.create_task(call())
    await started.wait()
    calling.cancel()

    await until_closed(builder, 1)


async def test_who_waits_for_a_client_never_gets_one_that_is_closed(builder) -> None:
    """The call that has opened it may be refused before the other calls have begun."""

    async def call() -> bool:
        async with use_async_client(KEY, builder.prepare) as used:
            used.discard()
            await asyncio.sleep(0)
            return bool(used.client.closed)

    assert await asyncio.gather(*(call() for _ in range(5))) == [False] * 5
    await until_closed(builder, *[1] * len(builder.built))


async def test_only_the_client_that_was_refused_is_discarded(builder) -> None:
    """Many calls may be refused at once. When the later ones discard the client, the first has replaced it already."""
    with use_client(KEY, builder.build) as old:
        old.discard()
        new = shared_client(KEY, builder.build)
        old.discard()
        assert shared_client(KEY, builder.build) is new
    async with use_async_client(KEY, builder.prepare) as old_async:
        old_async.discard()
        new_async = await shared_async_client(KEY, builder.prepare)
        old_async.discard()
        assert await shared_async_client(KEY, builder.prepare) is new_async

    assert new is not old.client
    assert new_async is not old_async.client


def test_a_client_that_does_not_fit_is_replaced_and_closed(builder) -> None:
    old = shared_client(KEY, builder.build)

    with use_client(KEY, builder.build, fits=lambda client: client is not old) as used:
        assert used.client is builder.built[1]

    assert builder.closed == [1, 0]
    assert shared_client(KEY, builder.build) is builder.built[1]


async def test_forgotten_clients_are_closed_and_built_anew(builder) -> None:
    old, old_async = shared_client(KEY, builder.build), await shared_async_client(KEY, builder.prepare)

    forget_clients()

    assert shared_client(KEY, builder.build) is not old
    assert await shared_async_client(KEY, builder.prepare) is not old_async
    await until_closed(builder, 1, 1, 0, 0)


def test_a_client_that_is_forgotten_while_it_is_built_serves_its_call_alone(builder) -> None:
    def build() -> Client:
        forget_clients()
        return builder.build()

    with use_client(KEY, build) as used:
        assert shared_client(KEY, builder.build) is not used.client
        assert builder.closed == [0, 0]

    assert builder.closed == [1, 0]


async def test_hooks_share_one_connection_to_the_service(serve, invoke) -> None:
    """Each task and trigger makes new hooks, which use the same session, TLS and socket."""
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
    """Each hook has its own dict, as if it came from an operator's template."""
    service = serve(ALIVE)
    for seconds in (5, 5, 6):
        hook = DataPipelineHook(CONN_ID, config={"read_timeout": seconds, "retries": {"mode": "standard"}})
        await invoke(hook, "report_task_progress", "task-1")

    assert len(service.connections) == 2


async def test_credentials_of_another_identity_are_picked_up_after_a_refusal(serve, connect, invoke, hook) -> None:
    """The next call in the same process reads the connection again."""
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


def test_code_that_has_kept_conn_can_go_on_after_its_credentials_were_refused(serve, hook) -> None:
    """The connections of the client are closed then; it opens new ones."""
    service = serve(Answer({"pipelineIdList": []}), refusal("AccessDeniedException"), Answer({"pipelineIdList": []}))
    client = hook.conn
    client.list_pipelines()
    with pytest.raises(AccessDeniedError):
        hook.report_task_progress("task-1")

    client.list_pipelines()

    assert len(service.connections) == 2
    assert hook.conn is not client


async def test_a_refused_client_is_closed_and_not_merely_collected(serve, hook) -> None:
    """A client that is collected with open connections complains, which is an error in tests."""
    serve(ALIVE, refusal("ExpiredToken"))
    await hook.areport_task_progress("task-1")

    with pytest.raises(AccessDeniedError):
        await hook.areport_task_progress("task-1")

    gc.collect()


async def test_fifty_polls_wait_side_by_side(serve, hook) -> None:
    """No poll waits for the connection of another poll, which may last 90 seconds."""
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
    """They are megabytes of JSON. Reading them takes up to 150 ms, during which no trigger would run."""
    serve(ALIVE)
    log = ReaderLog()
    monkeypatch.setattr(base_aws, "_loader", Loader(file_loader=log))

    await hook.areport_task_progress("task-1")

    assert log.threads
    assert threading.get_ident() not in log.threads


async def test_a_client_does_not_wait_for_the_thread_that_everybody_shares(serve, hook) -> None:
    """Another provider's hook may be using that thread to wait for a slow server."""
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
