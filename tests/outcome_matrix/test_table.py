"""The pages about outcomes say what the records say, and the records what the suite expects of each version."""

from __future__ import annotations

import pytest

from tests.outcome_matrix import promises, table
from tests.outcome_matrix.channels import Way
from tests.outcome_matrix.records import Found, Record, Run, records
from tests.outcome_matrix.scenarios import BREAKDOWNS, SITUATIONS

RECORDS = records()
NEWEST = RECORDS[0]


def changed(record: Record, name: str, way: Way, **values: object) -> Record:
    """The record with something else of one outcome."""
    found: Found = {**record.found[name, way], **values}  # type: ignore[typeddict-item]
    return record.with_run(Run.of({(name, way): found}))


def line_of(page: str, start: str) -> list[str]:
    """The cells of the one line of a table that starts with this."""
    (line,) = [line for line in page.splitlines() if line.startswith(start)]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_every_outcome_was_seen_on_the_newest_version() -> None:
    """``make test-outcomes`` looks for it."""
    assert NEWEST.found == table.expected_results(NEWEST.airflow)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.airflow)
def test_what_was_seen_on_a_version_is_what_is_expected_of_it(record: Record) -> None:
    expected = table.expected_results(record.airflow)

    assert record.found
    assert {place: found for place, found in record.found.items() if found != expected.get(place)} == {}


def test_the_page_of_the_newest_version_says_what_its_record_says() -> None:
    assert table.PAGE.read_text(encoding="utf-8") == table.page(NEWEST)


def test_the_page_of_promises_says_what_the_records_say() -> None:
    assert promises.PAGE.read_text(encoding="utf-8") == promises.page(RECORDS)


def test_a_changed_outcome_changes_the_pages() -> None:
    other = changed(NEWEST, "1", Way.RUNNER, status="FINISHED", error_id=None)

    assert "FINISHED †" in table.page(other)
    assert line_of(promises.page([other, *RECORDS[1:]]), "| a task fails |")[-1] == "†"


def test_what_was_not_seen_is_not_promised() -> None:
    runs = [Run.of({place: found for place, found in NEWEST.found.items() if place != ("1", Way.RUNNER)})]
    page = promises.page([Record(NEWEST.airflow, runs), *RECORDS[1:]])

    assert line_of(page, "| a task fails |")[-1] == "?"
    assert "Not seen, task runner: 1." in page


def test_a_later_run_takes_the_place_of_an_earlier_one_for_what_it_has_seen() -> None:
    both = {place: NEWEST.found[place] for place in [("1", Way.DAG), ("1", Way.TASK)]}
    first = Record("3.3.2").with_run(Run.of(both))

    other = changed(first, "1", Way.DAG, accepted=2)

    assert [list(run.found) for run in other.runs] == [[("1", Way.TASK)], [("1", Way.DAG)]]
    assert [list(run.found) for run in other.with_run(Run.of(both)).runs] == [list(both)]


def test_a_promise_is_about_a_situation_of_the_suite() -> None:
    assert promises.ROWS.keys() <= {situation.name for situation in [*SITUATIONS, *BREAKDOWNS]}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.airflow)
def test_the_task_runner_is_never_silent_and_never_wrong(record: Record) -> None:
    """Whatever else the pages may come to say."""
    if not any(way is Way.RUNNER for _, way in record.found):
        pytest.skip("there is no task runner on Airflow 2")

    _, right, silent, other, total = line_of(table.page(record), "| task runner |")

    assert (right, silent, other) == (total, "0", "0")
