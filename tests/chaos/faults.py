"""
What goes wrong, one thing at a time. Each function submits the tasks, waits for its moment, strikes, and mends.

The seed decides the moment, and the victim where there are several. A fault that is an outage lasts for as long as it
says: ``sleep`` is then the outage itself, and no wait for anything.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.chaos.batch import Case, Kind
from tests.support.account import Account
from tests.support.harness.waiting import wait_until
from tests.support.submissions import Submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_datapipeline.emulator import RequestRecord
    from tests.chaos.conftest import Scene

POLLER = "datapipeline_airflow_poller"
RUNNER_CALLS = ("PollForTask", "ReportTaskProgress", "SetTaskStatus")
ACKNOWLEDGE_SECONDS = 120
_ENDLESS = 100_000
_HELD_SECONDS = 6  # less than the package waits for an answer


def no_fault(scene: Scene) -> None:
    """Nothing: what the others are to be compared with"""
    scene.batch.submit(scene.rng)


# Airflow's side


def worker_runs_a_target(scene: Scene) -> None:
    """kill -9 of the Celery worker that runs a target task"""
    _under_way(scene, 6, 20)
    _kill_for_a_while(scene, _worker_that_runs(scene, [kind.dag_id for kind in scene.batch.mix]))


def worker_reports(scene: Scene) -> None:
    """kill -9 of the worker between SetTaskStatus and its answer, sent by an operator in the target DAG"""
    account = Account(scene.emulator)
    _under_way(scene, 1, 20)
    scene.emulator.service.delay_next("SetTaskStatus", _HELD_SECONDS, times=_ENDLESS)
    kind = Kind("reports_itself", "FINISHED")
    task_ids = set()
    for _ in range(3):
        handed = account.hand_out()
        task_ids.add(handed.task.task_id)
        submission = Submission(scene.emulator, handed.task.pipeline_id, "Work")
        scene.batch.cases.append(Case(kind, submission))
        scene.cluster.trigger(kind.dag_id, submission.run_id, handed.conf)
    _wait_for_held(scene, "SetTaskStatus", lambda each: each.parameters["taskId"] in task_ids)
    victim = _worker_that_runs(scene, [kind.dag_id], "report")
    scene.cluster.kill(victim)
    scene.emulator.service.faults.clear()
    scene.cluster.start_again(victim)


def worker_starts_tasks(scene: Scene) -> None:
    """kill -9 of the worker where the poller starts the tasks of a batch"""
    scene.emulator.service.delay_next("ReportTaskProgress", _HELD_SECONDS, times=_ENDLESS)
    scene.batch.submit(scene.rng)
    # A heartbeat has fields, an acknowledgement has none.
    _wait_for_held(scene, "ReportTaskProgress", lambda each: "fields" not in each.parameters)
    victim = _worker_that_runs(scene, [POLLER])
    scene.cluster.kill(victim)
    scene.emulator.service.faults.clear()
    scene.cluster.start_again(victim)


def triggerer_polls(scene: Scene) -> None:
    """kill -9 of the triggerer that polls, with tasks in its hands"""
    first = dict.fromkeys(scene.batch.mix, 1)
    scene.batch.submit(scene.rng, {kind: number - first[kind] for kind, number in scene.batch.mix.items()})
    scene.batch.wait_for_acknowledged(len(scene.batch.cases))
    victim = _triggerer_of(scene, "%PollForTaskTrigger")
    handed_out = _handed_out(scene)
    scene.batch.submit(scene.rng, first)
    # A batch is full, or a second without a further task has passed, before it leaves the triggerer.
    wait_until(lambda: _handed_out(scene) > handed_out or None, "a task to be handed out", timeout=60)
    _kill_for_a_while(scene, victim)


def triggerer_supervises(scene: Scene) -> None:
    """kill -9 of a triggerer that supervises"""
    _under_way(scene, 20, 30)
    _kill_for_a_while(scene, _triggerer_of(scene, "%SuperviseDagRunTrigger"))


def scheduler_dies(scene: Scene) -> None:
    """kill -9 of a scheduler"""
    _under_way(scene)
    _kill_for_a_while(scene, scene.rng.choice(["scheduler-1", "scheduler-2"]))


def dag_processor_dies(scene: Scene) -> None:
    """kill -9 of the dag-processor"""
    _under_way(scene)
    _kill_for_a_while(scene, "dag-processor")


def api_server_dies(scene: Scene) -> None:
    """kill -9 of the API server"""
    _under_way(scene)
    scene.batch.errors_may_be_lost = True
    _kill_for_a_while(scene, "api-server")


def broker_restarts(scene: Scene) -> None:
    """kill -9 of Redis, with all that is queued in it"""
    _under_way(scene)
    scene.cluster.servers.restart_broker()


def database_restarts(scene: Scene) -> None:
    """Immediate restart of PostgreSQL"""
    _under_way(scene)
    scene.cluster.servers.restart_database()


def airflow_is_down(scene: Scene) -> None:
    """kill -9 of all of Airflow, which stays away for 130 s: longer than a task waits to be acknowledged"""
    _under_way(scene)
    names = [component.name for component in scene.cluster.components]
    scene.cluster.kill(*names)
    time.sleep(ACKNOWLEDGE_SECONDS + 10)
    scene.cluster.start_again(*names)


# The service's side


def service_errors(scene: Scene) -> None:
    """Every call is answered 500 for 60 s"""
    _under_way(scene)
    for operation in RUNNER_CALLS:
        scene.emulator.service.fail_next(operation, "InternalServiceError", status=500, times=_ENDLESS)
    time.sleep(60)
    scene.emulator.service.faults.clear()


def service_throttles(scene: Scene) -> None:
    """Every call is throttled for 120 s"""
    _under_way(scene)
    for operation in RUNNER_CALLS:
        scene.emulator.service.fail_next(operation, "ThrottlingException", times=_ENDLESS)
    time.sleep(120)
    scene.emulator.service.faults.clear()


def progress_fails(scene: Scene) -> None:
    """ReportTaskProgress is answered 500 for 150 s: what is polled then is handed out again, under the same task id"""
    service = scene.emulator.service
    service.settings = replace(service.settings, redelivered_task_id="same")
    service.fail_next("ReportTaskProgress", "InternalServiceError", status=500, times=_ENDLESS)
    handed_out = _handed_out(scene)
    scene.batch.submit(scene.rng, {Kind("takes_minutes", "FINISHED"): 2})
    wait_until(lambda: _handed_out(scene) >= handed_out + 2 or None, "two tasks to be handed out", timeout=60)
    scene.batch.submit(scene.rng)
    time.sleep(ACKNOWLEDGE_SECONDS + 30)
    service.faults.clear()


def answers_are_lost(scene: Scene) -> None:
    """The connection is reset after a report, or a heartbeat, was taken, 12 times each"""
    _under_way(scene)
    for operation in ("ReportTaskProgress", "SetTaskStatus"):
        scene.emulator.service.lose_next_answer(operation, times=12)


def black_hole(scene: Scene) -> None:
    """No call is answered, and none has effect, for 90 s"""
    _under_way(scene)
    for operation in RUNNER_CALLS:
        scene.emulator.service.swallow_next(operation, 90, times=_ENDLESS)
    time.sleep(90)
    scene.emulator.service.faults.clear()


def credentials_expire(scene: Scene) -> None:
    """The session token of the connection expires; after 60 s the connection has new credentials"""
    _under_way(scene)
    scene.access.expire()
    time.sleep(60)
    scene.access.renew()


def tasks_are_canceled(scene: Scene) -> None:
    """A user cancels three running tasks"""
    client = Account(scene.emulator).client
    for case in _long_ones(scene):
        attempt = case.submission.attempt
        scene.batch.take_away(case, None)
        client.set_status(pipelineId=attempt.pipeline_id, objectIds=[attempt.instance_id], status="TRY_CANCEL")


def tasks_are_reassigned(scene: Scene) -> None:
    """The service gives three running tasks to another runner, which reports them"""
    client = Account(scene.emulator).client
    for case in _long_ones(scene):
        attempt = case.submission.attempt
        scene.batch.take_away(case, "FINISHED")
        task_id = scene.emulator.service.reassign(attempt.pipeline_task_id or "")
        client.report_task_progress(taskId=task_id)
        client.set_task_status(taskId=task_id, taskStatus="FINISHED")


def pipelines_are_deleted(scene: Scene) -> None:
    """A user deletes the pipelines of three running tasks"""
    client = Account(scene.emulator).client
    for case in _long_ones(scene):
        scene.batch.take_away(case, None)
        client.delete_pipeline(pipelineId=case.submission.pipeline_id)


def texts_are_refused(scene: Scene) -> None:
    """Every stack trace is refused"""
    scene.emulator.service.settings = replace(scene.emulator.service.settings, stack_trace_limit=0)
    scene.batch.submit(scene.rng)


FAULTS: dict[str, Callable[[Scene], None]] = {
    function.__name__: function
    for function in (
        no_fault,
        worker_runs_a_target,
        worker_reports,
        worker_starts_tasks,
        triggerer_polls,
        triggerer_supervises,
        scheduler_dies,
        dag_processor_dies,
        api_server_dies,
        broker_restarts,
        database_restarts,
        airflow_is_down,
        service_errors,
        service_throttles,
        progress_fails,
        answers_are_lost,
        black_hole,
        credentials_expire,
        tasks_are_canceled,
        tasks_are_reassigned,
        pipelines_are_deleted,
        texts_are_refused,
    )
}

QUICK = (
    "triggerer_supervises",  # a process of Airflow dies
    "database_restarts",  # what Airflow stands on fails
    "answers_are_lost",  # the service, or the way to it, fails
    "tasks_are_canceled",  # a user acts
)
"""One of each class, which every change has to pass: those that wait for none of AWS's two minutes."""


def _under_way(scene: Scene, least: int = 1, most: int = 25) -> None:
    """Submit the tasks and wait until some were taken: ``least`` to ``most`` of 32, and likewise of fewer."""
    scene.batch.submit(scene.rng)
    tasks = len(scene.batch.cases)
    scene.batch.wait_for_acknowledged(max(1, scene.rng.randint(least, most) * tasks // 32))


def _kill_for_a_while(scene: Scene, victim: str) -> None:
    scene.cluster.kill(victim)
    _pause(scene, 0, 10)
    scene.cluster.start_again(victim)


def _pause(scene: Scene, least: float, most: float) -> None:
    time.sleep(scene.rng.uniform(least, most))


def _long_ones(scene: Scene) -> list[Case]:
    """Three tasks that run, and will for a while."""
    scene.batch.submit(scene.rng)

    def running() -> list[Case] | None:
        rows = scene.cluster.query("SELECT run_id FROM task_instance WHERE dag_id = 'takes_long' AND state = 'running'")
        run_ids = {run_id for (run_id,) in rows}
        found = [
            case
            for case in scene.batch.acknowledged()
            if case.kind.dag_id == "takes_long" and case.submission.run_id in run_ids
        ]
        return found if len(found) >= 3 else None

    return scene.rng.sample(
        wait_until(running, "three long tasks to run", timeout=180, last_seen=scene.batch.describe), 3
    )


def _worker_that_runs(scene: Scene, dag_ids: list[str], task_id: str = "%") -> str:
    def found() -> str | None:
        rows = scene.cluster.query(
            "SELECT pid FROM task_instance WHERE state = 'running' AND pid IS NOT NULL AND dag_id = ANY(%s)"
            " AND task_id LIKE %s ORDER BY run_id",
            dag_ids,
            task_id,
        )
        return scene.cluster.worker_of(scene.rng.choice(rows)[0]) if rows else None

    return wait_until(found, f"a worker that runs {task_id} of {dag_ids}", timeout=60)


def _triggerer_of(scene: Scene, classpath: str) -> str:
    def found() -> str | None:
        rows = scene.cluster.query(
            "SELECT triggerer_id FROM trigger WHERE triggerer_id IS NOT NULL AND classpath LIKE %s ORDER BY id",
            classpath,
        )
        return scene.cluster.triggerer(scene.rng.choice(rows)[0]) if rows else None

    return wait_until(found, f"a triggerer with {classpath}", timeout=60)


def _handed_out(scene: Scene) -> int:
    return sum(b"taskObject" in (each.answer or b"") for each in scene.emulator.service.received("PollForTask"))


def _wait_for_held(scene: Scene, operation: str, wanted: Callable[[RequestRecord], bool]) -> None:
    """Wait for a request that has taken effect and waits for its answer."""
    service = scene.emulator.service

    def found() -> bool | None:
        just_now = service.clock() - timedelta(seconds=_HELD_SECONDS / 2)
        received = (each for each in service.received(operation) if each.received > just_now and each.fault == "delay")
        return any(map(wanted, received)) or None

    wait_until(found, f"a {operation} that is held", timeout=120, last_seen=scene.batch.describe)
