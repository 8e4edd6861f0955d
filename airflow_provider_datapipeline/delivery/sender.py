"""Delivers a report: makes the calls that the protocol asks for, logs how it ended, and counts it."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline._sans_io import aconverse, converse
from airflow_provider_datapipeline.delivery.protocol import Delivery, DescribeAttempt, protocol
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.telemetry import metrics
from airflow_provider_datapipeline.telemetry.log_fields import format_fields

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from airflow_provider_datapipeline.delivery.protocol import Objects, Outcome, Request
    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
    from airflow_provider_datapipeline.pipeline_task import PipelineTask
    from airflow_provider_datapipeline.reporting.report import TaskReport

log = logging.getLogger(__name__)

CLEARED = "The DAG run was cleared after its report; to run the task again, set the status RERUN on its instance."
"""A value of ``look_first``."""


def deliver(
    hook: DataPipelineHook,
    pipeline_task_id: str,
    report: TaskReport,
    *,
    may_have_arrived: bool = False,
    task: PipelineTask | None = None,
    about: Mapping[str, str | None] | None = None,
    look_first: str | None = None,
) -> Delivery:
    """
    Send a report, and say how that ended. A report that the service has already taken is a success.

    Logs one line: INFO where the service has the report, WARNING where it does not know the task, or where it took the
    status but refused the texts. Counts the end in Airflow's metrics.

    :param may_have_arrived: whether an earlier delivery of this report, whose end is not known, may have arrived
    :param task: the task as it was polled, where it is known. If the service refuses even the status alone, the attempt
        is looked at (DescribeObjects). An attempt that has ended is not an error: the delivery is a repeat if it ended
        as reported, and its task unknown otherwise.
    :param about: the DAG run of the report, as fields for the line in the log; ``dag`` is the metrics' tag too
    :param look_first: why another outcome may have been reported before, :data:`CLEARED` for instance. The attempt of
        ``task`` is then looked at first, and nothing is sent if it has ended: which of two final statuses the service
        would keep is not published. The reason is logged.
    :raises ServiceError: the service did not take the report, or could not be reached
    :raises DataPipelineError: the report or the connection cannot be used; nothing was sent
    """
    delivering = _delivering(
        pipeline_task_id, report, task, about or {}, may_have_arrived=may_have_arrived, look_first=look_first
    )
    return converse(delivering, partial(_call, hook, pipeline_task_id))


async def adeliver(
    hook: DataPipelineHook,
    pipeline_task_id: str,
    report: TaskReport,
    *,
    may_have_arrived: bool = False,
    task: PipelineTask | None = None,
    about: Mapping[str, str | None] | None = None,
    look_first: str | None = None,
) -> Delivery:
    """Do what :func:`deliver` does, without blocking."""
    delivering = _delivering(
        pipeline_task_id, report, task, about or {}, may_have_arrived=may_have_arrived, look_first=look_first
    )
    return await aconverse(delivering, partial(_acall, hook, pipeline_task_id))


def _call(hook: DataPipelineHook, pipeline_task_id: str, request: Request) -> Objects:
    if isinstance(request, DescribeAttempt):
        return hook.describe_objects(request.task.pipeline_id, [request.task.attempt_id])
    hook.set_task_status(pipeline_task_id, request.report.status, **request.report.error_texts)
    return []


async def _acall(hook: DataPipelineHook, pipeline_task_id: str, request: Request) -> Objects:
    if isinstance(request, DescribeAttempt):
        return await hook.adescribe_objects(request.task.pipeline_id, [request.task.attempt_id])
    await hook.aset_task_status(pipeline_task_id, request.report.status, **request.report.error_texts)
    return []


def _delivering(
    pipeline_task_id: str,
    report: TaskReport,
    task: PipelineTask | None,
    about: Mapping[str, str | None],
    *,
    may_have_arrived: bool,
    look_first: str | None,
) -> Generator[Request, Objects, Delivery]:
    """Follow the protocol; count and log how it ended."""
    outcome = None
    try:
        outcome = yield from protocol(report, task, may_have_arrived=may_have_arrived, look_first=look_first)
    finally:
        _count(outcome, report, about.get("dag"))
    fields = {"status": report.status, "error_id": report.error_id, **about}
    _log(outcome, format_fields(task or pipeline_task_id, **fields))
    return outcome.delivery


def _count(outcome: Outcome | None, report: TaskReport, dag_id: str | None) -> None:
    tags = {"dag_id": dag_id} if dag_id else {}
    if outcome is None:
        count(metrics.DELIVERY_ERRORS, **tags)
        return
    if outcome.delivery is Delivery.UNKNOWN_TASK:
        count(metrics.GONE, **tags)
        return
    count(metrics.REPORTED[report.status], **tags)
    if outcome.delivery is Delivery.REPEATED:
        count(metrics.REPEATED, **tags)
    elif outcome.refused is not None:
        count(metrics.TEXTS_REFUSED, **tags)


def _log(outcome: Outcome, fields: str) -> None:
    if outcome.delivery is Delivery.UNKNOWN_TASK:
        log.warning(
            "Could not report: the task was already reported, canceled or given to another runner, or its pipeline is "
            "gone. (%s) %s",
            without_secrets(outcome.reason),
            fields,
        )
    elif outcome.delivery is Delivery.REPEATED:
        log.info("reported: AWS Data Pipeline had it already %s", fields)
    elif outcome.refused is not None:
        log.warning(
            "reported: without any error text, which AWS Data Pipeline refused. (%s) %s",
            without_secrets(outcome.refused),
            fields,
        )
    else:
        log.info("reported: %s", fields)
