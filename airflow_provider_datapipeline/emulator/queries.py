"""DescribeObjects, QueryObjects and EvaluateExpression on the objects of one pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.emulator.definition import inherited_fields
from airflow_provider_datapipeline.emulator.description import attempt_fields, component_fields, instance_fields
from airflow_provider_datapipeline.emulator.errors import invalid_request, task_not_found
from airflow_provider_datapipeline.emulator.expressions import Evaluator, UnknownExpressionError
from airflow_provider_datapipeline.emulator.model import Field, object_to_wire

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator.model import Pipeline
    from airflow_provider_datapipeline.emulator.settings import EmulatorSettings

_TIME_FIELDS = frozenset({"@actualStartTime", "@actualEndTime", "@scheduledStartTime", "@scheduledEndTime"})
_EQUALITY_FIELDS = _TIME_FIELDS | {"name", "@sphere", "parent", "@componentParent", "@instanceParent", "@status"}
_SELECTORS_LIMIT = 10  # API reference, Query
_BETWEEN_VALUES = 2


def page(items: list[str], marker: str | None, size: int) -> tuple[list[str], dict[str, Any]]:
    """
    Return one page of ids, and the ``marker`` and ``hasMoreResults`` of the answer.

    :raises ServiceError: the marker is not from an earlier page
    """
    if marker and not marker.isdecimal():
        raise invalid_request("The marker is not valid.")
    start = int(marker) if marker else 0
    end = start + size
    paging: dict[str, Any] = {"hasMoreResults": end < len(items)}
    if paging["hasMoreResults"]:
        paging["marker"] = str(end)
    return items[start:end], paging


def object_ids(pipeline: Pipeline, sphere: str) -> list[str]:
    """Return the ids of a sphere, oldest first."""
    match sphere.upper():
        case "COMPONENT":
            return list(pipeline.definition.components)
        case "INSTANCE":
            return list(pipeline.instances)
        case "ATTEMPT":
            return list(pipeline.attempts)
    raise invalid_request(f"The sphere is COMPONENT, INSTANCE or ATTEMPT, not '{sphere}'.")


def object_fields(pipeline: Pipeline, object_id: str) -> tuple[str, list[Field]] | None:
    """Return the name and the fields of an object of any sphere, or None if the pipeline does not have it."""
    if object_id in pipeline.attempts:
        return object_id, attempt_fields(pipeline.attempts[object_id])
    if object_id in pipeline.instances:
        return object_id, instance_fields(pipeline.instances[object_id])
    if object_id in pipeline.definition.components:
        component = pipeline.definition.components[object_id]
        return component.name, component_fields(pipeline, component)
    return None


def describe_objects(pipeline: Pipeline, request: dict[str, Any], settings: EmulatorSettings) -> dict[str, Any]:
    """Return the answer of DescribeObjects."""
    ids = request["objectIds"]
    if len(ids) > settings.describe_objects_limit:
        raise invalid_request(f"At most {settings.describe_objects_limit} objects can be described in one request.")
    known = [each for each in ids if object_fields(pipeline, each)]
    if len(known) < len(ids) and settings.unknown_object == "invalid_request":
        raise invalid_request(f"Unknown object: {next(each for each in ids if each not in known)}")
    shown, paging = page(known, request.get("marker"), settings.page_size)
    objects = []
    for object_id in shown:
        name, fields = object_fields(pipeline, object_id) or (object_id, [])
        if request.get("evaluateExpressions"):
            evaluator = _evaluator(pipeline, object_id, fields)
            fields = [
                each if each.is_reference else Field(each.key, evaluator.evaluate(each.value, strict=False))
                for each in fields
            ]
        objects.append(object_to_wire(object_id, name, fields))
    return {"pipelineObjects": objects, **paging}


def query_objects(pipeline: Pipeline, request: dict[str, Any], settings: EmulatorSettings) -> dict[str, Any]:
    """Return the answer of QueryObjects."""
    selectors = (request.get("query") or {}).get("selectors") or []
    if len(selectors) > _SELECTORS_LIMIT:
        raise invalid_request(f"A query has at most {_SELECTORS_LIMIT} selectors.")
    limit = request.get("limit")
    if limit is not None and limit < 1:
        raise invalid_request("The limit must be at least 1.")
    ids = object_ids(pipeline, request["sphere"])
    for selector in selectors:
        ids = [each for each in ids if _matches_selector(pipeline, each, selector)]
    found, paging = page(ids, request.get("marker"), min(limit or settings.page_size, settings.page_size))
    return {"ids": found, **paging}


def _matches_selector(pipeline: Pipeline, object_id: str, selector: dict[str, Any]) -> bool:
    key, operator = selector.get("fieldName"), selector.get("operator") or {}
    operator_type, values = operator.get("type"), operator.get("values") or []
    name, fields = object_fields(pipeline, object_id) or (object_id, [])
    candidates = [field for field in [Field("name", name), *fields] if field.key == key]
    if operator_type in {"EQ", "REF_EQ"}:
        if key not in _EQUALITY_FIELDS:
            raise invalid_request(f"The operator '{operator_type}' cannot be applied to '{key}'.")
        is_reference = operator_type == "REF_EQ"
        return any(field.value in values and field.is_reference == is_reference for field in candidates)
    if key not in _TIME_FIELDS:
        raise invalid_request(f"The operator '{operator_type}' cannot be applied to '{key}'.")
    if len(values) != (_BETWEEN_VALUES if operator_type == "BETWEEN" else 1):
        raise invalid_request(f"The operator '{operator_type}' has {len(values)} values.")
    low = values[0] if operator_type in {"GE", "BETWEEN"} else None
    high = values[-1] if operator_type in {"LE", "BETWEEN"} else None
    return any((low is None or field.value >= low) and (high is None or field.value <= high) for field in candidates)


def evaluate_expression(pipeline: Pipeline, request: dict[str, Any], settings: EmulatorSettings) -> dict[str, Any]:
    """Return the answer of EvaluateExpression."""
    described = object_fields(pipeline, request["objectId"])
    if described is None:
        if settings.unknown_expression_object == "task_not_found":
            raise task_not_found()
        raise invalid_request(f"Unknown object: {request['objectId']}")
    evaluator = _evaluator(pipeline, request["objectId"], described[1])
    try:
        return {"evaluatedExpression": evaluator.evaluate(request["expression"], strict=True)}
    except UnknownExpressionError as error:
        raise invalid_request(str(error)) from error


def _evaluator(pipeline: Pipeline, object_id: str, fields: list[Field]) -> Evaluator:
    attempt = pipeline.attempts.get(object_id)
    instance = attempt.instance if attempt else pipeline.instances.get(object_id)
    component = pipeline.definition.components.get(object_id)
    fields = list(fields)
    if component:
        fields += inherited_fields(pipeline.definition, component)
    fields.append(Field("id", object_id))
    node_fields = instance_fields(instance.node) if instance and instance.node else None
    return Evaluator(pipeline.definition, fields, node_fields)
