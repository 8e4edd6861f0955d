"""What an activation creates: one instance of each activity and of each precondition that a runner checks."""

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
    Run every activity of the pipeline once, on demand; a schedule in the definition is kept but not followed.

    :raises ServiceError: no definition, or one that runs already and ``EmulatorSettings.reactivation`` forbids another
        run
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
    for instance in _new_run(engine, pipeline):
        engine.advance(instance)


def _new_run(engine: Engine, pipeline: Pipeline) -> list[Instance]:
    start = engine.clock().replace(microsecond=0)
    definition = pipeline.definition
    activities = [component for component in definition.components.values() if is_activity(component)]
    while any(_instance_id(component, start) in pipeline.instances for component in activities):
        start += timedelta(seconds=1)
    runs = {component.id: _instance(engine, pipeline, component, start) for component in activities}
    guards = []
    for activity in runs.values():
        for upstream in upstream_activities(definition, activity.component):
            if upstream in runs:
                _link(runs[upstream], activity)
        for guard_id in dict.fromkeys(_references(activity.fields, "precondition")):
            component = definition.components[guard_id]
            if is_runner_precondition(component):
                guard = _instance(engine, pipeline, component, start, node=activity)
                _link(guard, activity)
                guards.append(guard)
    return [*guards, *runs.values()]


def _instance(
    engine: Engine, pipeline: Pipeline, component: Component, start: datetime, node: Instance | None = None
) -> Instance:
    definition = pipeline.definition
    instance_id = _instance_id(component, start)
    if instance_id in pipeline.instances and node:
        instance_id = f"@{component.id}_{node.component.id}_{timestamp(start)}"
    raw = inherited_fields(definition, component)
    if node:
        raw = [field for field in raw if field.key not in {"workerGroup", "node"}]
        raw += [field for field in node.fields if field.key == "workerGroup"]
        raw.append(Field("node", node.id, is_reference=True))
    runtime = [
        Field("@scheduledStartTime", timestamp(start)),
        Field("@scheduledEndTime", timestamp(start)),
        Field("@pipelineId", pipeline.id),
        Field("@componentParent", component.id, is_reference=True),
        Field("parent", component.id, is_reference=True),
        Field("id", component.id),
        Field("name", component.name),
    ]
    evaluator = Evaluator(definition, [*raw, *runtime], node.fields if node else None)
    fields = [
        field if field.is_reference else Field(field.key, evaluator.evaluate(field.value, strict=False))
        for field in raw
    ]
    values = {field.key: field.value for field in reversed(fields)}
    retries = values.get("maximumRetries", "")
    maximum = int(retries) if retries.isdecimal() else engine.settings.default_maximum_retries
    maximum = min(maximum, MAXIMUM_RETRIES_LIMIT)
    instance = Instance(
        id=instance_id,
        pipeline=pipeline,
        component=component,
        fields=fields,
        scheduled_start=start,
        worker_group=None if "runsOn" in values else values.get("workerGroup"),
        maximum_retries=maximum,
        tries_left=maximum,
        node=node,
        cascade=values.get("failureAndRerunMode", "").lower() == "cascade",
    )
    pipeline.instances[instance.id] = instance
    return instance


def _instance_id(component: Component, start: datetime) -> str:
    return f"@{component.id}_{timestamp(start)}"


def _link(upstream: Instance, consumer: Instance) -> None:
    consumer.dependencies.append(upstream)
    upstream.consumers.append(consumer)


def _references(fields: list[Field], key: str) -> list[str]:
    return [field.value for field in fields if field.key == key and field.is_reference]
