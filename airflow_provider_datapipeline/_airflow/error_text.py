"""Limits the time for reading the text of an exception, because the exception's own class decides how long it takes."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_datapipeline._airflow.bounded import run_bounded
from airflow_provider_datapipeline.exceptions import DeliveryTimeoutError
from airflow_provider_datapipeline.masking.safe_text import class_name

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

T = TypeVar("T")

TEXT_SECONDS = 5.0
"""
The most seconds that reading an exception may take.

Airflow kills a task's process 20 s after the task has ended (``[core] task_success_overtime``), and may then run a task
again that has failed for good. The callbacks come first and may take 10 s. The listener comes after them.
"""


def read_error(
    error: BaseException,
    task_id: str,
    read: Callable[[], T],
    without_text: Callable[[str, str], T],
    *,
    at_most: float = math.inf,
) -> T:
    """
    Return the result of ``read``, which reads the exception, or that of ``without_text`` if ``read`` takes too long.

    ``read`` runs in a thread, which may continue after this returns. So it must not send requests to Airflow: it would
    disturb the next request (Airflow 3.0 and 3.1 have no lock for them).

    :param without_text: gets the name of the exception's class, and the sentence that replaces the text in the report
    :param at_most: a shorter limit than ``TEXT_SECONDS``, in seconds
    """
    seconds = min(TEXT_SECONDS, at_most)
    try:
        return run_bounded(read, seconds)
    except DeliveryTimeoutError:
        name = class_name(type(error))
        log.error(  # noqa: TRY400  # the traceback would be that of the wait
            "The error of task %s gave no text within %g s: a report of this run to AWS Data Pipeline will name its "
            "class, %s, but have no message and no stack trace of it. Have __str__ of that class, and whatever it "
            "calls, return at once.",
            task_id,
            seconds,
            name,
        )
        return without_text(name, f"The task failed with {name}, which gave no text within {seconds:g} s.")
