"""
The PollForTask calls under way in this process.

A poll that is cut off may be the one that the service hands a task to, which is then lost for the two minutes that it
waits for the acknowledgement. So a poll is never cut: whoever no longer waits for it leaves it here, and the next one
to poll the same worker group takes it over.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline.telemetry import metrics
from airflow_provider_datapipeline.telemetry.log_fields import format_fields

if TYPE_CHECKING:
    from collections.abc import Hashable

    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
    from airflow_provider_datapipeline.pipeline_task import PipelineTask

log = logging.getLogger(__name__)

USABLE_SECONDS = 90.0
"""
How long after the poll a task is still worth starting. The service hands it out again after 120 s without
acknowledgement; the difference is for creating its runs and for the call.
"""


@dataclass(frozen=True, slots=True)
class Polled:
    """A task and when (``time.time()``) it was received."""

    task: PipelineTask
    at: float

    @property
    def is_usable(self) -> bool:
        """Whether there is time to acknowledge it."""
        return time.time() - self.at < USABLE_SECONDS


@dataclass(eq=False)
class _Polls:
    under_way: dict[Hashable, asyncio.Task[Polled | None]] = field(default_factory=dict)


_polls: WeakKeyDictionary[asyncio.AbstractEventLoop, _Polls] = WeakKeyDictionary()


async def next_task(
    key: Hashable,
    hook: DataPipelineHook,
    worker_group: str,
    *,
    hostname: str | None,
    runner_dag_id: str = "",
    timeout: float | None = None,  # noqa: ASYNC109  # the poll outlives it
) -> Polled | None:
    """
    Return the next task of a worker group; None when the poll ended without one, or after ``timeout`` seconds.

    Of several that wait for one poll, one gets its answer; the others wait for the next.

    :param key: names who polls: account, worker group and task runner
    :param runner_dag_id: whose poll it is, for metrics
    """
    loop = asyncio.get_running_loop()
    end = None if timeout is None else loop.time() + timeout
    polls = _polls.setdefault(loop, _Polls()).under_way
    while True:
        if key not in polls:
            polls[key] = asyncio.create_task(_poll(hook, worker_group, hostname, runner_dag_id))
        poll = polls[key]
        await asyncio.wait({poll}, timeout=None if end is None else max(0.0, end - loop.time()))
        if not poll.done():
            return None
        if polls.get(key) is poll:
            del polls[key]
            break
    try:
        polled = poll.result()
    finally:
        # A cycle with the traceback otherwise: Python would collect the client in it before it is closed.
        del poll
    if polled is None:
        return None
    if not polled.is_usable:
        count(metrics.LATE, dag_id=runner_dag_id)
        log.warning("Polled too long ago; the service will hand it out again. %s", format_fields(polled.task))
        return None
    log.info("polled: %s", format_fields(polled.task, worker_group=worker_group))
    return polled


async def _poll(hook: DataPipelineHook, worker_group: str, hostname: str | None, runner_dag_id: str) -> Polled | None:
    task = await hook.apoll_for_task(worker_group, hostname=hostname)
    count(metrics.POLLS, dag_id=runner_dag_id)
    if task is None:
        return None
    count(metrics.POLLED, dag_id=runner_dag_id)
    return Polled(task, time.time())
