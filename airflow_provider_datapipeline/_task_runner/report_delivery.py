"""Delivers a task's report, and tries again for as long as its lease lives."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_datapipeline._task_runner.clock import Clock
from airflow_provider_datapipeline._task_runner.rate_limits import REPORT_RATE, backoff, rate_limiter_for
from airflow_provider_datapipeline.delivery.sender import adeliver
from airflow_provider_datapipeline.exceptions import InvalidReportError, InvalidRequestError, ThrottledError
from airflow_provider_datapipeline.masking.masker import without_secrets

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from airflow_provider_datapipeline._task_runner.lease import Lease
    from airflow_provider_datapipeline.delivery.protocol import Delivery
    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
    from airflow_provider_datapipeline.pipeline_task import PipelineTask
    from airflow_provider_datapipeline.reporting.report import TaskReport

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDelivery:
    """
    Delivers reports on one task.

    :param account: the calls share its rate with all others of this account
    :param lease: as long as it lives, a report that could not be delivered is tried again
    :param log_fields: identify the runner DAG and the target run in log lines
    """

    task: PipelineTask
    hook: DataPipelineHook
    account: Hashable
    lease: Lease
    log_fields: Mapping[str, str | None]
    clock: Clock = field(default_factory=Clock)

    async def deliver(self, report: TaskReport) -> Delivery | None:
        """Deliver a report; return None if the service refuses it, or if the lease ended first. Both are logged."""
        limiter = rate_limiter_for(REPORT_RATE, "SetTaskStatus", self.account)
        may_have_arrived = False
        delays = backoff()
        while True:
            await limiter.acquire(self.lease.end)
            try:
                return await adeliver(
                    self.hook,
                    self.task.task_id,
                    report,
                    may_have_arrived=may_have_arrived,
                    task=self.task,
                    about=self.log_fields,
                )
            except (InvalidReportError, InvalidRequestError) as error:
                log.error(  # noqa: TRY400  # a traceback may hold a secret
                    "AWS Data Pipeline refuses the report, which repeating it will not change. %s",
                    without_secrets(error),
                )
                return None
            except Exception as error:  # noqa: BLE001  # whatever it is, it may pass before the lease ends
                if isinstance(error, ThrottledError):
                    limiter.throttled()
                may_have_arrived = may_have_arrived or getattr(error, "maybe_delivered", False)
                delay, why = next(delays), without_secrets(error)
                if self.clock.monotonic() + delay > self.lease.end:
                    log.error(  # noqa: TRY400  # a traceback may hold a secret
                        "The report was not delivered before the task's lease ended. %s", why
                    )
                    return None
                log.warning("Reporting again in %.0f s. %s", delay, why)
            await asyncio.sleep(delay)
