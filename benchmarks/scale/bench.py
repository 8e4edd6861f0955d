"""The phases of the scale benchmark, one after the other."""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from airflow_provider_datapipeline._task_runner.assignment import RUNNER_KEY, run_id_of
from airflow_provider_datapipeline.emulator.errors import ServiceError
from airflow_provider_datapipeline.pipeline_task import PipelineTask
from benchmarks.scale import figures
from benchmarks.scale.account import LONG_LEASE, SHORT_LEASE, STALLED, Account, Held
from benchmarks.scale.deployment import RUNNER_DAG, TARGET_DAG
from benchmarks.scale.results import Burst, Memory, Phase
from benchmarks.usage import cpu_seconds, own_cpu_seconds, resident_bytes
from tests.support.harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.scale.database import Database
    from tests.support.harness import Deployment
    from tests.support.harness.postgresql import PostgreSQL

_COPIED_AT_ONCE: Final = 100
_POLLED_BEFORE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 1.0
_LOST_SECONDS: Final = 5.0
"""Between two looks at all attempts: that takes 50 ms for 5,000, in which the emulated service stands still."""
_TELL_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 180.0
"""For a report, after the phase in which the run ended."""


class Bench:
    """
    The tasks that are held, and what is done to them.

    :param short: percent of the tasks that have the short lease
    :param ends: seconds between two target runs that end
    """

    def __init__(
        self,
        deployment: Deployment,
        server: PostgreSQL,
        database: Database,
        account: Account,
        *,
        short: float,
        ends: float,
        tell: Callable[[str], None],
    ) -> None:
        self.deployment = deployment
        self.account = account
        self.held: dict[str, Held] = {}
        self.renewed = 0
        """Leases that the benchmark has renewed."""
        self._database = database
        self._components = [*deployment.components, server.component]
        self._triggerers = [each for each in deployment.components if each.role == "triggerer"]
        self._short = short
        self._ends = ends
        self._marked: dict[str, float] = {}
        self._lost: dict[str, float] = {}
        self._looked = 0.0
        self._random = random.Random(1)  # noqa: S311  # which run ends when, and not a secret
        self._tell = tell

    # Filling up

    def hold_first(self) -> None:
        """Have a task polled, started and supervised as every task is."""
        self.account.submit(TARGET_DAG)

        def supervised() -> str | None:
            for run_id in self._database.run_ids(RUNNER_DAG):
                supervise = self._database.tasks(RUNNER_DAG, run_id).get("supervise", (None, None))
                work = self._database.tasks(TARGET_DAG, run_id).get("work", (None, None))
                if supervise[0] == "deferred" and supervise[1] and work[0] == "running":
                    return run_id
            return None

        run_id = wait_until(supervised, "the first task to be supervised", timeout=180, last_seen=self._logs)
        task = PipelineTask.from_conf(self._database.conf(RUNNER_DAG, run_id))
        self.held[task.task_id] = Held(task, 60.0 * LONG_LEASE)

    def fill(self, tasks: int) -> None:
        """Hold so many tasks in all; the new ones are copies of the first."""
        first = next(iter(self.held.values()))
        run_id = run_id_of(first.task)
        confs = [self._database.conf(dag_id, run_id) for dag_id in (RUNNER_DAG, TARGET_DAG)]
        while (missing := tasks - len(self.held)) > 0:
            copies = []
            for _ in range(min(missing, _COPIED_AT_ONCE)):
                held = self.account.hand_out(TARGET_DAG, minutes=self._lease_minutes(tasks))
                self.held[held.task.task_id] = held
                runner_conf, target_conf = ({**conf, **held.task.to_conf()} for conf in confs)
                polled_at = time.time() - _POLLED_BEFORE_SECONDS
                runner_conf[RUNNER_KEY] = {**runner_conf[RUNNER_KEY], "polled_at": polled_at}
                run = {"run_id": run_id_of(held.task), "runner_conf": runner_conf, "target_conf": target_conf}
                copies.append(run)
            self._database.copy({"runner": [RUNNER_DAG, run_id], "target": [TARGET_DAG, run_id], "copies": copies})
            self._keep_leases()

    def settle(self) -> tuple[float, int]:
        """Keep leases until each task had a heartbeat; return the seconds it took, and how many had none until then."""
        start = time.time()
        longest = max(120.0, len(self.held) / 4)
        told = start
        while (missing := len(self.held.keys() - self._heartbeats().keys())) and time.time() - start < longest:
            self._keep_leases()
            if time.time() - told > _TELL_SECONDS:
                told += _TELL_SECONDS
                self._tell(f"{missing} tasks have had no heartbeat yet")
            time.sleep(_LOOK_SECONDS)
        return time.time() - start, missing

    def _lease_minutes(self, tasks: int) -> int:
        wanted = round(tasks * self._short / 100)
        short = sum(1 for each in self.held.values() if each.timeout == 60.0 * SHORT_LEASE)
        return SHORT_LEASE if short < wanted * len(self.held) / tasks else LONG_LEASE

    def _keep_leases(self) -> None:
        now = time.time()
        for task_id, held in self.held.items():
            if now - self.account.renewed.get(task_id, now) > held.timeout / 2:
                with contextlib.suppress(ServiceError):  # lost already, which is counted
                    self.account.renew(task_id)
                    self.renewed += 1

    # Measuring

    def memory(self) -> Memory:
        """Measure what the triggerers have in memory now."""
        return Memory(len(self.held), sum(resident_bytes(each) for each in self._triggerers))

    def steady(self, minutes: float) -> Phase:
        """Let target runs end, one after the other, and count."""
        end = time.time() + 60 * minutes
        return self._phase("steady state", lambda _: time.time() >= end)

    def kill_triggerer(self) -> Phase:
        """Kill the first triggerer and start it again; count until every task that is left has had a heartbeat."""
        killed = time.time()
        self._triggerers[0].kill()
        self._triggerers[0].restart()
        # By then whoever had no heartbeat has lost the lease.
        longest = killed + 60.0 * LONG_LEASE + 60

        def recovered(waiting: set[str]) -> bool:
            heartbeats = self._heartbeats()
            without_heartbeat = [each for each in waiting if not heartbeats.get(each) or heartbeats[each][-1] <= killed]
            return not without_heartbeat or time.time() > longest

        phase = self._phase("after kill -9", recovered, start=killed)
        heartbeats = self._heartbeats()
        first = [next((each for each in times if each > killed), math.nan) - killed for times in heartbeats.values()]
        phase.first_heartbeats = sorted(each for each in first if not math.isnan(each))
        return phase

    def burst(self, runs: int) -> Burst:
        """Let target runs end at once; measure until each is reported."""
        waiting = self._waiting()
        chosen = self._random.sample(sorted(waiting), min(runs, len(waiting)))
        self._tell(f"{len(chosen)} target runs end at once")
        usage = self._cpu()
        marked = self._end(chosen)
        longest = marked + 300 + len(chosen) / 2
        while time.time() < longest and not self._reports().keys() >= set(chosen):
            time.sleep(_LOOK_SECONDS)
        views = self.account.attempts_of(self.held[each] for each in chosen)
        span = figures.Span(marked, time.time())
        return Burst(
            tasks=len(chosen),
            delays=figures.delays(dict.fromkeys(chosen, marked), self._reports()),
            statuses=Counter(view.reported_status or view.status for view in views.values()),
            throttled=figures.throttled(self.account.calls, figures.REPORT, span),
            heartbeats_throttled=figures.throttled(self.account.calls, figures.HEARTBEAT, span),
            cpu=self._cpu_since(usage),
            seconds=span.seconds,
        )

    def _phase(self, name: str, over: Callable[[set[str]], bool], *, start: float | None = None) -> Phase:
        self._tell(name)
        start = time.time() if start is None else start
        usage = self._cpu()
        marked: dict[str, float] = {}
        next_end, told = start + self._ends, start
        while not over(waiting := self._waiting()):
            if time.time() >= next_end and waiting:
                next_end += self._ends
                chosen = self._random.choice(sorted(waiting))
                marked[chosen] = self._end([chosen])
            if time.time() - told > _TELL_SECONDS:
                told += _TELL_SECONDS
                self._tell(f"{name}: {len(waiting)} held, {len(self.lost())} lost so far")
            time.sleep(_LOOK_SECONDS)
        span = figures.Span(start, time.time())
        cpu = self._cpu_since(usage)
        self._await_reports(marked)
        lost = {each: when for each, when in self.lost().items() if span.holds(when)}
        reports = self._reports()
        over_at = {task_id: times[0] for task_id, times in reports.items()} | self.lost()
        timeouts = {task_id: each.timeout for task_id, each in self.held.items()}
        calls = self.account.calls
        return Phase(
            name=name,
            span=span,
            heartbeats_per_minute=figures.per_minute(calls, figures.HEARTBEAT, span),
            throttled=figures.throttled(calls, figures.HEARTBEAT, span),
            gaps=figures.largest_gaps(self._heartbeats(), timeouts, over_at, span),
            timeouts=timeouts,
            lost=Counter(round(timeouts[each] / 60) for each in lost),
            delays=figures.delays(marked, reports),
            cpu=cpu,
        )

    def _await_reports(self, marked: dict[str, float]) -> None:
        patience = time.time() + _PATIENCE_SECONDS
        while time.time() < patience and not self._reports().keys() | self.lost().keys() >= marked.keys():
            time.sleep(_LOOK_SECONDS)

    def _end(self, task_ids: list[str]) -> float:
        moment = self._database.end_runs(TARGET_DAG, [run_id_of(self.held[each].task) for each in task_ids])
        self._marked |= dict.fromkeys(task_ids, moment)
        return moment

    def _waiting(self) -> set[str]:
        """The tasks whose runs have not been ended, and whose leases live."""
        return self.held.keys() - self._marked.keys() - self.lost().keys()

    def lost(self) -> dict[str, float]:
        """When each lease was lost that was, a few seconds late."""
        if time.time() - self._looked > _LOST_SECONDS:
            self._looked = time.time()
            for task_id, view in self.account.attempts_of(self.held.values()).items():
                if view.error_id == STALLED and view.ended:
                    self._lost[task_id] = view.ended.timestamp()
        return self._lost

    def _heartbeats(self) -> dict[str, list[float]]:
        return figures.moments(self.account.calls, figures.HEARTBEAT)

    def _reports(self) -> dict[str, list[float]]:
        return figures.moments(self.account.calls, figures.REPORT)

    def _cpu(self) -> dict[str, float]:
        return {**cpu_seconds(self._components), "this process (emulator)": own_cpu_seconds()}

    def _cpu_since(self, before: dict[str, float]) -> dict[str, float]:
        return {name: seconds - before.get(name, 0.0) for name, seconds in self._cpu().items()}

    def _logs(self) -> str:
        return self.deployment.logs.tails()
