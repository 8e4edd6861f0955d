"""Runs blocking work, which may send requests to Airflow, in a thread beside an event loop."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_T = TypeVar("_T")

_running: set[asyncio.Task[Any]] = set()  # the event loop itself holds only weak references to its tasks


async def in_thread(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """
    Run blocking work in a thread, and return its result.

    The thread is one of asgiref's: up to Airflow 3.2 the triggerer answers only these. If the caller is canceled, the
    work continues to its end. Otherwise asgiref would cancel a request before its answer was read, and up to Airflow
    3.2 the whole triggerer ends when the next request reads that answer.
    """
    return await _run_shielded(partial(work, *args, **kwargs), is_shared=False)


async def in_shared_thread(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Do the same as :func:`in_thread` in a single thread, which runs the work of the whole process in sequence."""
    return await _run_shielded(partial(work, *args, **kwargs), is_shared=True)


async def _run_shielded(work: Callable[[], _T], *, is_shared: bool) -> _T:
    from asgiref.sync import sync_to_async  # imported here, so that parsing a DAG file does not import it

    task = asyncio.create_task(sync_to_async(work, thread_sensitive=is_shared)())
    _running.add(task)
    task.add_done_callback(_running.discard)
    return await asyncio.shield(task)
