"""
Which calls deliver a report, and what each answer means: the decisions of the sender, without any input or output.

A report may arrive twice: after a retry whose first answer was lost, or when Airflow fires two callbacks for one
failure. So an answer that says "this task is unknown" is not an error here. :func:`protocol` decides what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.exceptions import (
    InvalidRequestError,
    PipelineDeletedError,
    PipelineNotFoundError,
    ServiceError,
    TaskNotFoundError,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from airflow_provider_datapipeline.pipeline_task import PipelineTask
    from airflow_provider_datapipeline.reporting.report import TaskReport


class Delivery(StrEnum):
    """How a delivery ended. None of the three needs further action."""

    DELIVERED = "delivered"
    """The service took the report."""

    REPEATED = "repeated"
    """The service took the report before: an earlier request arrived, although its answer was lost."""

    UNKNOWN_TASK = "unknown task"
    """The service does not know the task or its pipeline any more. Nothing can be reported about the task."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    How a delivery ended, and why.

    :param reason: the service's last error, or why nothing was sent; None after a plain success
    :param refused: the error with which the service refused the texts of the report, so that the status went alone
    """

    delivery: Delivery
    reason: ServiceError | str | None = None
    refused: ServiceError | None = None


@dataclass(frozen=True, slots=True)
class SendStatus:
    """A request to call SetTaskStatus with this report."""

    report: TaskReport


@dataclass(frozen=True, slots=True)
class DescribeAttempt:
    """A request to call DescribeObjects for the attempt of this task."""

    task: PipelineTask


Request = SendStatus | DescribeAttempt
Objects = list[dict[str, Any]]
"""Objects as DescribeObjects returns them; empty as the answer to :class:`SendStatus`."""

ENDED_STATUSES = frozenset({"FINISHED", "FAILED", "FALSE", "CANCELED", "CASCADE_FAILED", "SKIPPED", "TIMEDOUT"})


def protocol(
    report: TaskReport, task: PipelineTask | None, *, may_have_arrived: bool, look_first: str | None
) -> Generator[Request, Objects, Outcome]:
    """
    Yield each request that is to be made; take its answer, or the ``ServiceError`` that it ended with; return the end.

    :param task: the task as it was polled, None where only its id is known
    :param may_have_arrived: whether an earlier request with this report may have reached the service
    :param look_first: why another outcome may have been reported before; None if none can have been
    :raises ServiceError: the service did not take the report, or could not be reached
    """
    if look_first and task is not None:
        delivery = yield from _as_attempt_shows(report, task)
        if delivery is not None:
            return Outcome(delivery, look_first)
    refused: ServiceError | None = None
    while True:
        try:
            yield SendStatus(report)
        except (TaskNotFoundError, PipelineDeletedError, PipelineNotFoundError) as error:
            # The service forgets a task once it has its final status. If an earlier request may have arrived, then
            # most likely it did. Which error a repeated report gets is not published.
            repeated = isinstance(error, TaskNotFoundError) and (may_have_arrived or error.maybe_delivered)
            return Outcome(Delivery.REPEATED if repeated else Delivery.UNKNOWN_TASK, error, refused)
        except InvalidRequestError as error:
            may_have_arrived = may_have_arrived or error.maybe_delivered
            if report != report.status_only():
                # Either the service refuses the texts, or this is a second report. The status alone will show it.
                report, refused = report.status_only(), error
                continue
            if may_have_arrived:
                return Outcome(Delivery.REPEATED, error)
            # Either the task has its final status already, or the request is wrong. The attempt shows which.
            delivery = None if task is None else (yield from _as_attempt_shows(report, task))
            if delivery is None:
                raise
            return Outcome(delivery, error)
        else:
            return Outcome(Delivery.DELIVERED, refused=refused)


def _as_attempt_shows(report: TaskReport, task: PipelineTask) -> Generator[Request, Objects, Delivery | None]:
    """Look at the attempt; None if it has not ended, or cannot be looked at."""
    try:
        attempts = yield DescribeAttempt(task)
    except ServiceError:
        return None  # the credentials may not allow this call, or the attempt is unknown as well
    return delivery_of(report, attempts)


def delivery_of(report: TaskReport, attempts: Sequence[dict[str, Any]]) -> Delivery | None:
    """Return what a report about these attempts comes to if they have ended, None if they have not."""
    fields = {field["key"]: field.get("stringValue") for attempt in attempts for field in attempt["fields"]}
    if fields.get("@status") not in ENDED_STATUSES:
        return None
    # attemptStatus is what a task runner reported last. The service may store FALSE as another @status.
    as_reported = report.status in {fields["@status"], fields.get("attemptStatus")}
    return Delivery.REPEATED if as_reported else Delivery.UNKNOWN_TASK
