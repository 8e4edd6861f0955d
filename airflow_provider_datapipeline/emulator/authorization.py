"""
Decides whether the policies of an identity allow a call: which action on which resource, with which condition keys.

The rules are those of AWS's service authorization reference for Data Pipeline. PollForTask, ReportTaskRunnerHeartbeat,
CreatePipeline and ListPipelines have only the resource ``*``. PollForTask and the calls about definitions have the
condition key of the worker group. ReportTaskProgress and SetTaskStatus have no condition keys, so a policy cannot
restrict them to a worker group.

UNCONFIRMED: on which resource the service decides if it does not know the task id. Here it is ``pipeline/*``, which a
policy for single pipelines does not allow. Also UNCONFIRMED: whether the service checks the limits of a request before
the policies. Here it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.emulator.credentials import ACCOUNT_ID
from airflow_provider_datapipeline.emulator.errors import ServiceError
from airflow_provider_datapipeline.emulator.policies import AccessRequest, Decision, decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_provider_datapipeline.emulator.credentials import Identity
    from airflow_provider_datapipeline.emulator.engine import Engine

_ConditionValues = dict[str, tuple[str, ...]]

_OPERATIONS_WITH_WORKER_GROUP_KEY = frozenset({"ActivatePipeline", "GetPipelineDefinition", "PutPipelineDefinition"})


def authorize(identity: Identity, operation: str, request: Mapping[str, Any], engine: Engine, region: str) -> None:
    """
    Return if the policies of the identity allow the call, and raise an error otherwise.

    :param request: the validated request
    :raises ServiceError: AccessDeniedException, with the text that AWS uses
    """
    if identity.policies is None:
        return
    for action, pipeline_id, context in _required_permissions(operation, request, engine):
        resource = "*" if pipeline_id is None else f"arn:aws:datapipeline:{region}:{ACCOUNT_ID}:pipeline/{pipeline_id}"
        full_action = f"datapipeline:{action}"
        decision = decide(identity.policies, AccessRequest(full_action, resource, context, identity.user_id))
        if decision is Decision.ALLOWED:
            continue
        text = f"User: {identity.arn} is not authorized to perform: {full_action}"
        if pipeline_id is not None:
            text += f" on resource: {resource}"
        if decision is Decision.DENIED:
            text += " with an explicit deny in an identity-based policy"
        else:
            text += f" because no identity-based policy allows the {full_action} action"
        raise ServiceError("AccessDeniedException", text)


def _required_permissions(
    operation: str, request: Mapping[str, Any], engine: Engine
) -> Iterator[tuple[str, str | None, _ConditionValues]]:
    """
    Yield the actions that the policies must allow: name, pipeline id and values of the condition keys.

    The pipeline id is None for an action that has no resource.
    """
    if operation == "PollForTask":
        yield operation, None, {"datapipeline:workergroup": (request["workerGroup"],)}
    elif operation in ("ReportTaskProgress", "SetTaskStatus"):
        lease = engine.leases.get(request["taskId"])
        yield operation, lease.attempt.instance.pipeline.id if lease else "*", {}
    elif operation == "CreatePipeline":
        tags = request.get("tags") or []
        context = {**_tag_condition_values("aws:requesttag/", tags), **_tag_condition_values("datapipeline:tag/", tags)}
        context["aws:tagkeys"] = tuple(tag["key"] for tag in tags)
        yield operation, None, context
        if tags:
            yield "AddTags", "*", context
    elif "pipelineIds" in request:
        for pipeline_id in request["pipelineIds"]:
            yield operation, pipeline_id, _pipeline_condition_values(engine, pipeline_id)
    elif "pipelineId" in request:
        context = _pipeline_condition_values(engine, request["pipelineId"])
        if operation in _OPERATIONS_WITH_WORKER_GROUP_KEY:
            context["datapipeline:workergroup"] = tuple(_definition_worker_groups(engine, request))
        yield operation, request["pipelineId"], context
    else:
        yield operation, None, {}


def _pipeline_condition_values(engine: Engine, pipeline_id: str) -> _ConditionValues:
    pipeline = engine.pipelines.get(pipeline_id)
    if pipeline is None:
        return {}
    creator = (pipeline.creator,) if pipeline.creator else ()
    return {"datapipeline:pipelinecreator": creator, **_tag_condition_values("datapipeline:tag/", pipeline.tags)}


def _tag_condition_values(prefix: str, tags: Iterable[Mapping[str, str]]) -> _ConditionValues:
    return {f"{prefix}{tag['key'].lower()}": (tag["value"],) for tag in tags}


def _definition_worker_groups(engine: Engine, request: Mapping[str, Any]) -> set[str]:
    """Return the worker groups of the definition in the request, or else of the pipeline's stored definition."""
    if "pipelineObjects" in request:
        fields = [field for each in request["pipelineObjects"] for field in each["fields"]]
        return {field["stringValue"] for field in fields if field["key"] == "workerGroup" and "stringValue" in field}
    pipeline = engine.pipelines.get(request["pipelineId"])
    components = pipeline.definition.components.values() if pipeline else ()
    return {group for each in components if (group := each.first_value("workerGroup"))}
