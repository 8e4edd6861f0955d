"""The distributed Airflow that the faults are done to: two of everything that there may be two of."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2  # type: ignore[import-untyped]  # ships no types
from celery import Celery  # type: ignore[import-untyped]  # likewise
from kombu.exceptions import KombuError
from redis import RedisError

from tests.support.harness import Deployment
from tests.support.harness.guard import members
from tests.support.harness.waiting import wait_until

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

# Airflow's own time limits, shorter than by default so that a run takes minutes. None of the package is changed, and
# neither is the service's acknowledgement window of 2 minutes.
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
"""Setting: value here and Airflow's default, in seconds."""


_BROKER_IS_AWAY = (RedisError, KombuError, OSError)
_ALIVE = "state = 'running' AND latest_heartbeat > now() - interval '10 seconds'"
_JOBS = {"scheduler": "SchedulerJob", "triggerer": "TriggererJob", "dag-processor": "DagProcessorJob"}


class Cluster(Deployment):
    """
    An Airflow with CeleryExecutor on PostgreSQL and Redis.

    :param servers: running
    :param variables: more environment
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
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True",  # the poller runs by itself
            **{name: value for name, (value, _) in TIMINGS.items()},
        }
        super().__init__(home, {**settings, **variables}, components=COMPONENTS)
        api = self.address
        self.environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] = f"{api}/execution/"
        host, port = api.removeprefix("http://").split(":")
        self.environment["AIRFLOW_CONN_AIRFLOW_API"] = json.dumps(
            {"conn_type": "http", "host": host, "port": int(port)}
        )
        self._celery = Celery(broker=servers.broker_url)

    def stop(self) -> None:
        """End every process of the deployment by force; harmless when there is none."""
        super().stop()
        self._celery.close()

    def kill(self, *names: str) -> None:
        """SIGKILL components with all that they have started: the loss of their machines."""
        for name in names:
            self.component(name).kill()

    def start_again(self, *names: str) -> None:
        """Start components that were killed."""
        for name in names:
            self.component(name).restart()

    def revive(self) -> None:
        """Start again what has ended by itself, as a service manager does."""
        for component in self.components:
            if not component.runs:
                component.restart()

    def wait_until_whole(self, *, timeout: float = 180) -> None:
        """Return when every component runs and is known to be well, the second of a kind as well."""

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
        """The worker that a task's process belongs to; None when the process is gone."""
        workers = [component for component in self.components if component.role == "worker"]
        return next((worker.name for worker in workers if pid in members(worker.pid)), None)

    def triggerer(self, job_id: int) -> str | None:
        """The triggerer of a job; None when its process is gone. Their order tells: a job knows no process id."""
        rows = self.query(f"SELECT id FROM job WHERE job_type = 'TriggererJob' AND {_ALIVE} ORDER BY start_date")
        triggerers = [component for component in self.components if component.role == "triggerer" and component.runs]
        by_age = sorted(triggerers, key=lambda component: component.started_at)
        jobs = [row[0] for row in rows[-len(by_age) :]]
        return by_age[jobs.index(job_id)].name if job_id in jobs and len(jobs) == len(by_age) else None

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of Airflow's database."""
        with (
            closing(psycopg2.connect(self.servers.dsn, connect_timeout=5)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def busy_workers(self) -> dict[str, list[Any]] | None:
        """What each worker works on and has taken from the queue; None when not all of them answer."""
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
