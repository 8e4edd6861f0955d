"""Activates a pipeline: creates an instance of each activity and of each precondition that a task runner checks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.emulator.definition import (
    MAXIMUM_RETRIES_LIMIT,
    inherited_fields,
    is_activity,
    is_runner_precondition,
    upstream_activities,
)
from airflow_provider_datapipeline.emulator.errors import invalid_request
from airflow_provider_datapipeline.emulator.expressions import Evaluator
from airflow_provider_datapipeline.emulator.model import ENDED, Field, Instance, Status, timestamp

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_datapipeline.emulator.engine import Engine
    from airflow_provider_datapipeline.emulator.model import Component, Pipeline


def activate(engine: Engine, pipeline: Pipeline, parameter_values: list[dict[str, str]]) -> None:
    """
    Run every activity of the pipeline once. The emulator stores a schedule of the definition, but ignores it.

    :raises ServiceError: the pipeline has no definition, or it is running and ``EmulatorSettings.reactivation``
        forbids another activation
    """
    definition = pipeline.definition
    if not definition.components:
        raise invalid_request("The pipeline has no definition to activate.")
    active = [instance for instance in pipeline.instances.values() if instance.status not in ENDED]
    if active and engine.settings.reactivation == "invalid_request":
        raise invalid_request("The pipeline is running; an on-demand pipeline runs one activation at a time.")
    for instance in active:
        instance.consumers = []
        engine.end(instance, Status.CANCELED)
    if parameter_values:
        definition.parameter_values = parameter_values
    now = engine.clock()
    pipeline.first_activation = pipeline.first_activation or now
    pipeline.last_activation = now
    pipeline.finished = None
    for instance in _create_instances(engine, pipeline):
        engine.advance(instance)


def _create_instances(engine: Engine, pipeline: Pipeline) -> list[Instance]:
    start = engine.clock().replace(microsecond=0)
    definition = pipeline.definition
    activities = [component for component in definition.components.values() if is_activity(component)]
    # The id of an instance has its start in seconds. Two activations within a second must not have the same ids.
    while any(_instance_id(component, start) in pipeline.instances for component in activities):
        start += timedelta(seconds=1)
    instances = {component.id: _create_instance(engine, pipeline, component, start) for component in activities}
    preconditions = []
    for activity in instances.values():
        for upstream in upstream_activities(definition, activity.component):
            if upstream in instances:
                _add_dependency(instances[upstream], activity)
        for precondition_id in _precondition_ids(activity):
            component = definition.components[precondition_id]
            if is_runner_precondition(component):
                precondition = _create_instance(engine, pipeline, component, start, node=activity)
                _add_dependency(precondition, activity)
                preconditions.append(precondition)
    return [*preconditions, *instances.values()]


def _create_instance(
    engine: Engine, pipeline: Pipeline, component: Component, start: datetime, node: Instance | None = None
) -> Instance:
    """
    Create the instance of a component and add it to the pipeline.

    :param node: the activity that a precondition guards, if the component is a precondition
    """
    instance_id = _instance_id(component, start)
    if instance_id in pipeline.instances and node:
        instance_id = f"@{component.id}_{node.component.id}_{timestamp(start)}"
    fields = _evaluated_fields(pipeline, component, start, node)
    first_values: dict[str, str] = {}
    for field in fields:
        first_values.setdefault(field.key, field.value)
    retries = first_values.get("maximumRetries", "")
    maximum_retries = int(retries) if retries.isdecimal() else engine.settings.default_maximum_retries
    maximum_retries = min(maximum_retries, MAXIMUM_RETRIES_LIMIT)
    instance = Instance(
        id=instance_id,
        pipeline=pipeline,
        component=component,
        fields=fields,
        scheduled_start=start,
        worker_group=None if "runsOn" in first_values else first_values.get("workerGroup"),
        maximum_retries=maximum_retries,
        tries_left=maximum_retries,
        node=node,
        cascade=first_values.get("failureAndRerunMode", "").lower() == "cascade",
    )
    pipeline.instances[instance.id] = instance
    return instance


def _evaluated_fields(pipeline: Pipeline, component: Component, start: datetime, node: Instance | None) -> list[Field]:
    """Return the component's own and inherited fields, with their expressions evaluated for this instance."""
    definition = pipeline.definition
    fields = inherited_fields(definition, component)
    if node:  # a precondition is checked by the worker group of the activity that it guards
        fields = [field for field in fields if field.key not in {"workerGroup", "node"}]
        fields += [field for field in node.fields if field.key == "workerGroup"]
        fields.append(Field("node", node.id, is_reference=True))
    runtime_fields = [
        Field("@scheduledStartTime", timestamp(start)),
        Field("@scheduledEndTime", timestamp(start)),
        Field("@pipelineId", pipeline.id),
        Field("@componentParent", component.id, is_reference=True),
        Field("parent", component.id, is_reference=True),
        Field("id", component.id),
        Field("name", component.name),
    ]
    evaluator = Evaluator(definition, [*fields, *runtime_fields], node.fields if node else None)
    return [
        field if field.is_reference else Field(field.key, evaluator.evaluate(field.value, strict=False))
        for field in fields
    ]


def _instance_id(component: Component, start: datetime) -> str:
    return f"@{component.id}_{timestamp(start)}"


def _add_dependency(upstream: Instance, consumer: Instance) -> None:
    consumer.dependencies.append(upstream)
    upstream.consumers.append(consumer)


def _precondition_ids(activity: Instance) -> list[str]:
    """Return the ids of the activity's preconditions, in their order and without repetitions."""
    ids = [field.value for field in activity.fields if field.key == "precondition" and field.is_reference]
    return list(dict.fromkeys(ids))
