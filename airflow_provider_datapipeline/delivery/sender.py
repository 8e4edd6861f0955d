"""
The one sender of reports: what an answer means, and the little that is tried again.

A report may arrive twice (a retry after a lost answer, a second callback for the same failure), so "the service does
not know this task any more" is not an error here. What it is instead is decided in one place, ``Attempt.after``.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow.bounded import run_bounded
from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline.exceptions import (
    DeliveryTimeoutError,
    InvalidRequestError,
    PipelineDeletedError,
    PipelineNotFoundError,
    ServiceError,
    TaskNotFoundError,
)
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.telemetry import metrics
from airflow_provider_datapipeline.telemetry.log_fields import format_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
    from airflow_provider_datapipeline.pipeline_task import PipelineTask
    from airflow_provider_datapipeline.reporting.report import TaskReport

log = logging.getLogger(__name__)


class Delivery(StrEnum):
    """How a delivery ended; none of the three needs further action."""

    DELIVERED = "delivered"
    """The service took the report."""

    REPEATED = "repeated"
    """The service has taken it before: an earlier try arrived, though its answer did not."""

    UNKNOWN_TASK = "gone"
    """The service does not know the task or its pipeline (any more): nothing can be reported about it."""


def deliver(
    hook: DataPipelineHook,
    pipeline_task_id: str,
    report: TaskReport,
    *,
    timeout: float | None = None,
    repeat: bool = False,
    task: PipelineTask | None = None,
    about: Mapping[str, str | None] | None = None,
    cleared: bool = False,
    look_first: str | None = None,
) -> Delivery:
    """
    Send a report, and say how that ended; a report that the service has already taken is a success.

    Logs one line: INFO where the service has the report, WARNING where it does not know the task, or took the status
    without the texts, which it had refused. Counts how it ended in Airflow's metrics.

    :param timeout: seconds for everything: reading the connection, finding the host, and all tries (30 s of botocore's
        alone by default). Held in a thread of its own, not by a signal: a signal may hit in the middle of a message to
        Airflow's supervisor, and whatever the process says to it next is then misread. None: as long as the hook takes.
    :param repeat: whether this report may have arrived before, in a delivery whose end is not known
    :param task: the task as it was polled, where it is known. Should the service refuse even the bare status, its
        attempt is looked at (DescribeObjects): one that has ended already is not an error, but a repeat if it ended
        as reported, and gone otherwise.
    :param about: of which DAG run it is, for the line in the log; ``dag`` is the metrics' tag too
    :param cleared: whether its DAG run was cleared, so that another outcome may have been reported before. The attempt
        of ``task`` is then looked at first, and nothing is sent about one that has ended: which final status the
        service would keep is not published.
    :param look_first: any other reason for which another outcome may have been reported before, told in the log if so
    :raises ServiceError: the service did not take the report, or could not be reached
    :raises DeliveryTimeoutError: no answer in time; the report may still arrive
    :raises DataPipelineError: the report or the connection cannot be used; nothing was sent
    """
    ends: list[Outcome] = []

    def send() -> None:
        reason = _CLEARED if cleared else look_first
        ended = _looked_at(hook, task, report, reason) if reason and task is not None else None
        ends.append(ended or _send(hook, pipeline_task_id, Attempt(report, task, may_have_arrived=repeat)))

    try:
        if timeout is None:
            send()
        else:
            run_bounded(send, timeout)
    finally:
        _count(ends, report, about or {})
    return _log(format_fields(task or pipeline_task_id, **_outcome(report), **(about or {})), ends[0])


async def adeliver(
    hook: DataPipelineHook,
    pipeline_task_id: str,
    report: TaskReport,
    *,
    timeout: float | None = None,  # noqa: ASYNC109 - the same promise as deliver's, with the same error
    repeat: bool = False,
    task: PipelineTask | None = None,
    about: Mapping[str, str | None] | None = None,
    look_first: str | None = None,
) -> Delivery:
    """Do what :func:`deliver` does, without blocking; no thread is needed to keep ``timeout``."""
    ends: list[Outcome] = []
    try:
        async with asyncio.timeout(timeout) as bound:
            ended = await _alooked_at(hook, task, report, look_first) if look_first and task is not None else None
            attempt = Attempt(report, task, may_have_arrived=repeat)
            ends.append(ended or await _asend(hook, pipeline_task_id, attempt))
    except TimeoutError as err:
        if not bound.expired():
            raise
        raise DeliveryTimeoutError(
            f"The report was not delivered within {timeout:g} s; it may or may not have arrived."
        ) from err
    finally:
        _count(ends, report, about or {})
    return _log(format_fields(task or pipeline_task_id, **_outcome(report), **(about or {})), ends[0])


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a delivery ended, and what the service had to say against it."""

    delivery: Delivery
    error: ServiceError | str | None = None
    refused: ServiceError | None = None
    """Why the report's texts were left out."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is sent next, and what is known by then."""

    report: TaskReport
    task: PipelineTask | None
    may_have_arrived: bool = False
    refused: ServiceError | None = None

    def parameters(self) -> dict[str, Any]:
        """Return what the hook's ``set_task_status`` takes."""
        return {
            "task_status": self.report.status,
            "error_id": self.report.error_id,
            "error_message": self.report.error_message,
            "error_stack_trace": self.report.error_stack_trace,
        }

    def taken(self) -> Outcome:
        """Return how the delivery ended where the service took this attempt."""
        return Outcome(Delivery.DELIVERED, refused=self.refused)

    def after(self, error: ServiceError) -> Attempt | NeedsLookup | Outcome:
        """Decide what an error means: an end, another try, or (raised) an error to whoever wanted to report."""
        may_have_arrived = self.may_have_arrived or error.maybe_delivered
        match error:
            case PipelineDeletedError() | PipelineNotFoundError():
                return Outcome(Delivery.UNKNOWN_TASK, error, self.refused)
            case TaskNotFoundError():
                # A task that has its final status is not known any more (which of the answers a repeat gets is not
                # published), so after a try that may have arrived this most likely says that it did.
                return Outcome(Delivery.REPEATED if may_have_arrived else Delivery.UNKNOWN_TASK, error, self.refused)
            case InvalidRequestError() if self.report != self.report.status_only():
                # Either the texts or a second report of the same task: the status alone tells which.
                return Attempt(self.report.status_only(), self.task, may_have_arrived, refused=error)
            case InvalidRequestError() if may_have_arrived:
                return Outcome(Delivery.REPEATED, error)
            case InvalidRequestError() if self.task is not None:
                return NeedsLookup(error, self.task, self.report)
        try:
            raise error
        finally:
            # A cycle with the traceback otherwise: Python would collect the client in it before it is closed.
            del error


@dataclass(frozen=True, slots=True)
class NeedsLookup:
    """A bare status was refused: either it is of a task that has its final status, or something is wrong with it."""

    error: ServiceError
    task: PipelineTask
    report: TaskReport

    def settled(self, attempts: list[dict[str, Any]]) -> Outcome:
        """Decide by the attempt as the service describes it."""
        delivery = _delivery_of(attempts, self.report)
        if delivery is None:
            raise self.error
        return Outcome(delivery, self.error)


def _delivery_of(attempts: list[dict[str, Any]], report: TaskReport) -> Delivery | None:
    """Return what a report comes to that is made about an attempt which has ended; None if it has not."""
    fields = {field["key"]: field.get("stringValue") for attempt in attempts for field in attempt["fields"]}
    if fields.get("@status") not in _ENDED:
        return None
    # attemptStatus is what a task runner said last; FALSE may be stored as another @status
    as_reported = report.status in {fields["@status"], fields.get("attemptStatus")}
    return Delivery.REPEATED if as_reported else Delivery.UNKNOWN_TASK


_CLEARED = "The DAG run was cleared after its report; to run the task again, set the status RERUN on its instance."


def _looked_at(hook: DataPipelineHook, task: PipelineTask, report: TaskReport, reason: str) -> Outcome | None:
    try:
        attempts = hook.describe_objects(task.pipeline_id, [task.attempt_id])
    except ServiceError:
        return None  # not allowed to look: the service itself may say so
    delivery = _delivery_of(attempts, report)
    return None if delivery is None else Outcome(delivery, reason)


async def _alooked_at(hook: DataPipelineHook, task: PipelineTask, report: TaskReport, reason: str) -> Outcome | None:
    try:
        attempts = await hook.adescribe_objects(task.pipeline_id, [task.attempt_id])
    except ServiceError:
        return None  # likewise
    delivery = _delivery_of(attempts, report)
    return None if delivery is None else Outcome(delivery, reason)


_ENDED = frozenset({"FINISHED", "FAILED", "FALSE", "CANCELED", "CASCADE_FAILED", "SKIPPED", "TIMEDOUT"})


def _send(hook: DataPipelineHook, pipeline_task_id: str, step: Attempt | NeedsLookup | Outcome) -> Outcome:
    while isinstance(step, Attempt):
        try:
            hook.set_task_status(pipeline_task_id, **step.parameters())
        except ServiceError as error:
            step = step.after(error)
        else:
            return step.taken()
    if isinstance(step, Outcome):
        return step
    try:
        attempts = hook.describe_objects(step.task.pipeline_id, [step.task.attempt_id])
    except ServiceError:
        raise step.error from None  # not allowed to look, or the attempt is gone as well
    return step.settled(attempts)


async def _asend(hook: DataPipelineHook, pipeline_task_id: str, step: Attempt | NeedsLookup | Outcome) -> Outcome:
    while isinstance(step, Attempt):
        try:
            await hook.aset_task_status(pipeline_task_id, **step.parameters())
        except ServiceError as error:
            step = step.after(error)
        else:
            return step.taken()
    if isinstance(step, Outcome):
        return step
    try:
        attempts = await hook.adescribe_objects(step.task.pipeline_id, [step.task.attempt_id])
    except ServiceError:
        raise step.error from None  # not allowed to look, or the attempt is gone as well
    return step.settled(attempts)


def _count(ends: list[Outcome], report: TaskReport, about: Mapping[str, str | None]) -> None:
    tags = {"dag_id": dag} if (dag := about.get("dag")) else {}
    if not ends:
        count(metrics.DELIVERY_ERRORS, **tags)
        return
    (end,) = ends
    if end.delivery is Delivery.UNKNOWN_TASK:
        count(metrics.GONE, **tags)
        return
    count(metrics.REPORTED[report.status], **tags)
    if end.delivery is Delivery.REPEATED:
        count(metrics.REPEATED, **tags)
    elif end.refused is not None:
        count(metrics.TEXTS_REFUSED, **tags)


def _outcome(report: TaskReport) -> dict[str, str | None]:
    return {"status": report.status, "error_id": report.error_id}


def _log(said: str, end: Outcome) -> Delivery:
    if end.delivery is Delivery.UNKNOWN_TASK:
        log.warning(
            "Could not report: the task was already reported, canceled or given to another runner, or its pipeline is "
            "gone. (%s) %s",
            without_secrets(end.error),
            said,
        )
    elif end.delivery is Delivery.REPEATED:
        log.info("reported: AWS Data Pipeline had it already %s", said)
    elif end.refused is not None:
        log.warning(
            "reported: without any error text, which AWS Data Pipeline refused. (%s) %s",
            without_secrets(end.refused),
            said,
        )
    else:
        log.info("reported: %s", said)
    return end.delivery
