"""The emulated service as one thread-safe object: its regions, its operations, and the controls for tests."""

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
    One account of the emulated service. Each region has its own state.

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
        """The latest ``REQUESTS_KEPT`` requests, oldest first, with those that were refused or have no answer yet."""
        with self.lock:
            return list(self._requests)

    def received(self, operation: str) -> list[RequestRecord]:
        """Return the requests of one operation, oldest first."""
        return [record for record in self.requests if record.operation == operation]

    def record(self, record: RequestRecord) -> None:
        """Add a request to ``requests``."""
        with self.lock:
            self._requests.append(record)

    def attempts(self, region: str | None = None) -> list[AttemptView]:
        """Return the attempts of one region, or of all regions. Those of a pipeline are in order, oldest first."""
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
        """Answer the next ``times`` requests of the operation with the error ``code``, and do not execute them."""
        text = message or ("Rate exceeded" if code == "ThrottlingException" else f"Injected {code}")
        self.faults.add(operation, [Fault("fail", code=code, message=text, status=status)] * times)

    def delay_next(self, operation: str, seconds: float, *, times: int = 1) -> None:
        """Execute the next ``times`` requests at once, but answer them ``seconds`` later."""
        self.faults.add(operation, [Fault("delay", seconds=seconds)] * times)

    def drop_next(self, operation: str, *, times: int = 1) -> None:
        """Close the connections of the next ``times`` requests, and do not execute these requests."""
        self.faults.add(operation, [Fault("drop")] * times)

    def swallow_next(self, operation: str, seconds: float, *, times: int = 1) -> None:
        """Neither execute nor answer the next ``times`` requests, and close their connections after ``seconds``."""
        self.faults.add(operation, [Fault("swallow", seconds=seconds)] * times)

    def lose_next_answer(self, operation: str, *, times: int = 1) -> None:
        """Execute the next ``times`` requests, but close their connections instead of sending an answer."""
        self.faults.add(operation, [Fault("lose_answer")] * times)

    def start_pipeline(
        self, document: dict[str, Any], *, name: str = "pipeline", unique_id: str = "", region: str = DEFAULT_REGION
    ) -> str:
        """
        Create a pipeline with the content of a definition file, activate it, and return its id.

        :param document: ``{"objects": [...], "parameters": [...], "values": {...}}``
        :param unique_id: the ``uniqueId`` of CreatePipeline; the default is a new one
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
        Execute a validated request, and return the members of its answer. PollForTask without a task returns ``{}``.

        :param user_id: the unique id of the caller, which becomes the creator of a new pipeline
        :raises ServiceError: the answer of the service is an error
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
        Return if the policies of the identity allow a validated request, and raise an error otherwise.

        :raises ServiceError: AccessDeniedException
        """
        with self.lock:
            authorize(identity, operation, request, self._engine(region), region)

    def reassign(self, pipeline_task_id: str) -> str:
        """
        Take a task away from its task runner, as if another one had polled it, and return its new task id.

        The real service does this when it assumes that the task runner has died.

        :raises KeyError: the task id is unknown
        """
        with self.lock:
            for engine in self._engines.values():
                if lease := engine.leases.get(pipeline_task_id):
                    new_lease = hand_out(engine, lease.attempt)
                    engine.watch(lease.attempt.instance)
                    return new_lease.pipeline_task_id
        raise KeyError(pipeline_task_id)

    def allows(self, operation: str) -> bool:
        """Return whether the account's published rate allows one call of the operation now. If so, count the call."""
        with self.lock:
            return self._rates.take(operation)

    def tick(self) -> None:
        """Apply every retry and timeout that is due, and notify the listeners."""
        with self.lock:
            for engine in self._engines.values():
                engine.tick()
            self._notify_listeners()

    def next_deadline(self) -> datetime | None:
        """Return when ``tick()`` must be called next, or None if no retry or timeout is ahead."""
        with self.lock:
            deadlines = [engine.next_deadline() for engine in self._engines.values()]
        return min((each for each in deadlines if each is not None), default=None)

    def has_ready(self, region: str, worker_group: str) -> bool:
        """Return whether PollForTask for the worker group would now receive a task."""
        with self.lock:
            return self._engine(region).has_ready(worker_group)

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every change. The service holds its lock during the call."""
        with self.lock:
            self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], None]) -> None:
        """Stop the calls of ``listener``."""
        with self.lock:
            self._listeners.remove(listener)

    def _engine(self, region: str) -> Engine:
        if region not in self._engines:
            self._engines[region] = Engine(self._settings, self.clock)
        return self._engines[region]

    def _notify_listeners(self) -> None:
        for listener in self._listeners:
            listener()
