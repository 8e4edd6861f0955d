"""The guards that ``tests/chaos/guards.py`` takes out are where it looks for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import airflow_provider_datapipeline

pytest.importorskip("celery", reason="the fault suite needs Airflow 3.3 and its Celery provider")

from tests.chaos.guards import GUARDS, Guard, mutate


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.path)
def test_a_guard_is_there_to_be_taken_out(guard: Guard, tmp_path: Path) -> None:
    copy = tmp_path / "copy.py"
    shutil.copy(Path(airflow_provider_datapipeline.__file__).parent / guard.path, copy)

    mutate(copy, guard)

    assert guard.without in copy.read_text()
    compile(copy.read_text(), str(copy), "exec")
    with pytest.raises(ValueError, match="0 times, not once"):
        mutate(copy, guard)
