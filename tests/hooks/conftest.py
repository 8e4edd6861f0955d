"""Hooks that talk to a stub service through an Airflow connection."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.retries.standard import ExponentialBackoff  # type: ignore[import-untyped]  # ships no types

from airflow_provider_datapipeline._airflow.names import DAG  # noqa: F401  # Airflow 2 reads no connection before it is loaded
from airflow_provider_datapipeline.hooks._clients import forget_clients
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
from tests.hooks.stub_service import Answer, StubService

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

CONN_ID = "stub"


@pytest.fixture(autouse=True)
def _no_clients_of_other_tests() -> None:
    forget_clients()


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Define the Airflow connection ``stub``, and shorten botocore's pauses between tries from seconds to 10 ms."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.01)

    def define(url: str, conn_id: str = CONN_ID, **extra: Any) -> None:
        connection = {
            "conn_type": "aws",
            "login": "test",
            "password": "test",
            "extra": {"endpoint_url": url, "region_name": "us-east-1"} | extra,
        }
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))

    return define


@pytest.fixture
def serve(connect: Callable[..., None]) -> Iterator[Callable[..., StubService]]:
    """Start stub services. The connection ``stub`` leads to the last of them."""
    services = []

    def start(*answers: Answer) -> StubService:
        service = StubService(*answers).__enter__()
        services.append(service)
        connect(service.url)
        return service

    yield start
    for service in services:
        service.__exit__()


@pytest.fixture
def hook() -> DataPipelineHook:
    return DataPipelineHook(CONN_ID)


@pytest.fixture(params=["sync", "async"])
def invoke(request: pytest.FixtureRequest) -> Callable[..., Awaitable[Any]]:
    """Call a method of a hook in its synchronous or in its asynchronous form."""

    async def call(hook: DataPipelineHook, method: str, *args: Any, **kwargs: Any) -> Any:
        if request.param == "async":
            return await getattr(hook, f"a{method}")(*args, **kwargs)
        return await asyncio.to_thread(getattr(hook, method), *args, **kwargs)

    return call
