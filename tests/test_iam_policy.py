"""The README's least-privilege policy allows all that the package does, and no action in it is superfluous."""

from __future__ import annotations

import asyncio
import copy
import gc
import json
import re
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import DAG  # noqa: F401  # Airflow 2 reads no connection before it is loaded
from airflow_provider_datapipeline._task_runner.assignment import Assignment
from airflow_provider_datapipeline.callbacks import report_failed, report_finished
from airflow_provider_datapipeline.emulator import Credentials, EmulatorServer, EmulatorSettings
from airflow_provider_datapipeline.exceptions import AccessDeniedError, DataPipelineError
from airflow_provider_datapipeline.hooks._clients import forget_clients
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
from airflow_provider_datapipeline.operators.datapipeline import DataPipelineSetTaskStatusOperator
from airflow_provider_datapipeline.pipeline_task import PipelineTask
from tests.test_readme import ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from tests.task_runner.fake_airflow import FakeAirflow

T = TypeVar("T")

REGION, ACCOUNT, GROUP = "us-east-1", "123456789012", "airflow"
PRINTED = next(block for block in blocks(ROOT / "README.md", "json") if "Effect" in block)
POLICY: dict[str, Any] = json.loads(PRINTED.replace("REGION", REGION).replace("ACCOUNT", ACCOUNT))
BARE_REFUSED = EmulatorSettings(
    long_poll_seconds=0, repeated_status="invalid_request", conflicting_status="invalid_request"
)


def names(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


ACTIONS = [action for statement in POLICY["Statement"] for action in names(statement)]
NOT_FOR_REPORTING = {"datapipeline:PollForTask", "datapipeline:ReportTaskProgress"}
STILL_REPORTED = {"datapipeline:DescribeObjects", "datapipeline:ReportTaskProgress"}
"""Without one of these the emulator accepts the first report of each task; a repeated report is then an error."""


def without(*left_out: str) -> dict[str, Any]:
    """Return the policy without these actions, and without the statements that then have no action."""
    policy = copy.deepcopy(POLICY)
    for statement in policy["Statement"]:
        statement["Action"] = [action for action in names(statement) if action not in left_out]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Action"]]
    return policy


@dataclass
class Runner:
    """The package with one identity, and the service that it calls."""

    server: EmulatorServer
    failures: list[str] = field(default_factory=list)

    def may(self, *policies: dict[str, Any]) -> None:
        self.server.credentials.add("AKIARUNNER", "s3cret", policies=policies)

    @property
    def hook(self) -> DataPipelineHook:
        return DataPipelineHook("runner")

    def start(self, number: int = 1, group: str = GROUP) -> str:
        activities = [
            {"id": f"Step{n}", "type": "ShellCommandActivity", "command": "true", "workerGroup": group}
            for n in range(number)
        ]
        default = {"id": "Default", "scheduleType": "ondemand", "failureAndRerunMode": "none", "maximumRetries": "0"}
        return self.server.service.start_pipeline({"objects": [default, *activities]})

    def task(self) -> PipelineTask:
        """Return a task, polled without the package."""
        task_object = self.server.service.call("PollForTask", {"workerGroup": GROUP})["taskObject"]
        return PipelineTask.from_task_object(task_object)

    def refusals(self) -> list[str]:
        """Return the action of each call that the policy did not allow, in the order of arrival."""
        records = self.server.service.requests
        assert {each.error_code for each in records} <= {None, "AccessDeniedException", "InvalidRequestException"}
        assert all(each.signature_verified for each in records)
        return [f"datapipeline:{each.operation}" for each in records if each.error_code == "AccessDeniedException"]

    def refused(self) -> set[str]:
        return set(self.refusals())

    def called(self) -> set[str]:
        return {f"datapipeline:{each.operation}" for each in self.server.service.requests}

    def reported(self, task: PipelineTask) -> str | None:
        attempts = self.server.service.attempts()
        return next(each.reported_status for each in attempts if each.pipeline_task_id == task.task_id)


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    forget_clients()
    with EmulatorServer(BARE_REFUSED, credentials=Credentials()) as server:
        extra = {"endpoint_url": server.url, "region_name": REGION}
        connection = {"conn_type": "aws", "login": "AKIARUNNER", "password": "s3cret", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_RUNNER", json.dumps(connection))
        yield Runner(server)


def test_the_page_on_security_lists_the_actions_of_the_policy() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    section = page.partition("## What the AWS credentials allow")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)

    assert [f"datapipeline:{action}" for action in listed] == ACTIONS


# What DAGs do for themselves: callbacks and operator


def context_of(task: PipelineTask, **more: Any) -> dict[str, Any]:
    dag_run = SimpleNamespace(conf=task.to_conf(), run_id="run_1")
    return {"dag": SimpleNamespace(dag_id="nightly"), "run_id": "run_1", "dag_run": dag_run, **more}


def report(task: PipelineTask, status: str) -> None:
    parameters = {"task_id": "report", "task_status": status, "aws_conn_id": "runner"}
    DataPipelineSetTaskStatusOperator(**parameters).execute(context_of(task))


def report_by_callbacks_and_operator(runner: Runner) -> dict[str, str | None]:
    """
    Send three reports, and a fourth that comes too late; return the status that the service has of each task.

    The package asks the service about the fourth.
    """
    runner.start(3)
    tasks = {name: runner.task() for name in ("success", "failure", "operator")}
    report_finished(aws_conn_id="runner")(context_of(tasks["success"], reason="success"))
    instance = SimpleNamespace(
        dag_id="nightly", run_id="run_1", task_id="t", try_number=1, max_tries=0, map_index=-1, log_url="http://x/"
    )
    report_failed(aws_conn_id="runner")(context_of(tasks["failure"], ti=instance, exception=ValueError("no")))
    for status in ("FAILED", "FINISHED"):
        try:
            report(tasks["operator"], status)
        except DataPipelineError as error:
            runner.failures.append(type(error).__name__)
    return {name: runner.reported(task) for name, task in tasks.items()}


ALL_REPORTED = {"success": "FINISHED", "failure": "FAILED", "operator": "FAILED"}


def test_callbacks_and_operator_need_only_what_the_readme_says(runner: Runner) -> None:
    runner.may(without(*NOT_FOR_REPORTING))

    assert report_by_callbacks_and_operator(runner) == ALL_REPORTED

    assert runner.failures == []
    assert runner.refused() == set()
    assert runner.called() == set(ACTIONS) - NOT_FOR_REPORTING


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - NOT_FOR_REPORTING))
def test_callbacks_and_operator_need_all_of_that(runner: Runner, action: str) -> None:
    """Without SetTaskStatus no report arrives; without DescribeObjects a report that comes too late is an error."""
    runner.may(without(*NOT_FOR_REPORTING, action))

    arrived = report_by_callbacks_and_operator(runner)

    assert runner.refused() == {action}
    assert runner.failures
    assert (arrived == ALL_REPORTED) is (action == "datapipeline:DescribeObjects")


# The task runner


REFUSED_FOR_GOOD = {"datapipeline:PollForTask", "datapipeline:SetTaskStatus", "datapipeline:DescribeObjects"}
"""The package repeats these calls for minutes after a refusal. A refused heartbeat does not delay the end of a task."""


class Supervisor:
    """Airflow's supervisor, which lets the task that starts DAG runs create every run."""

    def send(self, msg: object) -> None:
        """Answer a request of the task; Airflow's own answer has nothing that the package reads."""


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> FakeAirflow:
    """An Airflow in which each target run is a success."""
    if not compat.AIRFLOW_3:
        pytest.skip("the task runner needs Airflow 3")
    from airflow.sdk.execution_time import task_runner as airflow_task_runner

    from tests.task_runner.fake_airflow import FakeAirflow

    monkeypatch.setattr(airflow_task_runner, "SUPERVISOR_COMMS", Supervisor(), raising=False)
    airflow = FakeAirflow()
    for number in range(3):
        airflow.runs["target", f"run_{number}"] = "success"
        airflow.tasks["target", f"run_{number}"] = {"work": "success"}
    return airflow


async def until_refused(runner: Runner, work: Coroutine[Any, Any, T]) -> T | None:
    """Await the work; cancel it as soon as the service refuses a call that the package would repeat for minutes."""

    def refusals() -> int:
        return sum(name in REFUSED_FOR_GOOD for name in runner.refusals())

    before = refusals()
    task = asyncio.create_task(work)
    while not task.done() and refusals() == before:
        await asyncio.wait({task}, timeout=0.05)
    await asyncio.wait({task}, timeout=0.2)  # for the package to read the refusal
    task.cancel()
    await asyncio.wait({task})
    return None if task.cancelled() else task.result()


async def run_tasks(runner: Runner, airflow: FakeAirflow) -> list[str | None]:
    """Poll two tasks, start them, supervise them to their ends, and report one again; return their statuses."""
    polled = await until_refused(runner, poll_two_tasks(runner, airflow))
    if polled is None:
        return []
    start_runs(polled)
    tasks = [PipelineTask.from_conf(each["conf"]) for each in polled]
    refusals = ["", "not on this runner", "not on this runner"]
    for number, (task, refusal) in enumerate(zip([*tasks, tasks[1]], refusals, strict=True)):
        await until_refused(runner, supervise(runner, airflow, task, refusal, f"run_{number}"))
    gc.collect()  # would find a client, unclosed, if the error of a refused call held on to it
    return [runner.reported(task) for task in tasks]


async def poll_two_tasks(runner: Runner, airflow: FakeAirflow) -> list[dict[str, Any]]:
    from airflow_provider_datapipeline._task_runner.polling import Poller, event_payload

    runner.start(2)
    poller = Poller(
        hook=runner.hook,
        account=id(runner),
        airflow=airflow,
        worker_group=GROUP,
        poller_dag_id="poller",
        runner_dag_id="runner",
        max_active_tasks=2,
        batch_size=2,
        hostname=None,
    )
    polled: list[dict[str, Any]] = []
    while len(polled) < 2:
        polled += event_payload(await poller.batch())["tasks"]
    return polled


def start_runs(polled: list[dict[str, Any]]) -> None:
    from airflow_provider_datapipeline.operators.start_dag_runs import DataPipelineStartDagRunsOperator

    operator = DataPipelineStartDagRunsOperator(
        task_id="start",
        batch_from="poll",
        runner_dag_id="runner",
        target_dag_id="target",
        logical_date=False,
        aws_conn_id="runner",
    )
    instance = SimpleNamespace(task_id="start", xcom_pull=lambda **_: polled)
    operator.execute({"dag": SimpleNamespace(dag_id="poller"), "run_id": "poll_1", "ti": instance})


async def supervise(runner: Runner, airflow: FakeAirflow, task: PipelineTask, refusal: str, run_id: str) -> None:
    from airflow_provider_datapipeline._task_runner.supervision import Supervision
    from airflow_provider_datapipeline._task_runner.watcher import RunWatcher

    supervision = Supervision(
        assignment=Assignment(task=task, target_dag_id="target", refusal=refusal),
        runner_dag_id="runner",
        run_id=run_id,
        hook=runner.hook,
        account=id(runner),
        heartbeat_seconds=60,
        run_timeout=None,
        airflow=airflow,
        watcher=RunWatcher(airflow),
    )
    await supervision.run()


async def test_the_policy_is_enough_for_the_task_runner(runner: Runner, airflow: FakeAirflow) -> None:
    """The task runner calls every action of the policy, and no other."""
    runner.may(POLICY)

    assert await run_tasks(runner, airflow) == ["FINISHED", "FAILED"]

    assert runner.refused() == set()
    assert runner.called() == set(ACTIONS)


@pytest.mark.parametrize("action", ACTIONS)
async def test_the_task_runner_needs_every_action(runner: Runner, airflow: FakeAirflow, action: str) -> None:
    runner.may(without(action))

    ended = await run_tasks(runner, airflow)

    assert runner.refused() == {action}
    assert (ended == ["FINISHED", "FAILED"]) is (action in STILL_REPORTED)


@pytest.mark.parametrize("statement", range(len(POLICY["Statement"])))
async def test_the_task_runner_needs_every_statement(runner: Runner, airflow: FakeAirflow, statement: int) -> None:
    runner.may({**POLICY, "Statement": [each for n, each in enumerate(POLICY["Statement"]) if n != statement]})

    assert await run_tasks(runner, airflow) != ["FINISHED", "FAILED"]

    assert runner.refused() <= set(names(POLICY["Statement"][statement]))
    assert runner.refused()


# The bounds


def test_another_worker_group_is_not_polled(runner: Runner) -> None:
    runner.may(POLICY)
    runner.start(group="of-another-team")

    with pytest.raises(AccessDeniedError, match="datapipeline:PollForTask"):
        runner.hook.poll_for_task("of-another-team")

    runner.start()
    assert runner.hook.poll_for_task(GROUP) is not None


def test_the_statement_about_pipelines_can_be_bound_to_some(runner: Runner) -> None:
    """As docs/security.md says, tasks of other pipelines then cannot be reported, even with their ids."""
    mine, other = runner.start(), runner.start()
    tasks = {task.pipeline_id: task for task in (runner.task(), runner.task())}
    runner.may(json.loads(json.dumps(POLICY).replace("pipeline/*", f"pipeline/{mine}")))

    report(tasks[mine], "FINISHED")
    with pytest.raises(AccessDeniedError, match=other):
        report(tasks[other], "FINISHED")

    assert {each.pipeline_id: each.reported_status for each in runner.server.service.attempts()} == {
        mine: "FINISHED",
        other: None,
    }


def test_a_task_of_another_group_can_be_reported_by_who_knows_its_id(runner: Runner) -> None:
    """IAM knows no worker group for SetTaskStatus. docs/security.md says so, and what helps."""
    runner.start(group="of-another-team")
    task_object = runner.server.service.call("PollForTask", {"workerGroup": "of-another-team"})["taskObject"]
    runner.may(POLICY)

    report(PipelineTask.from_task_object(task_object), "FAILED")

    (attempt,) = runner.server.service.attempts()
    assert attempt.reported_status == "FAILED"
