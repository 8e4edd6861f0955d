"""
``python -m tests.outcome_matrix``: run every scenario through every channel, store the outcomes on the present version
of Airflow, and write the pages that show them.

All further arguments go to pytest: ``-k task_runner`` runs a part, whose outcomes are added to the record.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

from tests.outcome_matrix import promises, table
from tests.outcome_matrix.channels import Channel
from tests.outcome_matrix.records import FOLDER, Found, Record, Results, Run, records
from tests.support.harness.settings import AIRFLOW_VERSION


class Collector:
    """Keeps the outcomes of the tests that passed."""

    def __init__(self) -> None:
        self.results: Results = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            for name, value in report.user_properties:
                if name == "outcome":
                    self._keep(*value)  # type: ignore[misc]  # pytest knows the type of no property

    def _keep(self, scenario: str, channel: str, found: Found) -> None:
        self.results[scenario, Channel(channel)] = found


def main() -> int:
    parser = argparse.ArgumentParser(prog="make test-outcomes", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare the outcomes with the record, write nothing")
    parser.add_argument(
        "--keep", action="store_true", help="store the outcomes of the tests that passed even if others failed"
    )
    arguments, for_pytest = parser.parse_known_args()
    collector = Collector()
    folder = str(Path(__file__).parent)
    # One deployment after the other: on a busy machine processes send their heartbeats late, and Airflow takes them for
    # dead.
    status = int(pytest.main([folder, *for_pytest], plugins=[collector]))
    kept = Record.of(AIRFLOW_VERSION)
    record = kept.with_run(Run.of(collector.results))
    print(table.page(record))
    if arguments.check:
        changed = {place for place, found in collector.results.items() if kept.found.get(place) != found}
        for name, channel in sorted(changed):
            print(f"error: {FOLDER} has another outcome of {name}, {channel.label}", file=sys.stderr)
        return status or int(bool(changed))
    if status == 0 or arguments.keep:
        record.write()
        write_pages()
    return status


def write_pages() -> None:
    """Write the pages from the records."""
    newest, *_ = kept = records()
    table.PAGE.write_text(table.page(newest), encoding="utf-8")
    promises.PAGE.write_text(promises.page(kept), encoding="utf-8")
    print(f"Written: {FOLDER}, {table.PAGE}, {promises.PAGE}")


if __name__ == "__main__":
    sys.exit(main())
