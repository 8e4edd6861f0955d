"""Limits the time that work inside a callback may take."""

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
    Run ``work``, wait for it for at most ``seconds``, and return its result.

    The work runs in a thread. A signal could interrupt a message to Airflow's supervisor, which would then misread the
    next message of the process. Work that takes longer continues in its thread until the process ends.

    :raises DeliveryTimeoutError: ``work`` did not end in time
    :raises BaseException: any exception that ``work`` raises
    """
    returned: list[T] = []
    raised: list[BaseException] = []

    def attempt() -> None:
        try:
            returned.append(work())
        except BaseException as error:  # noqa: BLE001  # raised to the caller below, even SystemExit
            raised.append(error)

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(attempt,), name="datapipeline-report", daemon=True
    )
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not returned:
        raise _timeout_error(seconds)
    return returned[0]


async def arun_bounded(work: Awaitable[None], seconds: float) -> None:
    """Do the same as :func:`run_bounded` without blocking; work that takes longer is canceled."""
    try:
        async with asyncio.timeout(seconds) as timeout:
            await work
    except TimeoutError as error:
        if not timeout.expired():  # the work itself has raised it
            raise
        raise _timeout_error(seconds) from error


def _timeout_error(seconds: float) -> DeliveryTimeoutError:
    return DeliveryTimeoutError(f"The report was not delivered within {seconds:g} s; it may or may not have arrived.")
