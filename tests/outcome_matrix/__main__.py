"""
``python -m tests.outcome_matrix``: run every situation through every way, keep what was seen on the present version of
Airflow, and write the pages that are made of it.

Any further arguments are those of pytest: ``-k task_runner`` runs a part, which is added to what is kept.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

from tests.outcome_matrix import promises, table
from tests.outcome_matrix.channels import Way
from tests.outcome_matrix.records import FOLDER, Found, Record, Results, Run, records
from tests.support.harness.settings import AIRFLOW_VERSION


class Collector:
    """Keeps what the tests have found that have passed."""

    def __init__(self) -> None:
        self.results: Results = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            for name, value in report.user_properties:
                if name == "outcome":
                    self._keep(*value)  # type: ignore[misc]  # pytest knows the type of no property

    def _keep(self, situation: str, way: str, found: Found) -> None:
        self.results[situation, Way(way)] = found


def main() -> int:
    parser = argparse.ArgumentParser(prog="make test-outcomes", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare what is found with what is kept, write nothing")
    parser.add_argument("--keep", action="store_true", help="keep what the tests found that passed, if others failed")
    arguments, for_pytest = parser.parse_known_args()
    collector = Collector()
    folder = str(Path(__file__).parent)
    # One deployment after the other: Airflow takes for dead what does not get to send its heartbeats.
    status = int(pytest.main([folder, *for_pytest], plugins=[collector]))
    kept = Record.of(AIRFLOW_VERSION)
    record = kept.with_run(Run.of(collector.results))
    print(table.page(record))
    if arguments.check:
        changed = {place for place, found in collector.results.items() if kept.found.get(place) != found}
        for name, way in sorted(changed):
            print(f"error: {FOLDER} says something else of {name}, {way.label}", file=sys.stderr)
        return status or int(bool(changed))
    if status == 0 or arguments.keep:
        record.write()
        write_pages()
    return status


def write_pages() -> None:
    """Write what is made of the records."""
    newest, *_ = kept = records()
    table.PAGE.write_text(table.page(newest), encoding="utf-8")
    promises.PAGE.write_text(promises.page(kept), encoding="utf-8")
    print(f"Written: {FOLDER}, {table.PAGE}, {promises.PAGE}")


if __name__ == "__main__":
    sys.exit(main())
