"""DAGs that end in every way in which a DAG run can end."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.outcome_matrix.authoring import SOON, Reporting, target
from tests.outcome_matrix.names import (
    AirflowFailException,
    AirflowSkipException,
    BaseOperator,
    TriggerDagRunOperator,
    mask_secret,
    task,
)
from tests.outcome_matrix.triggers import EndingTrigger

OVERTIME_SECONDS = 60
"""More than ``[core] task_success_overtime``, after which Airflow kills a task whose callbacks still run."""

MEETING_SECONDS = 12
"""Together with the time for a report, less than ``[core] task_success_overtime``."""


# What tasks and callbacks do


def divide() -> None:
    """Fail with a chain of two exceptions."""
    try:
        sum([]) / len([])
    except ZeroDivisionError as error:
        raise ValueError("no rows in /exports/2026-11-22, cannot compute the mean") from error


def succeed() -> str:
    return "done"


def linger() -> None:
    """Run until killed, or for ten minutes."""
    time.sleep(600)


def skip() -> None:
    raise AirflowSkipException("nothing to do")


def field(context: Any, name: str) -> str:
    return str(context["dag_run"].conf["datapipeline"]["fields"][name])


def wait_for_gate(context: Any) -> None:
    while not Path(field(context, "myGate")).exists():
        time.sleep(0.1)


def take_long(_: Any) -> None:
    """A callback that takes so long that Airflow kills it together with its task."""
    time.sleep(OVERTIME_SECONDS)


def leave_a_mark_and_take_long(context: Any) -> None:
    """A callback during which the dag-processor is killed."""
    Path(field(context, "myGate") + ".callback").touch()
    time.sleep(OVERTIME_SECONDS)


def meet(context: Any) -> None:
    """A callback of two instances of a mapped task that returns when both instances have called it."""
    met = [Path(field(context, "myGate") + f".met-{index}") for index in (0, 1)]
    met[context["ti"].map_index].touch()
    deadline = time.monotonic() + MEETING_SECONDS
    while not all(each.exists() for each in met) and time.monotonic() < deadline:
        time.sleep(0.1)


def break_down(_: Any) -> None:
    raise RuntimeError("the chat server is down")


def leave(_: Any) -> None:
    raise SystemExit(1)


class DeferringOperator(BaseOperator):
    """
    Defers to a trigger.

    :param ending: how the trigger ends
    :param resumed: the text of the error that the resumed task raises; empty: it succeeds
    :param seconds: the timeout of the deferral
    """

    def __init__(self, *, ending: str, resumed: str = "", seconds: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ending = ending
        self.resumed = resumed
        self.seconds = seconds

    def execute(self, context: Any) -> None:  # noqa: ARG002  # Airflow's signature
        timeout = None if self.seconds is None else timedelta(seconds=self.seconds)
        self.defer(trigger=EndingTrigger(self.ending), method_name="resume", timeout=timeout)

    def resume(self, context: Any, event: Any) -> None:  # noqa: ARG002  # Airflow's signature
        if self.resumed:
            raise LookupError(self.resumed)


# The targets


@target()
def succeeds(reporting: Reporting) -> None:
    task(task_id="work", **reporting.last())(succeed)()


@target()
def fails(reporting: Reporting) -> None:
    task(task_id="work", **reporting.last())(divide)()


@target()
def fails_after_retry(reporting: Reporting) -> None:
    task(task_id="work", retries=1, retry_delay=SOON, **reporting.last())(divide)()


@target()
def recovers(reporting: Reporting) -> None:
    @task(retries=1, retry_delay=SOON, **reporting.last())
    def work(**context: Any) -> None:
        """Fail the first time."""
        if context["ti"].try_number == 1:
            raise RuntimeError("first try")

    work()


@target()
def recovers_with_a_report_on_retry(reporting: Reporting) -> None:
    @task(retries=1, retry_delay=SOON, **reporting.last(on_retry=True))
    def work(**context: Any) -> None:
        """Fail the first time."""
        if context["ti"].try_number == 1:
            raise RuntimeError("first try")

    work()


@target()
def skips(reporting: Reporting) -> None:
    task(task_id="work", **reporting.last())(skip)()


@target(templates=True)
def skips_by_template(reporting: Reporting) -> None:
    task(task_id="work", **reporting.last())(skip)()


@target()
def skips_some(reporting: Reporting) -> None:
    first = task(task_id="first", **reporting.step())(skip)()
    first >> task(task_id="unreached", **reporting.step())(succeed)()
    task(task_id="work", **reporting.last())(succeed)()


@target()
def forbids_retries(reporting: Reporting) -> None:
    @task(retries=2, **reporting.last())
    def work() -> None:
        raise AirflowFailException("the input is malformed")

    work()


@target()
def times_out(reporting: Reporting) -> None:
    task(task_id="work", execution_timeout=timedelta(seconds=2), **reporting.last())(linger)()


@target(dagrun_timeout=timedelta(seconds=3))
def run_times_out(reporting: Reporting) -> None:
    task(task_id="work", **reporting.last())(linger)()


@target()
def lingers(reporting: Reporting) -> None:
    task(task_id="work", **reporting.last())(linger)()


@target()
def lingers_once(reporting: Reporting) -> None:
    @task(retries=1, retry_delay=SOON, **reporting.last())
    def work(**context: Any) -> None:
        """Wait to be killed in the first try."""
        if context["ti"].try_number == 1:
            linger()

    work()


@target()
def lingers_twice(reporting: Reporting) -> None:
    task(task_id="work", retries=1, retry_delay=SOON, **reporting.last())(linger)()


@target()
def outlives_signals(reporting: Reporting) -> None:
    @task(**reporting.last())
    def work(**context: Any) -> None:
        """Run for 5 s, whatever signals come; SIGKILL alone ends it."""
        Path(field(context, "myGate") + ".running").touch()
        end = time.monotonic() + 5
        while time.monotonic() < end:
            time.sleep(0.2)

    work()


@target()
def exits(reporting: Reporting) -> None:
    @task(**reporting.last())
    def work() -> None:
        """End the process as scripts do."""
        raise SystemExit(3)

    work()


@target()
def dies(reporting: Reporting) -> None:
    @task(**reporting.last())
    def work() -> None:
        """End the process without any exception."""
        os._exit(1)

    work()


@target()
def lingers_and_tears_down(reporting: Reporting) -> None:
    setup = task(task_id="setup", **reporting.step())(succeed)()
    work = task(task_id="work", **reporting.last())(linger)()
    setup >> work >> task(task_id="teardown", **reporting.step())(succeed)().as_teardown(setups=setup)


@target()
def defers(reporting: Reporting) -> None:
    DeferringOperator(task_id="work", ending="event", **reporting.last())


@target()
def defers_to_an_error(reporting: Reporting) -> None:
    DeferringOperator(task_id="work", ending="raise", **reporting.last())


@target()
def defers_to_an_error_twice(reporting: Reporting) -> None:
    DeferringOperator(task_id="work", ending="raise", retries=1, retry_delay=SOON, **reporting.last())


@target()
def defers_too_long(reporting: Reporting) -> None:
    DeferringOperator(task_id="work", ending="never", seconds=4, **reporting.last())


@target()
def resumes_to_fail(reporting: Reporting) -> None:
    DeferringOperator(task_id="work", ending="event", resumed="the answer was no", **reporting.last())


@target()
def trigger_succeeds(reporting: Reporting) -> None:
    DeferringOperator(task_id="work", ending="succeed", **reporting.last())


@target()
def trigger_fails(reporting: Reporting) -> None:
    DeferringOperator(task_id="work", ending="fail", **reporting.last())


@target()
def cascades(reporting: Reporting) -> None:
    first = task(task_id="first", **reporting.step())(divide)()
    first >> task(task_id="never", **reporting.last())(succeed)()


@target()
def fails_when_cleared(reporting: Reporting) -> None:
    @task(**reporting.last())
    def work(**context: Any) -> None:
        if context["ti"].try_number > 1:
            divide()

    work()


@target()
def succeeds_when_cleared(reporting: Reporting) -> None:
    @task(**reporting.last())
    def work(**context: Any) -> None:
        if context["ti"].try_number == 1:
            divide()

    work()


@target()
def fails_and_tears_down(reporting: Reporting) -> None:
    setup = task(task_id="setup", **reporting.step())(succeed)()
    work = task(task_id="work", **reporting.last())(divide)()
    setup >> work >> task(task_id="teardown", **reporting.step())(succeed)().as_teardown(setups=setup)


@target()
def masks_its_failure(reporting: Reporting) -> None:
    work = task(task_id="work", **reporting.step())(divide)()
    work >> task(task_id="leaf", trigger_rule="all_done", **reporting.last())(succeed)()


@target()
def teardown_fails(reporting: Reporting) -> None:
    setup = task(task_id="setup", **reporting.step())(succeed)()
    work = task(task_id="work", **reporting.last())(succeed)()
    setup >> work >> task(task_id="teardown", **reporting.step())(divide)().as_teardown(setups=setup)


@target()
def teardown_fails_after_mark(reporting: Reporting) -> None:
    setup = task(task_id="setup", **reporting.step())(succeed)()
    work = task(task_id="work", **reporting.last())(linger)()
    setup >> work >> task(task_id="teardown", **reporting.step())(divide)().as_teardown(setups=setup)


@target()
def callback_raises(reporting: Reporting) -> None:
    task(task_id="work", **reporting.last(on_failure=[break_down]))(divide)()


@target()
def success_callback_is_slow(reporting: Reporting) -> None:
    task(task_id="work", **reporting.last(on_success=[take_long]))(succeed)()


@target()
def failure_callback_is_slow(reporting: Reporting) -> None:
    task(task_id="work", **reporting.last(on_failure=[take_long]))(divide)()


@target()
def callback_exits(reporting: Reporting) -> None:
    task(task_id="work", **reporting.last(on_failure=[leave]))(divide)()


@target()
def missing_at_start(reporting: Reporting) -> None:
    """A DAG in a file of its own, which is empty when the task's process reads it for the first time."""
    task(task_id="work", **reporting.last())(succeed)()


@target()
def template_fails(reporting: Reporting) -> None:
    @task.bash(**reporting.last())
    def work() -> str:
        """Refer to a name that does not exist."""
        return "echo {{ nothing.at.all }}"

    work()


@target(templates=True)
def reports_by_template(reporting: Reporting) -> None:
    task(task_id="work", **reporting.last())(divide)()


@target()
def fails_slowly_for_good(reporting: Reporting) -> None:
    """Airflow kills the process in the callback after our report, and runs the task again."""

    def fail() -> None:
        raise AirflowFailException("the input is malformed")

    callbacks = reporting.last()
    callbacks["on_failure_callback"] = [*callbacks["on_failure_callback"], take_long]
    task(task_id="work", retries=1, retry_delay=SOON, **callbacks)(fail)()


@target()
def fails_slowly_then_succeeds(reporting: Reporting) -> None:
    """As ``fails_slowly_for_good``, but the try that Airflow adds succeeds."""

    def fail_once(**context: Any) -> None:
        if context["ti"].try_number == 1:
            raise AirflowFailException("the input is malformed")

    callbacks = reporting.last()
    callbacks["on_failure_callback"] = [*callbacks["on_failure_callback"], take_long]
    task(task_id="work", retries=1, retry_delay=SOON, **callbacks)(fail_once)()


@target()
def fails_twice(reporting: Reporting) -> None:
    def fail_later() -> None:
        time.sleep(3)
        raise KeyError("failed later")

    task(task_id="later", **reporting.step())(fail_later)()
    task(task_id="work", **reporting.last())(divide)()


@target()
def waits_for_another_dag(reporting: Reporting) -> None:
    TriggerDagRunOperator(
        task_id="work",
        trigger_dag_id="child_that_fails",
        wait_for_completion=True,
        deferrable=True,
        poke_interval=4,
        **reporting.last(),
    )


@target()
def fails_mapped(reporting: Reporting) -> None:
    @task(**reporting.last())
    def one(index: int) -> None:
        """Fail for one index."""
        if index == 2:
            raise LookupError(f"shard {index} is missing")

    one.expand(index=[0, 1, 2])


@target()
def succeeds_mapped(reporting: Reporting) -> None:
    @task(**reporting.last())
    def one(index: int) -> None:
        """Take longer for a lower index."""
        time.sleep(4 - 2 * index)

    one.expand(index=[0, 1, 2])


@target()
def succeeds_mapped_at_once(reporting: Reporting) -> None:
    """On Airflow 2, both callbacks run before Airflow stores the end of either instance."""

    @task(**reporting.last(on_success=[meet]))
    def one(index: int) -> int:
        return index

    one.expand(index=[0, 1])


@target()
def prints_a_secret(reporting: Reporting) -> None:
    @task(**reporting.last())
    def work() -> None:
        """Fail with a password in the message."""
        mask_secret("hunter2-hunter2")
        raise RuntimeError("cannot log in with hunter2-hunter2")

    work()


@target()
def uses_a_macro(reporting: Reporting) -> None:
    @task.bash(**reporting.last())
    def work() -> str:
        """Use the time that the activity is scheduled for."""
        return "test {{ macros.datapipeline.task(dag_run).scheduled_start_time.year }} -gt 2000"

    work()


@target()
def empty(reporting: Reporting) -> None:
    """A DAG without a task."""


@target()
def returns_true(reporting: Reporting) -> None:
    task(task_id="check", **reporting.last())(lambda: True)()


@target()
def returns_false(reporting: Reporting) -> None:
    task(task_id="check", **reporting.last())(lambda: False)()


@target()
def returns_false_once(reporting: Reporting) -> None:
    @task(**reporting.last())
    def check(index: int) -> bool:
        return index != 1

    check.expand(index=[0, 1, 2])


@target()
def returns_false_before_a_teardown(reporting: Reporting) -> None:
    check = task(task_id="check", **reporting.last())(lambda: False)()
    check >> task(task_id="teardown", **reporting.step())(succeed)().as_teardown()


@target()
def one_leaf_is_never_reached(reporting: Reporting) -> None:
    first = task(task_id="first", **reporting.step())(skip)()
    first >> task(task_id="unreached", **reporting.step())(succeed)()
    task(task_id="check", **reporting.last())(lambda: True)()


@target()
def one_leaf_returns_false(reporting: Reporting) -> None:
    task(task_id="check", **reporting.last())(lambda: False)()
    task(task_id="other", **reporting.step())(lambda: True)()


@target()
def short_circuits(reporting: Reporting) -> None:
    @task.short_circuit(**reporting.step())
    def gate() -> bool:
        """Let nothing pass."""
        return False

    gate() >> task(task_id="last", **reporting.last())(succeed)()


@target()
def waits_to_succeed(reporting: Reporting) -> None:
    @task(**reporting.last())
    def work(**context: Any) -> None:
        wait_for_gate(context)

    work()


@target()
def waits_to_fail(reporting: Reporting) -> None:
    @task(**reporting.last())
    def work(**context: Any) -> None:
        wait_for_gate(context)
        divide()

    work()


@target(on_dag_success=[leave_a_mark_and_take_long])
def slow_callback_of_the_dag(reporting: Reporting) -> None:
    @task(**reporting.last())
    def work(**context: Any) -> None:
        wait_for_gate(context)

    work()


@target()
def breaks(reporting: Reporting) -> None:
    """A DAG in a file of its own, which the suite breaks while the task runs."""
    waits_to_succeed(reporting)
