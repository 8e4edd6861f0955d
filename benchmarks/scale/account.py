"""The emulated account of the scale benchmark: its tasks, and every call of the task runner about them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_datapipeline.emulator import AttemptView, EmulatorSettings, Service
from airflow_provider_datapipeline.emulator.errors import ServiceError
from airflow_provider_datapipeline.emulator.service import DEFAULT_REGION
from airflow_provider_datapipeline.pipeline_task import PipelineTask
from benchmarks.scale.figures import Call

if TYPE_CHECKING:
    from collections.abc import Iterable

POLLED_GROUP: Final = "scale"
"""The worker group that the task runner polls."""
_FILLED_GROUP: Final = "filled"  # nobody polls it: its tasks are handed out by the benchmark

STALLED: Final = "Service_ReportProgressTimeout"
LONG_LEASE: Final = 15
SHORT_LEASE: Final = 5


@dataclass(frozen=True)
class Held:
    """A task that the task runner is to hold."""

    task: PipelineTask
    timeout: float
    """Its ``reportProgressTimeout``, in seconds."""


class Account(Service):
    """The emulated service, which keeps to the account's rates and remembers every call that a client made."""

    def __init__(self) -> None:
        super().__init__(EmulatorSettings(enforce_rates=True))
        self.calls: list[Call] = []
        self.slowest = 0.0
        """Seconds that the longest call took here."""
        self.renewed: dict[str, float] = {}
        """When each task's lease began anew last, whoever renewed it."""
        self._own = threading.local()

    def call(
        self, operation: str, request: dict[str, Any], region: str = DEFAULT_REGION, *, user_id: str = ""
    ) -> dict[str, Any]:
        """Carry out a call, and remember it if it is a client's."""
        start = time.time()
        refused = ""
        try:
            answer = super().call(operation, request, region, user_id=user_id)
        except ServiceError as error:
            refused = error.code
            raise
        else:
            refused = "canceled" if answer.get("canceled") else ""
            return answer
        finally:
            self.slowest = max(self.slowest, time.time() - start)
            task_id = request.get("taskId", "")
            if operation == "ReportTaskProgress" and not refused:
                self.renewed[task_id] = start
            if not getattr(self._own, "calls", False):
                self.calls.append(Call(start, operation, task_id, refused))

    def allows(self, operation: str) -> bool:
        """Whether the rate of the operation allows one more call; a call that is not carried out is remembered."""
        allowed = super().allows(operation)
        if not allowed:
            self.calls.append(Call(time.time(), operation, "", "ThrottlingException"))
        return allowed

    def submit(self, dag_id: str) -> None:
        """Queue a task that the task runner will poll."""
        self._start_pipeline(dag_id, POLLED_GROUP, LONG_LEASE)

    def hand_out(self, dag_id: str, *, minutes: int) -> Held:
        """Make a task that was polled and acknowledged, past the account's rates."""
        self._start_pipeline(dag_id, _FILLED_GROUP, minutes)
        polled = self._call_as_owner("PollForTask", {"workerGroup": _FILLED_GROUP, "hostname": "benchmark"})
        task = PipelineTask.from_task_object(polled["taskObject"])
        self.renew(task.task_id)
        return Held(task, 60.0 * minutes)

    def renew(self, task_id: str) -> None:
        """Let the lease of a task begin anew, past the account's rates."""
        self._call_as_owner("ReportTaskProgress", {"taskId": task_id})

    def attempts_of(self, held: Iterable[Held]) -> dict[str, AttemptView]:
        """What became of the tasks, by task id."""
        wanted = {each.task.task_id for each in held}
        return {task_id: view for view in self.attempts() if (task_id := view.pipeline_task_id or "") in wanted}

    def _start_pipeline(self, dag_id: str, worker_group: str, minutes: int) -> None:
        activity = {
            "id": "Work",
            "name": "Work",
            "type": "ShellCommandActivity",
            "command": "true",
            "workerGroup": worker_group,
            "maximumRetries": "0",
            "reportProgressTimeout": f"{minutes} minutes",
            "myDagId": dag_id,
        }
        default = {"id": "Default", "name": "Default", "scheduleType": "ondemand"}
        self._own.calls = True
        try:
            self.start_pipeline({"objects": [default, activity]})
        finally:
            self._own.calls = False

    def _call_as_owner(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self._own.calls = True
        try:
            return self.call(operation, request)
        finally:
            self._own.calls = False
