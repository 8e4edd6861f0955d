"""A thread beside an event loop, for what blocks and may ask Airflow something."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_T = TypeVar("_T")

_under_way: set[asyncio.Task[Any]] = set()  # an event loop alone would not keep them


async def in_thread(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """
    Run something that blocks, in a thread, and return what it returns.

    In one of asgiref's threads: up to Airflow 3.2 the triggerer answers only those. If who waits is canceled, the work
    goes on by itself: asgiref would cancel a question before its answer was read, and up to Airflow 3.2 the whole
    triggerer ends when the next question finds that answer.
    """
    return await _unharmed(partial(work, *args, **kwargs), is_shared=False)


async def in_shared_thread(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Do what :func:`in_thread` does, in the one thread that all of the process share: one after the other."""
    return await _unharmed(partial(work, *args, **kwargs), is_shared=True)


async def _unharmed(work: Callable[[], _T], *, is_shared: bool) -> _T:
    from asgiref.sync import sync_to_async  # not while a DAG file is parsed

    task = asyncio.create_task(sync_to_async(work, thread_sensitive=is_shared)())
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return await asyncio.shield(task)
