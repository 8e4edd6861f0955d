"""The fields of pipelines, components, instances and attempts, as the API shows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.emulator.definition import referenced_components
from airflow_provider_datapipeline.emulator.expressions import Evaluator
from airflow_provider_datapipeline.emulator.model import ENDED, Field, Status, object_to_wire, timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_datapipeline.emulator.model import Attempt, Component, Instance, Pipeline


def _fields_with_values(*pairs: tuple[str, str | None]) -> list[Field]:
    return [Field(key, value) for key, value in pairs if value is not None]


def _optional_timestamp(moment: datetime | None) -> str | None:
    return timestamp(moment) if moment else None


def component_fields(pipeline: Pipeline, component: Component) -> list[Field]:
    """Return the fields of a component, as of the sphere COMPONENT."""
    instances = [instance for instance in pipeline.instances.values() if instance.component is component]
    active = [instance for instance in instances if instance.status not in ENDED]
    return [
        Field("@sphere", "COMPONENT"),
        *component.fields,
        Field("@pipelineId", pipeline.id),
        Field("@version", str(pipeline.version)),
        *_fields_with_values(("@status", "PAUSED" if component.paused else None)),
        *(Field("@activeInstances", instance.id, is_reference=True) for instance in active),
    ]


def _common_fields(instance: Instance, sphere: str, status: Status) -> list[Field]:
    """Return the fields that an instance and its attempts have in common."""
    return [
        Field("@componentParent", instance.component.id, is_reference=True),
        Field("@scheduledStartTime", timestamp(instance.scheduled_start)),
        Field("@scheduledEndTime", timestamp(instance.scheduled_start)),
        Field("parent", instance.component.id, is_reference=True),
        Field("@sphere", sphere),
        *(field for field in instance.fields if field.key != "parent"),
        Field("@status", status.value),
        Field("@version", str(instance.pipeline.version)),
        Field("@pipelineId", instance.pipeline.id),
    ]


def instance_fields(instance: Instance) -> list[Field]:
    """Return the fields of an instance, as of the sphere INSTANCE."""
    fields = _common_fields(instance, "INSTANCE", instance.status)
    if instance.head_attempt:
        fields.append(Field("@headAttempt", instance.head_attempt.id, is_reference=True))
    waiting_on = [each.id for each in instance.dependencies if each.status is not Status.FINISHED]
    waits = instance.status is Status.WAITING_ON_DEPENDENCIES and waiting_on
    return fields + _fields_with_values(
        ("@attemptCount", str(len(instance.attempts))),
        ("@triesLeft", str(instance.tries_left)),
        ("@actualStartTime", _optional_timestamp(instance.started)),
        ("@actualEndTime", _optional_timestamp(instance.ended)),
        ("@finishedTime", _optional_timestamp(instance.ended)),
        ("@waitingOn", ", ".join(waiting_on) if waits else None),
        ("@cascadeFailedOn", instance.cascade_failed_on),
    )


def attempt_fields(attempt: Attempt) -> list[Field]:
    """Return the fields of an attempt, as of the sphere ATTEMPT, and the fields that its task runner reported."""
    instance = attempt.instance
    fields = _common_fields(instance, "ATTEMPT", attempt.status)
    fields.append(Field("@instanceParent", instance.id, is_reference=True))
    if attempt.status not in ENDED:
        fields.append(Field("@activeInstances", instance.id, is_reference=True))
    fields += _fields_with_values(
        ("@actualStartTime", _optional_timestamp(attempt.handed_out)),
        ("@actualEndTime", _optional_timestamp(attempt.ended)),
        ("@finishedTime", _optional_timestamp(attempt.ended)),
        ("hostname", attempt.hostname),
        ("reportProgressTime", _optional_timestamp(attempt.reported)),
        ("errorId", attempt.error_id),
        ("errorMessage", attempt.error_message),
        ("errorStackTrace", attempt.error_stack_trace),
    )
    return fields + list(attempt.progress.values())


def task_object(attempt: Attempt, pipeline_task_id: str, *, referenced_objects: bool) -> dict[str, Any]:
    """Return the taskObject that PollForTask answers."""
    instance = attempt.instance
    objects = {attempt.id: object_to_wire(attempt.id, attempt.id, attempt_fields(attempt))}
    if referenced_objects:
        definition = instance.pipeline.definition
        for component in referenced_components(definition, instance.component):
            evaluator = Evaluator(definition, [*component.fields, *_common_fields(instance, "", instance.status)])
            fields = [
                Field(each.key, evaluator.evaluate(each.value, strict=False), is_reference=each.is_reference)
                for each in component_fields(instance.pipeline, component)
            ]
            objects[component.id] = object_to_wire(component.id, component.name, fields)
        if instance.node:
            objects[instance.node.id] = object_to_wire(
                instance.node.id, instance.node.id, instance_fields(instance.node)
            )
    return {
        "taskId": pipeline_task_id,
        "pipelineId": instance.pipeline.id,
        "attemptId": attempt.id,
        "objects": objects,
    }


def pipeline_description(pipeline: Pipeline) -> dict[str, Any]:
    """Return the PipelineDescription that DescribePipelines answers."""
    fields = _fields_with_values(
        ("@id", pipeline.id),
        ("name", pipeline.name),
        ("description", pipeline.description or None),
        ("uniqueId", pipeline.unique_id),
        ("pipelineCreator", pipeline.creator or None),
        ("@userId", pipeline.creator or None),
        ("@pipelineState", pipeline.state),
        ("@sphere", "PIPELINE"),
        ("@version", str(pipeline.version) if pipeline.first_activation else None),
        ("@creationTime", timestamp(pipeline.created)),
        ("@firstActivationTime", _optional_timestamp(pipeline.first_activation)),
        ("@lastActivationTime", _optional_timestamp(pipeline.last_activation)),
        ("@latestRunTime", _optional_timestamp(pipeline.last_activation)),
        ("@healthStatus", _health(pipeline)),
        ("@finishedTime", _optional_timestamp(pipeline.finished)),
        ("*tags", json.dumps(pipeline.tags) if pipeline.tags else None),
    )
    description: dict[str, Any] = {
        "pipelineId": pipeline.id,
        "name": pipeline.name,
        "fields": [field.to_wire() for field in fields],
        "tags": pipeline.tags,
    }
    if pipeline.description:
        description["description"] = pipeline.description
    return description


def _health(pipeline: Pipeline) -> str | None:
    """Return HEALTHY or ERROR for the latest activation, or None if none of its instances has ended."""
    latest = max((instance.scheduled_start for instance in pipeline.instances.values()), default=None)
    ended = [
        instance.status
        for instance in pipeline.instances.values()
        if instance.scheduled_start == latest and instance.status in ENDED
    ]
    if not ended:
        return None
    return "HEALTHY" if all(status is Status.FINISHED for status in ended) else "ERROR"
