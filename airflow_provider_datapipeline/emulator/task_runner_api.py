"""The four API calls of a task runner: PollForTask, ReportTaskProgress, ReportTaskRunnerHeartbeat, SetTaskStatus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_datapipeline.emulator.definition import byte_size
from airflow_provider_datapipeline.emulator.description import attempt_fields, task_object
from airflow_provider_datapipeline.emulator.errors import ServiceError, invalid_request, task_not_found
from airflow_provider_datapipeline.emulator.identifiers import new_pipeline_task_id
from airflow_provider_datapipeline.emulator.model import ENDED, Attempt, Field, Lease, Status
from airflow_provider_datapipeline.emulator.wire import truncate

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator.engine import Engine

RESERVED_ERROR_ID_PREFIX = "Service_"
_ERROR_ID_LIMIT = 1024  # botocore's model, shape "string"
_FIELDS_PER_OBJECT = 50  # developer guide, limits


def poll_for_task(engine: Engine, request: dict[str, Any]) -> dict[str, Any] | None:
    """Answer the next task of the worker group as ``{"taskObject": ...}``, or None if there is no task now."""
    group = request["workerGroup"]
    if not group:
        raise invalid_request("workerGroup must not be empty.")
    attempt = engine.take(group)
    if attempt is None:
        return None
    instance = attempt.instance
    lease = hand_out(engine, attempt, engine.settings.redelivered_task_id)
    task = task_object(attempt, lease.pipeline_task_id, referenced_objects=engine.settings.referenced_objects)
    attempt.hostname = request.get("hostname")
    if engine.settings.running_on == "poll":
        attempt.status = instance.status = Status.RUNNING
    engine.watch(instance)
    return {"taskObject": task}


def hand_out(engine: Engine, attempt: Attempt, task_id: Literal["new", "same"] = "new") -> Lease:
    """
    Give the attempt to a task runner, and revoke the lease of an earlier one.

    :param task_id: whether the attempt gets a new task id or keeps the one that it had
    """
    engine.revoke_lease(attempt)
    earlier_task_id = attempt.pipeline_task_id if task_id == "same" else None
    lease = Lease(earlier_task_id or new_pipeline_task_id(), attempt)
    engine.leases[lease.pipeline_task_id] = lease
    attempt.pipeline_task_id = lease.pipeline_task_id
    attempt.handed_out = engine.clock()
    attempt.acknowledged = attempt.reported = None
    attempt.instance.started = attempt.instance.started or attempt.handed_out
    return lease


def report_task_progress(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Acknowledge the task and extend its lease. Answer whether the task was canceled."""
    settings = engine.settings
    lease = _find_lease(engine, request["taskId"])
    attempt = lease.attempt
    if not lease.current:
        return _late_progress_answer(settings.progress_after_reassignment)
    if attempt.status in ENDED:
        setting = settings.progress_after_end if attempt.reported_status else settings.progress_after_cancel
        return _late_progress_answer(setting)
    fields = [Field.from_wire(raw) for raw in request.get("fields") or []]
    reserved = [field.key for field in fields if field.key.startswith("@")]
    if reserved and settings.reserved_progress_field == "reject":
        raise invalid_request(f"The field '{reserved[0]}' is read-only.")
    progress = attempt.progress | {field.key: field for field in fields if field.key not in reserved}
    if len(attempt_fields(attempt)) - len(attempt.progress) + len(progress) > _FIELDS_PER_OBJECT:
        raise invalid_request(f"An object has at most {_FIELDS_PER_OBJECT} fields.")
    earlier_progress = attempt.progress
    attempt.progress = progress
    if settings.over_object_size == "reject" and _excess_bytes(engine, attempt) > 0:
        attempt.progress = earlier_progress
        raise _object_too_large(engine)
    _acknowledge(engine, attempt)
    return {"canceled": False}


def report_task_runner_heartbeat(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Answer whether the task runner should terminate, as ``EmulatorSettings.terminate_runners`` says."""
    del request
    return {"terminate": engine.settings.terminate_runners}


def set_task_status(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    """Store the final status of a task."""
    settings = engine.settings
    lease = _find_lease(engine, request["taskId"])
    attempt = lease.attempt
    errors = _error_texts(engine, request)
    if not lease.current:
        return _late_status_answer(settings.status_after_reassignment)
    if attempt.status in ENDED:
        if attempt.reported_status is None:
            return _late_status_answer(settings.status_after_cancel)
        if attempt.reported_status != request["taskStatus"]:
            return _late_status_answer(settings.conflicting_status)
        attempt.repeated_reports += 1
        return _late_status_answer(settings.repeated_status)
    _store_errors(engine, attempt, errors)
    if attempt.acknowledged is None:
        _acknowledge(engine, attempt)
    attempt.accepted_reports += 1
    attempt.reported_status = request["taskStatus"]
    attempt.progress["attemptStatus"] = Field("attemptStatus", request["taskStatus"])
    status = Status(request["taskStatus"])
    if status is Status.FALSE:
        status = Status(settings.precondition_false_status)
    engine.end_attempt(attempt, status)
    if attempt.reported_status == "FINISHED":
        engine.end(attempt.instance, Status.FINISHED)
    else:
        engine.fail(attempt.instance)
    return {}


def _find_lease(engine: Engine, pipeline_task_id: str) -> Lease:
    lease = engine.leases.get(pipeline_task_id)
    if lease is None:
        raise task_not_found()
    pipeline = lease.attempt.instance.pipeline
    if pipeline.deleted:
        raise ServiceError("PipelineDeletedException", f"Pipeline with id: {pipeline.id} has been deleted")
    return lease


def _late_progress_answer(answer: str) -> dict[str, Any]:
    if answer == "task_not_found":
        raise task_not_found()
    return {"canceled": True}


def _late_status_answer(answer: str) -> dict[str, Any]:
    if answer == "task_not_found":
        raise task_not_found()
    if answer == "invalid_request":
        raise invalid_request("The task already has a final status.")
    return {}


def _acknowledge(engine: Engine, attempt: Attempt) -> None:
    attempt.reported = engine.clock()
    if attempt.acknowledged is None:
        attempt.acknowledged = attempt.reported
        attempt.status = attempt.instance.status = Status.RUNNING
        engine.watch(attempt.instance)


def _error_texts(engine: Engine, request: dict[str, Any]) -> dict[str, str | None]:
    settings = engine.settings
    error_id, trace = request.get("errorId"), request.get("errorStackTrace")
    if error_id and error_id.startswith(RESERVED_ERROR_ID_PREFIX) and settings.enforce_reserved_error_id:
        raise invalid_request(f"errorId must not start with '{RESERVED_ERROR_ID_PREFIX}', which is reserved.")
    return {
        "error_id": truncate(error_id, _ERROR_ID_LIMIT, settings.length_unit),
        "error_message": request.get("errorMessage"),
        "error_stack_trace": truncate(trace, settings.stack_trace_limit, settings.length_unit),
    }


def _store_errors(engine: Engine, attempt: Attempt, errors: dict[str, str | None]) -> None:
    for name, text in errors.items():
        setattr(attempt, name, text)
    excess = _excess_bytes(engine, attempt)
    if excess <= 0 or engine.settings.over_object_size == "ignore":
        return
    message = (attempt.error_message or "").encode("utf-8", "surrogatepass")
    size = len(message) - excess
    if engine.settings.over_object_size == "truncate" and size >= 0:
        attempt.error_message = message[:size].decode("utf-8", "ignore")
        return
    for name in errors:
        setattr(attempt, name, None)
    raise _object_too_large(engine)


def _excess_bytes(engine: Engine, attempt: Attempt) -> int:
    """Return by how many bytes the attempt is too large, or a negative number. Reserve space for its last fields."""
    last_fields = [Field("attemptStatus", "FINISHED"), Field("@finishedTime", "yyyy-MM-ddTHH:mm:ss")]
    reserved_size = byte_size("", "", last_fields)
    size = byte_size(attempt.id, attempt.id, attempt_fields(attempt)) + reserved_size
    return size - engine.settings.object_size_limit


def _object_too_large(engine: Engine) -> ServiceError:
    return invalid_request(f"An object has at most {engine.settings.object_size_limit} bytes.")
