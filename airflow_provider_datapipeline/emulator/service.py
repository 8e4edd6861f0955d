"""The service as one thread-safe object: regions, operations, and the levers that tests use."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.emulator.authorization import authorize
from airflow_provider_datapipeline.emulator.definition import wire_from_file
from airflow_provider_datapipeline.emulator.deprecated import settings_from_keywords, warn_renamed
from airflow_provider_datapipeline.emulator.engine import Engine, utc_now
from airflow_provider_datapipeline.emulator.errors import ServiceError
from airflow_provider_datapipeline.emulator.identifiers import new_pipeline_id
from airflow_provider_datapipeline.emulator.pipeline_api import (
    activate_pipeline,
    create_pipeline,
    delete_pipeline,
    describe_pipeline_objects,
    describe_pipelines,
    evaluate_pipeline_expression,
    get_pipeline_definition,
    list_pipelines,
    put_pipeline_definition,
    query_pipeline_objects,
    set_object_status,
)
from airflow_provider_datapipeline.emulator.rates import TokenBuckets
from airflow_provider_datapipeline.emulator.records import AttemptView, Fault, Faults, RequestRecord
from airflow_provider_datapipeline.emulator.settings import EmulatorSettings
from airflow_provider_datapipeline.emulator.task_runner_api import (
    hand_out,
    poll_for_task,
    report_task_progress,
    report_task_runner_heartbeat,
    set_task_status,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow_provider_datapipeline.emulator.credentials import Identity

DEFAULT_REGION = "us-east-1"
REQUESTS_KEPT = 20_000


_OPERATIONS: dict[str, Callable[[Engine, dict[str, Any]], dict[str, Any] | None]] = {
    "ActivatePipeline": activate_pipeline,
    "CreatePipeline": create_pipeline,
    "DeletePipeline": delete_pipeline,
    "DescribeObjects": describe_pipeline_objects,
    "DescribePipelines": describe_pipelines,
    "EvaluateExpression": evaluate_pipeline_expression,
    "GetPipelineDefinition": get_pipeline_definition,
    "ListPipelines": list_pipelines,
    "PollForTask": poll_for_task,
    "PutPipelineDefinition": put_pipeline_definition,
    "QueryObjects": query_pipeline_objects,
    "ReportTaskProgress": report_task_progress,
    "ReportTaskRunnerHeartbeat": report_task_runner_heartbeat,
    "SetStatus": set_object_status,
    "SetTaskStatus": set_task_status,
}


class Service:
    """
    One account of the emulated service, with its own state per region.

    :param settings: the settings to begin with; ``service.settings = ...`` replaces them at any time
    :param clock: returns the time in UTC, which everything except signatures uses. A test that moves its own clock
        must call ``tick()`` afterwards, so that the open long polls of a server notice the new time
    :param behaviour: the old name of ``settings``; version 0.4 drops it
    """

    def __init__(
        self,
        settings: EmulatorSettings | None = None,
        clock: Callable[[], datetime] = utc_now,
        *,
        behaviour: EmulatorSettings | None = None,
    ) -> None:
        self.clock = clock
        self.faults = Faults()
        self._rates = TokenBuckets(clock)
        self.lock = threading.RLock()
        self._settings = settings_from_keywords(settings, behaviour) or EmulatorSettings()
        self._engines: dict[str, Engine] = {}
        self._requests: deque[RequestRecord] = deque(maxlen=REQUESTS_KEPT)
        self._listeners: list[Callable[[], None]] = []

    @property
    def settings(self) -> EmulatorSettings:
        """The current settings."""
        return self._settings

    @settings.setter
    def settings(self, settings: EmulatorSettings) -> None:
        with self.lock:
            self._settings = settings
            for engine in self._engines.values():
                engine.settings = settings

    @property
    def behaviour(self) -> EmulatorSettings:
        """The old name of ``settings``. Version 0.4 drops it."""
        warn_renamed("Service.behaviour", "Service.settings", stacklevel=3)
        return self.settings

    @behaviour.setter
    def behaviour(self, settings: EmulatorSettings) -> None:
        warn_renamed("Service.behaviour", "Service.settings", stacklevel=3)
        self.settings = settings

    @property
    def requests(self) -> list[RequestRecord]:
        """The latest requests, oldest first, at most ``REQUESTS_KEPT``; refused and still held ones included."""
        with self.lock:
            return list(self._requests)

    def received(self, operation: str) -> list[RequestRecord]:
        """The requests of one operation."""
        return [record for record in self.requests if record.operation == operation]

    def record(self, record: RequestRecord) -> None:
        """Remember a request."""
        with self.lock:
            self._requests.append(record)

    def attempts(self, region: str | None = None) -> list[AttemptView]:
        """Every attempt, of one region or of all, oldest first within a pipeline."""
        with self.lock:
            self.tick()
            return [
                AttemptView.of(attempt, name)
                for name, engine in self._engines.items()
                if region in {None, name}
                for pipeline in engine.pipelines.values()
                for attempt in pipeline.attempts.values()
            ]

    def fail_next(
        self, operation: str, code: str, *, message: str = "", status: int | None = None, times: int = 1
    ) -> None:
        """Refuse the next requests of this operation with an error, without effect."""
        text = message or ("Rate exceeded" if code == "ThrottlingException" else f"Injected {code}")
        self.faults.add(operation, [Fault("fail", code=code, message=text, status=status)] * times)

    def delay_next(self, operation: str, seconds: float, *, times: int = 1) -> None:
        """Let the next requests take effect at once, and their answers come ``seconds`` late."""
        self.faults.add(operation, [Fault("delay", seconds=seconds)] * times)

    def drop_next(self, operation: str, *, times: int = 1) -> None:
        """Close the connection of the next requests before they take effect."""
        self.faults.add(operation, [Fault("drop")] * times)

    def swallow_next(self, operation: str, seconds: float, *, times: int = 1) -> None:
        """Leave the next requests without effect and without an answer, and close their connections after that long."""
        self.faults.add(operation, [Fault("swallow", seconds=seconds)] * times)

    def lose_next_answer(self, operation: str, *, times: int = 1) -> None:
        """Let the next requests take effect, and close the connection instead of answering."""
        self.faults.add(operation, [Fault("lose_answer")] * times)

    def start_pipeline(
        self, document: dict[str, Any], *, name: str = "pipeline", unique_id: str = "", region: str = DEFAULT_REGION
    ) -> str:
        """
        Create, put and activate a pipeline from a definition file's content; returns its id.

        :param document: ``{"objects": [...], "parameters": [...], "values": {...}}``
        :raises ValueError: the definition has errors
        """
        created = self.call("CreatePipeline", {"name": name, "uniqueId": unique_id or new_pipeline_id()}, region)
        pipeline_id: str = created["pipelineId"]
        put = self.call("PutPipelineDefinition", {"pipelineId": pipeline_id, **wire_from_file(document)}, region)
        if put["errored"]:
            raise ValueError(f"The pipeline definition has errors: {put['validationErrors']}")
        self.call("ActivatePipeline", {"pipelineId": pipeline_id}, region)
        return pipeline_id

    def call(
        self, operation: str, request: dict[str, Any], region: str = DEFAULT_REGION, *, user_id: str = ""
    ) -> dict[str, Any]:
        """
        Carry out a validated request. A poll without work gives ``{}``.

        :param user_id: who asks, for pipelines to know their creator
        :raises ServiceError: the service's answer is an error
        """
        if operation not in _OPERATIONS:
            raise ServiceError("UnknownOperationException", f"The emulator does not offer {operation} yet.")
        with self.lock:
            engine = self._engine(region)
            engine.tick()
            answer = _OPERATIONS[operation](engine, request)
            if operation == "CreatePipeline" and answer:
                pipeline = engine.pipelines[answer["pipelineId"]]
                pipeline.creator = pipeline.creator or user_id
            self._notify_listeners()
        return answer or {}

    def authorize(self, identity: Identity, operation: str, request: dict[str, Any], region: str) -> None:
        """
        Return if the identity may carry out a validated request.

        :raises ServiceError: AccessDeniedException
        """
        with self.lock:
            authorize(identity, operation, request, self._engine(region), region)

    def reassign(self, pipeline_task_id: str) -> str:
        """
        Take a task away from its runner and give it to another one; returns the task id that it has there.

        The service does so where it takes a runner for dead.

        :raises KeyError: there is no such task
        """
        with self.lock:
            for engine in self._engines.values():
                if lease := engine.leases.get(pipeline_task_id):
                    new = hand_out(engine, lease.attempt)
                    engine.watch(lease.attempt.instance)
                    return new.pipeline_task_id
        raise KeyError(pipeline_task_id)

    def allows(self, operation: str) -> bool:
        """Whether the account's published rate of the operation allows one more call now."""
        with self.lock:
            return self._rates.take(operation)

    def tick(self) -> None:
        """Apply what the clock has made due, and let held polls know."""
        with self.lock:
            for engine in self._engines.values():
                engine.tick()
            self._notify_listeners()

    def next_deadline(self) -> datetime | None:
        """When ``tick()`` is next needed, if nothing else happens before."""
        with self.lock:
            deadlines = [engine.next_deadline() for engine in self._engines.values()]
        return min((each for each in deadlines if each is not None), default=None)

    def has_ready(self, region: str, worker_group: str) -> bool:
        """Whether a poll of the group may find a task now."""
        with self.lock:
            return self._engine(region).has_ready(worker_group)

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call this after every change, with the lock held."""
        with self.lock:
            self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], None]) -> None:
        """Undo ``add_listener``."""
        with self.lock:
            self._listeners.remove(listener)

    def _engine(self, region: str) -> Engine:
        if region not in self._engines:
            self._engines[region] = Engine(self._settings, self.clock)
        return self._engines[region]

    def _notify_listeners(self) -> None:
        for listener in self._listeners:
            listener()
