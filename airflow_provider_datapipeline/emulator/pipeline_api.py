"""The API calls that create, read, change and delete pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.emulator.activation import activate
from airflow_provider_datapipeline.emulator.commands import set_status
from airflow_provider_datapipeline.emulator.definition import check_definition, definition_from_wire
from airflow_provider_datapipeline.emulator.description import pipeline_description
from airflow_provider_datapipeline.emulator.errors import ServiceError, invalid_request
from airflow_provider_datapipeline.emulator.identifiers import new_pipeline_id
from airflow_provider_datapipeline.emulator.model import Pipeline, object_to_wire
from airflow_provider_datapipeline.emulator.queries import describe_objects, evaluate_expression, page, query_objects

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator.engine import Engine


def _requested_pipeline(engine: Engine, request: dict[str, Any]) -> Pipeline:
    return _find_pipeline(engine, request["pipelineId"])


def _find_pipeline(engine: Engine, pipeline_id: str) -> Pipeline:
    pipeline = engine.pipelines.get(pipeline_id)
    if pipeline is None:
        raise ServiceError("PipelineNotFoundException", f"Pipeline with id: {pipeline_id} does not exist")
    if pipeline.deleted:
        raise ServiceError("PipelineDeletedException", f"Pipeline with id: {pipeline_id} has been deleted")
    return pipeline


def create_pipeline(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Create a pipeline, or return the existing one with this name and uniqueId."""
    key = (request["name"], request["uniqueId"])
    for pipeline in engine.pipelines.values():
        if (pipeline.name, pipeline.unique_id) == key and not pipeline.deleted:
            return {"pipelineId": pipeline.id}
    pipeline = Pipeline(
        new_pipeline_id(), *key, request.get("description", ""), request.get("tags", []), engine.clock()
    )
    engine.pipelines[pipeline.id] = pipeline
    return {"pipelineId": pipeline.id}


def put_pipeline_definition(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Save the definition, or answer the list of its errors and save nothing."""
    pipeline = _requested_pipeline(engine, request)
    errors = check_definition(request["pipelineObjects"])
    validation_errors = [{"id": object_id, "errors": texts} for object_id, texts in errors.items()]
    if not errors:
        pipeline.definition = definition_from_wire(
            request["pipelineObjects"], request.get("parameterObjects", []), request.get("parameterValues", [])
        )
        pipeline.version += 1
    return {"errored": bool(errors), "validationErrors": validation_errors, "validationWarnings": []}


def get_pipeline_definition(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Answer the definition in the form in which it was saved."""
    definition = _requested_pipeline(engine, request).definition
    return {
        "pipelineObjects": [object_to_wire(each.id, each.name, each.fields) for each in definition.components.values()],
        "parameterObjects": definition.parameter_objects,
        "parameterValues": definition.parameter_values,
    }


def activate_pipeline(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Run every activity of the pipeline once."""
    activate(engine, _requested_pipeline(engine, request), request.get("parameterValues", []))
    return {}


def describe_pipelines(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Answer the fields of the pipelines themselves."""
    pipelines = [_find_pipeline(engine, each) for each in request["pipelineIds"]]
    return {"pipelineDescriptionList": [pipeline_description(pipeline) for pipeline in pipelines]}


def list_pipelines(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Answer one page of pipeline ids and names."""
    ids = [pipeline.id for pipeline in engine.pipelines.values() if not pipeline.deleted]
    shown, paging = page(ids, request.get("marker"), engine.settings.page_size)
    return {"pipelineIdList": [{"id": each, "name": engine.pipelines[each].name} for each in shown], **paging}


def delete_pipeline(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Delete the pipeline. Later calls for it or for its tasks answer PipelineDeletedException."""
    _requested_pipeline(engine, request).deleted = True
    return {}


def describe_pipeline_objects(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Answer the fields of objects."""
    return describe_objects(_requested_pipeline(engine, request), request, engine.settings)


def query_pipeline_objects(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Answer the ids of the objects that match the query."""
    return query_objects(_requested_pipeline(engine, request), request, engine.settings)


def evaluate_pipeline_expression(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Answer a text after its expressions were evaluated with the fields of an object."""
    return evaluate_expression(_requested_pipeline(engine, request), request, engine.settings)


def set_object_status(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Apply a command of SetStatus to components or to instances."""
    if not request["objectIds"]:
        raise invalid_request("No objects were given.")
    set_status(engine, _requested_pipeline(engine, request), request["objectIds"], request["status"])
    return {}
