"""Pipelines whose tasks the task runner polls, and the state of their attempts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_datapipeline._task_runner.assignment import run_id_of
from airflow_provider_datapipeline.pipeline_task import PipelineTask
from tests.support.account import REGION, Account
from tests.support.harness.waiting import wait_until

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator import AttemptView, EmulatorServer, RequestRecord


@dataclass(frozen=True)
class Submission:
    """A pipeline with one activity or precondition that the task runner executes."""

    server: EmulatorServer
    pipeline_id: str
    component_id: str

    @property
    def attempts(self) -> list[AttemptView]:
        """Every attempt so far, the oldest first."""
        return [
            each
            for each in self.server.service.attempts(REGION)
            if (each.pipeline_id, each.component_id) == (self.pipeline_id, self.component_id)
        ]

    @property
    def attempt(self) -> AttemptView:
        """The newest attempt."""
        return self.attempts[-1]

    @property
    def reports(self) -> list[RequestRecord]:
        """Every SetTaskStatus request about the newest attempt."""
        return self.requests("SetTaskStatus")

    def requests(self, operation: str) -> list[RequestRecord]:
        """Return every request of an operation about the newest attempt, in the order of arrival."""
        task_id = self.attempt.pipeline_task_id
        return [each for each in self.server.service.received(operation) if each.parameters.get("taskId") == task_id]

    @property
    def run_id(self) -> str:
        """The run id that the target run and the runner run of the newest attempt have in common."""
        run_id = run_id_of_attempt(self.attempt)
        assert run_id is not None
        return run_id

    def wait_until_acknowledged(self, *, timeout: float = 60) -> None:
        """Wait until a task runner has acknowledged the task."""

        def acknowledged() -> bool | None:
            return True if self.attempts and self.attempt.acknowledged else None

        wait_until(acknowledged, f"an acknowledgement of {self.pipeline_id}", timeout=timeout)

    def wait_for_report(self, *, timeout: float = 90) -> AttemptView:
        """Wait until the service has accepted a final status; return the attempt."""

        def reported() -> AttemptView | None:
            return self.attempt if self.attempts and self.attempt.reported_status else None

        return wait_until(
            reported, f"a report about {self.pipeline_id}", timeout=timeout, last_seen=lambda: str(self.attempts)
        )


def run_id_of_attempt(attempt: AttemptView) -> str | None:
    """Return the id that the task runner gives the runs for an attempt; None before the attempt is handed out."""
    if attempt.pipeline_task_id is None:
        return None
    return run_id_of(
        PipelineTask(task_id=attempt.pipeline_task_id, pipeline_id=attempt.pipeline_id, attempt_id=attempt.attempt_id)
    )


class Submissions:
    """Starts pipelines on an emulator."""

    def __init__(self, server: EmulatorServer) -> None:
        self.server = server
        self.account = Account(server)
        self._numbers = itertools.count(1)

    def submit(
        self, dag_id: str | None, *, worker_group: str = "airflow", precondition: bool = False, **fields: str
    ) -> Submission:
        """
        Start a pipeline with one activity.

        :param dag_id: the DAG that executes the activity, or its precondition; None: the pipeline names no DAG
        :param precondition: whether the activity has a precondition, which is then the object that the DAG executes
        :param fields: further fields of that object
        """
        fields = {"maximumRetries": "0", **({"myDagId": dag_id} if dag_id else {}), **fields}
        activity = {"id": "Work", "name": "Work", "type": "ShellCommandActivity", "command": "true"}
        activity["workerGroup"] = worker_group
        objects = [{"id": "Default", "name": "Default", "scheduleType": "ondemand"}, activity]
        if precondition:
            objects.append({"id": "Check", "name": "Check", "type": "ShellCommandPrecondition", "command": "true"})
            objects[-1] |= fields
            activity |= {"precondition": {"ref": "Check"}}  # type: ignore[dict-item]
        else:
            activity |= fields
        name = f"{dag_id}-{next(self._numbers)}"
        pipeline_id = self.server.service.start_pipeline({"objects": objects}, name=name, region=REGION)
        return Submission(self.server, pipeline_id, "Check" if precondition else "Work")
