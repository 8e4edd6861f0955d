"""
The PollForTask calls under way in this process.

A poll is never cancelled, because the service may already have handed it a task. That task would be lost for two
minutes, until the service misses its acknowledgement. So a trigger that ends leaves its poll here, and the next trigger
that polls the same worker group takes it over.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
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
For how long after the poll a task may still be started.

The service hands a task out again 120 s after the poll if it was not acknowledged. The difference is for the creation
of its runs and for the acknowledgement.
"""


@dataclass(frozen=True, slots=True)
class PolledTask:
    """A task, and when (``time.time()``) it was received."""

    task: PipelineTask
    at: float

    @property
    def is_usable(self) -> bool:
        """Whether enough time is left to start and acknowledge the task."""
        return time.time() - self.at < USABLE_SECONDS


_polls: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, asyncio.Task[PolledTask | None]]] = (
    WeakKeyDictionary()
)
"""The polls under way, by event loop and key."""


async def next_task(
    key: Hashable,
    hook: DataPipelineHook,
    worker_group: str,
    *,
    hostname: str | None,
    runner_dag_id: str = "",
    timeout: float | None = None,  # noqa: ASYNC109  # the poll outlives it
) -> PolledTask | None:
    """
    Return the next task of a worker group; None if the poll ended without a task, or after ``timeout`` seconds.

    If several callers wait for one poll, one of them gets its answer, and the others wait for the next poll.

    :param key: callers with the same key share their polls: account, worker group and task runner
    :param runner_dag_id: the tag of the metrics
    """
    loop = asyncio.get_running_loop()
    end = None if timeout is None else loop.time() + timeout
    polls = _polls.setdefault(loop, {})
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
        # If the poll raised an error, its traceback refers to this frame. This reference back would complete a cycle,
        # and Python would collect the client in the cycle before it is closed.
        del poll
    if polled is None:
        return None
    if not polled.is_usable:
        count(metrics.LATE, dag_id=runner_dag_id)
        log.warning("PolledTask too long ago; the service will hand it out again. %s", format_fields(polled.task))
        return None
    log.info("polled: %s", format_fields(polled.task, worker_group=worker_group))
    return polled


async def _poll(
    hook: DataPipelineHook, worker_group: str, hostname: str | None, runner_dag_id: str
) -> PolledTask | None:
    task = await hook.apoll_for_task(worker_group, hostname=hostname)
    count(metrics.POLLS, dag_id=runner_dag_id)
    if task is None:
        return None
    count(metrics.POLLED, dag_id=runner_dag_id)
    return PolledTask(task, time.time())
