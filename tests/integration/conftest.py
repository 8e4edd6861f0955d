"""Marks the tests that need a real Airflow, and adds the ends of Airflow's logs to the report of a failed test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.harness import Deployment, DeploymentError

if TYPE_CHECKING:
    from collections.abc import Generator

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.integration)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    shows_logs_itself = call.excinfo is not None and call.excinfo.errisinstance(DeploymentError)
    if report.failed and not shows_logs_itself:
        for value in item.funcargs.values():
            if isinstance(value, Deployment):
                report.sections.append((f"Airflow's logs in {value.logs.folder}", value.logs.tails()))
    return report
