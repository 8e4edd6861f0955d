"""The reports that a supervision may end with."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_datapipeline._airflow import compat, triggerer
from airflow_provider_datapipeline._airflow.stored_run import areport
from airflow_provider_datapipeline.reporting.detail import ErrorDetail
from airflow_provider_datapipeline.reporting.facts import TaskFacts
from airflow_provider_datapipeline.reporting.report import TaskReport

if TYPE_CHECKING:
    from airflow_provider_datapipeline._task_runner.assignment import Assignment
    from airflow_provider_datapipeline._task_runner.deadline import Deadline
    from airflow_provider_datapipeline._task_runner.target_run_reader import TargetRunReader

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionReports:
    """
    Builds the reports about one task and its target run.

    :param run_id: of the target run
    :param target_url: the page of the target run in Airflow's UI
    :param detail: ``TYPE``: reports have no text of an exception, neither the target's nor Airflow's
    """

    assignment: Assignment
    run_id: str
    target_url: str
    detail: ErrorDetail

    async def ended(self, state: str, run: TargetRunReader) -> TaskReport:
        """Return the report on a target run that Airflow says has ended in this state."""
        if state == triggerer.SUCCESS and await run.is_empty_though_dated(self.assignment.task):
            return self._failed(
                "AirflowDagRunEmpty",
                "The DAG run succeeded without a task: the DAG has none, or the start_date of each lies after the "
                "run's logical date (or its end_date before it). Give the DAG an earlier start_date, or the task "
                "runner logical_date=False.",
            )
        return await areport(state, self.assignment.task, self._facts(), run, mask=compat.mask, detail=self.detail)

    def timed_out(self, deadline: Deadline) -> TaskReport:
        """Return the report on a target run that has not ended by its deadline."""
        return self._failed("AirflowDagRunTimedOut", f"The DAG run did not end within {deadline.limit}.")

    def missing(self) -> TaskReport:
        """Return the report on a target run that does not exist, for a reason that nobody knows."""
        return self._refused(
            f"There is no run {self.run_id} of DAG {self.assignment.target_dag_id!r}: it was deleted, or never created."
        )

    def not_started(self, refusal: str) -> TaskReport:
        """Return the report on a target run that was refused, with as much of the reason as may be reported."""
        return self._refused(self.assignment.reportable_refusal(refusal, self.detail))

    def unreadable(self, reason: str, log_fields: str) -> TaskReport:
        """
        Return the report on a target run whose state Airflow refuses to tell.

        :param reason: what Airflow says; always in the log, in the report only if texts may be reported
        """
        message = (
            "How the DAG run ended is not known: for ten minutes Airflow has refused to say how it stands. The run may "
            "go on; see it in Airflow."
        )
        log.error("%s %s %s", message, reason, log_fields)
        reported = message if self.detail is ErrorDetail.TYPE else f"{message} {reason}"
        return self._failed("AirflowDagRunUnknown", reported)

    def _facts(self) -> TaskFacts:
        return TaskFacts(dag_id=self.assignment.target_dag_id, run_id=self.run_id, log_url=self.target_url)

    def _failed(self, error_id: str, message: str) -> TaskReport:
        return TaskReport.failed(None, self._facts(), mask=compat.mask, error_id=error_id, error_message=message)

    def _refused(self, reason: str) -> TaskReport:
        # There is no target run, so the report names no DAG and links to no page.
        return TaskReport.failed(
            None, TaskFacts(run_id=self.run_id), mask=compat.mask, error_id="AirflowDagRunRefused", error_message=reason
        )
