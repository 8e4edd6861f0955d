"""The commands of SetStatus: cancel, rerun, mark finished, pause and resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_datapipeline.emulator.errors import invalid_request
from airflow_provider_datapipeline.emulator.model import ENDED, UNSUCCESSFUL, Instance, Pipeline, Status

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator.engine import Engine


def set_status(engine: Engine, pipeline: Pipeline, object_ids: list[str], command: str) -> None:
    """
    Apply a command to components or to instances. Commands are case-insensitive.

    :raises ServiceError: an object or the command is unknown, the ids are of components and of instances, the command
        is not for this sphere, or the pipeline has FINISHED. In each case nothing changes
    """
    if pipeline.finished:
        raise invalid_request("The status of objects of a FINISHED pipeline cannot be set.")
    components, instances = [], []
    for object_id in object_ids:
        if object_id in pipeline.definition.components:
            components.append(pipeline.definition.components[object_id])
        elif object_id in pipeline.instances:
            instances.append(pipeline.instances[object_id])
        else:
            raise invalid_request(f"Unknown object: {object_id}")
    if components and instances:
        raise invalid_request("Components and instances cannot be mixed in one request.")
    command = command.upper()
    if components and command in {"PAUSE", "RESUME"}:
        for component in components:
            component.paused = command == "PAUSE"
    elif instances and command in _INSTANCE_COMMANDS:
        for instance in instances:
            _INSTANCE_COMMANDS[command](engine, instance)
    else:
        raise invalid_request(f"The status '{command}' cannot be set on these objects.")


def _cancel(engine: Engine, instance: Instance) -> None:
    if instance.status not in ENDED:
        engine.end(instance, Status.CANCELED)


def _mark_finished(engine: Engine, instance: Instance) -> None:
    if instance.status is Status.FINISHED:
        return
    if instance.head_attempt and instance.head_attempt.status not in ENDED:
        engine.end_attempt(instance.head_attempt, Status.CANCELED)
    engine.end(instance, Status.FINISHED)


def _rerun(engine: Engine, instance: Instance) -> None:
    if instance.status not in ENDED:
        return
    instance.status = Status.WAITING_ON_DEPENDENCIES
    instance.ended = None
    instance.cascade_failed_on = None
    instance.tries_left = instance.maximum_retries
    for dependency in instance.dependencies:
        if dependency.node is instance and dependency.status in UNSUCCESSFUL:
            _rerun(engine, dependency)
    for consumer in instance.consumers:
        if consumer.status is Status.CASCADE_FAILED and (consumer.cascade or instance.cascade):
            _rerun(engine, consumer)
    engine.advance(instance)


_INSTANCE_COMMANDS = {"TRY_CANCEL": _cancel, "CANCEL": _cancel, "MARK_FINISHED": _mark_finished, "RERUN": _rerun}
