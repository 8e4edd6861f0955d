"""A bound in time on work inside a callback."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_datapipeline.exceptions import DeliveryTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


def run_bounded(work: Callable[[], T], seconds: float) -> T:
    """
    Run ``work`` and return what it returns; wait for ``seconds`` at the most.

    In a thread, not by a signal: a signal may hit in the middle of a message to Airflow's supervisor, and whatever the
    process says to it next is then misread. Work that outlasts its bound goes on unattended until the process ends.

    :raises DeliveryTimeoutError: ``work`` was not done in time
    :raises BaseException: whatever ``work`` raised
    """
    returned: list[T] = []
    raised: list[BaseException] = []

    def attempt() -> None:
        try:
            returned.append(work())
        except BaseException as error:  # noqa: BLE001  # handed to the caller, SystemExit and all
            raised.append(error)

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(attempt,), name="datapipeline-report", daemon=True
    )
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not returned:
        raise _too_late(seconds)
    return returned[0]


async def arun_bounded(work: Awaitable[None], seconds: float) -> None:
    """Do what :func:`run_bounded` does, without blocking; what outlasts its bound is canceled."""
    try:
        async with asyncio.timeout(seconds) as bound:
            await work
    except TimeoutError as error:
        if not bound.expired():
            raise
        raise _too_late(seconds) from error


def _too_late(seconds: float) -> DeliveryTimeoutError:
    return DeliveryTimeoutError(f"The report was not delivered within {seconds:g} s; it may or may not have arrived.")
