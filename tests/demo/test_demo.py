"""What the demo decides without Airflow: the table, the verdict, its folders, its time limit."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.demo.demo import DEFINITION, TO_KILL, WORKER_GROUP, TimeIsUp, time_limit
from tests.demo.expected import EXPECTED
from tests.demo.folders import fresh_folder
from tests.demo.table import Expectation, Row, differences, rows, table
from tests.real.harness.settings import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


def described(object_id: str, component_id: str, sphere: str, **fields: str) -> dict[str, Any]:
    """An object as DescribeObjects returns it."""
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
    """An instance that has attempts is not shown beside them."""
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
    """One line for each row, in the order asked for; only the message is cut."""
    long = rows([FAILED])[0]
    long = replace(long, fields={**long.fields, "errorMessage": "x" * 300})
    lines = table([long, *rows([instance("Never", at_status="CASCADE_FAILED")])], order=["Never"]).splitlines()

    assert lines[0].split() == ["object", "attempt", "status", "seconds", "error", "id", "message"]
    assert lines[2].split() == ["Never", "none", "CASCADE_FAILED"]
    assert lines[3].split()[:5] == ["Broken", "1", "FAILED", "3", "ValueError"]
    assert lines[3].endswith("xxx...")
    assert max(map(len, lines)) == 120


def test_an_unmet_precondition_is_told_from_a_failed_one() -> None:
    """The service has one status for both, and keeps what was reported."""
    (unmet,) = rows([attempt("Check", at_status="FAILED", attemptStatus="FALSE")])
    (failed,) = rows([attempt("Check", at_status="FAILED", attemptStatus="FAILED")])

    assert (unmet.status, failed.status) == ("FAILED (FALSE)", "FAILED")
    assert unmet.has_ended


def test_what_is_expected_differs_in_nothing() -> None:
    """Texts may be parts of what is there."""
    found = rows([FAILED, attempt("Fine", at_status="FINISHED"), instance("Never", at_status="CASCADE_FAILED")])
    expected = {
        "Broken": Expectation("FAILED", error_id="ValueError", contains={"errorMessage": "no orders"}),
        "Fine": Expectation("FINISHED", airflow_tries=2),
        "Never": Expectation("CASCADE_FAILED", attempts=0),
    }

    assert differences(found, expected, {"Broken": 1, "Fine": 2}) == []


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
        (replace(AS_IT_IS, attempts=2), "Broken: 1 attempts, expected 2"),
        (replace(AS_IT_IS, airflow_tries=2), "Broken: 1 tries in Airflow, expected 2"),
    ],
)
def test_every_difference_is_told(expectation: Expectation, difference: str) -> None:
    """One sentence for each."""
    assert differences(rows([FAILED]), {"Broken": expectation}, {"Broken": 1}) == [difference]


def test_an_object_too_many_and_one_too_few_are_told() -> None:
    """Neither side may have what the other does not."""
    assert differences(rows([FAILED]), {"Fine": Expectation("FINISHED")}, {}) == [
        "Broken: not expected at all",
        "Fine: the service has nothing of it",
    ]


def test_a_row_that_has_not_ended_has_no_seconds() -> None:
    """Nor is it final."""
    row = Row("Open", 1, {"@status": "RUNNING", "@actualStartTime": "2026-11-22T00:00:00"})

    assert row.seconds is None
    assert not row.has_ended


def test_the_definition_and_the_expectations_are_about_the_same() -> None:
    """Every object but the default is expected to end somehow, and names an example DAG; activities the group."""
    objects = {each["id"]: each for each in json.loads(DEFINITION.read_text())["objects"]}
    del objects["Default"]

    assert list(objects) == list(EXPECTED)
    assert objects[TO_KILL]["command"].startswith("sleep ")
    for each in objects.values():
        assert (REPOSITORY / "example_dags" / f"{each['myDagId']}.py").exists()
        assert each["type"].endswith("Precondition") or each["workerGroup"] == WORKER_GROUP


def test_only_folders_out_of_use_are_removed(tmp_path: Path) -> None:
    """A demo under way keeps its own; an ended one's stays until the next."""
    with fresh_folder(tmp_path) as under_way:
        with fresh_folder(tmp_path) as ended:
            pass
        assert ended.exists()
        with fresh_folder(tmp_path) as latest:
            assert set(tmp_path.iterdir()) == {under_way, latest}


def test_the_time_limit_interrupts() -> None:
    """Even code that swallows exceptions; not after its context."""

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
