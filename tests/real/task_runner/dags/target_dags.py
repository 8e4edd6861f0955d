"""DAGs that end in every way there is; none of them knows of AWS Data Pipeline."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException


def dag(dag_id: str, **arguments: Any) -> DAG:
    """Return a DAG that is only ever triggered."""
    return DAG(dag_id, schedule=None, max_active_runs=100, tags=["test"], **arguments)


def divide() -> None:
    """Fail with a chain of two exceptions."""
    try:
        sum([]) / len([])
    except ZeroDivisionError as error:
        raise ValueError("no rows in /exports/2026-11-22, cannot compute the mean") from error


def succeed() -> str:
    """Do nothing."""
    return "done"


def linger() -> None:
    """Run until killed, or for ten minutes."""
    time.sleep(600)


def skip() -> None:
    """Skip."""
    raise AirflowSkipException("nothing to do")


with dag("succeeds"):
    task(task_id="work")(succeed)()

with dag("fails"):
    task(task_id="work")(divide)()

with dag("fails_after_retry"):
    task(task_id="work", retries=1, retry_delay=timedelta(seconds=1))(divide)()

with dag("recovers"):

    @task(retries=1, retry_delay=timedelta(seconds=1))
    def recover(**context: Any) -> None:
        """Fail the first time."""
        if context["ti"].try_number == 1:
            raise RuntimeError("first try")

    recover()

with dag("forbids_retries"):

    @task(retries=3)
    def forbid() -> None:
        """Fail for good."""
        raise AirflowFailException("the input is malformed")

    forbid()

with dag("skips"):
    task(task_id="work")(skip)()

with dag("times_out"):
    task(task_id="work", execution_timeout=timedelta(seconds=2))(linger)()

with dag("run_times_out", dagrun_timeout=timedelta(seconds=3)):
    task(task_id="work")(linger)()

with dag("lingers"):
    task(task_id="work")(linger)()

with dag("lingers_with_retry"):

    @task(task_id="work", retries=1, retry_delay=timedelta(seconds=1))
    def linger_once(**context: Any) -> None:
        """Wait to be killed in the first try."""
        if context["ti"].try_number == 1:
            time.sleep(600)

    linger_once()

with dag("exits"):

    @task
    def leave() -> None:
        """End the process as scripts do."""
        raise SystemExit(3)

    leave()

with dag("dies"):

    @task
    def die() -> None:
        """End the process without a word."""
        os._exit(1)

    die()

with dag("cascades"):

    @task
    def never(_: Any) -> None:
        """Not be reached."""

    never(task(task_id="first")(divide)())

with dag("fails_and_tears_down"):
    setup = task(task_id="setup")(succeed)()
    work = task(task_id="work")(divide)()
    setup >> work >> task(task_id="teardown")(succeed)().as_teardown(setups=setup)

with dag("teardown_fails"):
    setup = task(task_id="setup")(succeed)()
    setup >> task(task_id="work")(succeed)() >> task(task_id="teardown")(divide)().as_teardown(setups=setup)

with dag("masks_its_failure"):
    task(task_id="work")(divide)() >> task(task_id="leaf", trigger_rule=TriggerRule.ALL_DONE)(succeed)()

with dag("fails_mapped"):

    @task
    def one(index: int) -> None:
        """Fail for one index."""
        if index == 2:
            raise LookupError(f"shard {index} is missing")

    one.expand(index=[0, 1, 2])

with dag("template_fails"):

    @task.bash
    def bash() -> str:
        """Refer to what is not there."""
        return "echo {{ nothing.at.all }}"

    bash()

with dag("shell_command"):

    @task.bash
    def command() -> str:
        """Run the activity's command."""
        return "{{ dag_run.conf.datapipeline.fields.command }}"

    command()

with dag("uses_a_macro"):

    @task.bash
    def year() -> str:
        """Use the time that the activity is scheduled for."""
        return "test {{ macros.datapipeline.task(dag_run).scheduled_start_time.year }} -gt 2000"

    year()

with dag("prints_a_secret"):

    @task
    def leak() -> None:
        """Fail with a password in the message."""
        from airflow.sdk.log import mask_secret

        mask_secret("hunter2-hunter2")
        raise RuntimeError("cannot log in with hunter2-hunter2")

    leak()

with dag("defers"):
    from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor

    TimeDeltaSensor(task_id="wait", delta=timedelta(seconds=5), deferrable=True)

with dag("returns_false"):
    task(task_id="check")(lambda: False)()

with dag("returns_true"):
    task(task_id="check")(lambda: True)()

with dag("short_circuits"):

    @task.short_circuit
    def gate() -> bool:
        """Let nothing pass."""
        return False

    gate() >> task(task_id="last")(succeed)()

with dag("branches_to_success"):
    task(task_id="unused")(skip)()
    task(task_id="check")(lambda: True)()

with dag("paused", is_paused_upon_creation=True):
    task(task_id="work")(succeed)()

with dag("one_at_a_time"):

    @task
    def queue_up(**context: Any) -> None:
        """Wait for a file."""
        while not Path(context["dag_run"].conf["datapipeline"]["fields"]["myFile"]).exists():
            time.sleep(0.2)

    queue_up()

with dag("empty"):
    pass
