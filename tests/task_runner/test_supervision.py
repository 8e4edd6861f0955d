"""The supervision of a task from its start to its end, in fake time."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline._airflow import compat

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow_provider_datapipeline._airflow import stored_run
from airflow_provider_datapipeline._task_runner.assignment import Assignment
from airflow_provider_datapipeline._task_runner.rate_limits import REPORT_RATE, rate_limiter_for
from airflow_provider_datapipeline._task_runner.supervision import Ending, Supervision, SupervisionResult
from airflow_provider_datapipeline._task_runner.watcher import WATCH_SECONDS, RunWatcher
from airflow_provider_datapipeline.exceptions import (
    InternalServiceError,
    InvalidReportError,
    InvalidRequestError,
    PipelineDeletedError,
    TaskNotFoundError,
    ThrottledError,
)
from airflow_provider_datapipeline.reporting.detail import ErrorDetail
from airflow_provider_datapipeline.reporting.report import TaskReport
from tests.task_runner.fake_airflow import FakeAirflow, FakeService, NoSenseError, Reported
from tests.task_runner.fake_time import CLOCK, now, run, wall

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_datapipeline.pipeline_task import PipelineTask
    from tests.conftest import SentMetrics

DAG, RUN_ID = "nightly", "run_1"
RUN = (DAG, RUN_ID)
POLLER = ("poller", "poll_1", "poll")
LINK = ("runner", RUN_ID, "supervise", "_link_DataPipelineTargetRunLink")
LEASE = 900.0
TAGS = {"dag_id": "runner"}

AWAY = ConnectionError("the API server is down")
NOT_FOUND = TaskNotFoundError("any", "TaskNotFoundException", "no such task")
BROKEN = InternalServiceError("any", "InternalServiceError", "broken")
LATE_ANSWER = InternalServiceError("any", "ReadTimeout", "no answer", maybe_delivered=True)
REFUSED = InvalidRequestError("any", "InvalidRequestException", "not like this")
THROTTLED = ThrottledError("any", "ThrottlingException", "slower")


@dataclass
class World:
    """A task, its target run, and what happens to them."""

    task: PipelineTask
    airflow: FakeAirflow = field(default_factory=FakeAirflow)
    service: FakeService = field(default_factory=FakeService)
    polled_before: float | None = 0.0
    run_timeout: float | None = None
    heartbeat_seconds: float = 60.0
    refusal: str = ""
    detail: ErrorDetail = ErrorDetail.FULL
    lasted: float = 0.0
    rate: float = 0.0
    _changes: list[tuple[float, Callable[[], Any]]] = field(default_factory=list)

    def at(self, seconds: float, change: Callable[[], Any]) -> None:
        """Call a function after so many seconds."""
        self._changes.append((seconds, change))

    def ends(self, seconds: float, state: str) -> None:
        """Let the target run end in a state after so many seconds."""
        self.at(seconds, lambda: self.airflow.runs.update({RUN: state}))

    def supervise(self) -> SupervisionResult:
        """Supervise the task to its end."""
        return run(self._supervise())

    async def _supervise(self) -> SupervisionResult:
        loop = asyncio.get_running_loop()
        for seconds, change in self._changes:
            loop.call_later(seconds, change)
        supervision = Supervision(
            assignment=Assignment(
                task=self.task,
                target_dag_id="" if self.refusal else DAG,
                refusal=self.refusal,
                polled_at=None if self.polled_before is None else wall() - self.polled_before,
                poller=POLLER,
            ),
            runner_dag_id="runner",
            run_id=RUN_ID,
            hook=self.service,  # type: ignore[arg-type]  # as far as it is used
            account="account",
            heartbeat_seconds=self.heartbeat_seconds,
            run_timeout=self.run_timeout,
            airflow=self.airflow,
            watcher=RunWatcher(self.airflow),
            detail=self.detail,
            clock=CLOCK,
        )
        result = await supervision.run()
        self.lasted = now()
        self.rate = rate_limiter_for(REPORT_RATE, "SetTaskStatus", "account").rate
        return result

    @property
    def report(self) -> Reported:
        """The only report that the service has accepted."""
        ((_, (reported,)),) = self.service.reported.items()
        return reported

    @property
    def heartbeats(self) -> list[float]:
        """When heartbeats were sent."""
        return self.service.times("ReportTaskProgress")

    def longest_silence(self, until: float) -> float:
        times = [time for time in self.heartbeats if time < until]
        return max(later - sooner for sooner, later in itertools.pairwise([0.0, *times, until]))


@pytest.fixture
def world(make_task: Callable[..., PipelineTask]) -> World:
    world = World(make_task())
    world.airflow.runs[RUN] = "running"
    world.airflow.tasks[RUN] = {"extract": "success", "work": "running"}
    return world


@pytest.fixture
def precondition(world: World, make_task: Callable[..., PipelineTask]) -> World:
    world.task = make_task(fields={"type": "ShellCommandPrecondition"})
    world.airflow.tasks[RUN] = {"check": "success"}
    world.airflow.xcoms[(*RUN, "check", -1, stored_run.LEAVES_KEY)] = ["check"]
    return world


# Outcomes


def test_a_success_is_reported_within_seconds(world: World, sent: SentMetrics) -> None:
    world.ends(100.5, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")

    assert world.report.status == "FINISHED"
    assert world.report.error_id is None
    assert 100.5 <= world.report.at <= 103.5
    assert world.service.asked("SetTaskStatus") == [(world.task.task_id, "FINISHED", None, None)]
    delays = [value for name, value, _ in sent.values if name == "report_delay"]
    assert len(delays) == 1
    assert sent.names.count("reported.finished") == 1


def test_a_failure_is_reported_with_its_error(world: World) -> None:
    error = TaskReport.failed(ValueError("no such table"), mask=str)
    world.airflow.xcoms[(*RUN, "work", -1, stored_run.RECORD_KEY)] = stored_run.record(error, "2030-03-17T17:46:40Z")
    world.airflow.tasks[RUN] = {"extract": "success", "work": "failed"}
    world.ends(100, "failed")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")

    assert world.report.error_id == error.error_id
    assert "no such table" in (world.report.error_message or "")


def test_a_failure_can_be_reported_without_its_text(world: World) -> None:
    """The stored record has the text, because the deployment allows Airflow to keep it."""
    with pytest.raises(ValueError, match="no such table") as raised:
        raise ValueError("no such table")
    whole, less = (TaskReport.failed(raised.value, mask=str, detail=detail) for detail in ErrorDetail)
    record = stored_run.record(whole, "2030-03-17T17:46:40Z", less)
    world.airflow.xcoms[(*RUN, "work", -1, stored_run.RECORD_KEY)] = record
    world.airflow.tasks[RUN] = {"extract": "success", "work": "failed"}
    world.detail = ErrorDetail.TYPE
    world.ends(100, "failed")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")

    assert world.report.error_id == "ValueError"
    message = world.report.error_message or ""
    assert message.startswith("ValueError at test_supervision.py:")
    assert "its text stays in Airflow's log.\nFailed tasks: work" in message
    assert "no such table" not in str(world.service.reported)


@pytest.mark.parametrize("is_in_conf", [True, False])
def test_without_texts_a_refusal_refers_to_the_log_that_has_it(world: World, is_in_conf: bool) -> None:
    """The refusal may quote Airflow, or a template that failed."""
    if is_in_conf:
        world.refusal = "target_dag_id cannot be rendered: secret"
    else:
        del world.airflow.runs[RUN]
        world.airflow.xcoms[*POLLER, -1, RUN_ID] = "Airflow says: secret"
    world.detail = ErrorDetail.TYPE

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")

    dag_id, run_id, task_id = POLLER
    assert world.report.error_id == "AirflowDagRunRefused"
    assert f"log of task {task_id!r} in run {run_id} of DAG {dag_id!r}" in (world.report.error_message or "")
    assert "secret" not in str(world.service.reported)


@pytest.mark.parametrize(("returned", "status"), [(False, "FALSE"), (True, "FINISHED")])
def test_a_precondition_is_answered(precondition: World, returned: bool, status: str) -> None:
    precondition.airflow.xcoms[(*RUN, "check", -1, stored_run.RETURN_KEY)] = returned
    precondition.ends(100, "success")

    assert precondition.supervise() == SupervisionResult(Ending.REPORTED, status)


def test_a_value_that_airflow_cannot_deserialise_does_not_keep_a_report(precondition: World) -> None:
    """There is a value, so it is not False. Another try would not help."""
    precondition.airflow.fail(
        "xcom", lambda *asked: NoSenseError("no such class") if asked[-1] == stored_run.RETURN_KEY else None
    )
    precondition.ends(100, "success")

    assert precondition.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")
    assert precondition.report.at < 104


def test_an_error_that_airflow_cannot_deserialise_is_said_to_be_there(world: World) -> None:
    world.airflow.fail("xcom", NoSenseError("no such class"))
    world.airflow.tasks[RUN] = {"work": "failed"}
    world.ends(100, "failed")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")
    assert world.report.error_id == "AirflowDagRunFailed"
    assert world.report.at < 104
    assert "no such class" in f"{world.report.error_message}{world.report.error_stack_trace}"


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [({"@scheduledStartTime": "2026-11-22T10:00:00"}, ("FAILED", "AirflowDagRunEmpty")), ({}, ("FINISHED", None))],
)
def test_a_dated_run_without_a_task_is_no_success(
    world: World, make_task: Callable[..., PipelineTask], fields: dict[str, str], outcome: tuple[str, str | None]
) -> None:
    world.task = make_task(fields=fields)
    world.airflow.tasks[RUN] = {}
    world.ends(1, "success")

    world.supervise()

    assert (world.report.status, world.report.error_id) == outcome


def test_a_run_that_was_cleared_before_it_was_judged_has_not_ended(world: World) -> None:
    def clear(_: str, __: Any, states: tuple[str, ...]) -> None:
        if states == ("success",):
            world.airflow.runs[RUN] = "queued"

    world.airflow.fail("count_runs", clear, end=200)
    world.ends(100, "success")
    world.ends(300, "failed")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")
    assert world.report.at >= 300


# A target run that is not there


def test_a_task_without_a_target_is_refused_at_once(world: World) -> None:
    world.refusal = "There is no DAG 'nightly'."

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")

    assert (world.report.error_id, world.lasted) == ("AirflowDagRunRefused", 0)
    assert "There is no DAG 'nightly'." in (world.report.error_message or "")
    assert not world.airflow.calls


def test_what_the_poller_was_refused_is_reported(world: World) -> None:
    """The poller may create the target run after the supervision has begun. It stores the reason if Airflow refuses."""
    del world.airflow.runs[RUN]
    world.airflow.fail("xcom", AWAY, times=2)
    world.at(20, lambda: world.airflow.xcoms.update({(*POLLER, -1, RUN_ID): "DAG 'nightly' has import errors."}))

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")

    assert world.report.error_id == "AirflowDagRunRefused"
    assert "has import errors" in (world.report.error_message or "")
    assert 20 <= world.report.at <= 24


def test_a_run_that_comes_late_is_supervised(world: World) -> None:
    del world.airflow.runs[RUN]
    world.ends(140, "queued")
    world.ends(400, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")


def test_a_run_that_does_not_come_is_reported_after_a_heartbeat(world: World) -> None:
    del world.airflow.runs[RUN]

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")

    assert world.report.error_id == "AirflowDagRunRefused"
    assert "deleted, or never created" in (world.report.error_message or "")
    assert 150 <= world.report.at <= 155
    assert world.heartbeats[-1] == pytest.approx(world.report.at, abs=0.1)


def test_a_run_that_is_deleted_is_reported(world: World) -> None:
    world.at(1000, world.airflow.runs.clear)

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")

    assert world.report.error_id == "AirflowDagRunRefused"
    assert 1150 <= world.report.at <= 1000 + 63 + 155


def test_a_task_that_was_never_acknowledged_is_left_to_its_next_hand_out(world: World, sent: SentMetrics) -> None:
    """The poller died between the two runs, and the service hands the task out again. That run reports the outcome."""
    del world.airflow.runs[RUN]
    world.service.fail("ReportTaskProgress", NOT_FOUND, begin=149)

    assert world.supervise() == SupervisionResult(Ending.LOST)

    assert not world.service.asked("SetTaskStatus")
    assert world.lasted >= 150
    assert not world.airflow.asked("stop_run")
    assert "lost" in sent.names


# The deadline


def test_a_run_that_is_over_its_time_is_stopped_and_reported(world: World, sent: SentMetrics) -> None:
    """The time counts from the poll, so a supervision that takes over from a dead triggerer grants no more."""
    world.run_timeout = 601
    world.polled_before = 100

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")

    assert world.report.error_id == "AirflowDagRunTimedOut"
    assert "run_timeout of 601 s" in (world.report.error_message or "")
    assert world.report.at == pytest.approx(501, abs=1)
    assert world.airflow.runs[RUN] == "failed"
    assert {"timed_out", "stopped"} <= set(sent.names)


def test_time_counts_from_now_where_nobody_knows_the_poll(world: World) -> None:
    world.run_timeout, world.polled_before = 601, None

    world.supervise()

    assert world.report.at == pytest.approx(601, abs=1)
    # Nobody knows whether it was acknowledged: as soon as a look at Airflow has told how many leases there are.
    assert world.heartbeats[0] <= WATCH_SECONDS


def test_the_attempt_has_a_deadline_too(world: World, make_task: Callable[..., PipelineTask]) -> None:
    world.task = make_task(fields={"attemptTimeout": "10 minutes"})

    world.supervise()

    assert world.report.error_id == "AirflowDagRunTimedOut"
    assert world.report.at == pytest.approx(600, abs=1)


def test_a_run_that_nobody_can_stop_goes_on_and_that_is_told(
    world: World, sent: SentMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    world.run_timeout = 601
    world.airflow.can_stop = False

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")

    assert world.report.error_id == "AirflowDagRunTimedOut"
    assert world.airflow.runs[RUN] == "running"
    assert {"timed_out", "not_stopped"} <= set(sent.names)
    assert "give the task runner an airflow_conn_id" in caplog.text


def test_a_run_that_ends_at_the_very_last_moment_has_its_own_outcome(world: World, sent: SentMetrics) -> None:
    world.run_timeout = 601
    world.ends(600.5, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")
    assert world.report.at < 602
    assert not {"timed_out", "stopped", "not_stopped"} & set(sent.names)


def test_a_run_that_is_gone_at_its_deadline_is_over_its_time(world: World) -> None:
    world.run_timeout = 601
    world.at(600, world.airflow.runs.clear)

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")
    assert world.report.error_id == "AirflowDagRunTimedOut"


def test_a_deadline_is_kept_while_airflow_is_away(world: World) -> None:
    world.run_timeout = 601
    world.airflow.fail("*", AWAY, begin=300)

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")
    assert world.report.error_id == "AirflowDagRunTimedOut"
    assert 601 <= world.report.at <= 601 + 40  # some tries to stop it
    assert world.longest_silence(world.report.at) <= 60


# The lease is lost


def _cancel(world: World) -> None:
    world.service.canceled.add(world.task.task_id)


def _lose(world: World) -> None:
    world.service.fail("ReportTaskProgress", NOT_FOUND)


@pytest.mark.parametrize(("lose", "metric"), [(_cancel, "canceled"), (_lose, "lost")])
def test_a_task_that_is_not_wanted_any_more_has_its_run_stopped(
    world: World, sent: SentMetrics, lose: Callable[[World], None], metric: str
) -> None:
    world.at(100, lambda: lose(world))

    assert world.supervise() == SupervisionResult(Ending.LOST)

    assert 100 <= world.lasted <= 160
    assert world.airflow.runs[RUN] == "failed"
    assert not world.service.asked("SetTaskStatus")
    assert {metric, "stopped"} <= set(sent.names)


def test_a_run_that_had_ended_by_then_is_left_as_it_is(world: World, sent: SentMetrics) -> None:
    world.airflow.fail("count_runs", AWAY, begin=90)
    world.ends(95, "success")
    world.at(100, lambda: _cancel(world))

    assert world.supervise() == SupervisionResult(Ending.LOST)

    assert world.airflow.runs[RUN] == "success"
    assert not world.service.asked("SetTaskStatus")
    assert not {"stopped", "not_stopped"} & set(sent.names)


@pytest.mark.parametrize(
    ("error", "times", "tries", "metric"),
    [
        (NoSenseError("403: not yours"), 9, 1, "not_stopped"),
        (AWAY, 2, 3, "stopped"),
        (AWAY, 9, 5, "not_stopped"),
    ],
)
def test_a_stop_is_tried_again_while_that_makes_sense(
    world: World, sent: SentMetrics, *, error: Exception, times: int, tries: int, metric: str
) -> None:
    world.airflow.fail("stop_run", error, times=times)
    _cancel(world)

    assert world.supervise() == SupervisionResult(Ending.LOST)

    assert len(world.airflow.asked("stop_run")) == tries
    assert {"stopped", "not_stopped"} & set(sent.names) == {metric}


# What Airflow does not do


def test_heartbeats_go_on_while_airflow_is_away_and_the_end_is_reported_afterwards(world: World) -> None:
    world.airflow.fail("*", AWAY, begin=300, end=2100)
    world.ends(400, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")

    assert 2100 <= world.report.at <= 2104
    assert world.longest_silence(world.report.at) <= 60
    assert world.service.progress[world.task.task_id][0][1]["percentComplete"] == "50"


def test_slow_answers_do_not_delay_heartbeats(world: World, make_task: Callable[..., PipelineTask]) -> None:
    world.task = make_task(fields={"type": "ShellCommandActivity"})
    for name in ("count_runs", "task_states", "xcom", "write_xcom"):
        world.airflow.seconds[name] = 20
    world.ends(2000, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")

    assert world.longest_silence(world.report.at) <= 60
    assert world.report.at <= 2000 + 4 * 20 + 3  # two more answers may come first, and two tell the end


def test_heartbeats_that_fail_do_not_delay_a_report(world: World) -> None:
    world.service.fail("ReportTaskProgress", BROKEN)
    world.service.seconds["ReportTaskProgress"] = 50
    world.ends(200, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")
    assert world.report.at <= 203.5
    assert len(world.heartbeats) >= 2


def test_a_run_of_which_airflow_will_never_say_how_it_stands_is_unknown_after_ten_minutes(world: World) -> None:
    world.airflow.fail("count_runs", NoSenseError("422: no such id"))

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")

    assert world.report.error_id == "AirflowDagRunUnknown"
    assert "422: no such id" in (world.report.error_message or "")
    assert 600 <= world.report.at <= 660
    assert world.longest_silence(world.report.at) <= 60
    assert world.airflow.runs[RUN] == "running"  # nobody knows that it is worth nothing


def test_without_texts_the_reason_for_that_is_not_told(world: World) -> None:
    world.airflow.fail("count_runs", NoSenseError("422: no such id"))
    world.detail = ErrorDetail.TYPE

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FAILED")

    assert world.report.error_id == "AirflowDagRunUnknown"
    assert "The run may go on; see it in Airflow." in (world.report.error_message or "")
    assert "422" not in str(world.service.reported)


def test_ten_minutes_count_anew_once_airflow_has_said_it(world: World) -> None:
    for begin, end in ((0, 500), (510, 1000), (1010, 1500)):
        world.airflow.fail("count_runs", NoSenseError("an upgrade"), begin=begin, end=end)
    world.ends(1200, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")
    assert 1500 <= world.report.at <= 1504


# Progress and the link


def test_heartbeats_tell_how_far_the_run_is(world: World, sent: SentMetrics) -> None:
    world.airflow.tasks[RUN] = {"extract": None, "work": None}
    world.at(100, lambda: world.airflow.tasks.update({RUN: {"extract": "success", "work": "running"}}))
    world.ends(200, "success")

    world.supervise()

    fields = [fields for _, fields in world.service.progress[world.task.task_id]]
    assert fields[0]["attemptStatus"].startswith("waits in Airflow")
    assert fields[-1]["attemptStatus"].startswith("1 of 2 tasks done, now work; http")
    assert ("waiting", 1, TAGS) in sent.values


def test_a_heartbeat_without_anything_to_tell_is_one_all_the_same(world: World) -> None:
    world.airflow.fail("task_states", AWAY)
    world.ends(100, "success")

    world.supervise()

    assert world.service.progress[world.task.task_id][0][1] == {}


def test_the_link_to_the_target_run_is_written_once(world: World) -> None:
    world.ends(500, "success")

    world.supervise()

    assert [(*asked[:3], asked[3]) for asked in world.airflow.asked("write_xcom")] == [LINK]
    assert world.airflow.written[LINK].endswith("/dags/nightly/runs/run_1")


@pytest.mark.parametrize(("polled_before", "writes"), [(119, 1), (121, 0), (None, 1)])
def test_who_takes_over_later_finds_the_link_written(world: World, polled_before: float | None, writes: int) -> None:
    world.polled_before = polled_before
    world.ends(10, "success")

    world.supervise()

    assert len(world.airflow.asked("write_xcom")) == writes


def test_a_link_is_not_worth_an_outcome(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.airflow.fail("write_xcom", NoSenseError("403"))
    world.ends(10, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")
    assert "There will be no link to the target run: 403" in caplog.text


# The report


@pytest.mark.parametrize("error", [REFUSED, InvalidReportError("too long")])
def test_a_report_that_is_refused_is_not_repeated(
    world: World, sent: SentMetrics, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    world.service.fail("SetTaskStatus", error)
    world.ends(100, "success")

    assert world.supervise() == SupervisionResult(Ending.UNDELIVERED, "FINISHED")

    assert len(world.service.asked("SetTaskStatus")) == 1
    assert "undelivered" in sent.names
    assert "NOT reported: FINISHED; clear this task to report again." in caplog.text


def test_a_report_is_tried_for_as_long_as_the_lease_lives(world: World) -> None:
    """For two hours here, in which heartbeats keep the lease."""
    world.service.fail("SetTaskStatus", BROKEN, begin=100, end=7300)
    world.ends(100, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")

    assert 7300 <= world.report.at <= 7361
    assert world.longest_silence(world.report.at) <= 60


def test_a_report_ends_with_the_lease(world: World, sent: SentMetrics) -> None:
    world.service.fail("*", BROKEN, begin=100)
    world.ends(130, "success")

    assert world.supervise() == SupervisionResult(Ending.UNDELIVERED, "FINISHED")

    last = max(time for time, _ in world.service.progress[world.task.task_id])
    assert last + LEASE - 61 <= world.lasted <= last + LEASE
    assert "undelivered" in sent.names


def test_a_report_whose_answer_was_lost_has_arrived(world: World, sent: SentMetrics) -> None:
    world.service.fail("SetTaskStatus", LATE_ANSWER, times=1)
    world.service.fail("SetTaskStatus", NOT_FOUND)
    world.ends(100, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")
    assert {"repeated", "reported.finished", "report_delay"} <= set(sent.names)


@pytest.mark.parametrize("error", [NOT_FOUND, PipelineDeletedError("any", "PipelineDeletedException", "gone")])
def test_a_task_that_is_gone_when_it_is_reported_has_no_delay(
    world: World, sent: SentMetrics, error: Exception
) -> None:
    world.service.fail("SetTaskStatus", error)
    world.ends(100, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")
    assert "gone" in sent.names
    assert "report_delay" not in sent.names


def test_a_report_that_is_throttled_arrives(world: World) -> None:
    world.service.fail("SetTaskStatus", THROTTLED, times=3)
    world.ends(100, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")

    assert len(world.service.asked("SetTaskStatus")) == 4
    assert world.report.at < 115


def test_a_report_that_is_throttled_slows_all_reports_down(world: World) -> None:
    world.service.fail("SetTaskStatus", THROTTLED, times=3)
    world.ends(100, "success")

    world.supervise()

    assert world.rate < REPORT_RATE.first


def test_heartbeats_go_on_while_a_slow_report_is_under_way(world: World) -> None:
    world.service.seconds["SetTaskStatus"] = 300
    world.ends(100, "success")

    assert world.supervise() == SupervisionResult(Ending.REPORTED, "FINISHED")
    assert world.longest_silence(world.report.at) <= 60


def test_nothing_goes_on_afterwards(world: World) -> None:
    world.ends(100, "success")

    async def test() -> None:
        await world._supervise()
        await asyncio.sleep(10)
        assert len(asyncio.all_tasks()) == 1
        done = len(world.service.calls), len(world.airflow.calls)
        await asyncio.sleep(1000)
        assert (len(world.service.calls), len(world.airflow.calls)) == done

    run(test())


def test_a_trigger_that_is_canceled_leaves_the_run_alone(world: World) -> None:
    """Another triggerer takes over, so nothing is stopped and nothing is reported."""

    async def test() -> None:
        supervising = asyncio.create_task(world._supervise())
        await asyncio.sleep(100)
        supervising.cancel()
        await asyncio.gather(supervising, return_exceptions=True)
        assert supervising.cancelled()
        await asyncio.sleep(10)
        assert len(asyncio.all_tasks()) == 1

    run(test())
    assert world.airflow.runs[RUN] == "running"
    assert not world.airflow.asked("stop_run")
    assert not world.service.asked("SetTaskStatus")
