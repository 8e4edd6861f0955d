"""An emulated AWS account: it hands out Data Pipeline tasks to tests, and shows what was reported about them."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3  # type: ignore[import-untyped]  # ships no types

from airflow_provider_datapipeline.pipeline_task import PipelineTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_datapipeline.emulator import AttemptView, EmulatorServer, RequestRecord

REGION = "us-east-1"


def connection(url: str, **extra: Any) -> str:
    """
    Return an Airflow connection to an emulator, as the value of an ``AIRFLOW_CONN_`` variable.

    :param extra: additional entries of the connection's extra field
    """
    return json.dumps(
        {
            "conn_type": "aws",
            "login": "test",
            "password": "test",
            "extra": {"region_name": REGION, "endpoint_url": url, **extra},
        }
    )


@dataclass(frozen=True)
class Handed:
    """A task that a test has polled and acknowledged."""

    account: Account
    task: PipelineTask

    @property
    def conf(self) -> dict[str, Any]:
        """The conf that a DAG run for the task has."""
        return self.task.to_conf()

    @property
    def attempt(self) -> AttemptView:
        """The attempt as the service stores it now."""
        (attempt,) = [
            each
            for each in self.account.server.service.attempts(REGION)
            if each.pipeline_id == self.task.pipeline_id and each.attempt_id == self.task.attempt_id
        ]
        return attempt

    @property
    def reports(self) -> list[RequestRecord]:
        """Every SetTaskStatus request about the task, in the order of arrival."""
        return [
            request
            for request in self.account.server.service.received("SetTaskStatus")
            if request.parameters.get("taskId") == self.task.task_id
        ]

    def wait_for(self, condition: Callable[[Handed], bool], what: str, *, timeout: float = 60) -> None:
        """
        Wait until the condition holds.

        :param what: completes the sentence "the task is not ..."
        :param timeout: in seconds
        """
        deadline = time.monotonic() + timeout
        while not condition(self):
            if time.monotonic() > deadline:
                raise AssertionError(f"not {what} within {timeout} s: {self.attempt}, {len(self.reports)} reports")
            time.sleep(0.1)

    def wait_for_report(self, *, timeout: float = 60) -> AttemptView:
        """Wait until the service has accepted a final status; return the attempt."""
        self.wait_for(lambda handed: handed.attempt.reported_status is not None, "reported", timeout=timeout)
        return self.attempt


class Account:
    """
    The caller's side of an emulator: it starts pipelines with one task, and polls that task itself.

    Each task has a worker group of its own, so that tests do not poll each other's tasks.
    """

    def __init__(self, server: EmulatorServer) -> None:
        self.server = server
        self._numbers = itertools.count(1)
        self.client = boto3.client(
            "datapipeline",
            endpoint_url=server.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def hand_out(self, *, precondition: bool = False, **fields: str) -> Handed:
        """
        Start a pipeline, poll its task, and return the task.

        :param precondition: whether the task is the precondition of an activity, not the activity
        :param fields: further fields of the activity or of the precondition
        """
        group = f"group-{next(self._numbers)}"
        activity = {
            "id": "Work",
            "name": "Work",
            "type": "ShellCommandActivity",
            "command": "true",
            "workerGroup": group,
            "maximumRetries": "0",
        }
        objects = [{"id": "Default", "name": "Default", "scheduleType": "ondemand"}, activity]
        if precondition:
            objects.append(
                {"id": "Check", "name": "Check", "type": "ShellCommandPrecondition", "command": "true"} | fields
            )
            activity |= {"precondition": {"ref": "Check"}}  # type: ignore[dict-item]
        else:
            activity |= fields
        self.server.service.start_pipeline({"objects": objects}, name=group, region=REGION)
        polled = PipelineTask.from_task_object(self.client.poll_for_task(workerGroup=group)["taskObject"])
        self.client.report_task_progress(taskId=polled.task_id)
        return Handed(self, polled)

    def cancel(self, handed: Handed) -> None:
        """Cancel the task, as a user of the service would."""
        instance = handed.task.fields["@instanceParent"]
        assert isinstance(instance, str)
        self.client.set_status(pipelineId=handed.task.pipeline_id, objectIds=[instance], status="TRY_CANCEL")
