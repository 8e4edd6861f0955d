"""How polled tasks start DAGs, in the few lines that will do until the task runner does it: all of it goes then."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.pipeline_task import PipelineTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.real.harness import Deployment

BEAT_SECONDS = 15


class Poller:
    """
    Polls a worker group, and starts for each task the DAG that the field ``myDagId`` names.

    Callbacks and operator of that DAG report how it ended.
    """

    def __init__(self, service: Any, worker_group: str, deployment: Deployment, say: Callable[[str], None]):
        self.runs: dict[str, tuple[str, str]] = {}
        """DAG id and run id by the id of the object in the definition."""
        self._service = service
        self._worker_group = worker_group
        self._deployment = deployment
        self._say = say
        self._alive: dict[str, float] = {}

    def work(self) -> None:
        """Start what is ready, and keep what was started; takes as long as the service holds a poll without work."""
        while polled := self._service.poll_for_task(workerGroup=self._worker_group, hostname=socket.gethostname()).get(
            "taskObject"
        ):
            self._start(PipelineTask.from_task_object(polled))
        for pipeline_task_id, beat_at in list(self._alive.items()):
            if time.monotonic() >= beat_at:
                self._beat(pipeline_task_id)

    def _start(self, task: PipelineTask) -> None:
        component_id, dag_id = str(task.fields["@componentParent"]), str(task.fields["myDagId"])
        run_id = task.attempt_id.removeprefix("@").replace("=", "-")
        self._deployment.trigger(dag_id, run_id, task.to_conf())
        self._beat(task.task_id)  # the first one is the acknowledgement: only now that the run is stored
        self.runs[component_id] = (dag_id, run_id)
        self._say(f"{component_id}: polled, started {dag_id}")

    def _beat(self, pipeline_task_id: str) -> None:
        try:
            canceled = self._service.report_task_progress(taskId=pipeline_task_id)["canceled"]
        except self._service.exceptions.TaskNotFoundException:
            canceled = True  # it has ended
        if canceled:
            self._alive.pop(pipeline_task_id, None)
        else:
            self._alive[pipeline_task_id] = time.monotonic() + BEAT_SECONDS
