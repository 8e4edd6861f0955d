"""
One fault at a time, while tasks with different outcomes are in flight through the task runner.

After each fault, every task has the right final status, and no task was reported with two statuses or ran twice at the
same time. Nothing runs in Airflow any more, apart from the poller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.faults import FAULTS, QUICK

if TYPE_CHECKING:
    from tests.chaos.conftest import Scene
    from tests.chaos.table import Rows


@pytest.mark.parametrize("fault", [pytest.param(name, marks=[pytest.mark.quick] * (name in QUICK)) for name in FAULTS])
def test_nothing_is_lost(fault: str, scene: Scene, rows: Rows) -> None:
    FAULTS[fault](scene)

    tally = scene.batch.settle()

    rows.add(fault, tally)
    assert tally.remarks == []
    assert (tally.right, tally.wrong, tally.lost, tally.duplicated) == (tally.tasks, 0, 0, 0)
