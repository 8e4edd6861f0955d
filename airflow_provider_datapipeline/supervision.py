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

from airflow_provider_datapipeline._airflow import compat, outcome, triggerer
from airflow_provider_datapipeline.deadline import Deadline
from airflow_provider_datapipeline.delivery import Delivery, adeliver
from airflow_provider_datapipeline.exceptions import (
    DataPipelineError,
    InvalidReportError,
    InvalidRequestError,
    PipelineDeletedError,
    PipelineNotFoundError,
    ServiceError,
    TaskNotFoundError,
)
from airflow_provider_datapipeline.links import DataPipelineTargetRunLink
from airflow_provider_datapipeline.pacing import REPORT_RATE, backoff, beat_seconds, shared_pace
from airflow_provider_datapipeline.progress import progress_fields, report_progress_timeout
from airflow_provider_datapipeline.reporting.facts import TaskFacts
from airflow_provider_datapipeline.reporting.report import TaskReport

if TYPE_CHECKING:
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

_held: dict[tuple[str | None, str | None], int] = {}
"""Tasks supervised by this process, by connection and region."""


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
    api: triggerer.AirflowApi | None
    _started: float = field(default_factory=time.monotonic)
    _last_beat: float = field(default_factory=time.monotonic)
    _deadline: Deadline | None = field(init=False)

    def __post_init__(self) -> None:
        # From the poll, not from now: whoever takes over from a dead triggerer grants no new time.
        polled_at = self.assignment.polled_at
        self._deadline = Deadline.of(
            self.assignment.task, time.time() if polled_at is None else polled_at, self.run_timeout
        )

    async def run(self) -> Result:
        """Supervise until the outcome has been reported, or nobody wants to hear of it."""
        _held[self.account] = _held.get(self.account, 0) + 1
        try:
            if self.assignment.refusal:
                return await self._report(self._refused(self.assignment.refusal))
            return await self._supervise()
        finally:
            _held[self.account] -= 1

    @property
    def _target(self) -> str:
        return self.assignment.target_dag_id

    @property
    def _task_id(self) -> str:
        return self.assignment.task.task_id

    async def _supervise(self) -> Result:
        await self._link_to_target()
        while True:
            state = await self._state_of_target()
            if state is None:
                if refusal := await self._missing():
                    return await self._report(self._refused(refusal))
                wait = _MISSING_LOOK_SECONDS
            elif state in triggerer.TERMINAL:
                return await self._report(await self._outcome(state))
            elif self._deadline is not None and time.time() >= self._deadline.at:
                await self._stop_target()
                return await self._report(self._timed_out(self._deadline))
            else:
                if lost := await self._beat_is_unwanted(state):
                    return await self._give_up(lost)
                wait = self._wait()
            # Whether it has ended is then read anew: a run that was cleared meanwhile is under way again.
            await triggerer.watcher().ended(self._target, self.run_id, timeout=wait)

    async def _link_to_target(self) -> None:
        url = triggerer.run_url(self._target, self.run_id)
        try:
            await triggerer.write_xcom(
                self.runner_dag_id, self.run_id, "supervise", DataPipelineTargetRunLink().xcom_key, url
            )
        except Exception as error:  # noqa: BLE001  # a link is not worth a lost outcome
            log.warning("There will be no link to the target run: %s", error)

    async def _state_of_target(self) -> str | None:
        state: str | None = await _patiently(
            lambda: triggerer.run_state(self._target, self.run_id), "the state of the target run"
        )
        return state

    def _wait(self) -> float:
        timeout = report_progress_timeout(self.assignment.task)
        wait = beat_seconds(self.beat, _held[self.account], timeout)
        if self._deadline is not None:
            wait = min(wait, max(1.0, self._deadline.at - time.time()))
        return wait

    # The lease

    async def _beat_is_unwanted(self, state: str) -> str:
        """Report progress; return why the service does not want to hear of the task any more, or nothing."""
        await shared_pace(REPORT_RATE, "ReportTaskProgress", *self.account).turn()
        states = await _patiently(lambda: triggerer.task_states(self._target, self.run_id), "the tasks of the run")
        fields = progress_fields(state, states, triggerer.run_url(self._target, self.run_id))
        try:
            canceled = await self.hook.areport_task_progress(self._task_id, fields)
        except (TaskNotFoundError, PipelineDeletedError, PipelineNotFoundError) as error:
            return str(error)
        except InvalidRequestError:
            return await self._bare_beat_is_unwanted()
        except DataPipelineError as error:
            log.warning("Could not report progress; trying again at the next beat. %s", error)
            return ""
        self._last_beat = time.monotonic()
        return "AWS Data Pipeline canceled the task." if canceled else ""

    async def _bare_beat_is_unwanted(self) -> str:
        # The fields are an extra: a service that refuses them, for whatever they hold, must not end the lease.
        try:
            canceled = await self.hook.areport_task_progress(self._task_id)
        except ServiceError as error:
            log.warning("Could not report progress; trying again at the next beat. %s", error)
            return ""
        self._last_beat = time.monotonic()
        return "AWS Data Pipeline canceled the task." if canceled else ""

    async def _give_up(self, reason: str) -> Result:
        log.warning("Nothing will be reported about this task: %s", reason)
        await self._stop_target()
        self._log_end("nothing reported: canceled or lost")
        return Result(Ending.LOST)

    async def _stop_target(self) -> None:
        if self.api is None:
            log.warning(
                "The target run %s of DAG %s goes on for nothing. To have such runs stopped, give the task runner an "
                "airflow_conn_id: an HTTP connection to Airflow's API server, with a user who may edit DAG runs.",
                self.run_id,
                self._target,
            )
            return
        for delay in itertools.islice(backoff(), _STOP_TRIES):
            try:
                await self.api.stop_run(self._target, self.run_id)
            except Exception as error:  # noqa: BLE001  # the connection may be wrong in many ways, and the lease is gone
                log.warning("Could not stop the target run %s of DAG %s: %s", self.run_id, self._target, error)
                await asyncio.sleep(delay)
            else:
                log.info("Stopped the target run %s of DAG %s", self.run_id, self._target)
                return
        log.error("The target run %s of DAG %s goes on for nothing; stop it by hand", self.run_id, self._target)

    # The outcome

    async def _missing(self) -> str:
        """Return why there is no target run, once that is certain."""
        poller_dag_id, poller_run_id = self.assignment.poller
        said = await _patiently(
            lambda: triggerer.xcom(poller_dag_id, poller_run_id, "poll", -1, self.run_id), "what the poller kept"
        )
        if said:
            return str(said)
        if time.monotonic() - self._started < _MISSING_SECONDS:
            return ""
        return f"There is no run {self.run_id} of DAG {self._target!r}: it was deleted, or never created."

    async def _outcome(self, state: str) -> TaskReport:
        states = await _patiently(lambda: triggerer.task_states(self._target, self.run_id), "the tasks of the run")

        async def read(task_id: str, map_index: int, key: str) -> Any:
            return await _patiently(
                lambda: triggerer.xcom(self._target, self.run_id, task_id, map_index, key), f"an XCom of {task_id}"
            )

        if state == "failed":
            ends = await outcome.atask_ends(states, read)
            return outcome.failed_run(ends, self._facts(), mask=compat.mask)
        if self.assignment.task.is_precondition and not await outcome.precondition_holds(states, read):
            return TaskReport.unmet(None, self._facts(), mask=compat.mask)
        return TaskReport.finished()

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

    async def _report(self, report: TaskReport) -> Result:
        """Deliver the report; try for as long as the lease lives."""
        end_of_lease = self._last_beat + report_progress_timeout(self.assignment.task)
        may_have_arrived = False
        for delay in backoff():
            await shared_pace(REPORT_RATE, "SetTaskStatus", *self.account).turn()
            try:
                delivery = await adeliver(
                    self.hook, self._task_id, report, repeat=may_have_arrived, task=self.assignment.task
                )
            except (InvalidReportError, InvalidRequestError) as error:
                log.error("AWS Data Pipeline refuses the report, which repeating it will not change. %s", error)  # noqa: TRY400
                break
            except DataPipelineError as error:
                may_have_arrived = may_have_arrived or getattr(error, "maybe_delivered", False)
                if time.monotonic() + delay > end_of_lease:
                    log.error("The report was not delivered before the task's lease ended. %s", error)  # noqa: TRY400
                    break
                log.warning("Reporting again in %.0f s. %s", delay, error)
                await asyncio.sleep(delay)
            else:
                self._log_end(f"reported {report.status}" if delivery is not Delivery.GONE else "not known any more")
                return Result(Ending.REPORTED, report.status)
        self._log_end(f"NOT reported: {report.status}; clear this task to report again")
        return Result(Ending.UNDELIVERED, report.status)

    def _log_end(self, what: str) -> None:
        task = self.assignment.task
        log.info(
            "pipeline %s, attempt %s, target run %s of DAG %s: %s",
            task.pipeline_id,
            task.attempt_id,
            self.run_id,
            self._target or "(none)",
            what,
        )


async def _patiently(read: Any, what: str) -> Any:
    """Read from Airflow until it answers: while its API is down, the supervision has nothing better to do."""
    for delay in backoff(most=30):
        try:
            return await read()
        except Exception as error:  # noqa: BLE001  # whatever is wrong may pass; ending here would lose the outcome
            log.warning("Could not read %s; trying again in %.0f s. %s", what, delay, error)
            await asyncio.sleep(delay)
    return None
