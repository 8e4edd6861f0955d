"""The target runs of a pipeline's attempts, one of which the demo kills, and one of which it cancels."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psutil  # type: ignore[import-untyped]  # a dependency of Airflow, without type information

from tests.demo.table import Measured
from tests.support.account import REGION
from tests.support.harness import guard
from tests.support.submissions import run_id_of_attempt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_datapipeline.emulator import AttemptView, Service
    from tests.demo.pipeline import Pipeline
    from tests.demo.table import Row
    from tests.support.harness import Deployment

TO_KILL = "Killed"
TO_CANCEL = "Canceled"
COMMAND = "command"
"""The task that both targets have."""

Say = Callable[[str], None]


@dataclass
class Targets:
    """The target runs of a pipeline."""

    service: Service
    deployment: Deployment
    pipeline: Pipeline

    def attempt(self, row: Row) -> AttemptView | None:
        """Return the attempt of a row, with times in fractions of seconds; None if the row has no attempt."""
        if row.number is None:
            return None
        (found,) = [
            each
            for each in self.service.attempts(REGION)
            if (each.pipeline_id, each.component_id) == (self.pipeline.id, row.component_id)
            and each.attempt_id.endswith(f"_Attempt={row.number}")
        ]
        return found

    def run_of(self, row: Row) -> tuple[str, str] | None:
        """Return the DAG id and run id that a row's target run has or will have; None before the hand-out."""
        attempt = self.attempt(row)
        run_id = run_id_of_attempt(attempt) if attempt else None
        if run_id is None:
            return None
        return row.fields["myDagId"], run_id

    def measured(self, found: Sequence[Row]) -> dict[str, Measured]:
        """Return the measurements of each attempt, by the names of the rows."""
        return {row.name: self._measured(row) for row in found}

    def _measured(self, row: Row) -> Measured:
        attempt, run = self.attempt(row), self.run_of(row)
        if attempt is None or run is None:
            return Measured()
        start = (attempt.acknowledged - attempt.created).total_seconds() if attempt.acknowledged else None
        requests = self.service.received("SetTaskStatus")
        reports = sum(each.parameters.get("taskId") == attempt.pipeline_task_id for each in requests)
        if self.deployment.run_state(*run) is None:
            return Measured(start=start, reports=reports)
        ended = self.deployment.run(*run)["end_date"]
        report = None
        if reports and attempt.ended and ended:
            report = (attempt.ended - datetime.fromisoformat(ended)).total_seconds()
        tries = max(int(instance["try_number"]) for instance in self.deployment.task_instances(*run))
        return Measured(start=start, report=report, reports=reports, airflow_tries=tries)


class Killer:
    """Kills the task's process while its command runs, as the kernel does when memory is short."""

    def __init__(self, deployment: Deployment, say: Say):
        self._deployment = deployment
        self._say = say
        self._is_done = False

    def work(self, run: tuple[str, str] | None) -> None:
        """Kill the process if its command runs. Call this repeatedly; it kills once."""
        if self._is_done or run is None:
            return
        processes = _processes_of_command(self._deployment, run)
        if processes is None:
            return
        # The children, too: they are in a session of their own, and nothing else would end them as orphans.
        for process in processes:
            guard.send(process.pid, signal.SIGKILL)
        self._is_done = True
        self._say(f"{TO_KILL}: sent SIGKILL to its task, process {processes[0].pid}")


class Canceler:
    """Cancels a task while its command runs, as a user of the service does; the task runner then stops the run."""

    def __init__(self, deployment: Deployment, pipeline: Pipeline, say: Say):
        self._deployment = deployment
        self._pipeline = pipeline
        self._say = say
        self._run: tuple[str, str] | None = None
        self._processes: list[Any] = []
        self._is_stopped = False
        self._is_gone = False

    @property
    def waits(self) -> bool:
        """Whether the task has been canceled, and one of its processes still runs."""
        return self._run is not None and not self._is_gone

    def work(self, row: Row, run: tuple[str, str] | None) -> None:
        """Cancel the task if its command runs; after that, observe its end. Call this repeatedly."""
        if self._run is not None:
            self._observe_end(self._run)
        elif run is not None and (processes := _processes_of_command(self._deployment, run)) is not None:
            self._processes = processes
            self._pipeline.cancel(row.fields["@instanceParent"])
            self._run = run
            self._say(f"{TO_CANCEL}: canceled by SetStatus TRY_CANCEL")

    def _observe_end(self, run: tuple[str, str]) -> None:
        if not self._is_stopped and self._deployment.run_state(*run) == "failed":
            self._is_stopped = True
            self._say(f"{TO_CANCEL}: the task runner has stopped its DAG run")
        if self._is_stopped and not self._is_gone and not any(process.is_running() for process in self._processes):
            self._is_gone = True
            self._say(f"{TO_CANCEL}: Airflow has ended its processes")


def _processes_of_command(deployment: Deployment, run: tuple[str, str]) -> list[Any] | None:
    """Return the process of the task and its descendants; None before the task's command, a sleep, runs."""
    if deployment.run_state(*run) is None:
        return None
    instance = deployment.task_instance(*run, COMMAND)
    if instance is None or instance["state"] != "running" or not instance["pid"]:
        return None
    try:
        process = psutil.Process(instance["pid"])
        children = process.children(recursive=True)
        return [process, *children] if any(child.name() == "sleep" for child in children) else None
    except psutil.NoSuchProcess:
        return None
