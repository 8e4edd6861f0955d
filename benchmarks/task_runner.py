"""
What the task runner costs, against mapped deferrable TriggerDagRunOperators over the same target DAG.

Run in the project's folder: ``python -m benchmarks task_runner``. Both ways have the same real Airflow, with Airflow's
own intervals instead of the shorter ones of the tests, one after the other, each after a warm-up. The emulated service
runs in this process, keeps to the account's rates and is not counted. Compare ratios, and only within one run.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings
from benchmarks.usage import cpu_seconds
from tests.support.account import REGION, connection
from tests.support.harness import Deployment
from tests.support.harness.settings import AIRFLOW_VERSION, AIRFLOWS_OWN_INTERVALS, LAYOUT
from tests.support.harness.waiting import wait_until
from tests.support.submissions import Submissions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TASKS: Final = 100
WARM_UP_TASKS: Final = 4
IDLE_SECONDS: Final = 10
SETTLE_SECONDS: Final = 5
"""Counted after the last task has ended: Airflow has the runs themselves still to end, here as there."""
LONGEST_SECONDS: Final = 900
WALL_TARGET: Final = 1.0
CPU_TARGET: Final = 0.7

RUNNER: Final = "task runner"
BASELINE: Final = "TriggerDagRun"

VARIABLES: Final = {
    "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True",  # the poller runs by itself
    **AIRFLOWS_OWN_INTERVALS,  # the shorter ones of the harness would cost CPU in both ways alike
}

TARGET_DAG: Final = '''
"""The DAG whose runs both ways start."""

from airflow.sdk import DAG, task

with DAG("target", schedule=None):
    task(task_id="work")(lambda: None)()
'''

RUNNER_DAGS: Final = '''
"""The DAGs of the task runner (Airflow reads only files that have the word DAG in them)."""

from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner

poller, runner = data_pipeline_task_runner(worker_group="benchmark")
'''

BASELINE_DAGS: Final = '''
"""As many runs of the target as mapped tasks, which wait for them in the triggerer."""

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

for dag_id, tasks in {dags!r}.items():
    with DAG(dag_id, schedule=None):
        TriggerDagRunOperator.partial(
            task_id="trigger",
            trigger_dag_id="target",
            logical_date=None,
            wait_for_completion=True,
            deferrable=True,
            poke_interval=5,
        ).expand(conf=[{{"number": number}} for number in range(tasks)])
'''


@dataclass(frozen=True)
class Measurement:
    """What one way took: seconds until the last task had ended, CPU seconds by component, requests by operation."""

    wall: float
    span: float
    """Seconds in which ``cpu`` was counted."""
    cpu: Mapping[str, float]
    requests: Mapping[str, int]
    outcomes: Mapping[str, int]

    @property
    def cpu_total(self) -> float:
        """CPU seconds of all components."""
        return sum(self.cpu.values())


class Bench:
    """One Airflow and one emulated account, and both ways to have tasks done."""

    def __init__(self, deployment: Deployment, server: EmulatorServer) -> None:
        self.deployment = deployment
        self.server = server
        self.submissions = Submissions(server)

    def measure(self, way: Callable[[int], tuple[float, Mapping[str, int]]], tasks: int) -> Measurement:
        """Measure a way: it does so many tasks, and returns when the last one ended, and how many ended how."""
        requests = len(self.server.service.requests)
        before = cpu_seconds(self.deployment.components)
        start = time.time()
        end, outcomes = way(tasks)
        time.sleep(max(0.0, end + SETTLE_SECONDS - time.time()))
        after = cpu_seconds(self.deployment.components)
        return Measurement(
            wall=end - start,
            span=time.time() - start,
            cpu={name: after[name] - before[name] for name in after},
            requests=Counter(each.operation or "unknown" for each in self.server.service.requests[requests:]),
            outcomes=outcomes,
        )

    def task_runner(self, tasks: int) -> tuple[float, Mapping[str, int]]:
        """Queue tasks of AWS Data Pipeline, and wait until each has been reported."""
        pipelines = {self.submissions.submit("target", worker_group="benchmark").pipeline_id for _ in range(tasks)}

        def reported() -> tuple[float, Mapping[str, int]] | None:
            attempts = [each for each in self.server.service.attempts(REGION) if each.pipeline_id in pipelines]
            ends = [each.ended.timestamp() for each in attempts if each.ended]
            if len(ends) < tasks:
                return None
            return max(ends), Counter(each.reported_status or each.status for each in attempts)

        return wait_until(reported, f"{tasks} reports", timeout=LONGEST_SECONDS)

    def trigger_dag_runs(self, tasks: int) -> tuple[float, Mapping[str, int]]:
        """Run the DAG with so many TriggerDagRunOperators, and wait until the run has ended."""
        dag_id = baseline_dag_id(tasks)
        run_id = self.deployment.trigger(dag_id)
        deadline = time.monotonic() + LONGEST_SECONDS
        while not (run := self.deployment.run(dag_id, run_id))["end_date"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{dag_id} is {run['state']} after {LONGEST_SECONDS} s")
            time.sleep(2)  # asking costs the deployment CPU time that would be counted
        return datetime.fromisoformat(run["end_date"]).astimezone(UTC).timestamp(), {f"run {run['state']}": 1}

    def idle(self, _: int) -> tuple[float, Mapping[str, int]]:
        """Do nothing."""
        return time.time() + IDLE_SECONDS - SETTLE_SECONDS, {}


def baseline_dag_id(tasks: int) -> str:
    """Name the DAG with so many mapped tasks."""
    return f"trigger_{tasks}_dag_runs"


def show(tasks: int, idle: Measurement, measured: Mapping[str, Measurement]) -> None:
    """Print the table and the ratios."""
    runner, baseline = measured[RUNNER], measured[BASELINE]
    floor = idle.cpu_total / idle.span
    rows: list[tuple[str, Callable[[Measurement], float]]] = [
        ("wall, s", lambda each: each.wall),
        ("CPU, s", lambda each: each.cpu_total),
        *[(f"  {name}", lambda each, name=name: each.cpu[name]) for name in LAYOUT.components],
        ("CPU above idle, s", lambda each: each.cpu_total - floor * each.span),
    ]
    lines = [
        f"\n{tasks} tasks on Airflow {AIRFLOW_VERSION}; idle: {floor:.2f} CPU seconds a second",
        f"{'':<24}{RUNNER:>16}{BASELINE:>16}{'ratio':>9}",
    ]
    for title, value in rows:
        ours, theirs = value(runner), value(baseline)
        ratio = f"{ours / theirs:>9.2f}" if theirs > 0 else ""
        lines.append(f"{title:<24}{ours:>16.1f}{theirs:>16.1f}{ratio}")
    operations = sorted({*runner.requests, *baseline.requests})
    lines += [
        f"{name:<24}{runner.requests.get(name, 0):>16}{baseline.requests.get(name, 0):>16}" for name in operations
    ]
    lines += [
        f"{name} ended: {', '.join(f'{count} {state}' for state, count in each.outcomes.items())}"
        for name, each in measured.items()
    ]
    lines += [
        verdict("wall", runner.wall / baseline.wall, WALL_TARGET),
        verdict("CPU", runner.cpu_total / baseline.cpu_total, CPU_TARGET),
    ]
    print(*lines, sep="\n", flush=True)  # noqa: T201  # a program for people


def verdict(name: str, ratio: float, target: float) -> str:
    """Say whether a ratio is as it is to be."""
    return f"{name}: {ratio:.2f} of {BASELINE}, at most {target:.2f} wanted: {'met' if ratio <= target else 'MISSED'}"


def tell(what: str) -> None:
    """Say what goes on."""
    print(f"{what} ...", flush=True)  # noqa: T201  # a program for people


def main(tasks: int = TASKS) -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory(prefix="datapipeline-benchmark-") as home,
        EmulatorServer(EmulatorSettings(enforce_rates=True)) as server,
    ):
        variables = {**VARIABLES, "AIRFLOW_CONN_AWS_DEFAULT": connection(server.url)}
        deployment = Deployment(Path(home), variables, progress=tell)
        deployment.dags_folder.mkdir()
        deployment.add_dag_file("target_dag.py", TARGET_DAG)
        deployment.add_dag_file("runner_dags.py", RUNNER_DAGS)
        dags = {baseline_dag_id(each): each for each in (WARM_UP_TASKS, tasks)}
        deployment.add_dag_file("baseline_dags.py", BASELINE_DAGS.format(dags=dags))
        with deployment:
            for dag_id in ("target", "datapipeline_benchmark", "datapipeline_benchmark_poller", *dags):
                deployment.wait_for_dag(dag_id)
            bench = Bench(deployment, server)
            tell("Warming up")
            bench.measure(bench.task_runner, WARM_UP_TASKS)
            bench.measure(bench.trigger_dag_runs, WARM_UP_TASKS)
            tell("Measuring the idle Airflow")
            idle = bench.measure(bench.idle, 0)
            measured = {}
            for name, way in ((RUNNER, bench.task_runner), (BASELINE, bench.trigger_dag_runs)):
                tell(f"Measuring {tasks} tasks, {name}")
                measured[name] = bench.measure(way, tasks)
            show(tasks, idle, measured)


if __name__ == "__main__":
    main()
