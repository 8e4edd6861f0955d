"""What is read of a DAG run that has ended, and what is reported when something cannot be read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline._airflow import stored_run
from airflow_provider_datapipeline.outcome import decision
from airflow_provider_datapipeline.outcome.decision import EndedRun, UnreadableError
from airflow_provider_datapipeline.pipeline_task import Asked, PipelineTask
from airflow_provider_datapipeline.reporting.facts import TaskFacts
from airflow_provider_datapipeline.reporting.report import TaskReport

if TYPE_CHECKING:
    from collections.abc import Collection

States = dict[str, str | None]
FACTS = TaskFacts(dag_id="nightly", run_id="run_1")


def recorded(message: str) -> TaskReport:
    return TaskReport.failed(ValueError(message), FACTS, mask=str)


def kept(task_id: str) -> dict[str, str]:
    return stored_run.record(recorded(task_id), f"at {task_id}")


def task(kind: str = "ShellCommandPrecondition") -> PipelineTask:
    return PipelineTask(task_id="t", pipeline_id="df-1", attempt_id="@A", fields={"type": kind} if kind else {})


class Store:
    """
    The states and XComs that a run has left; it records what was read.

    An exception in the place of a value is raised when that value is read.
    """

    def __init__(self, states: States | Exception, xcoms: dict[tuple[str, int, str], Any] | None = None) -> None:
        self.states = states
        self.xcoms = xcoms or {}
        self.read: list[tuple[str, int, str]] = []

    async def task_states(self) -> States:
        self.read.append(("states", -1, ""))
        if isinstance(self.states, Exception):
            raise self.states
        return self.states

    async def xcom(self, task_id: str, map_index: int, key: str) -> Any:
        return self.get(task_id, map_index, key)

    def get(self, task_id: str, map_index: int, key: str) -> Any:
        self.read.append((task_id, map_index, key))
        value = self.xcoms.get((task_id, map_index, key))
        if isinstance(value, Exception):
            raise value
        return value

    def returned(self, **values: Any) -> Store:
        self.xcoms |= {(task_id, -1, "return_value"): value for task_id, value in values.items()}
        return self

    def leaves(self, kept_by: str, leaves: list[str], map_index: int = -1) -> Store:
        self.xcoms[kept_by, map_index, stored_run.LEAVES_KEY] = leaves
        return self


AWAY = UnreadableError("Airflow's API is away", may_pass=True)
SENSELESS = UnreadableError("of a class that is not allowed", may_pass=False)


async def report(store: Store, state: str = "success", kind: str = "ShellCommandPrecondition") -> TaskReport:
    return await stored_run.areport(state, task(kind), FACTS, store, mask=str)


def failed_run(store: Store, task_ids: Collection[str]) -> EndedRun:
    assert not isinstance(store.states, Exception)
    reading = stored_run.ended_run(store.states, Asked.ACTIVITY, failed=True, task_ids=task_ids)
    return stored_run.read_blocking(reading, store.get)


# A run that failed


def test_records_are_read_for_failed_tasks_only() -> None:
    """A task that did not fail may have an XCom under the same key, which is not read."""
    store = Store({"load": "failed", "ok": "success"}, {("load", -1, stored_run.RECORD_KEY): kept("load")})

    run = failed_run(store, {"load", "ok"})

    assert store.read == [("load", -1, stored_run.RECORD_KEY)]
    assert run.ends is not None
    assert [end.report for end in run.ends] == [recorded("load"), None]


@pytest.mark.parametrize("stored", [None, "text", [], {}, {"status": "NONSENSE"}, {"status": 3}])
def test_a_malformed_record_is_ignored(stored: object) -> None:
    """Every task can write any XCom."""
    run = failed_run(Store({"load": "failed"}, {("load", -1, stored_run.RECORD_KEY): stored}), {"load"})

    assert run.ends is not None
    assert [end.report for end in run.ends] == [None]


def test_a_thousand_failed_instances_do_not_cost_a_thousand_reads() -> None:
    """A callback has only seconds."""
    store = Store({f"load_{index}": "failed" for index in range(1000)})

    run = failed_run(store, {"load"})

    assert run.ends is not None
    assert len(run.ends) == 1000
    assert len(store.read) == 50


async def test_without_the_dag_a_mapped_task_is_known_by_what_it_recorded() -> None:
    """A task whose own id looks like that of a mapped instance keeps its id and its error."""
    states: States = {"load_0": "failed", "load_1": "failed", "load_3": "failed", "save_2": "failed", "ok": "success"}
    places = [("load", 0), ("load_3", -1), ("save_2", -1)]
    store = Store(states, {(*place, stored_run.RECORD_KEY): kept(place[0]) for place in places})

    message = (await report(store, "failed")).error_message

    assert message is not None
    assert "Failed tasks: load[0], load[1], load_3, save_2\n" in message


async def test_without_the_dag_a_thousand_failed_instances_do_not_cost_a_thousand_reads() -> None:
    states: States = {f"load_{index}": "failed" for index in range(1000)}
    store = Store(states, {("load", 0, stored_run.RECORD_KEY): kept("load")})

    message = (await report(store, "failed")).error_message

    assert message is not None
    assert "load[0], load[1]" in message
    assert len(store.read) <= 101


@pytest.mark.parametrize(("error", "reads"), [(AWAY, 2), (SENSELESS, 4)])
async def test_a_record_that_cannot_be_read_leaves_a_failure_without_details(error: Exception, reads: int) -> None:
    """While Airflow cannot be reached, no further record is tried, because each attempt takes its time."""
    states: States = {"a": "failed", "b": "failed", "c": "failed"}
    store = Store(states, {(task_id, -1, stored_run.RECORD_KEY): error for task_id in states})

    failed = await report(store, "failed")

    assert (failed.status, failed.error_id) == ("FAILED", "AirflowDagRunFailed")
    assert failed.error_message is not None
    assert "could not be read" in failed.error_message
    assert str(error) in failed.error_message
    assert "Failed tasks: a, b, c" in failed.error_message
    assert len(store.read) == reads


async def test_an_unreadable_record_does_not_hide_a_readable_one() -> None:
    records = {("a", -1, stored_run.RECORD_KEY): SENSELESS, ("b", -1, stored_run.RECORD_KEY): kept("b")}

    failed = await report(Store({"a": "failed", "b": "failed"}, records), "failed")

    assert failed.error_id == "ValueError"


async def test_a_failed_run_whose_states_cannot_be_read_is_failed_all_the_same() -> None:
    failed = await report(Store(AWAY), "failed", kind="ShellCommandActivity")

    assert (failed.status, failed.error_id) == ("FAILED", "AirflowDagRunFailed")
    assert failed.error_message is not None
    assert "Airflow's API is away" in failed.error_message


# A run that succeeded, without its DAG


async def test_nothing_is_read_of_an_activity_that_succeeded() -> None:
    store = Store(AWAY)

    assert (await report(store, kind="ShellCommandActivity")).status == "FINISHED"
    assert store.read == []


@pytest.mark.parametrize(
    ("store", "status"),
    [
        (Store({"check": "success"}).leaves("check", ["check"]), "FINISHED"),
        (Store({"check": "success"}).leaves("check", ["check"]).returned(check=0), "FINISHED"),  # only False is False
        (Store({"check": "success"}).leaves("check", ["check"]).returned(check=False), "FALSE"),
        (Store({"check": "success"}).leaves("check", ["check"]).returned(check=SENSELESS), "FINISHED"),
        # A teardown behind the check returns nothing.
        (
            Store({"check": "success", "teardown": "success"}).leaves("teardown", ["check"]).returned(check=False),
            "FALSE",
        ),
        # One of two leaves is skipped before it starts.
        (Store({"work": "success", "unreached": "skipped"}).leaves("work", ["unreached", "work"]), "FALSE"),
        (Store({"ask": "success", "check": "success"}).leaves("ask", ["check"]).returned(ask=False), "FINISHED"),
        # An empty operator succeeds without having started.
        (Store({"empty": "success", "check": "skipped"}).leaves("check", ["check"]), "FALSE"),
        # No task has started.
        (Store({"check": "skipped"}), "FALSE"),
        (Store({"empty": "success"}), "FINISHED"),
        (Store({}), "FINISHED"),
        # Mapped tasks, known without the DAG.
        (Store({"check_0": "success", "check_1": "skipped"}).leaves("check", ["check"], map_index=0), "FALSE"),
        # A task that is merely named like an instance.
        (
            Store({"check": "success", "check_0": "success"}).leaves("check", ["check"]).returned(check_0=False),
            "FINISHED",
        ),
    ],
)
async def test_the_leaves_that_any_task_has_stored_decide_a_precondition(store: Store, status: str) -> None:
    assert (await report(store)).status == status


async def test_the_instances_of_a_mapped_leaf_are_read_until_one_has_returned_false() -> None:
    states: States = {f"check_{index}": "success" for index in range(1000)}
    store = Store(states, {("check", 3, "return_value"): False}).leaves("check", ["check"], map_index=0)

    assert (await report(store)).status == "FALSE"
    assert [place for place in store.read if place[2] == "return_value"] == [
        ("check", index, "return_value") for index in range(4)
    ]


@pytest.mark.parametrize(
    "store",
    [
        Store(AWAY),
        Store({"check": "success"}, {("check", -1, stored_run.LEAVES_KEY): AWAY}),
        Store({"check": "success"}).leaves("check", ["check"]).returned(check=AWAY),
    ],
)
async def test_a_precondition_whose_result_cannot_be_read_is_reported_as_unknown(store: Store) -> None:
    unknown = await report(store)

    assert (unknown.status, unknown.error_id) == ("FAILED", "AirflowResultUnknown")
    assert unknown.error_message is not None
    assert "Airflow's API is away" in unknown.error_message


async def test_a_result_that_cannot_be_deserialised_is_logged_with_the_remedy(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = stored_run.unreadable(ImportError("app.Frame was not found in allow list"), ("check", -1, "return_value"))
    store = Store({"check": "success"}).leaves("check", ["check"]).returned(check=error)

    with caplog.at_level(logging.WARNING):
        assert (await report(store)).status == "FINISHED"

    assert "allowed_deserialization_classes" in caplog.text
    assert "app.Frame" in caplog.text


@pytest.mark.parametrize(("returned", "status"), [(True, "FINISHED"), (False, "FALSE")])
async def test_a_run_that_started_with_version_0_2_is_decided_by_its_marks(returned: bool, status: str) -> None:
    store = Store({"ask": "success", "check": "success"}, {("check", -1, "datapipeline_last_task"): True})

    assert (await report(store.returned(check=returned))).status == status


# Reading with a function that blocks


@pytest.mark.parametrize(
    ("error", "may_pass"),
    [
        (ImportError("app.Frame was not found in allow list"), False),
        (TypeError("No deserializer found"), False),
        (ConnectionError("gone"), True),
        (TimeoutError(), True),
        (RuntimeError("API_SERVER_ERROR"), True),
        (AWAY, True),
        (SENSELESS, False),
    ],
)
def test_an_error_says_whether_it_may_pass(error: Exception, may_pass: bool) -> None:
    assert stored_run.unreadable(error, ("check", 2, "return_value")).may_pass is may_pass


def test_a_temporary_error_is_raised_where_the_caller_can_try_again() -> None:
    """The operator can: Airflow repeats its tries."""

    def run(*, give_up: bool, error: Exception) -> EndedRun:
        store = Store({"check": "success"}).returned(check=error)
        reading = stored_run.ended_run(
            {"check": "success"}, Asked.PRECONDITION, failed=False, task_ids={"check"}, leaves={"check"}
        )
        return stored_run.read_blocking(reading, store.get, give_up=give_up)

    with pytest.raises(ConnectionError):
        run(give_up=False, error=ConnectionError("gone"))

    assert decision.status_of(run(give_up=True, error=ConnectionError("gone")), Asked.PRECONDITION) is None
    assert decision.status_of(run(give_up=False, error=ImportError("app.Frame")), Asked.PRECONDITION) == "FINISHED"
