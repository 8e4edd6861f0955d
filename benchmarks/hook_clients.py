"""
What shared clients save: ReportTaskProgress through the hook, and through a client made for each call.

Run in the project's folder: ``AIRFLOW__LOGGING__LOGGING_LEVEL=ERROR python -m benchmarks.hook_clients``. The emulated
service runs in a process of its own on loopback; every way makes the same signed call, in this process, one after the
other. Compare ratios, not milliseconds, and only within one run.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import statistics
import time
from typing import TYPE_CHECKING, Any

import aiobotocore.session  # type: ignore[import-untyped]  # ships no types
import boto3  # type: ignore[import-untyped]  # ships no types
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from multiprocessing.connection import Connection

CALLS = 200
FEWER_CALLS = 20  # for the ways that take tens of milliseconds
GROUP = "benchmark"
CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


def serve(pipe: Connection) -> None:
    """Offer one task, and say where and under which id."""
    with EmulatorServer(EmulatorSettings(long_poll_seconds=0)) as server:
        activity = {"id": "A", "type": "ShellCommandActivity", "command": "true", "workerGroup": GROUP}
        server.service.start_pipeline({"objects": [{"id": "Default", "scheduleType": "ondemand"}, activity]})
        task = server.service.call("PollForTask", {"workerGroup": GROUP})["taskObject"]
        pipe.send((server.url, task["taskId"]))
        pipe.recv()


def timed(call: Callable[[], object], calls: int) -> float:
    """Median seconds of one call, after a warm-up."""
    call()
    seconds = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


async def timed_async(call: Callable[[], Awaitable[object]], calls: int) -> float:
    """Do what ``timed`` does, in the running event loop."""
    await call()
    seconds = []
    for _ in range(calls):
        start = time.perf_counter()
        await call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def measure(url: str, pipeline_task_id: str) -> dict[str, float]:
    """Time every synchronous way."""
    reused = boto3.client("datapipeline", endpoint_url=url, **CREDENTIALS)

    def client_per_call() -> Any:
        client = boto3.client("datapipeline", endpoint_url=url, **CREDENTIALS)
        return client.report_task_progress(taskId=pipeline_task_id)

    def amazon_hook_per_call() -> Any:
        return AwsBaseHook("benchmark", client_type="datapipeline").conn.report_task_progress(taskId=pipeline_task_id)

    return {
        "boto3 client, reused": timed(lambda: reused.report_task_progress(taskId=pipeline_task_id), CALLS),
        "DataPipelineHook, new for each call": timed(
            lambda: DataPipelineHook("benchmark").report_task_progress(pipeline_task_id), CALLS
        ),
        "boto3 client for each call": timed(client_per_call, CALLS),
        "AwsBaseHook for each call": timed(amazon_hook_per_call, FEWER_CALLS),
    }


async def measure_async(url: str, pipeline_task_id: str) -> dict[str, float]:
    """Time every asynchronous way."""
    session = aiobotocore.session.get_session()

    async def client_per_call() -> Any:
        async with session.create_client("datapipeline", endpoint_url=url, **CREDENTIALS) as client:
            return await client.report_task_progress(taskId=pipeline_task_id)

    async def amazon_hook_per_call() -> Any:
        hook = AwsBaseHook("benchmark", client_type="datapipeline")
        async with await hook.get_async_conn() as client:  # type: ignore[no-untyped-call]  # amazon's
            return await client.report_task_progress(taskId=pipeline_task_id)

    async with session.create_client("datapipeline", endpoint_url=url, **CREDENTIALS) as reused:
        return {
            "aiobotocore client, reused": await timed_async(
                lambda: reused.report_task_progress(taskId=pipeline_task_id), CALLS
            ),
            "DataPipelineHook, new for each call": await timed_async(
                lambda: DataPipelineHook("benchmark").areport_task_progress(pipeline_task_id), CALLS
            ),
            "aiobotocore client for each call": await timed_async(client_per_call, CALLS),
            "AwsBaseHook for each call": await timed_async(amazon_hook_per_call, FEWER_CALLS),
        }


def show(title: str, medians: dict[str, float]) -> None:
    """Print a table with ratios to the reused client."""
    reused = next(iter(medians.values()))
    lines = [f"\n{title:<40}{'median':>12}{'ratio':>9}"]
    lines += [f"{way:<40}{seconds * 1000:>9.2f} ms{seconds / reused:>9.1f}" for way, seconds in medians.items()]
    print(*lines, sep="\n")  # noqa: T201  # a program for people


def main() -> None:
    """Measure and print."""
    pipe, end = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(end,))
    server.start()
    url, pipeline_task_id = pipe.recv()
    os.environ["AIRFLOW_CONN_BENCHMARK"] = json.dumps(
        {
            "conn_type": "aws",
            "login": "test",
            "password": "test",
            "extra": {"endpoint_url": url, "region_name": "us-east-1"},
        }
    )
    try:
        show("ReportTaskProgress", measure(url, pipeline_task_id))
        show("ReportTaskProgress, asynchronous", asyncio.run(measure_async(url, pipeline_task_id)))
    finally:
        pipe.send("over")
        server.join()


if __name__ == "__main__":
    main()
