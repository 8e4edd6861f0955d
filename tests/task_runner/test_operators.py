"""How the runs of polled tasks are started, refused, or tried again."""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._task_runner.assignment import (
    Assignment,
    error_detail_of,
    logical_dates_of,
    run_id_of,
)
from airflow_provider_datapipeline._task_runner.batches import BatchStarter
from airflow_provider_datapipeline._task_runner.target_run_creation import choose_target
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_datapipeline.pipeline_task import PipelineTask

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner as airflow_task_runner
from airflow.sdk.execution_time.comms import (
    DagRunStateResult,
    DRCount,
    ErrorResponse,
    GetDagRunState,
    GetDRCount,
    OKResponse,
    TriggerDagRun,
)

from airflow_provider_datapipeline._airflow.names import TaskDeferred
from airflow_provider_datapipeline.operators.start_dag_runs import DataPipelineStartDagRunsOperator
from airflow_provider_datapipeline.operators.task_runner import DataPipelinePollForTaskOperator
from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner

POLLER = ("runner_poller", "poll_1", "start")


def api_server_error(status: int, body: dict[str, Any]) -> AirflowRuntimeError:
    detail = {"status_code": status, "message": "Server returned error", "detail": body}
    return AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail))


class Supervisor:
    """A fake of Airflow's supervisor, with the DAG runs that were created."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, str]] = []
        self.confs: dict[str, dict[str, Any]] = {}
        self.dates: dict[tuple[str, str], datetime | None] = {}
        self.lost: dict[tuple[str, str], int] = {}
        self.known_before: set[str] = set()
        self.refusals: dict[str, tuple[int, dict[str, Any]]] = {}
        """By DAG id: status and body of the answer to a request for a run."""
        self.refusal_of_dates: tuple[int, dict[str, Any]] | None = None
        self.delay: Callable[[str], None] = lambda _: None
        """Called with the DAG id before each request for a run is answered."""

    def send(self, msg: Any) -> Any:
        match msg:
            case TriggerDagRun():
                return self._trigger(msg)
            case GetDRCount(logical_dates=None):
                return DRCount(count=int(msg.dag_id in self.known_before))
            case GetDRCount():
                return DRCount(count=sum(date in msg.logical_dates for date in self._dates(msg.dag_id)))
            case GetDagRunState():
                if (msg.dag_id, msg.run_id) not in self.runs:
                    raise api_server_error(404, {"detail": {"reason": "not_found", "msg": "Dag run not found"}})
                return DagRunStateResult(state="running")
        return None  # before Airflow 3.2 a connection that was found is told to the supervisor, to be masked

    def _trigger(self, message: TriggerDagRun) -> Any:
        self.delay(message.dag_id)
        key = (message.dag_id, message.run_id)
        if self.lost.get(key, 0) > 0 or message.dag_id == "unknown":
            self.lost[key] = self.lost.get(key, 0) - 1
            text = f"Dag with dag_id: {message.dag_id!r} not found"
            raise api_server_error(404, {"detail": {"reason": "not_found", "message": text}})
        if message.dag_id in self.refusals:
            raise api_server_error(*self.refusals[message.dag_id])
        if key in self.runs:
            return ErrorResponse(error=ErrorType.DAGRUN_ALREADY_EXISTS)
        if message.logical_date is not None:
            if self.refusal_of_dates:
                raise api_server_error(*self.refusal_of_dates)
            if message.logical_date in self._dates(message.dag_id):
                return ErrorResponse(error=ErrorType.DAGRUN_ALREADY_EXISTS)
        self.runs.append(key)
        self.confs[message.dag_id] = message.conf
        self.dates[key] = message.logical_date
        return OKResponse(ok=True)

    def _dates(self, dag_id: str) -> list[datetime | None]:
        return [date for (of_dag, _), date in self.dates.items() if of_dag == dag_id]


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    supervisor = Supervisor()
    monkeypatch.setattr(airflow_task_runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    return supervisor


class Instance:
    """A task instance that keeps the XComs that are pushed."""

    task_id = "start"

    def __init__(self) -> None:
        self.pushed: dict[str, str] = {}
        self.batch: Any = None
        self.errors: dict[str, Exception] = {}
        """By key: what is raised instead of storing an XCom."""

    def xcom_push(self, key: str, value: str) -> None:
        if key in self.errors:
            raise self.errors[key]
        self.pushed[key] = value

    def xcom_pull(self, *, task_ids: str, key: str) -> Any:
        assert (task_ids, key) == ("poll", "tasks")
        return self.batch


@pytest.fixture
def context() -> dict[str, Any]:
    return {"dag": SimpleNamespace(dag_id="runner_poller"), "run_id": "poll_1", "ti": Instance()}


def make_operator(**changes: Any) -> DataPipelineStartDagRunsOperator:
    parameters = {"batch_from": "poll", "runner_dag_id": "runner", "target_dag_id": "nightly"}
    return DataPipelineStartDagRunsOperator(task_id="start", aws_conn_id="emulated", **{**parameters, **changes})


def make_polling_operator(**changes: Any) -> DataPipelinePollForTaskOperator:
    parameters = {"worker_group": "airflow", "runner_dag_id": "runner", "target_dag_id": "nightly"}
    return DataPipelinePollForTaskOperator(task_id="poll", aws_conn_id="emulated", **{**parameters, **changes})


def start(context: dict[str, Any], *tasks: PipelineTask, age: float = 0, **changes: Any) -> float:
    """Start a batch of tasks that were polled ``age`` seconds ago; return when that was."""
    at = time.time() - age
    context["ti"].batch = [{"conf": task.to_conf(), "at": at} for task in tasks]
    make_operator(**changes).execute(context)
    return at


class FakeClock:
    """
    A clock that goes on only while somebody sleeps, or when it is told to.

    :ivar waited: the seconds that have passed
    """

    def __init__(self) -> None:
        self.waited = 0.0
        self.alarms: list[tuple[float, Callable[[], None]]] = []
        """Functions to call after each sleep, each once more than so many seconds have passed."""
        self._start = time.time()

    def wall(self) -> float:
        return self._start + self.waited

    def monotonic(self) -> float:
        return self.waited

    def sleep(self, seconds: float) -> None:
        self.waited += seconds
        for after, do in self.alarms:
            if self.waited > after:
                do()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def start_in_fake_time(
    clock: FakeClock, context: dict[str, Any], *tasks: PipelineTask, age: float = 0, **changes: Any
) -> None:
    """Start a batch of tasks that were polled ``age`` seconds ago, without the operator."""
    parameters: dict[str, Any] = {
        "hook": DataPipelineHook("emulated"),
        "runner_dag_id": "runner",
        "target_dag_id": "nightly",
        "allowed_pipeline_ids": None,
        "clock": clock,
    }
    batch = [{"conf": task.to_conf(), "at": clock.wall() - age} for task in tasks]
    BatchStarter(**{**parameters, **changes}).start(batch, context)


def test_from_airflow_3_3_on_the_task_that_polled_starts_the_batch(polled, supervisor, context) -> None:
    """There the task has no first part whose end Airflow could mistake for its death."""
    operator = make_polling_operator()

    operator.execute_complete(context, {"tasks": [{"conf": polled.to_conf(), "at": time.time()}]})

    assert supervisor.runs == [("runner", run_id_of(polled)), ("nightly", run_id_of(polled))]


def test_a_trigger_of_version_0_1_0_leaves_its_batch_to_the_other_task(polled, supervisor, context) -> None:
    """The trigger was waiting during the upgrade of the package, and resumes its old task."""
    operator = DataPipelinePollForTaskOperator(
        task_id="poll", aws_conn_id="emulated", worker_group="airflow", runner_dag_id="runner"
    )
    batch = [{"conf": polled.to_conf(), "at": time.time()}]

    operator.execute_complete(context, {"tasks": batch})

    assert context["ti"].pushed == {"tasks": batch}
    assert supervisor.runs == []


@pytest.fixture
def polled(submit, hook) -> PipelineTask:
    submit("echo hello")
    task: PipelineTask = hook.poll_for_task("airflow")
    return task


def test_runner_and_target_are_started_before_the_acknowledgement(service, polled, supervisor, context, sent) -> None:
    polled_at = start(context, polled)

    run_id = run_id_of(polled)
    assert supervisor.runs == [("runner", run_id), ("nightly", run_id)]
    expected = Assignment(task=polled, target_dag_id="nightly", polled_at=polled_at, poller=POLLER)
    assert Assignment.from_conf(supervisor.confs["runner"]) == expected
    assert supervisor.confs["nightly"] == expected.target_conf("runner")
    (heartbeat,) = service.received("ReportTaskProgress")
    assert heartbeat.parameters["taskId"] == polled.task_id
    assert sent.values == [("acknowledged", 1, {"dag_id": "runner"})]


def test_each_effect_is_a_line_of_the_log(service, polled, supervisor, context, caplog) -> None:
    """The lines are in the order of the effects, and have the same ids as other lines."""
    with caplog.at_level("INFO", logger="airflow_provider_datapipeline"):
        start(context, polled)

    run = f"run={run_id_of(polled)} pipeline={polled.pipeline_id} attempt={polled.attempt_id} task={polled.short_id}"
    assert [each.getMessage() for each in caplog.records if each.name.startswith("airflow_provider_datapipeline")] == [
        f"runner run created: dag=runner {run}",
        f"target run created: dag=nightly {run}",
        f"acknowledged: dag=runner {run}",
    ]


def test_the_same_delivery_twice_starts_nothing_twice(service, polled, supervisor, context, sent) -> None:
    start(context, polled, polled)

    assert len(supervisor.runs) == 2
    assert len(service.received("ReportTaskProgress")) == 2
    assert sent.names == ["acknowledged", "duplicates", "acknowledged"]


def test_a_task_that_comes_too_late_is_left_to_the_service(service, polled, supervisor, context, sent) -> None:
    start(context, polled, age=110)

    assert supervisor.runs == []
    assert not service.received("ReportTaskProgress")
    assert sent.names == ["late"]


def test_the_fault_of_one_task_does_not_keep_the_others(service, polled, supervisor, context, sent) -> None:
    """The first task of the batch is one that the service does not know any more."""
    start(context, dataclasses.replace(polled, task_id="unknown"), polled)

    (attempt,) = service.attempts()
    assert attempt.status == "RUNNING"
    assert sent.names == ["errors.not_found", "not_started", "acknowledged"]


def test_an_unknown_target_is_kept_for_the_supervision(  # noqa: PLR0917  # fixtures
    service, polled, supervisor, context, clock, sent
) -> None:
    """The supervision reports the refusal; its text names the DAG and the setting that its id comes from."""
    template = "{{ 'unknown' }}"

    start_in_fake_time(clock, context, polled, age=61, target_dag_id=template)

    assert [dag_id for dag_id, _ in supervisor.runs] == ["runner"]
    refusal = context["ti"].pushed[run_id_of(polled)]
    assert "'unknown'" in refusal
    assert template in refusal
    assert len(service.received("ReportTaskProgress")) == 1
    assert sent.names == ["refused", "acknowledged"]


@pytest.mark.parametrize(("known_before", "least", "most"), [(False, 10, 15), (True, 60, 65)])
def test_a_target_that_never_had_a_run_is_not_looked_for_long(  # noqa: PLR0917  # fixtures
    service, submit, hook, supervisor, context, clock, known_before, least, most
) -> None:
    """Most likely its id is misspelt. A DAG that had runs may be in a file that is being replaced."""
    submit("echo 1", "echo 2")
    unknown, other = hook.poll_for_task("airflow"), hook.poll_for_task("airflow")
    supervisor.lost = {("nightly", run_id_of(unknown)): 1000}
    if known_before:
        supervisor.known_before.add("nightly")

    start_in_fake_time(clock, context, unknown, other)

    assert least <= clock.waited <= most
    assert "'nightly' not found" in context["ti"].pushed[run_id_of(unknown)]
    assert "spelt" in context["ti"].pushed[run_id_of(unknown)]
    acknowledged = [each.parameters["taskId"] for each in service.received("ReportTaskProgress")]
    assert acknowledged == [other.task_id, unknown.task_id]


VALUE_ERROR = (400, {"detail": {"reason": "value_error", "message": "The run_id provided 'x' does not match"}})
SERVER_ERROR = (500, {"message": "Internal server error"})


@pytest.mark.parametrize(
    ("refusal", "words", "waits"),
    [
        (VALUE_ERROR, "The run_id provided 'x' does not match", 0),
        ((400, {"detail": {"reason": "denied_run_type", "message": "No manual runs"}}), "allowed_run_types", 0),
        ((422, {"detail": [{"type": "value_error", "msg": "bad"}]}), "bad", 0),
        (SERVER_ERROR, "status 500: Internal server error", 30),
    ],
)
@pytest.mark.parametrize("refused", ["runner", "nightly"])
def test_what_airflow_refuses_for_good_is_reported(  # noqa: PLR0917  # fixtures
    service, polled, supervisor, context, clock, sent, refused, refusal, words, waits
) -> None:
    """At once, or after half a minute of server errors; by the runner run, or by the worker if there is none."""
    supervisor.refusals[refused] = refusal

    start_in_fake_time(clock, context, polled)

    assert waits <= clock.waited <= waits + 5
    assert len(service.received("ReportTaskProgress")) == 1
    (attempt,) = service.attempts()
    if refused == "runner":
        assert supervisor.runs == []
        assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunRefused")
        assert words in (attempt.error_message or "")
        assert sent.names == ["refused", "acknowledged", "reported.failed"]
    else:
        assert [dag_id for dag_id, _ in supervisor.runs] == ["runner"]
        assert words in context["ti"].pushed[run_id_of(polled)]
        assert attempt.reported_status is None
        assert sent.names == ["refused", "acknowledged"]


@pytest.mark.parametrize("detail", ["full", "type"])
@pytest.mark.parametrize("by", ["start", "poll"])
def test_the_target_run_is_told_how_much_of_an_error_to_keep(polled, supervisor, context, by, detail) -> None:
    if by == "start":
        start(context, polled, error_detail=detail)
    else:
        batch = [{"conf": polled.to_conf(), "at": time.time()}]
        make_polling_operator(error_detail=detail).execute_complete(context, {"tasks": batch})

    assert error_detail_of(supervisor.confs["nightly"]) == detail


@pytest.mark.parametrize(("option", "given"), [("type", None), ("full", "type")])
def test_what_airflow_says_can_stay_in_its_log(  # noqa: PLR0917  # fixtures
    service, polled, supervisor, context, monkeypatch, caplog, option, given
) -> None:
    monkeypatch.setenv("AIRFLOW__DATAPIPELINE__ERROR_DETAIL", option)
    supervisor.refusals["runner"] = VALUE_ERROR

    with caplog.at_level(logging.ERROR):
        start(context, polled, error_detail=given)

    (attempt,) = service.attempts()
    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunRefused")
    assert attempt.error_message == (
        "No run of DAG 'nightly' was started. Why, says the log of task 'start' in run poll_1 of DAG 'runner_poller'."
    )
    assert "The run_id provided 'x' does not match" in caplog.text


def test_a_batch_that_fails_as_a_whole_comes_to_its_end(  # noqa: PLR0917  # fixtures
    service, submit, hook, supervisor, context, clock, sent
) -> None:
    """Before the tasks are handed out again, though Airflow's client takes ten seconds to raise each error."""
    submit(*(f"echo {number}" for number in range(5)))
    batch = [hook.poll_for_task("airflow") for _ in range(5)]
    supervisor.delay = lambda dag_id: clock.sleep(10 if dag_id == "nightly" else 0)
    supervisor.refusals["nightly"] = SERVER_ERROR

    start_in_fake_time(clock, context, *batch, logical_date=False)

    assert len(context["ti"].pushed) == len(service.received("ReportTaskProgress")) == 5
    assert sent.names == ["refused", "acknowledged"] * 5


def test_an_api_server_that_recovers_has_refused_nothing(polled, supervisor, context, clock) -> None:
    supervisor.refusals["nightly"] = SERVER_ERROR
    clock.alarms.append((20, supervisor.refusals.clear))

    start_in_fake_time(clock, context, polled)

    assert supervisor.runs == [("runner", run_id_of(polled)), ("nightly", run_id_of(polled))]
    assert context["ti"].pushed == {}


@pytest.mark.parametrize("refused", ["runner", "nightly"])
def test_an_api_server_that_stores_nothing_has_refused_nothing(  # noqa: PLR0917  # fixtures
    service, polled, supervisor, context, clock, sent, refused
) -> None:
    """Then the database fails, so the task is left to the service, which hands it out again."""
    supervisor.refusals[refused] = SERVER_ERROR
    context["ti"].errors[run_id_of(polled)] = api_server_error(*SERVER_ERROR)

    start_in_fake_time(clock, context, polled)

    assert not service.received("ReportTaskProgress")
    assert service.attempts()[0].reported_status is None
    assert sent.names == ["not_started"]


@pytest.mark.parametrize("status", [401, 403, 429])
def test_an_answer_about_something_else_is_no_refusal(  # noqa: PLR0917  # fixtures
    service, polled, supervisor, context, sent, status
) -> None:
    """For example that a token has expired."""
    supervisor.refusals["runner"] = (status, {"detail": "not now"})

    start(context, polled)

    assert not service.received("ReportTaskProgress")
    assert sent.names == ["not_started"]


@pytest.fixture
def scheduled(polled) -> PipelineTask:
    """A task with a schedule in the past."""
    task: PipelineTask = dataclasses.replace(
        polled, fields={**polled.fields, "@scheduledStartTime": "2026-11-22T00:00:00"}
    )
    return task


def date_of(supervisor: Supervisor, task: PipelineTask) -> datetime | None:
    return supervisor.dates["nightly", run_id_of(task)]


MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


def test_the_target_run_gets_the_schedule_of_the_task(scheduled, supervisor, context) -> None:
    """Plus microseconds: the whole second belongs to the DAG's own scheduled run."""
    start(context, scheduled)

    date = date_of(supervisor, scheduled)
    assert date is not None
    assert MIDNIGHT < date < MIDNIGHT + timedelta(seconds=1)
    assert supervisor.dates["runner", run_id_of(scheduled)] is None


def test_a_task_runner_may_go_without_logical_dates(scheduled, supervisor, context) -> None:
    start(context, scheduled, logical_date=False)

    assert date_of(supervisor, scheduled) is None


def test_two_hand_outs_of_a_schedule_do_not_collide(scheduled, supervisor, context) -> None:
    """If a date is taken, the next one is used. A repeat finds the run by its run id."""
    now = time.time()
    first, second, _ = logical_dates_of(scheduled, now)
    supervisor.dates["nightly", "another"] = first

    start(context, scheduled, scheduled)

    assert date_of(supervisor, scheduled) == second
    assert len(supervisor.runs) == 2


def test_where_every_date_is_taken_the_run_has_none(scheduled, supervisor, context) -> None:
    for number, date in enumerate(logical_dates_of(scheduled, time.time())):
        supervisor.dates["nightly", str(number)] = date

    start(context, scheduled)

    assert ("nightly", run_id_of(scheduled)) in supervisor.runs
    assert date_of(supervisor, scheduled) is None


@pytest.mark.parametrize("refusal", [VALUE_ERROR, SERVER_ERROR])
def test_a_date_that_airflow_refuses_keeps_no_task(scheduled, supervisor, context, caplog, refusal) -> None:
    """For example a date before the start_date in the DAG's default_args."""
    supervisor.refusal_of_dates = refusal

    start(context, scheduled)

    assert ("nightly", run_id_of(scheduled)) in supervisor.runs
    assert date_of(supervisor, scheduled) is None
    assert "Not with logical date 2026-11-22T00:00:00." in caplog.text


def test_a_date_of_another_run_is_passed_over_where_airflow_answers_it_with_a_server_error(
    scheduled, supervisor, context, caplog
) -> None:
    """Airflow before 3.3 does so. The next date is tried, which the server refuses here for its own sake."""
    first, second, *_ = logical_dates_of(scheduled, now=MIDNIGHT.timestamp())
    supervisor.dates["nightly", "another run"] = first
    supervisor.refusal_of_dates = SERVER_ERROR

    start(context, scheduled)

    assert f"Not with logical date {second.isoformat()}" in caplog.text
    assert first.isoformat() not in caplog.text
    assert date_of(supervisor, scheduled) is None


@pytest.mark.parametrize("age", [0, 61])
@pytest.mark.parametrize("lost", ["nightly", "runner"])
def test_a_dag_that_airflow_has_lost_for_a_moment_is_waited_for(  # noqa: PLR0917  # fixtures
    service, submit, hook, supervisor, context, clock, sent, lost, age
) -> None:
    """
    While its file is parsed anew, however late that is looked for; the others of the batch have started by then, and
    nothing is started twice.
    """
    submit("echo 1", "echo 2")
    first, second = hook.poll_for_task("airflow"), hook.poll_for_task("airflow")
    supervisor.lost = {(lost, run_id_of(first)): 3}
    supervisor.known_before = {"nightly"}

    start_in_fake_time(clock, context, first, second, age=age)

    of_dag = [run_id for dag_id, run_id in supervisor.runs if dag_id == lost]
    assert of_dag == [run_id_of(second), run_id_of(first)]
    assert len(supervisor.runs) == 4
    acknowledged = [each.parameters["taskId"] for each in service.received("ReportTaskProgress")]
    assert acknowledged == [second.task_id, first.task_id]
    assert context["ti"].pushed == {}
    assert sent.names == ["acknowledged", "acknowledged"]


def test_a_refusal_that_cannot_be_kept_does_not_keep_the_others(  # noqa: PLR0917  # fixtures
    service, submit, hook, supervisor, context, clock, sent
) -> None:
    submit("echo 1", "echo 2")
    first, second = hook.poll_for_task("airflow"), hook.poll_for_task("airflow")
    supervisor.lost = {("nightly", run_id_of(each)): 1000 for each in (first, second)}
    context["ti"].errors[run_id_of(first)] = ConnectionError("the API server is gone")

    start_in_fake_time(clock, context, first, second, age=61)

    assert list(context["ti"].pushed) == [run_id_of(second)]
    assert [each.parameters["taskId"] for each in service.received("ReportTaskProgress")] == [second.task_id]
    assert sent.names == ["not_started", "refused", "acknowledged"]


def test_a_task_whose_runner_stays_lost_is_left_to_the_service(  # noqa: PLR0917  # fixtures
    service, polled, supervisor, context, clock, sent
) -> None:
    """Without a runner run nothing would report the task, so it is not acknowledged."""
    start_in_fake_time(clock, context, polled, age=61, runner_dag_id="unknown")

    assert supervisor.runs == []
    assert not service.received("ReportTaskProgress")
    assert sent.names == ["not_started"]


def test_a_batch_that_was_stored_as_text_is_read(polled, supervisor, context) -> None:
    """Airflow 3.0 stores the XComs of a trigger as text."""
    context["ti"].batch = json.dumps([{"conf": polled.to_conf(), "at": time.time()}])

    make_operator().execute(context)

    assert supervisor.runs == [("runner", run_id_of(polled)), ("nightly", run_id_of(polled))]


@pytest.mark.parametrize("allowed", [[], ["df-other"], {"df-other", "df-another"}])
def test_a_pipeline_that_is_not_allowed_is_refused_by_the_setting(
    service, polled, supervisor, context, allowed
) -> None:
    """The task is acknowledged, because a polled task cannot be handed back, only reported."""
    start(context, polled, allowed_pipeline_ids=allowed)

    assert [dag_id for dag_id, _ in supervisor.runs] == ["runner"]
    refusal = Assignment.from_conf(supervisor.confs["runner"]).refusal
    assert polled.pipeline_id in refusal
    assert "allowed_pipeline_ids" in refusal
    assert all(pipeline_id in refusal for pipeline_id in allowed)
    assert len(service.received("ReportTaskProgress")) == 1


def choose(task: PipelineTask, template: str) -> tuple[str, str]:
    return choose_target(task, template, allowed_pipeline_ids=None, task_runner=("runner", "runner_poller"))


@pytest.mark.parametrize(
    ("template", "target"),
    [
        ("nightly", "nightly"),
        ("{{ dag_run.conf.datapipeline.fields.myDagId }}", "hourly"),
        ("{{ pipeline_task.pipeline_id }}", "df-1"),
        (" {{ dag_run.conf['datapipeline']['fields']['myDagId'] | upper }}\n", "HOURLY"),
        ("{{ dag_run.conf.datapipeline.fields.get('none', 'fallback') }}", "fallback"),
    ],
)
def test_the_target_is_an_id_or_a_template_over_the_task(
    make_task: Callable[..., PipelineTask], template: str, target: str
) -> None:
    task = make_task(fields={"myDagId": "hourly"})

    assert choose(task, template) == (target, "")


@pytest.mark.parametrize(
    "template",
    [
        "{{ dag_run.conf.datapipeline.fields.myDagID }}",
        "{{ dag_run.conf.datapipeline.fields.empty }}",
        "{{ nobody_knows }}",
        "{{ unfinished",
        "{{ 1 / 0 }}",
        "{{ ''.__class__.__mro__ }}",
    ],
)
def test_a_template_that_gives_no_target_is_a_refusal_that_names_it(
    make_task: Callable[..., PipelineTask], template: str
) -> None:
    """It is not an error of the poller, so the other tasks are started."""
    task = make_task(fields={"myDagId": "hourly", "empty": ""})

    target_dag_id, refusal = choose(task, template)

    assert target_dag_id == ""
    assert template in refusal
    assert "target_dag_id" in refusal


@pytest.mark.parametrize("own_dag", ["runner", "runner_poller"])
def test_the_task_runner_does_not_start_its_own_dags_for_a_task(
    make_task: Callable[..., PipelineTask], own_dag: str
) -> None:
    """A run of the runner DAG supervises a target run, and would find none."""
    template = "{{ dag_run.conf.datapipeline.fields.myDagId }}"

    target_dag_id, refusal = choose(make_task(fields={"myDagId": own_dag}), template)

    assert target_dag_id == ""
    assert refusal == f"target_dag_id {template} renders to the task runner itself: {own_dag}."


def test_where_airflow_does_not_start_the_trigger_the_tasks_defer_to_it(make_task) -> None:
    """The trigger gets the values that Airflow would have rendered."""
    poller, runner = data_pipeline_task_runner(worker_group="airflow", heartbeat=30)
    conf = Assignment(task=make_task(), target_dag_id="nightly").runner_conf()

    with pytest.raises(TaskDeferred) as polling:
        poller.get_task("poll").execute({})
    with pytest.raises(TaskDeferred) as supervising:
        runner.get_task("supervise").execute({"dag": runner, "dag_run": SimpleNamespace(conf=conf), "run_id": "run_1"})

    assert polling.value.trigger.poller_dag_id == poller.dag_id
    trigger = supervising.value.trigger
    assert (trigger.runner_dag_id, trigger.run_id, trigger.beat) == (runner.dag_id, "run_1", 30.0)
    assert "df-1" in trigger.conf


@pytest.mark.parametrize(
    ("conf", "link"),
    [
        ({"target_dag_id": "nightly"}, "http://localhost:8080/dags/nightly/runs/run_1"),
        ({"target_dag_id": "nightly", "refusal": "Airflow does not want it."}, ""),
        (None, ""),  # triggered by hand
    ],
)
def test_a_supervision_that_begins_in_a_worker_knows_its_link(make_task, conf, link: str) -> None:
    """Up to Airflow 3.2 the worker asks for the link, and its answer replaces the one that the trigger has stored."""
    _, runner = data_pipeline_task_runner(worker_group="airflow")
    operator = runner.get_task("supervise")
    operator.conf = json.dumps(conf and Assignment(task=make_task(), **conf).runner_conf())
    operator.run_id = "run_1"

    assert [each.get_link(operator, ti_key=None) for each in operator.operator_extra_links] == [link]
