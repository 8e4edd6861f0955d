"""The pages about outcomes agree with the records, and the records with what the suite expects of each version."""

from __future__ import annotations

import pytest

from tests.outcome_matrix import promises, table
from tests.outcome_matrix.channels import Channel
from tests.outcome_matrix.records import Found, Record, Run, records
from tests.outcome_matrix.scenarios import BREAKDOWNS, SCENARIOS

RECORDS = records()
NEWEST = RECORDS[0]


def changed(record: Record, name: str, channel: Channel, **values: object) -> Record:
    """Return the record with one outcome changed."""
    found: Found = {**record.found[name, channel], **values}  # type: ignore[typeddict-item]
    return record.with_run(Run.of({(name, channel): found}))


def line_of(page: str, start: str) -> list[str]:
    """Return the cells of the one table row that starts with this text."""
    (line,) = [line for line in page.splitlines() if line.startswith(start)]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_every_outcome_was_seen_on_the_newest_version() -> None:
    """``make test-outcomes`` writes the record."""
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
    other = changed(NEWEST, "1", Channel.RUNNER, status="FINISHED", error_id=None)

    assert "FINISHED †" in table.page(other)
    assert line_of(promises.page([other, *RECORDS[1:]]), "| a task fails |")[-1] == "†"


def test_what_was_not_seen_is_not_promised() -> None:
    runs = [Run.of({place: found for place, found in NEWEST.found.items() if place != ("1", Channel.RUNNER)})]
    page = promises.page([Record(NEWEST.airflow, runs), *RECORDS[1:]])

    assert line_of(page, "| a task fails |")[-1] == "?"
    assert "Not seen, task runner: 1." in page


def test_a_later_run_takes_the_place_of_an_earlier_one_for_what_it_has_seen() -> None:
    both = {place: NEWEST.found[place] for place in [("1", Channel.DAG), ("1", Channel.TASK)]}
    first = Record("3.3.2").with_run(Run.of(both))

    other = changed(first, "1", Channel.DAG, accepted=2)

    assert [list(run.found) for run in other.runs] == [[("1", Channel.TASK)], [("1", Channel.DAG)]]
    assert [list(run.found) for run in other.with_run(Run.of(both)).runs] == [list(both)]


def test_a_promise_is_about_a_scenario_of_the_suite() -> None:
    assert promises.ROWS.keys() <= {scenario.name for scenario in [*SCENARIOS, *BREAKDOWNS]}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.airflow)
def test_the_task_runner_is_never_silent_and_never_wrong(record: Record) -> None:
    """This must hold, whatever outcomes future records have."""
    if not any(channel is Channel.RUNNER for _, channel in record.found):
        pytest.skip("there is no task runner on Airflow 2")

    _, right, silent, other, total = line_of(table.page(record), "| task runner |")

    assert (right, silent, other) == (total, "0", "0")
