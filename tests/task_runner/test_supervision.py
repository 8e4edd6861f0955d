"""What a supervision reports where there is no target run."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent

from airflow_provider_datapipeline import supervision
from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline.runs import Assignment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow_provider_datapipeline._airflow import triggerer
from airflow_provider_datapipeline.triggers.datapipeline import SuperviseDagRunTrigger


@pytest.fixture
def supervise(service, submit, hook, monkeypatch) -> Callable[..., Awaitable[Any]]:
    """Supervise a task whose target run is not there, until that is certain; return the event."""

    async def nothing(*_: object) -> None:
        return None

    for name in ("run_state", "xcom", "write_xcom"):
        monkeypatch.setattr(triggerer, name, nothing)
    monkeypatch.setattr(supervision, "_MISSING_SECONDS", 0.0)

    async def run(*, acknowledged: bool) -> Any:
        if not acknowledged:
            service.behaviour = replace(service.behaviour, acknowledge_seconds=0)
        submit("echo 1")
        task = await hook.apoll_for_task("airflow")
        assert task is not None
        if acknowledged:
            await hook.areport_task_progress(task.task_id)
        conf = json.dumps(Assignment(task=task, target_dag_id="nightly").runner_conf())
        trigger = SuperviseDagRunTrigger(
            conf=conf, runner_dag_id="runner", run_id="run_1", beat=60, run_timeout=None, aws_conn_id="emulated"
        )
        async with asyncio.timeout(20):
            (event,) = [event async for event in trigger.run()]
        return event

    return run


async def test_a_task_whose_target_run_was_deleted_is_reported_failed(service, supervise) -> None:
    event = await supervise(acknowledged=True)

    assert isinstance(event, TaskFailedEvent)
    (attempt,) = service.attempts()
    assert (attempt.reported_status, attempt.error_id) == ("FAILED", "AirflowDagRunRefused")


async def test_a_task_that_was_never_acknowledged_is_left_to_its_next_hand_out(service, supervise) -> None:
    """Its poller died between the two runs, and the service offers it again: another run has the right outcome."""
    event = await supervise(acknowledged=False)

    assert isinstance(event, TaskSkippedEvent)
    assert not service.received("SetTaskStatus")
