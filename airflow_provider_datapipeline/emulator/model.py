"""The data that the emulator stores: pipelines, definition objects, instances, attempts and leases."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"

ACTIVITY_SUFFIX = "Activity"
RUNNER_PRECONDITIONS = frozenset({"Exists", "ShellCommandPrecondition"})


class Status(StrEnum):
    """The ``@status`` of an instance or attempt."""

    WAITING_ON_DEPENDENCIES = "WAITING_ON_DEPENDENCIES"
    WAITING_FOR_RUNNER = "WAITING_FOR_RUNNER"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    CASCADE_FAILED = "CASCADE_FAILED"
    FALSE = "FALSE"


ENDED = frozenset({Status.FINISHED, Status.FAILED, Status.CANCELED, Status.CASCADE_FAILED, Status.FALSE})
UNSUCCESSFUL = ENDED - {Status.FINISHED}


def timestamp(moment: datetime) -> str:
    """Return a UTC time in the service's format: to the second, without a time zone."""
    return moment.strftime(TIME_FORMAT)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object: a key and a value, which is a string or the id of another object."""

    key: str
    value: str
    is_reference: bool = False

    def to_wire(self) -> dict[str, str]:
        """Return the field in the format of the API."""
        return {"key": self.key, "refValue" if self.is_reference else "stringValue": self.value}

    @classmethod
    def from_wire(cls, raw: dict[str, Any]) -> Field:
        """Return the field of an API request that was validated."""
        if raw.get("refValue") is not None:
            return cls(raw["key"], raw["refValue"], is_reference=True)
        return cls(raw["key"], raw.get("stringValue") or "")


def object_to_wire(object_id: str, name: str, fields: list[Field]) -> dict[str, Any]:
    """Return a PipelineObject in the format of the API."""
    return {"id": object_id, "name": name, "fields": [field.to_wire() for field in fields]}


@dataclass(slots=True)
class Component:
    """An object of a pipeline definition."""

    id: str
    name: str
    fields: list[Field]
    paused: bool = False

    def first_value(self, key: str) -> str | None:
        """Return the value of the first field with this key, or None."""
        return next((field.value for field in self.fields if field.key == key), None)

    def references(self, key: str) -> list[str]:
        """Return the object ids to which the fields with this key refer."""
        return [field.value for field in self.fields if field.key == key and field.is_reference]


@dataclass(slots=True)
class Definition:
    """The objects of a pipeline, in the order of PutPipelineDefinition, and its parameters."""

    components: dict[str, Component] = field(default_factory=dict)
    parameter_objects: list[dict[str, Any]] = field(default_factory=list)
    parameter_values: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True, eq=False, repr=False)
class Attempt:
    """One try of an instance. A task runner receives an attempt as its task."""

    id: str
    number: int
    instance: Instance
    created: datetime
    status: Status = Status.WAITING_FOR_RUNNER
    handed_out: datetime | None = None
    acknowledged: datetime | None = None
    reported: datetime | None = None
    ended: datetime | None = None
    hostname: str | None = None
    progress: dict[str, Field] = field(default_factory=dict)
    reported_status: str | None = None
    accepted_reports: int = 0
    repeated_reports: int = 0
    error_id: str | None = None
    error_message: str | None = None
    error_stack_trace: str | None = None
    pipeline_task_id: str | None = None


@dataclass(slots=True, eq=False, repr=False)
class Instance:
    """One run of a component. An activation creates it."""

    id: str
    pipeline: Pipeline
    component: Component
    fields: list[Field]
    scheduled_start: datetime
    worker_group: str | None
    maximum_retries: int
    status: Status = Status.WAITING_ON_DEPENDENCIES
    dependencies: list[Instance] = field(default_factory=list)
    consumers: list[Instance] = field(default_factory=list)
    node: Instance | None = None
    cascade: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    tries_left: int = 0
    retry_at: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    cascade_failed_on: str | None = None

    @property
    def is_precondition(self) -> bool:
        """Whether this is a precondition, which guards another instance."""
        return self.node is not None

    @property
    def head_attempt(self) -> Attempt | None:
        """The newest attempt, or None before the first one."""
        return self.attempts[-1] if self.attempts else None


@dataclass(slots=True, eq=False, repr=False)
class Pipeline:
    """A pipeline with its definition and all its runs."""

    id: str
    name: str
    unique_id: str
    description: str
    tags: list[dict[str, str]]
    created: datetime
    creator: str = ""
    definition: Definition = field(default_factory=Definition)
    version: int = 0
    instances: dict[str, Instance] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    first_activation: datetime | None = None
    last_activation: datetime | None = None
    finished: datetime | None = None
    deleted: bool = False

    @property
    def state(self) -> str:
        """The value of ``@pipelineState``."""
        if self.finished:
            return "FINISHED"
        return "SCHEDULED" if self.first_activation else "PENDING"


@dataclass(slots=True, eq=False, repr=False)
class Lease:
    """
    A task id that a task runner received.

    ``current`` becomes false when the service takes the task away from this task runner.
    """

    pipeline_task_id: str
    attempt: Attempt
    current: bool = True
