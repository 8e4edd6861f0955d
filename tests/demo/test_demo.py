"""The parts of the demo that need no Airflow: the table, the comparison, its folders, its time limit."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.demo.demo import DAGS, DEFINITION, NO_SUCH_DAG, RUNNER, WORKER_GROUP, TimeIsUp, time_limit
from tests.demo.expected import EXPECTED
from tests.demo.folders import fresh_folder
from tests.demo.table import LEGEND, Expectation, Measured, Row, differences, rows, table
from tests.demo.targets import TO_CANCEL, TO_KILL

if TYPE_CHECKING:
    from pathlib import Path


def described(object_id: str, component_id: str, sphere: str, **fields: str) -> dict[str, Any]:
    """Return an object as DescribeObjects returns it."""
    named = {"@sphere": sphere} | {key.replace("at_", "@"): value for key, value in fields.items()}
    return {
        "id": object_id,
        "name": object_id,
        "fields": [
            {"key": "@componentParent", "refValue": component_id},
            *({"key": key, "stringValue": value} for key, value in named.items()),
        ],
    }


def attempt(component_id: str, number: int = 1, **fields: str) -> dict[str, Any]:
    instance_id = f"@{component_id}_2026-11-22T00:00:00"
    found = described(f"{instance_id}_Attempt={number}", component_id, "ATTEMPT", **fields)
    found["fields"].append({"key": "@instanceParent", "refValue": instance_id})
    return found


def instance(component_id: str, **fields: str) -> dict[str, Any]:
    return described(f"@{component_id}_2026-11-22T00:00:00", component_id, "INSTANCE", **fields)


FAILED = attempt(
    "Broken",
    at_status="FAILED",
    at_actualStartTime="2026-11-22T00:00:59",
    at_actualEndTime="2026-11-22T00:01:02",
    errorId="ValueError",
    errorMessage="no orders\nDAG: orders",
)


def test_attempts_and_instances_without_one_are_rows() -> None:
    """An instance with attempts has no row of its own."""
    found = rows(
        [
            instance("Twice", at_status="FINISHED"),
            instance("Never", at_status="CASCADE_FAILED"),
            attempt("Twice", 1, at_status="FAILED"),
            attempt("Twice", 2, at_status="FINISHED"),
        ]
    )

    assert [(row.name, row.number, row.status) for row in found] == [
        ("Never", None, "CASCADE_FAILED"),
        ("Twice", 1, "FAILED"),
        ("Twice #2", 2, "FINISHED"),
    ]


def test_the_table_fits_its_width() -> None:
    """Each row has one line, in the given order. Only the message is cut. Missing measurements leave empty cells."""
    long = rows([FAILED])[0]
    long = replace(long, fields={**long.fields, "errorMessage": "x" * 300})
    text = table(
        [long, *rows([instance("Never", at_status="CASCADE_FAILED")])],
        order=["Never"],
        measured={"Broken": Measured(start=1.26, report=0.04)},
    )
    lines = text.removesuffix(f"\n{LEGEND}").splitlines()

    assert lines[0].split() == ["attempt", "status", "start", "lasted", "report", "error", "id", "message"]
    assert lines[2].split() == ["Never", "CASCADE_FAILED"]
    assert lines[3].split()[:6] == ["Broken", "FAILED", "1.3", "3", "0.0", "ValueError"]
    assert lines[3].endswith("xxx...")
    assert len(lines) == 4
    assert max(map(len, text.splitlines())) == 120


def test_a_false_precondition_is_distinguished_from_a_failed_one() -> None:
    """The service shows one status for both, and stores which one was reported."""
    (false,) = rows([attempt("Check", at_status="FAILED", attemptStatus="FALSE")])
    (failed,) = rows([attempt("Check", at_status="FAILED", attemptStatus="FAILED")])

    assert (false.status, failed.status) == ("FAILED (FALSE)", "FAILED")
    assert false.has_ended


ONCE = Measured(reports=1, airflow_tries=1)


def test_what_is_expected_differs_in_nothing() -> None:
    """An expected text may be a part of the field. A second attempt has a row of its own."""
    found = rows(
        [
            FAILED,
            attempt("Broken", 2, at_status="FINISHED", percentComplete="66"),
            instance("Never", at_status="CASCADE_FAILED"),
        ]
    )
    expected = {
        "Broken": Expectation("FAILED", error_id="ValueError", contains={"errorMessage": "no orders"}),
        "Broken #2": Expectation("FINISHED", progress=50, airflow_tries=2),
        "Never": Expectation("CASCADE_FAILED", started=False, reports=0, airflow_tries=0),
    }

    assert differences(found, expected, {"Broken": ONCE, "Broken #2": Measured(reports=1, airflow_tries=2)}) == []


AS_IT_IS = Expectation("FAILED", error_id="ValueError", contains={"errorMessage": "no orders"})


@pytest.mark.parametrize(
    ("expectation", "difference"),
    [
        (replace(AS_IT_IS, status="FINISHED"), "Broken: status FAILED, expected FINISHED"),
        (replace(AS_IT_IS, error_id=""), "Broken: error id ValueError, expected none"),
        (replace(AS_IT_IS, contains={}), "Broken: message 'no orders', expected none"),
        (
            replace(AS_IT_IS, contains={"errorMessage": "no", "errorStackTrace": "Zero"}),
            "Broken: errorStackTrace is None, expected to contain 'Zero'",
        ),
        (replace(AS_IT_IS, started=False), "Broken: was started, which it must not be"),
        (replace(AS_IT_IS, progress=50), "Broken: 0 % reported, expected 50 at least"),
        (replace(AS_IT_IS, reports=0), "Broken: 1 SetTaskStatus, expected 0"),
        (replace(AS_IT_IS, airflow_tries=2), "Broken: 1 tries in Airflow, expected 2"),
    ],
)
def test_every_difference_is_told(expectation: Expectation, difference: str) -> None:
    """Each difference has its sentence."""
    assert differences(rows([FAILED]), {"Broken": expectation}, {"Broken": ONCE}) == [difference]


def test_an_object_too_many_and_one_too_few_are_told() -> None:
    """Both an unexpected row and a missing one are differences."""
    assert differences(rows([FAILED]), {"Fine": Expectation("FINISHED")}, {}) == [
        "Broken: not expected at all",
        "Fine: the service has nothing of it",
    ]


def test_an_attempt_that_never_came_is_told() -> None:
    """The service has only the instance."""
    found = rows([instance("Broken", at_status="FAILED")])

    assert differences(found, {"Broken": Expectation("FAILED")}, {"Broken": ONCE}) == ["Broken: was never started"]


def test_a_row_that_has_not_ended_has_no_seconds() -> None:
    """Its status is not final either."""
    row = Row("Open", 1, {"@status": "RUNNING", "@actualStartTime": "2026-11-22T00:00:00"})

    assert row.seconds is None
    assert not row.has_ended


def test_the_definition_and_the_expectations_are_about_the_same() -> None:
    """There is an expectation about every object that Airflow executes. Activities name the worker group."""
    objects = {each["id"]: each for each in json.loads(DEFINITION.read_text())["objects"] if "myDagId" in each}

    assert list(objects) == list(dict.fromkeys(name.partition(" #")[0] for name in EXPECTED))
    assert objects[TO_KILL]["command"].startswith("sleep ")
    assert objects[TO_CANCEL]["command"].startswith("sleep ")
    for each in objects.values():
        assert each["type"].endswith("Precondition") or each["workerGroup"] == WORKER_GROUP


def test_only_the_task_runner_reports() -> None:
    """All DAGs of the pipeline but one exist, and none of them uses this package."""
    sources = [path.read_text() for folder in DAGS for path in folder.glob("*.py")]
    named = {each["myDagId"] for each in json.loads(DEFINITION.read_text())["objects"] if "myDagId" in each}

    for dag_id in named - {NO_SUCH_DAG}:
        (source,) = [source for source in sources if f"def {dag_id}()" in source or f'DAG("{dag_id}"' in source]
        assert "airflow_provider_datapipeline" not in source
    assert not any(NO_SUCH_DAG in source for source in sources)
    assert sum(f'dag_id="{RUNNER}"' in source for source in sources) == 1


def test_only_folders_out_of_use_are_removed(tmp_path: Path) -> None:
    """A running demo keeps its folder. The folder of a demo that has ended stays until the next demo."""
    with fresh_folder(tmp_path) as under_way:
        with fresh_folder(tmp_path) as ended:
            pass
        assert ended.exists()
        with fresh_folder(tmp_path) as latest:
            assert set(tmp_path.iterdir()) == {under_way, latest}


def test_the_time_limit_interrupts() -> None:
    """It interrupts even code that swallows exceptions, and has no effect after its context."""

    def stubborn() -> None:
        while True:
            try:
                time.sleep(5)
            except Exception:  # noqa: BLE001  # that is the point
                continue

    with time_limit(0.05), pytest.raises(TimeIsUp, match=r"within 0\.05 s"):
        stubborn()
    with time_limit(0.05):
        pass
    time.sleep(0.1)
