"""Reads and checks pipeline definitions, and resolves inherited fields and references between objects."""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_datapipeline.emulator.errors import invalid_request
from airflow_provider_datapipeline.emulator.model import (
    ACTIVITY_SUFFIX,
    RUNNER_PRECONDITIONS,
    Component,
    Definition,
    Field,
)

MAXIMUM_RETRIES_LIMIT = 5  # developer guide, limits
_OBJECTS_PER_PIPELINE = 100  # developer guide, limits (adjustable there)
_FIELDS_PER_OBJECT = 50  # developer guide, limits
_BYTES_PER_OBJECT = 15_360  # developer guide, limits
_SECONDS_OF_UNIT = {
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 7 * 86_400,
    "month": 30 * 86_400,
    "year": 365 * 86_400,
}
_PERIOD = re.compile(r"\s*(\d+)\s+(minute|hour|day|week|month|year)s?\s*", re.IGNORECASE)
_EMPTY_WORKER_GROUP = (
    "Pipeline definition has errors: Could not save the pipeline definition due to FATAL errors: "
    "[com.amazon.setl.webservice.ValidationError@{:08x}] Please call Validate to validate your pipeline"
)


def period_seconds(text: str | None) -> float | None:
    """Return the seconds of a period such as ``15 minutes``, with months of 30 days, or None if it is no period."""
    match = _PERIOD.fullmatch(text or "")
    return float(match[1]) * _SECONDS_OF_UNIT[match[2].lower()] if match else None


def byte_size(object_id: str, name: str, fields: list[Field]) -> int:
    """Return the size of an object as the service counts it: UTF-8 bytes of its id, name, keys and values."""
    texts = [object_id, name]
    for field in fields:
        texts += [field.key, field.value]
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)


def definition_from_wire(
    objects: list[dict[str, Any]], parameter_objects: list[dict[str, Any]], parameter_values: list[dict[str, str]]
) -> Definition:
    """Return the definition in a PutPipelineDefinition request."""
    components = [
        Component(raw["id"], raw["name"], [Field.from_wire(field) for field in raw["fields"]]) for raw in objects
    ]
    return Definition({component.id: component for component in components}, parameter_objects, parameter_values)


def wire_from_file(document: dict[str, Any]) -> dict[str, Any]:
    """
    Convert a pipeline definition file to the members of a PutPipelineDefinition request.

    :param document: the file's content, with ``objects``, ``parameters`` and ``values``: the format that AWS's console
        and command line use
    :raises ValueError: an object has no id
    """
    return {
        "pipelineObjects": [_object_from_file(raw) for raw in document.get("objects", [])],
        "parameterObjects": [
            {
                "id": raw["id"],
                "attributes": [{"key": k, "stringValue": str(v)} for k, v in raw.items() if k != "id"],
            }
            for raw in document.get("parameters", [])
        ],
        "parameterValues": [
            {"id": name, "stringValue": str(value)}
            for name, values in document.get("values", {}).items()
            for value in (values if isinstance(values, list) else [values])
        ],
    }


def _object_from_file(raw: dict[str, Any]) -> dict[str, Any]:
    if not raw.get("id"):
        raise ValueError(f"A definition object has no id: {raw!r}")
    fields: list[dict[str, str]] = []
    for key, values in raw.items():
        if key in {"id", "name"}:
            continue
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, dict):
                fields.append({"key": key, "refValue": value["ref"]})
            else:
                fields.append({"key": key, "stringValue": str(value)})
    return {"id": raw["id"], "name": raw.get("name", raw["id"]), "fields": fields}


def check_definition(objects: list[dict[str, Any]]) -> dict[str, list[str]]:
    """
    Return the errors of a definition by object id. Without errors the definition can be saved.

    :raises ServiceError: a ``workerGroup`` is empty or there are too many objects; then the service refuses the request
    """
    errors: dict[str, list[str]] = {}
    ids = [raw["id"] for raw in objects]
    if len(ids) > _OBJECTS_PER_PIPELINE:
        raise invalid_request(f"A pipeline has at most {_OBJECTS_PER_PIPELINE} objects; this one has {len(ids)}.")
    for raw in objects:
        fields = [Field.from_wire(field) for field in raw["fields"]]
        if any(field.key == "workerGroup" and not field.value.strip() for field in fields):
            raise invalid_request(_EMPTY_WORKER_GROUP.format(id(raw) & 0xFFFFFFFF))
        found = [
            f"'{field.key}' refers to '{field.value}', which is not an object of the definition."
            for field in fields
            if field.is_reference and field.value not in ids
        ]
        if ids.count(raw["id"]) > 1:
            found.append("More than one object has this id.")
        if raw["id"].startswith("@") or any(field.key.startswith("@") for field in fields):
            found.append("Names that start with '@' are reserved for the service.")
        if len(fields) > _FIELDS_PER_OBJECT:
            found.append(f"An object has at most {_FIELDS_PER_OBJECT} fields.")
        if byte_size(raw["id"], raw["name"], fields) > _BYTES_PER_OBJECT:
            found.append(f"An object has at most {_BYTES_PER_OBJECT} bytes.")
        found.extend(_value_errors(fields))
        if found:
            errors[raw["id"]] = found
    return errors


def _value_errors(fields: list[Field]) -> list[str]:
    errors = []
    for field in fields:
        if "#{" in field.value:
            continue
        if field.key in {"attemptTimeout", "reportProgressTimeout", "retryDelay", "preconditionTimeout"}:
            if period_seconds(field.value) is None:
                errors.append(f"INVALID_FIELD_VALUE:  '{field.key}' value must be a period such as '15 minutes'.")
        elif field.key == "maximumRetries" and not (
            field.value.isdecimal() and int(field.value) <= MAXIMUM_RETRIES_LIMIT
        ):
            errors.append(
                f"INVALID_FIELD_VALUE:  'maximumRetries' value must be an integer from 0 to {MAXIMUM_RETRIES_LIMIT}."
            )
    return errors


def inherited_fields(definition: Definition, component: Component) -> list[Field]:
    """
    Return the component's own fields, and after them the inherited ones.

    A component inherits from its parents, and then from ``Default``, each field whose key it does not have yet.
    """
    result: list[Field] = list(component.fields)
    seen = {component.id}
    ancestors = component.references("parent")
    while ancestors:
        ancestor = definition.components.get(ancestors.pop(0))
        if ancestor is None or ancestor.id in seen:
            continue
        seen.add(ancestor.id)
        result += _fields_to_inherit(result, ancestor.fields)
        ancestors += ancestor.references("parent")
    default = definition.components.get("Default")
    if default is not None and default.id not in seen:
        result += _fields_to_inherit(result, default.fields)
    return result


def _fields_to_inherit(fields: list[Field], candidates: list[Field]) -> list[Field]:
    keys = {field.key for field in fields} | {"parent"}
    return [field for field in candidates if field.key not in keys]


def is_activity(component: Component) -> bool:
    """Return whether an activation of the pipeline runs this object."""
    return (component.first_value("type") or "").endswith(ACTIVITY_SUFFIX)


def is_runner_precondition(component: Component) -> bool:
    """
    Return whether a task runner checks this precondition.

    The service itself checks every other kind of precondition. The emulator treats those as met.
    """
    return component.first_value("type") in RUNNER_PRECONDITIONS


def upstream_activities(definition: Definition, component: Component) -> list[str]:
    """Return the ids of the activities that an activity depends on, and of those that write its inputs."""
    fields = inherited_fields(definition, component)
    inputs = {field.value for field in fields if field.key == "input" and field.is_reference}
    upstream = [field.value for field in fields if field.key == "dependsOn" and field.is_reference]
    upstream += [
        other.id
        for other in definition.components.values()
        if other.id != component.id and is_activity(other) and inputs.intersection(other.references("output"))
    ]
    return list(dict.fromkeys(upstream))


def referenced_components(definition: Definition, component: Component) -> list[Component]:
    """Return every other object that the component refers to, directly or through other objects."""
    found: dict[str, Component] = {}
    ids_to_visit = [component.id]
    while ids_to_visit:
        current = definition.components.get(ids_to_visit.pop(0))
        if current is None or current.id in found:
            continue
        found[current.id] = current
        ids_to_visit += [field.value for field in current.fields if field.is_reference]
    del found[component.id]
    return list(found.values())
