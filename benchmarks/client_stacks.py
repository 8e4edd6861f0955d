"""
What heartbeats cost through the hook's asynchronous client, and through its synchronous client in a pool of threads.

Run in the project's folder: ``python -m benchmarks client_stacks``. It answers whether aiobotocore, which pins botocore
narrowly, is worth being a dependency. The emulated service runs in a process of its own, and its CPU time is not
counted. Each stack has a fresh process in each round, and the rounds alternate, because other work on the machine
would else weigh on one stack alone. The figures are medians over the rounds. Compare them only within one run.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psutil  # type: ignore[import-untyped]  # ships no types

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from multiprocessing.connection import Connection

    Report = Callable[[str], Awaitable[object]]

ASYNC: Final = "aiobotocore"
THREADS: Final = "8 threads"

ROUNDS: Final = 3
LEASES: Final = 1000
CALLS_A_SECOND: Final = 9.5
"""The most that the task runner sends: the account has 10 a second for ReportTaskProgress."""
PACED_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 5.0
POOL_THREADS: Final = 8
POLLS: Final = 100
POLL_SECONDS: Final = 8.0
"""How long the emulated service holds a poll. AWS holds it for 90 s, in which a thread does just as little."""
TICK_SECONDS: Final = 0.01
GROUP: Final = "benchmark"
IDLE_GROUP: Final = "nothing"

ROWS: Final = {
    "hook_seconds": "import of the hook, s",
    "hook_mb": "import of the hook, MB",
    "stack_seconds": "import of what else the stack needs, s",
    "stack_mb": "import of what else the stack needs, MB",
    "first_seconds": "first call, client built, s",
    "first_mb": "first call, client built, MB",
    "paced_cpu": "9.5 calls/s: CPU a call, ms",
    "paced_p50": "9.5 calls/s: latency p50, ms",
    "paced_p99": "9.5 calls/s: latency p99, ms",
    "paced_lag": "9.5 calls/s: lag of the event loop p99, ms",
    "paced_mb": "9.5 calls/s: memory, MB",
    "poll_kb": "100 polls held: memory a poll, KB",
    "poll_cpu": "100 polls held: CPU a poll, ms",
    "poll_threads": "100 polls held: threads",
    "fast_rate": "1,000 at once, twice: calls a second",
    "fast_cpu": "1,000 at once, twice: CPU a call, ms",
    "fast_p50": "1,000 at once, twice: latency p50, ms",
    "fast_p99": "1,000 at once, twice: latency p99, ms",
    "fast_lag": "1,000 at once, twice: lag of the event loop p99, ms",
    "fast_mb": "1,000 at once, twice: memory, MB",
}


def serve(pipe: Connection) -> None:
    """Hand out a task for each lease; send the URL of the service and the ids of the tasks."""
    from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings

    with EmulatorServer(EmulatorSettings(long_poll_seconds=POLL_SECONDS)) as server:
        activity = {"id": "A", "type": "ShellCommandActivity", "command": "true", "workerGroup": GROUP}
        task_ids = []
        for _ in range(LEASES):
            server.service.start_pipeline({"objects": [{"id": "Default", "scheduleType": "ondemand"}, activity]})
            task_ids.append(server.service.call("PollForTask", {"workerGroup": GROUP})["taskObject"]["taskId"])
        pipe.send((server.url, task_ids))
        pipe.recv()


def megabytes() -> float:
    """Return the resident memory of this process."""
    return float(psutil.Process().memory_info().rss) / 1e6


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile, in milliseconds, of values in seconds."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] * 1000


class Lag:
    """Measures how late the event loop runs what is due."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._ticking = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            self.seconds.append(loop.time() - due)

    def stop(self) -> float:
        """Stop; return the 99th percentile in milliseconds."""
        self._ticking.cancel()
        return percentile(self.seconds, 99)


async def timed(report: Report, task_id: str, latencies: list[float]) -> None:
    """Send a heartbeat, and remember how long that took from the wish to the answer."""
    start = time.perf_counter()
    await report(task_id)
    latencies.append(time.perf_counter() - start)


async def paced(report: Report, task_ids: Sequence[str]) -> dict[str, float]:
    """Send heartbeats at the account's pace, each from the coroutine of its lease."""
    calls = int(PACED_SECONDS * CALLS_A_SECOND)
    latencies: list[float] = []
    before = megabytes()

    async def keep_alive(number: int) -> None:
        """Wait for the turn of this lease; those that have no turn in this time wait to the end."""
        await asyncio.sleep(min(number, calls) / CALLS_A_SECOND)
        if number < calls:
            await timed(report, task_ids[number], latencies)

    lag = Lag()
    start = time.process_time()
    await asyncio.sleep(IDLE_SECONDS)
    idle = (time.process_time() - start) / IDLE_SECONDS
    lag.stop()

    lag = Lag()
    start, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(keep_alive(number) for number in range(len(task_ids))))
    cpu = time.process_time() - start - idle * (time.perf_counter() - began)
    return {
        "paced_cpu": cpu / calls * 1000,
        "paced_p50": percentile(latencies, 50),
        "paced_p99": percentile(latencies, 99),
        "paced_lag": lag.stop(),
        "paced_mb": megabytes() - before,
    }


async def fast(report: Report, task_ids: Sequence[str]) -> dict[str, float]:
    """Have every lease send two heartbeats as soon as it can."""
    latencies: list[float] = []
    before = megabytes()

    async def keep_alive(task_id: str) -> None:
        for _ in range(2):
            await timed(report, task_id, latencies)

    lag = Lag()
    start, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*map(keep_alive, task_ids))
    cpu, seconds = time.process_time() - start, time.perf_counter() - began
    return {
        "fast_rate": len(latencies) / seconds,
        "fast_cpu": cpu / len(latencies) * 1000,
        "fast_p50": percentile(latencies, 50),
        "fast_p99": percentile(latencies, 99),
        "fast_lag": lag.stop(),
        "fast_mb": megabytes() - before,
    }


async def polls(poll: Callable[[str], Awaitable[object]]) -> dict[str, float]:
    """Hold many polls at once."""
    before, start = megabytes(), time.process_time()
    held = [asyncio.ensure_future(poll(IDLE_GROUP)) for _ in range(POLLS)]
    await asyncio.sleep(POLL_SECONDS / 2)
    figures = {"poll_kb": (megabytes() - before) / POLLS * 1000, "poll_threads": float(threading.active_count())}
    await asyncio.gather(*held)
    return {**figures, "poll_cpu": (time.process_time() - start) / POLLS * 1000}


def measure(stack: str, url: str, task_ids: Sequence[str], pipe: Connection) -> None:
    """Measure one stack in this process, which has imported nothing yet, and send the figures."""
    extra = {"endpoint_url": url, "region_name": "us-east-1"}
    os.environ["AIRFLOW_CONN_BENCHMARK"] = json.dumps(
        {"conn_type": "aws", "login": "test", "password": "test", "extra": extra}
    )
    import httpx  # noqa: F401  # every triggerer has loaded Airflow and these
    from airflow.sdk import BaseHook  # noqa: F401

    figures: dict[str, float] = {}

    before, start = megabytes(), time.perf_counter()
    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

    figures |= {"hook_seconds": time.perf_counter() - start, "hook_mb": megabytes() - before}
    before, start = megabytes(), time.perf_counter()
    if stack == ASYNC:
        import aiobotocore.session  # type: ignore[import-untyped]  # noqa: F401  # ships no types
    else:
        import boto3.session  # type: ignore[import-untyped]  # noqa: F401  # ships no types
    figures |= {"stack_seconds": time.perf_counter() - start, "stack_mb": megabytes() - before}

    # Patient, because another process of the machine may keep the emulated service from answering.
    hook = DataPipelineHook("benchmark", config={"connect_timeout": 60, "read_timeout": 60})

    async def run() -> None:
        loop = asyncio.get_running_loop()
        pool, poll_pool = ThreadPoolExecutor(POOL_THREADS), ThreadPoolExecutor(POLLS)
        report: Report
        poll: Report
        if stack == ASYNC:
            report, poll = hook.areport_task_progress, hook.apoll_for_task
        else:

            def report(task_id: str) -> Awaitable[object]:
                return loop.run_in_executor(pool, partial(hook.report_task_progress, task_id))

            def poll(worker_group: str) -> Awaitable[object]:
                return loop.run_in_executor(poll_pool, partial(hook.poll_for_task, worker_group))

        before, start = megabytes(), time.perf_counter()
        await report(task_ids[0])
        figures.update(first_seconds=time.perf_counter() - start, first_mb=megabytes() - before)
        figures.update(await paced(report, task_ids))
        await poll("first")  # which builds its client
        figures.update(await polls(poll))
        figures.update(await fast(report, task_ids))  # last, because it leaves free memory behind

    asyncio.run(run())
    pipe.send(figures)


def show(rounds: dict[str, list[dict[str, float]]]) -> None:
    """Print the medians of both stacks."""
    lines = [f"\n{f'medians of {ROUNDS} rounds':<52}{ASYNC:>14}{THREADS:>14}{'ratio':>9}"]
    for name, title in ROWS.items():
        ours, theirs = (statistics.median(each[name] for each in rounds[stack]) for stack in (ASYNC, THREADS))
        ratio = f"{ours / theirs:>9.2f}" if round(theirs, 2) > 0 else ""
        lines.append(f"{title:<52}{ours:>14.2f}{theirs:>14.2f}{ratio}")
    print(*lines, sep="\n", flush=True)  # noqa: T201  # a program for people


def main() -> None:
    """Measure both stacks by turns, and print the medians."""
    context: Any = multiprocessing.get_context("spawn")
    pipe, end = context.Pipe()
    server = context.Process(target=serve, args=(end,))
    server.start()
    url, task_ids = pipe.recv()
    rounds: dict[str, list[dict[str, float]]] = {ASYNC: [], THREADS: []}
    try:
        for number in range(ROUNDS):
            order = (ASYNC, THREADS) if number % 2 == 0 else (THREADS, ASYNC)
            for stack in order:
                print(f"Round {number + 1}: {stack} ...", flush=True)  # noqa: T201  # a program for people
                receiving, sending = context.Pipe(duplex=False)
                process = context.Process(target=measure, args=(stack, url, task_ids, sending))
                process.start()
                sending.close()
                rounds[stack].append(receiving.recv())
                process.join()
    finally:
        pipe.send("over")
        server.join()
    show(rounds)


if __name__ == "__main__":
    main()
