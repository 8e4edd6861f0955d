"""
What becomes of a Data Pipeline task while its DAG run is under way, until its outcome has been reported.

Runs in the triggerer, as the whole work of a runner run's one task.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline import metrics
from airflow_provider_datapipeline._airflow import compat, triggerer
from airflow_provider_datapipeline._airflow.metrics import count, timing
from airflow_provider_datapipeline._airflow.stored_run import areport, unreadable
from airflow_provider_datapipeline.deadline import Deadline
from airflow_provider_datapipeline.delivery import Delivery, adeliver
from airflow_provider_datapipeline.exceptions import DataPipelineError, InvalidReportError, InvalidRequestError
from airflow_provider_datapipeline.lease import Lease
from airflow_provider_datapipeline.links import DataPipelineTargetRunLink
from airflow_provider_datapipeline.log_words import words
from airflow_provider_datapipeline.outcome import UnreadableError
from airflow_provider_datapipeline.pacing import REPORT_RATE, backoff, shared_pace
from airflow_provider_datapipeline.progress import progress_fields
from airflow_provider_datapipeline.reporting.facts import TaskFacts
from airflow_provider_datapipeline.reporting.masking import without_secrets
from airflow_provider_datapipeline.reporting.report import TaskReport

if TYPE_CHECKING:
    from airflow_provider_datapipeline.airflow_api.api import AirflowApi
    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
    from airflow_provider_datapipeline.reporting.status import TaskStatus
    from airflow_provider_datapipeline.runs import Assignment

log = logging.getLogger(__name__)

# Two minutes after the poll, a task that was not acknowledged is handed out again. Until then a target run that is not
# there may still be on its way: the poller creates it right after this one, and a repeat of the poll repairs what a
# crash between the two left.
_MISSING_SECONDS = 150.0
_MISSING_LOOK_SECONDS = 3.0

_STOP_TRIES = 5


class Ending(StrEnum):
    """How a supervision ended."""

    REPORTED = "reported"
    LOST = "lost"
    """The service does not want to hear of the task any more; nothing was reported."""
    UNDELIVERED = "undelivered"
    """The lease ended before the report could be delivered."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a supervision ended, and the status reported, if one was."""

    ending: Ending
    status: TaskStatus | None = None


@dataclass(kw_only=True)
class Supervision:
    """
    One task's supervision.

    :param runner_dag_id: the DAG whose run this is
    :param run_id: of the runner run and of the target run
    :param beat: seconds between two ReportTaskProgress, stretched where many tasks share the account's rate
    :param run_timeout: seconds from the poll in which the target run must end; None: as long as it takes
    :param api: Airflow's API, for stopping the target run
    """

    assignment: Assignment
    runner_dag_id: str
    run_id: str
    hook: DataPipelineHook
    account: tuple[str | None, str | None]
    beat: float
    run_timeout: float | None
    api: AirflowApi | None
    _started: float = field(default_factory=time.monotonic)
    _lease: Lease = field(init=False)
    _deadline: Deadline | None = field(init=False)

    def __post_init__(self) -> None:
        self._lease = Lease(
            task=self.assignment.task,
            hook=self.hook,
            account=self.account,
            beat=self.beat,
            polled_at=self.assignment.polled_at,
            runner_dag_id=self.runner_dag_id,
            about=self._target_words,
        )
        # From the poll, not from now: whoever takes over from a dead triggerer grants no new time.
        polled_at = self.assignment.polled_at
        self._deadline = Deadline.of(
            self.assignment.task, time.time() if polled_at is None else polled_at, self.run_timeout
        )

    async def run(self) -> Result:
        """Supervise until the outcome has been reported, or nobody wants to hear of it."""
        with self._lease.held():
            if self.assignment.refusal:
                return await self._report(self._refused(self.assignment.refusal))
            return await self._supervise()

    @property
    def _target(self) -> str:
        return self.assignment.target_dag_id

    @property
    def _task_id(self) -> str:
        return self.assignment.task.task_id

    async def _supervise(self) -> Result:
        log.info("supervising: %s", self._words())
        await self._link_to_target()
        while True:
            state = await self._state_of_target()
            if state is None:
                if refusal := await self._refused_by_airflow():
                    return await self._report(self._refused(refusal))
                if time.monotonic() - self._started >= _MISSING_SECONDS:
                    return await self._report_missing()
                wait = _MISSING_LOOK_SECONDS
            elif state in triggerer.TERMINAL:
                ended = time.monotonic()
                return await self._report(await self._outcome(state), ended=ended)
            elif self._deadline is not None and time.time() >= self._deadline.at:
                count(metrics.TIMED_OUT, dag_id=self.runner_dag_id)
                await self._stop_target()
                return await self._report(self._timed_out(self._deadline))
            elif (too_early := self._lease.seconds_until_first_beat()) > 0:
                wait = self._within_deadline(too_early)
            else:
                if await self._lease.is_lost(await self._progress(state)):
                    await self._stop_target()
                    return Result(Ending.LOST)
                wait = self._within_deadline(self._lease.seconds_between_beats())
            # Whether it has ended is then read anew: a run that was cleared meanwhile is under way again.
            await triggerer.watcher().ended(self._target, self.run_id, timeout=wait)

    async def _link_to_target(self) -> None:
        url = triggerer.run_url(self._target, self.run_id)
        try:
            await triggerer.write_xcom(
                self.runner_dag_id, self.run_id, "supervise", DataPipelineTargetRunLink().xcom_key, url
            )
        except Exception as error:  # noqa: BLE001  # a link is not worth a lost outcome
            log.warning("There will be no link to the target run: %s", without_secrets(error))

    async def _state_of_target(self) -> str | None:
        state: str | None = await _patiently(
            lambda: triggerer.run_state(self._target, self.run_id), "the state of the target run"
        )
        return state

    async def _progress(self, state: str) -> dict[str, str]:
        if state == "queued":
            count(metrics.WAITING, dag_id=self.runner_dag_id)
        states = await _patiently(lambda: triggerer.task_states(self._target, self.run_id), "the tasks of the run")
        url = triggerer.run_url(self._target, self.run_id)
        return progress_fields(state, states, url, mask=compat.mask)

    def _within_deadline(self, wait: float) -> float:
        return wait if self._deadline is None else min(wait, max(1.0, self._deadline.at - time.time()))

    async def _stop_target(self) -> None:
        if self.api is None:
            count(metrics.NOT_STOPPED, dag_id=self.runner_dag_id)
            log.warning(
                "The target run goes on for nothing. To have such runs stopped, give the task runner an "
                "airflow_conn_id: a connection to Airflow's own API, of an identity that may edit DAG runs. %s",
                self._words(),
            )
            return
        for delay in itertools.islice(backoff(), _STOP_TRIES):
            try:
                await self.api.stop_run(self._target, self.run_id)
            except Exception as error:  # noqa: BLE001  # the connection may be wrong in many ways, and the lease is gone
                log.warning("Could not stop the target run: %s %s", without_secrets(error), self._words())
                await asyncio.sleep(delay)
            else:
                count(metrics.STOPPED, dag_id=self.runner_dag_id)
                log.info("target run stopped: %s", self._words())
                return
        count(metrics.NOT_STOPPED, dag_id=self.runner_dag_id)
        log.error("The target run goes on for nothing; stop it by hand. %s", self._words())

    # The outcome

    async def _refused_by_airflow(self) -> str:
        """Return what Airflow said when the poller wanted to create the target run, or nothing."""
        dag_id, run_id, task_id = self.assignment.poller
        said = await _patiently(
            lambda: triggerer.xcom(dag_id, run_id, task_id, -1, self.run_id), "what the poller kept"
        )
        return str(said or "")

    async def _report_missing(self) -> Result:
        # Either the target run was deleted, or the poller died before it created one: then it acknowledged nothing
        # either, and another hand-out of the task has runs of its own.
        if await self._lease.is_lost({}):
            return Result(Ending.LOST)
        return await self._report(
            self._refused(f"There is no run {self.run_id} of DAG {self._target!r}: it was deleted, or never created.")
        )

    async def _outcome(self, state: str) -> TaskReport:
        run = _TargetRun(self._target, self.run_id)
        return await areport(state, self.assignment.task, self._facts(), run, mask=compat.mask)

    def _facts(self) -> TaskFacts:
        url = triggerer.run_url(self._target, self.run_id)
        return TaskFacts(dag_id=self._target, run_id=self.run_id, log_url=url)

    def _refused(self, reason: str) -> TaskReport:
        return TaskReport.failed(
            None, TaskFacts(run_id=self.run_id), mask=compat.mask, error_id="AirflowDagRunRefused", error_message=reason
        )

    def _timed_out(self, deadline: Deadline) -> TaskReport:
        return TaskReport.failed(
            None,
            self._facts(),
            mask=compat.mask,
            error_id="AirflowDagRunTimedOut",
            error_message=f"The DAG run did not end within {deadline.limit}.",
        )

    async def _report(self, report: TaskReport, *, ended: float | None = None) -> Result:
        """
        Deliver the report; try for as long as the lease lives.

        :param ended: when (``time.monotonic()``) the target run was seen to have ended
        """
        may_have_arrived = False
        for delay in backoff():
            await shared_pace(REPORT_RATE, "SetTaskStatus", *self.account).turn()
            try:
                delivery = await adeliver(
                    self.hook,
                    self._task_id,
                    report,
                    repeat=may_have_arrived,
                    task=self.assignment.task,
                    about={"dag": self.runner_dag_id, **self._target_words},
                )
            except (InvalidReportError, InvalidRequestError) as error:
                log.error(  # noqa: TRY400
                    "AWS Data Pipeline refuses the report, which repeating it will not change. %s",
                    without_secrets(error),
                )
                break
            except DataPipelineError as error:
                may_have_arrived = may_have_arrived or getattr(error, "maybe_delivered", False)
                if time.monotonic() + delay > self._lease.end:
                    why = without_secrets(error)
                    log.error("The report was not delivered before the task's lease ended. %s", why)  # noqa: TRY400
                    break
                log.warning("Reporting again in %.0f s. %s", delay, without_secrets(error))
                await asyncio.sleep(delay)
            else:
                if ended is not None and delivery is not Delivery.GONE:
                    timing(metrics.REPORT_DELAY, time.monotonic() - ended, dag_id=self.runner_dag_id)
                return Result(Ending.REPORTED, report.status)
        count(metrics.UNDELIVERED, dag_id=self.runner_dag_id)
        log.error("NOT reported: %s; clear this task to report again. %s", report.status, self._words())
        return Result(Ending.UNDELIVERED, report.status)

    @property
    def _target_words(self) -> dict[str, str | None]:
        return {"target_dag": self._target, "run": self.run_id}

    def _words(self, **more: str | None) -> str:
        return words(self.assignment.task, **more, **self._target_words)


@dataclass(frozen=True, slots=True)
class _TargetRun:
    """A run as :func:`~airflow_provider_datapipeline._airflow.stored_run.areport` reads it."""

    dag_id: str
    run_id: str

    async def task_states(self) -> dict[str, str | None]:
        states: dict[str, str | None] = await _patiently(
            lambda: triggerer.task_states(self.dag_id, self.run_id), "the tasks of the run"
        )
        return states

    async def xcom(self, task_id: str, map_index: int, key: str) -> Any:
        async def read() -> Any:
            try:
                return await triggerer.xcom(self.dag_id, self.run_id, task_id, map_index, key)
            except Exception as error:
                if (found := unreadable(error, (task_id, map_index, key))).may_pass:
                    raise
                return found

        value = await _patiently(read, f"an XCom of {task_id}")
        if isinstance(value, UnreadableError):
            raise value
        return value


async def _patiently(read: Any, what: str) -> Any:
    """Read from Airflow until it answers: while its API is down, the supervision has nothing better to do."""
    for delay in backoff(most=30):
        try:
            return await read()
        except Exception as error:  # noqa: BLE001  # whatever is wrong may pass; ending here would lose the outcome
            log.warning("Could not read %s; trying again in %.0f s. %s", what, delay, without_secrets(error))
            await asyncio.sleep(delay)
    return None
