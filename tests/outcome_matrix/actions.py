"""
What a scenario does to its run from outside, step by step.

An action is a generator. It yields while it waits for something, and goes on after the next snapshot.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]  # a dependency of Airflow, without type information

from tests.outcome_matrix.runner import TERMINAL
from tests.support.harness import TaskProcess
from tests.support.harness.guard import parent_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tests.outcome_matrix.runner import Run

    Action = Callable[["Run"], Iterator[None]]


def _process(run: Run, try_number: int = 1) -> Generator[None, None, TaskProcess]:
    """Wait until the task ``work`` runs; return its processes."""
    while True:
        instance = run.running("work", try_number)
        if instance and instance["pid"]:
            with suppress(psutil.NoSuchProcess):  # the process has ended since the snapshot
                return TaskProcess(instance["pid"], parent_of(instance["pid"]))
        yield


def _process_at_work(run: Run) -> Generator[None, None, TaskProcess]:
    """Wait until the task's own code runs, when Airflow has set its signal handlers; return the task's processes."""
    while not run.gate.with_name(f"{run.gate.name}.running").exists():
        yield
    return (yield from _process(run))


def kill_task(run: Run) -> Iterator[None]:
    """Send SIGKILL to the task, as the kernel's out-of-memory killer does."""
    process = yield from _process(run)
    process.kill()


def kill_task_twice(run: Run) -> Iterator[None]:
    """Send SIGKILL to the task in its first try and in its second."""
    for try_number in (1, 2):
        process = yield from _process(run, try_number)
        process.kill()


def kill_supervisor(run: Run) -> Iterator[None]:
    """Send SIGKILL to the task's supervisor, so that the task lives on as an orphan."""
    process = yield from _process(run)
    process.kill_supervisor()


def kill_supervisor_twice(run: Run) -> Iterator[None]:
    """Send SIGKILL to the task's supervisor in the first try and in the second."""
    for try_number in (1, 2):
        process = yield from _process(run, try_number)
        process.kill_supervisor()


def kill_both(run: Run) -> Iterator[None]:
    """Send SIGKILL to the task and to its supervisor, as if the worker node were lost."""
    process = yield from _process(run)
    process.kill_both()


def terminate_supervisor(run: Run) -> Iterator[None]:
    """Send SIGTERM to the task's supervisor, as an operating system does at its shutdown."""
    process = yield from _process_at_work(run)
    process.kill_supervisor(signal.SIGTERM)


def terminate_task(run: Run) -> Iterator[None]:
    """Send SIGTERM to the task, as a person would."""
    process = yield from _process_at_work(run)
    os.kill(process.pid, signal.SIGTERM)


def mark_run(state: str) -> Action:
    """Mark the run while its task runs, as a user of the web interface would."""

    def action(run: Run) -> Iterator[None]:
        yield from _process(run)
        run.marked_end = run.deployment.set_run_state(run.dag_id, run.known_run_id, state)["end_date"]

    return action


def mark_task(state: str) -> Action:
    """Mark the task while it runs, as a user of the web interface would."""

    def action(run: Run) -> Iterator[None]:
        yield from _process(run)
        run.deployment.set_task_state(run.dag_id, run.known_run_id, "work", state)

    return action


def clear_while_running(run: Run) -> Iterator[None]:
    """Clear the run while its task runs, as a user of the web interface would."""
    yield from _process(run)
    run.deployment.clear(run.dag_id, run.known_run_id)


def clear_while_running_by_command(run: Run) -> Iterator[None]:
    """Clear the run while its task runs, by command: Airflow 2's API answers that it has done so, but has not."""
    yield from _process(run)
    date = run.deployment.run(run.dag_id, run.known_run_id)["logical_date"]
    run.deployment.cli("tasks", "clear", run.dag_id, "--yes", "--start-date", date, "--end-date", date)


def clear_after_report(run: Run) -> Iterator[None]:
    """Clear the run after its report, as a user who wants to run it again; wait until it has ended again."""
    while run.state not in TERMINAL or not run.is_reported:
        yield
    before = run.state
    run.deployment.clear(run.dag_id, run.known_run_id)
    while run.state in ("queued", "running", before):
        yield
