"""Sets the scale benchmark up, lets its phases happen, and prints what they came to."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Final

from airflow_provider_datapipeline.emulator import EmulatorServer
from benchmarks.scale.account import Account
from benchmarks.scale.bench import Bench
from benchmarks.scale.database import Database
from benchmarks.scale.deployment import running
from benchmarks.scale.results import Results, table
from tests.support.harness.settings import AIRFLOW_VERSION

FEW: Final = 10
"""Tasks with which memory is measured first: one task alone would have to pay for all that is made once."""


def main(*, held: int, short: float, minutes: float, ends: float, burst: int | None, triggerers: int) -> None:
    """Measure and print."""
    account = Account()
    with (
        tempfile.TemporaryDirectory(prefix="datapipeline-benchmark-") as folder,
        EmulatorServer(account) as emulator,
        running(Path(folder), emulator.url, held=held, triggerers=triggerers, tell=_tell) as (deployment, server),
        Database(server.dsn, deployment.environment) as database,
    ):
        bench = Bench(deployment, server, database, account, short=short, ends=ends, tell=_tell)
        bench.hold_first()
        bench.fill(min(FEW, held))
        bench.settle()
        small = bench.memory()
        _tell(f"Filling up to {held} tasks")
        bench.fill(held)
        seconds, missing = bench.settle()
        full = bench.memory()
        phases = [bench.steady(minutes), bench.kill_triggerer()]
        outcome = bench.burst(min(1000, held) if burst is None else burst)
        results = Results(
            title=f"{held} tasks, {short:g}% with short leases; triggerers: {triggerers}; Airflow {AIRFLOW_VERSION}",
            settle_seconds=seconds,
            settle_missing=missing,
            renewed=bench.renewed,
            small=small,
            full=full,
            phases=phases,
            burst=outcome,
            lost=len(bench.lost()),
            slowest_call=account.slowest,
        )
        print(table(results), flush=True)  # noqa: T201  # a program for people


def _tell(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what} ...", flush=True)  # noqa: T201  # a program for people
