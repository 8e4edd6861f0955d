"""A distributed Airflow, whose parts the faults hit. It has two of each component that Airflow may run twice."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2  # type: ignore[import-untyped]  # ships no types
from celery import Celery  # type: ignore[import-untyped]  # likewise
from kombu.exceptions import KombuError
from redis import RedisError

from tests.support.harness import Deployment
from tests.support.harness.guard import members
from tests.support.harness.waiting import wait_until
from tests.support.task_runner import POLLER_RUNS_BY_ITSELF

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.chaos.servers import Servers

SLOTS_PER_WORKER = 4

COMPONENTS = {
    "api-server": ["api-server"],
    "scheduler-1": ["scheduler", "--skip-serve-logs"],
    "scheduler-2": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer-1": ["triggerer", "--skip-serve-logs"],
    "triggerer-2": ["triggerer", "--skip-serve-logs"],
    **{
        f"worker-{number}": [
            *("celery", "worker", "--skip-serve-logs", "--without-mingle", "--without-gossip"),
            *("--concurrency", str(SLOTS_PER_WORKER), "--celery-hostname", f"worker-{number}@here"),
        ]
        for number in (1, 2)
    },
}

# Airflow's own time limits, shorter than by default, so that the suite takes minutes. The package's own limits have
# their defaults, and so has the service's acknowledgement window of 2 minutes.
TIMINGS = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": ("20", "300"),
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": ("5", "10"),
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": ("15", "300"),
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": ("15", "30"),
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": ("45", "600"),
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": ("10", "120"),
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": ("15", "30"),
    "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": ("10", "90"),
}
"""By setting: the value of this suite, and Airflow's default, in seconds."""


_BROKER_IS_AWAY = (RedisError, KombuError, OSError)
_ALIVE = "state = 'running' AND latest_heartbeat > now() - interval '10 seconds'"
_JOBS = {"scheduler": "SchedulerJob", "triggerer": "TriggererJob", "dag-processor": "DagProcessorJob"}


class Cluster(Deployment):
    """
    An Airflow with CeleryExecutor on PostgreSQL and Redis.

    :param servers: the database and the broker, which run already
    :param variables: additional environment of every process
    """

    def __init__(self, home: Path, servers: Servers, variables: Mapping[str, str]) -> None:
        self.servers = servers
        settings = {
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__PARALLELISM": "32",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": servers.database_url,
            "AIRFLOW__CELERY__BROKER_URL": servers.broker_url,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{servers.database_url.replace('+psycopg2', '')}",
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            **POLLER_RUNS_BY_ITSELF,
            **{name: value for name, (value, _) in TIMINGS.items()},
        }
        super().__init__(home, {**settings, **variables}, components=COMPONENTS)
        self.environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] = f"{self.address}/execution/"
        self.connect_to_own_api("airflow_api")
        self._celery = Celery(broker=servers.broker_url)

    def stop(self) -> None:
        """End every process of the deployment by force; do nothing where none runs."""
        super().stop()
        self._celery.close()

    def kill(self, *names: str) -> None:
        """Send SIGKILL to components and to all their child processes, as if their machines were lost."""
        for name in names:
            self.component(name).kill()

    def start_again(self, *names: str) -> None:
        """Start components that were killed."""
        for name in names:
            self.component(name).restart()

    def revive(self) -> None:
        """Restart each component that has ended by itself, as a service manager does."""
        for component in self.components:
            if not component.runs:
                component.restart()

    def wait_until_whole(self, *, timeout: float = 180) -> None:
        """Return when every component runs and is healthy, including the second one of each kind."""

        def whole() -> bool | None:
            self.revive()
            return None if self._unwell() else True

        wait_until(
            whole,
            "the cluster to be whole",
            timeout=timeout,
            last_seen=lambda: f"{self._unwell()}\n{self.logs.tails()}",
        )

    def worker_of(self, pid: int) -> str | None:
        """Return the name of the worker that a task's process belongs to; None when the process has ended."""
        workers = [component for component in self.components if component.role == "worker"]
        return next((worker.name for worker in workers if pid in members(worker.pid)), None)

    def triggerer(self, job_id: int) -> str | None:
        """
        Return the name of the triggerer that a job belongs to; None when its process has ended.

        A job does not record a process id. Jobs and processes are paired in the order in which they started.
        """
        rows = self.query(f"SELECT id FROM job WHERE job_type = 'TriggererJob' AND {_ALIVE} ORDER BY start_date")
        triggerers = [component for component in self.components if component.role == "triggerer" and component.runs]
        by_age = sorted(triggerers, key=lambda component: component.started_at)
        jobs = [row[0] for row in rows[-len(by_age) :]]
        return by_age[jobs.index(job_id)].name if job_id in jobs and len(jobs) == len(by_age) else None

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a query on Airflow's database; return its rows."""
        with (
            closing(psycopg2.connect(self.servers.dsn, connect_timeout=5)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def busy_workers(self) -> dict[str, list[Any]] | None:
        """
        Return the tasks that each worker runs or has taken from the queue, by the worker's name.

        None when a worker does not answer.
        """
        inspect = self._celery.control.inspect(timeout=2)
        try:
            active, reserved = inspect.active() or {}, inspect.reserved() or {}
        except _BROKER_IS_AWAY:
            return None
        if len(active) < 2 or len(reserved) < 2:
            return None
        return {name: [*active[name], *reserved.get(name, [])] for name in active}

    def _unwell(self) -> str:
        components = [component for component in self.components if component.runs]
        if len(components) < len(COMPONENTS):
            return "not all processes run"
        try:
            rows = self.query(f"SELECT job_type, start_date FROM job WHERE {_ALIVE}")
        except psycopg2.OperationalError as error:
            return str(error)
        for role, job_type in _JOBS.items():
            started = sorted(component.started_at for component in components if component.role == role)
            jobs = sorted(start for kind, start in rows if kind == job_type)[-len(started) :]
            if len(jobs) < len(started) or any(job < start for job, start in zip(jobs, started, strict=True)):
                return f"{role}: processes started at {started}, live jobs at {jobs}"
        if not self._rest.health():
            return "the API server does not answer"
        try:
            pongs = self._celery.control.ping(timeout=2)
        except _BROKER_IS_AWAY as error:
            return str(error)
        return "" if len(pongs) == 2 else f"workers that answer: {pongs}"
