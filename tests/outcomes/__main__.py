"""``python -m tests.outcomes``: run every situation through every way, and write ``docs/outcomes.md``."""

from __future__ import annotations

import argparse
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.outcomes.table import PAGE, RUN_LINE, Found, Results, page, without_run_line
from tests.outcomes.ways import Way


class Collector:
    """Keeps what the tests have found."""

    def __init__(self) -> None:
        self.results: Results = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            for name, value in report.user_properties:
                if name == "outcome":
                    self._keep(*value)  # type: ignore[misc]  # pytest knows the type of no property

    def _keep(self, situation: str, way: str, found: Found) -> None:
        self.results[situation, Way(way)] = found


def main() -> int:
    parser = argparse.ArgumentParser(prog="make test-outcomes", description=__doc__)
    parser.add_argument("--check", action="store_true", help=f"compare {PAGE.name} with what is found, write nothing")
    arguments, for_pytest = parser.parse_known_args()
    collector = Collector()
    folder = str(Path(__file__).parent)
    # One deployment after the other: Airflow takes for dead what does not get to send its heartbeats.
    status = int(pytest.main([folder, *for_pytest], plugins=[collector]))
    now = datetime.now(UTC)
    run_line = (
        f"{RUN_LINE}{now:%Y-%m-%d}: Airflow {version('apache-airflow')} (LocalExecutor, SQLite), "
        f"amazon provider {version('apache-airflow-providers-amazon')}, Python {platform.python_version()}."
    )
    found = page(collector.results, run_line)
    print(found)
    if status:
        return status  # what was found then is not to be kept
    if not arguments.check:
        PAGE.write_text(found, encoding="utf-8")
        print(f"Written: {PAGE}")
    elif without_run_line(PAGE.read_text(encoding="utf-8")) != without_run_line(found):
        print(f"error: {PAGE} says something else", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
