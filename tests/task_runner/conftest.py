"""The services and the Airflow that the task runner's tests use: an emulated service, and fakes for fake time."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline._airflow.names import DAG  # noqa: F401  # Airflow 2 reads no connection before it is loaded
from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings, Service
from airflow_provider_datapipeline.hooks._clients import forget_clients
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
from airflow_provider_datapipeline.pipeline_task import PipelineTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.task_runner.fake_airflow import FakeAirflow, FakeService

CONN_ID = "emulated"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """An emulated service whose polls last longer than any test waits."""
    forget_clients()
    with EmulatorServer(EmulatorSettings(long_poll_seconds=60)) as server:
        extra = {"endpoint_url": server.url, "region_name": "us-east-1"}
        connection = {"conn_type": "aws", "login": "test", "password": "test", "extra": extra}
        monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(connection))
        yield server.service


@pytest.fixture
def hook(service: Service) -> DataPipelineHook:
    return DataPipelineHook(CONN_ID)


@pytest.fixture
def submit(service: Service) -> Callable[..., str]:
    """Start a pipeline with an activity for each command; return its id."""

    def start(*commands: str, worker_group: str = "airflow") -> str:
        activities = [
            {"id": f"Step{number}", "type": "ShellCommandActivity", "command": command, "workerGroup": worker_group}
            for number, command in enumerate(commands)
        ]
        default = {"id": "Default", "scheduleType": "ondemand", "failureAndRerunMode": "none"}
        return service.start_pipeline({"objects": [default, *activities]})

    return start


@pytest.fixture
def fake_service() -> FakeService:
    """A service for tests in fake time."""
    from tests.task_runner.fake_airflow import FakeService  # needs Airflow 3

    return FakeService()


@pytest.fixture
def fake_airflow() -> FakeAirflow:
    """An Airflow for tests in fake time."""
    from tests.task_runner.fake_airflow import FakeAirflow  # needs Airflow 3

    return FakeAirflow()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[..., list[tuple[str, str]]]:
    """Return level and text of the task runner's log lines, of those that contain a text."""
    name = "airflow_provider_datapipeline._task_runner"
    caplog.set_level(logging.DEBUG, logger=name)

    def read(part: str = "") -> list[tuple[str, str]]:
        lines = [(each.levelname, each.getMessage()) for each in caplog.records if each.name.startswith(name)]
        return [line for line in lines if part in line[1]]

    return read


@pytest.fixture
def warned(logged: Callable[..., list[tuple[str, str]]]) -> Callable[[str], list[str]]:
    """Return the texts of warnings and errors that contain a text."""

    def read(part: str) -> list[str]:
        return [text for level, text in logged(part) if level in ("WARNING", "ERROR")]

    return read


@pytest.fixture
def make_task() -> Callable[..., PipelineTask]:
    def make(**changes: object) -> PipelineTask:
        ids = {"task_id": "t" * 1000, "pipeline_id": "df-1", "attempt_id": "@Step_2026-11-22T10:00:00_Attempt=1"}
        return PipelineTask(**{**ids, **changes})  # type: ignore[arg-type]  # a test names what exists

    return make
