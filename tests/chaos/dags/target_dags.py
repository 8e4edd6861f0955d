"""Target DAGs that write a journal: when each execution of an attempt started and ended, and whether two overlapped."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, task

if TYPE_CHECKING:
    from collections.abc import Iterator

JOURNAL = Path(os.environ.get("FAULTS_JOURNAL", "/nowhere"))
# Airflow repeats a task that a fault has killed.
STEADY: dict[str, Any] = {"retries": 5, "retry_delay": timedelta(seconds=1)}


def dag(dag_id: str) -> DAG:
    """Return a DAG without a schedule."""
    return DAG(dag_id, schedule=None, max_active_runs=100, tags=["faults"])


@contextmanager
def recorded(context: Any) -> Iterator[None]:
    """
    Write start, end and overlap into the journal.

    A file lock shows an overlap. The kernel releases the lock when its process dies.
    """
    run = context["dag_run"]
    about = run.conf["datapipeline"]
    attempt = f"{about['pipelineId']} {about['attemptId']}"

    def note(event: str) -> None:
        line = {
            "attempt": attempt,
            "run": run.run_id,
            "try": context["ti"].try_number,
            "event": event,
            "at": time.time(),
        }
        with (JOURNAL / "journal.jsonl").open("a") as journal:
            journal.write(json.dumps(line) + "\n")

    with (JOURNAL / f"{hashlib.sha256(attempt.encode()).hexdigest()}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("overlap")
        note("start")
        try:
            yield
        finally:
            note("end")


def work(seconds: float) -> Any:
    """Return a function that takes this time."""

    def do(**context: Any) -> bool:
        with recorded(context):
            time.sleep(seconds)
        return True

    return do


with dag("succeeds"):
    task(task_id="work", **STEADY)(work(1))()

with dag("takes_long"):
    task(task_id="work", **STEADY)(work(20))()

with dag("takes_minutes"):
    task(task_id="work", **STEADY)(work(200))()

with dag("fails"):

    @task(task_id="work")
    def fail(**context: Any) -> None:
        """Fail for good, with a secret in the message."""
        from airflow.sdk.log import mask_secret

        secret = os.environ["FAULTS_SECRET"]
        mask_secret(secret)
        with recorded(context):
            time.sleep(2)
            raise ValueError(f"cannot log in with {secret}")

    fail()

with dag("recovers"):

    @task(task_id="work", **STEADY)
    def recover(**context: Any) -> None:
        """Fail once."""
        with recorded(context):
            time.sleep(1)
            if context["ti"].try_number == 1:
                raise RuntimeError("first try")

    recover()

with dag("is_killed"):

    @task(task_id="work")
    def be_killed(**context: Any) -> None:
        """End as if the kernel's out-of-memory killer had killed the process."""
        with recorded(context):
            time.sleep(1)
            os.kill(os.getpid(), signal.SIGKILL)

    be_killed()

with dag("holds"):
    task(task_id="work", **STEADY)(work(1))()

with dag("does_not_hold"):

    @task(task_id="work", **STEADY)
    def check(**context: Any) -> bool:
        """Return that a precondition does not hold."""
        with recorded(context):
            time.sleep(1)
        return False

    check()

with dag("reports_itself"):
    from airflow_provider_datapipeline.operators.datapipeline import DataPipelineSetTaskStatusOperator

    work_ = task(task_id="work", **STEADY)(work(1))()
    work_ >> DataPipelineSetTaskStatusOperator(task_id="report", retries=5, retry_delay=timedelta(seconds=1))
