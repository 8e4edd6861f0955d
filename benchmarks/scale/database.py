"""Airflow's database, as the scale benchmark changes it: runs are copied, and target runs end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Self

import psycopg2  # type: ignore[import-untyped]  # ships no types

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_END = (
    # The run first, as the scheduler does: the other way round, each could wait for the other.
    "UPDATE dag_run SET state = 'success', end_date = now() WHERE dag_id = %s AND run_id = ANY(%s)",
    "UPDATE task_instance SET state = 'success', end_date = now() WHERE dag_id = %s AND run_id = ANY(%s)",
)


class Database:
    """
    A context manager.

    :param dsn: of Airflow's database
    :param environment: of the deployment
    """

    def __init__(self, dsn: str, environment: Mapping[str, str]) -> None:
        self._connection = psycopg2.connect(dsn)
        self._copier = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.scale.copier"],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._copier.communicate(timeout=60)

    def conf(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """The conf of a run."""
        found = self._query("SELECT conf FROM dag_run WHERE dag_id = %s AND run_id = %s", dag_id, run_id)
        conf: dict[str, Any] = found[0][0]
        return conf

    def tasks(self, dag_id: str, run_id: str) -> dict[str, tuple[str | None, int | None]]:
        """State and trigger of each task of a run."""
        found = self._query(
            "SELECT task_id, state, trigger_id FROM task_instance WHERE dag_id = %s AND run_id = %s", dag_id, run_id
        )
        return {task_id: (state, trigger_id) for task_id, state, trigger_id in found}

    def run_ids(self, dag_id: str) -> list[str]:
        """The runs of a DAG."""
        return [row[0] for row in self._query("SELECT run_id FROM dag_run WHERE dag_id = %s", dag_id)]

    def copy(self, request: Mapping[str, Any]) -> None:
        """Have runs copied; what the request is, the copier says."""
        pipes = self._copier
        assert pipes.stdin, "the copier has no input"
        assert pipes.stdout, "the copier has no output"
        pipes.stdin.write(json.dumps(request) + "\n")
        pipes.stdin.flush()
        if not pipes.stdout.readline():
            raise RuntimeError(f"copying runs failed with status {pipes.wait()}; its error is above")

    def end_runs(self, dag_id: str, run_ids: Sequence[str]) -> float:
        """Let runs succeed, in one transaction; return when that was."""
        with self._connection, self._connection.cursor() as cursor:
            for statement in _END:
                cursor.execute(statement, (dag_id, list(run_ids)))
            return time.time()

    def _query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())
