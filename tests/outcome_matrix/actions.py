"""
What is done to a run from outside, step by step.

An act is a generator: it yields while what it waits for has not come about, and is asked again after the next look.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from tests.outcome_matrix.runner import TERMINAL
from tests.support.harness import TaskProcess
from tests.support.harness.guard import parent_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tests.outcome_matrix.runner import Run

    Act = Callable[["Run"], Iterator[None]]


def _process(run: Run, try_number: int = 1) -> Generator[None, None, TaskProcess]:
    """Wait until the task ``work`` runs; the value is its processes."""
    while True:
        instance = run.running("work", try_number)
        if instance and instance["pid"]:
            with suppress(psutil.NoSuchProcess):  # it was there at the last look
                return TaskProcess(instance["pid"], parent_of(instance["pid"]))
        yield


def _process_at_work(run: Run) -> Generator[None, None, TaskProcess]:
    """Wait until the task's own code runs: before, Airflow has not yet chosen what a signal does."""
    while not run.gate.with_name(f"{run.gate.name}.running").exists():
        yield
    return (yield from _process(run))


def kill_task(run: Run) -> Iterator[None]:
    """As the kernel's out-of-memory killer does."""
    process = yield from _process(run)
    process.kill()


def kill_task_twice(run: Run) -> Iterator[None]:
    """In the first try and in the second."""
    for try_number in (1, 2):
        process = yield from _process(run, try_number)
        process.kill()


def kill_supervisor(run: Run) -> Iterator[None]:
    """And leave the task alive, as an orphan."""
    process = yield from _process(run)
    process.kill_supervisor()


def kill_supervisor_twice(run: Run) -> Iterator[None]:
    """In the first try and in the second."""
    for try_number in (1, 2):
        process = yield from _process(run, try_number)
        process.kill_supervisor()


def kill_both(run: Run) -> Iterator[None]:
    """The loss of a worker node."""
    process = yield from _process(run)
    process.kill_both()


def terminate_supervisor(run: Run) -> Iterator[None]:
    """With SIGTERM, as an operating system that shuts down."""
    process = yield from _process_at_work(run)
    process.kill_supervisor(signal.SIGTERM)


def terminate_task(run: Run) -> Iterator[None]:
    """With SIGTERM, as a person would."""
    process = yield from _process_at_work(run)
    os.kill(process.pid, signal.SIGTERM)


def mark_run(state: str) -> Act:
    """As a user of the web interface would, while the task runs."""

    def act(run: Run) -> Iterator[None]:
        yield from _process(run)
        run.marked_end = run.deployment.set_run_state(run.dag_id, run.known_run_id, state)["end_date"]

    return act


def mark_task(state: str) -> Act:
    """As a user of the web interface would, while the task runs."""

    def act(run: Run) -> Iterator[None]:
        yield from _process(run)
        run.deployment.set_task_state(run.dag_id, run.known_run_id, "work", state)

    return act


def clear_while_running(run: Run) -> Iterator[None]:
    """As a user of the web interface would."""
    yield from _process(run)
    run.deployment.clear(run.dag_id, run.known_run_id)


def clear_while_running_by_command(run: Run) -> Iterator[None]:
    """As an operator of Airflow 2 would, whose API says that it clears a running task and does not."""
    yield from _process(run)
    date = run.deployment.run(run.dag_id, run.known_run_id)["logical_date"]
    run.deployment.cli("tasks", "clear", run.dag_id, "--yes", "--start-date", date, "--end-date", date)


def clear_after_report(run: Run) -> Iterator[None]:
    """As a user of the web interface would, who wants to see it once more; wait for the second end."""
    while run.state not in TERMINAL or not run.is_reported:
        yield
    before = run.state
    run.deployment.clear(run.dag_id, run.known_run_id)
    while run.state in ("queued", "running", before):
        yield
