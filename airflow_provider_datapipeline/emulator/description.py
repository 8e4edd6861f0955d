"""How pipelines, components, instances and attempts look from outside: their fields, as the API lists them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.emulator.definition import referenced_components
from airflow_provider_datapipeline.emulator.expressions import Evaluator
from airflow_provider_datapipeline.emulator.model import ENDED, Field, Status, object_as_wire, timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_datapipeline.emulator.model import Attempt, Component, Instance, Pipeline


def _present(*pairs: tuple[str, str | None]) -> list[Field]:
    return [Field(key, value) for key, value in pairs if value is not None]


def _time(moment: datetime | None) -> str | None:
    return timestamp(moment) if moment else None


def component_fields(pipeline: Pipeline, component: Component) -> list[Field]:
    """The fields of a COMPONENT."""
    runs = [instance for instance in pipeline.instances.values() if instance.component is component]
    return [
        Field("@sphere", "COMPONENT"),
        *component.fields,
        Field("@pipelineId", pipeline.id),
        Field("@version", str(pipeline.version)),
        *_present(("@status", "PAUSED" if component.paused else None)),
        *(Field("@activeInstances", run.id, is_reference=True) for run in runs if run.status not in ENDED),
    ]


def _run_fields(instance: Instance, sphere: str, status: Status) -> list[Field]:
    """What an instance and its attempts have in common."""
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
    """The fields of an INSTANCE."""
    fields = _run_fields(instance, "INSTANCE", instance.status)
    if instance.head:
        fields.append(Field("@headAttempt", instance.head.id, is_reference=True))
    waiting_on = [each.id for each in instance.dependencies if each.status is not Status.FINISHED]
    waits = instance.status is Status.WAITING_ON_DEPENDENCIES and waiting_on
    return fields + _present(
        ("@attemptCount", str(len(instance.attempts))),
        ("@triesLeft", str(instance.tries_left)),
        ("@actualStartTime", _time(instance.started)),
        ("@actualEndTime", _time(instance.ended)),
        ("@finishedTime", _time(instance.ended)),
        ("@waitingOn", ", ".join(waiting_on) if waits else None),
        ("@cascadeFailedOn", instance.cascade_failed_on),
    )


def attempt_fields(attempt: Attempt) -> list[Field]:
    """The fields of an ATTEMPT, with what its task runner reported."""
    instance = attempt.instance
    fields = _run_fields(instance, "ATTEMPT", attempt.status)
    fields.append(Field("@instanceParent", instance.id, is_reference=True))
    if attempt.status not in ENDED:
        fields.append(Field("@activeInstances", instance.id, is_reference=True))
    fields += _present(
        ("@actualStartTime", _time(attempt.handed_out)),
        ("@actualEndTime", _time(attempt.ended)),
        ("@finishedTime", _time(attempt.ended)),
        ("hostname", attempt.hostname),
        ("reportProgressTime", _time(attempt.reported)),
        ("errorId", attempt.error_id),
        ("errorMessage", attempt.error_message),
        ("errorStackTrace", attempt.error_stack_trace),
    )
    return fields + list(attempt.progress.values())


def task_object(attempt: Attempt, pipeline_task_id: str, *, referenced_objects: bool) -> dict[str, Any]:
    """The taskObject that a poll hands out."""
    instance = attempt.instance
    objects = {attempt.id: object_as_wire(attempt.id, attempt.id, attempt_fields(attempt))}
    if referenced_objects:
        definition = instance.pipeline.definition
        for component in referenced_components(definition, instance.component):
            evaluator = Evaluator(definition, [*component.fields, *_run_fields(instance, "", instance.status)])
            fields = [
                Field(each.key, evaluator.evaluate(each.value, strict=False), is_reference=each.is_reference)
                for each in component_fields(instance.pipeline, component)
            ]
            objects[component.id] = object_as_wire(component.id, component.name, fields)
        if instance.node:
            objects[instance.node.id] = object_as_wire(
                instance.node.id, instance.node.id, instance_fields(instance.node)
            )
    return {
        "taskId": pipeline_task_id,
        "pipelineId": instance.pipeline.id,
        "attemptId": attempt.id,
        "objects": objects,
    }


def pipeline_description(pipeline: Pipeline) -> dict[str, Any]:
    """The PipelineDescription of DescribePipelines."""
    fields = _present(
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
        ("@firstActivationTime", _time(pipeline.first_activation)),
        ("@lastActivationTime", _time(pipeline.last_activation)),
        ("@latestRunTime", _time(pipeline.last_activation)),
        ("@healthStatus", _health(pipeline)),
        ("@finishedTime", _time(pipeline.finished)),
        ("*tags", json.dumps(pipeline.tags) if pipeline.tags else None),
    )
    description: dict[str, Any] = {
        "pipelineId": pipeline.id,
        "name": pipeline.name,
        "fields": [field.as_wire() for field in fields],
        "tags": pipeline.tags,
    }
    if pipeline.description:
        description["description"] = pipeline.description
    return description


def _health(pipeline: Pipeline) -> str | None:
    """HEALTHY or ERROR by the latest run, None before the first."""
    latest = max((instance.scheduled_start for instance in pipeline.instances.values()), default=None)
    ended = [
        instance.status
        for instance in pipeline.instances.values()
        if instance.scheduled_start == latest and instance.status in ENDED
    ]
    if not ended:
        return None
    return "HEALTHY" if all(status is Status.FINISHED for status in ended) else "ERROR"
