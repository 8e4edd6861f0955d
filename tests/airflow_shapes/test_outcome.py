"""What is reported about a DAG run, given the stored states and the recorded errors."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from airflow_provider_datapipeline._airflow import outcome
from airflow_provider_datapipeline._airflow.outcome import TaskEnd
from airflow_provider_datapipeline.reporting.facts import TaskFacts
from airflow_provider_datapipeline.reporting.report import TaskReport

FACTS = TaskFacts(dag_id="nightly", run_id="run_1")


def unmasked(text: str) -> str:
    return text


def recorded(message: str, task_id: str = "load") -> TaskReport:
    facts = TaskFacts(dag_id="nightly", run_id="run_1", task_id=task_id)
    return TaskReport.failed(ValueError(message), facts, mask=unmasked)


def failed(task_id: str, *, at: str = "", message: str = "", map_index: int = -1) -> TaskEnd:
    report = recorded(message, task_id) if message else None
    return TaskEnd(task_id=task_id, map_index=map_index, state="failed", failed_at=at, report=report)


def test_the_error_of_the_task_that_failed_first_is_reported() -> None:
    """Not the error of the task that comes first by name or in the states."""
    report = outcome.failed_run(
        [
            failed("a", at="2026-11-22T10:00:05", message="second"),
            failed("b", at="2026-11-22T10:00:01", message="first"),
        ],
        FACTS,
        mask=unmasked,
    )

    assert report.error_id == "ValueError"
    assert report.error_message is not None
    assert report.error_message.splitlines()[0] == "first"
    assert "Failed tasks: b, a" in report.error_message
    assert report.error_stack_trace is not None


def test_tasks_that_never_started_are_counted() -> None:
    """A cascade of fifty tasks is a number, not a list."""
    ends = [failed("a", at="1", message="boom")] + [
        TaskEnd(task_id=f"t{number}", map_index=-1, state="upstream_failed") for number in range(50)
    ]

    message = outcome.failed_run(ends, FACTS, mask=unmasked).error_message

    assert message is not None
    assert "Not started because of that: 50" in message
    assert "t17" not in message


def test_many_failed_tasks_are_listed_in_part() -> None:
    """The list of failed tasks stays readable."""
    ends = [failed("shard", map_index=index, at=f"{index:02}", message=f"m{index}") for index in range(25)]

    message = outcome.failed_run(ends, FACTS, mask=unmasked).error_message

    assert message is not None
    assert "shard[0], shard[1]" in message
    assert "and 15 more" in message


@pytest.mark.parametrize(
    ("reason", "error_id"),
    [
        ("timed_out", "AirflowDagRunTimedOut"),
        ("all_tasks_deadlocked", "AirflowDagRunDeadlocked"),
        ("task_failure", "AirflowDagRunFailed"),
        (None, "AirflowDagRunFailed"),
    ],
)
def test_without_a_recorded_error_the_reason_is_reported(reason: str | None, error_id: str) -> None:
    """A killed task leaves no exception; the report says what Airflow knows."""
    report = outcome.failed_run([failed("a")], FACTS, mask=unmasked, reason=reason)

    assert report.error_id == error_id
    assert report.error_message is not None
    assert "Failed tasks: a" in report.error_message
    assert "Run: run_1" in report.error_message
    assert report.error_stack_trace is None


def test_given_texts_take_the_place_of_the_recorded_ones() -> None:
    """The stack trace of the recorded error stays."""
    report = outcome.failed_run(
        [failed("a", at="1", message="boom")], FACTS, mask=unmasked, error_id="Nightly", error_message="see the wiki"
    )

    assert report.error_id == "Nightly"
    assert report.error_message is not None
    assert report.error_message.startswith("see the wiki")
    assert "boom" not in report.error_message
    assert report.error_stack_trace is not None
    assert "boom" in report.error_stack_trace


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("load", ("load", -1)),
        ("load_3", ("load_3", -1)),
        ("load_12", ("load", 12)),
        ("gone_1", ("gone_1", -1)),
    ],
)
def test_a_mapped_task_is_told_from_one_that_is_named_alike(key: str, expected: tuple[str, int]) -> None:
    """``load_3`` is a task of the DAG here, ``load_12`` an instance of ``load``."""
    assert outcome.split_key(key, {"load", "load_3"}) == expected


def test_records_are_read_for_failed_tasks_only() -> None:
    """What another task left under the same key is none of our business."""
    stored = {"load": outcome.record(recorded("boom"), "2026-11-22T10:00:00+00:00"), "ok": "never read"}
    read = []

    def read_record(task_id: str, map_index: int) -> object:
        read.append((task_id, map_index))
        return stored[task_id]

    ends = outcome.task_ends({"load": "failed", "ok": "success"}, {"load", "ok"}, read_record)

    assert read == [("load", -1)]
    assert [end.report for end in ends] == [recorded("boom"), None]


@pytest.mark.parametrize("stored", [None, "text", [], {}, {"status": "NONSENSE"}, {"status": 3}])
def test_a_record_that_makes_no_sense_is_as_none(stored: object) -> None:
    """An XCom can be written by anybody."""
    (end,) = outcome.task_ends({"load": "failed"}, {"load"}, lambda *_: stored)

    assert end.report is None


def test_a_thousand_failed_instances_do_not_cost_a_thousand_reads() -> None:
    """A callback has seconds."""
    reads = []
    states: dict[str, str | None] = {f"load_{index}": "failed" for index in range(1000)}

    ends = outcome.task_ends(states, {"load"}, lambda *key: reads.append(key))

    assert len(ends) == 1000
    assert len(reads) == 50


@pytest.mark.parametrize(
    ("state", "task", "counts"),
    [
        ("failed", SimpleNamespace(), True),
        ("upstream_failed", SimpleNamespace(is_teardown=False), True),
        ("failed", SimpleNamespace(is_teardown=True, on_failure_fail_dagrun=False), False),
        ("failed", SimpleNamespace(is_teardown=True, on_failure_fail_dagrun=True), True),
        ("success", SimpleNamespace(), False),
        ("skipped", SimpleNamespace(), False),
    ],
)
def test_a_failed_teardown_counts_only_where_its_author_says_so(state: str, task: object, counts: bool) -> None:
    """As in Airflow's own verdict on the run."""
    assert outcome.counts_as_failure(TaskEnd(task_id="t", map_index=-1, state=state), task) is counts


@pytest.mark.parametrize(
    ("states", "is_last"),
    [
        ({"load_0": "success", "load_1": "success"}, True),
        ({"load_0": "skipped", "load_1": "success"}, True),
        ({"load_0": "running", "load_1": "success"}, False),
        ({"load_0": None, "load_1": "success"}, False),
        ({"load_0": "failed", "load_1": "success"}, False),
        ({"load_0": "success", "load_1": "running"}, True),  # Airflow 2 calls back before it stores the success
        ({"load_0": "success", "load_1": "success", "load_3": "failed", "save": "running"}, True),
    ],
)
def test_one_instance_of_a_mapped_task_is_not_the_whole(states: dict[str, str | None], is_last: bool) -> None:
    """``load_3`` is another task here."""
    assert outcome.is_last_to_succeed(states, {"load", "load_3", "save"}, "load", 1) is is_last


class XComs:
    """What the tasks of a run have left, and what was read of it."""

    def __init__(self, stored: dict[tuple[str, int, str], object]) -> None:
        self.stored = stored
        self.reads = 0

    async def read(self, task_id: str, map_index: int, key: str) -> object:
        self.reads += 1
        return self.stored.get((task_id, map_index, key))


def errors(*instances: tuple[str, int]) -> XComs:
    return XComs(
        {
            (task_id, index, outcome.RECORD_KEY): outcome.record(recorded(task_id), f"at {task_id}")
            for task_id, index in instances
        }
    )


async def test_without_the_dag_a_mapped_task_is_known_by_what_it_recorded() -> None:
    """One named like an instance keeps its name, and its error."""
    states = {"load_0": "failed", "load_1": "success", "load_3": "failed", "save_2": "failed", "ok": "success"}

    ends = await outcome.atask_ends(states, errors(("load", 0), ("load_3", -1), ("save_2", -1)).read)

    assert [(end.label, end.report is not None) for end in ends] == [
        ("load[0]", True),
        ("load[1]", False),
        ("load_3", True),
        ("save_2", True),
        ("ok", False),
    ]


async def test_without_the_dag_a_thousand_failed_instances_do_not_cost_a_thousand_reads() -> None:
    xcoms = errors(("load", 0))

    ends = await outcome.atask_ends({f"load_{index}": "failed" for index in range(1000)}, xcoms.read)

    assert (len(ends), ends[0].label, ends[999].label) == (1000, "load[0]", "load[999]")
    assert xcoms.reads <= 100


@pytest.mark.parametrize(
    ("states", "last", "values", "holds"),
    [
        ({"check": "success"}, ["check"], {}, True),
        ({"check": "success"}, ["check"], {"check": True}, True),
        ({"check": "success"}, ["check"], {"check": 0}, True),  # only False is False
        ({"check": "success"}, ["check"], {"check": False}, False),
        ({"check": "skipped"}, ["check"], {}, False),
        ({"ask": "success", "check": "success"}, ["check"], {"ask": False}, True),
        ({"ask": "skipped", "check": "success"}, ["check"], {}, True),
        ({"a": "success", "b": "success"}, ["a", "b"], {"b": False}, False),
        ({"ask": "success", "check": "skipped"}, [], {}, False),
        ({"ask": "success"}, [], {}, True),
        ({}, [], {}, True),
    ],
)
async def test_a_precondition_does_not_hold_where_a_last_task_was_skipped_or_false(
    states: dict[str, str | None], last: list[str], values: dict[str, object], holds: bool
) -> None:
    marks: dict[tuple[str, int, str], object] = {(task_id, -1, outcome.LAST_TASK_KEY): True for task_id in last}
    returned = {(task_id, -1, "return_value"): value for task_id, value in values.items()}

    assert await outcome.precondition_holds(states, XComs(marks | returned).read) is holds


@pytest.mark.parametrize(
    ("states", "values", "holds"),
    [
        ({"check_0": "success", "check_1": "success"}, {0: True, 1: True}, True),
        ({"check_0": "success", "check_1": "success"}, {0: True, 1: False}, False),
        ({"check_0": "success", "check_1": "skipped"}, {0: True}, False),
        ({"check_0": "success", "check_1": "success"}, {}, True),
    ],
)
async def test_a_mapped_precondition_holds_where_each_instance_does(
    states: dict[str, str | None], values: dict[int, bool], holds: bool
) -> None:
    marks: dict[tuple[str, int, str], object] = {("check", index, outcome.LAST_TASK_KEY): True for index in (0, 1)}
    returned = {("check", index, "return_value"): value for index, value in values.items()}

    assert await outcome.precondition_holds(states, XComs(marks | returned).read) is holds
