"""The page on architecture names what is there. Its table of rooms is read in test_layout.py."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

import airflow_provider_datapipeline

ROOT = Path(__file__).parents[1]
PACKAGE = "airflow_provider_datapipeline"
FOLDER = Path(airflow_provider_datapipeline.__file__).parent  # where it was installed, which need not be the checkout
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
WALKS = {
    part.partition("\n")[0]: part
    for part in PAGE.partition("## Three walks")[2].partition("\n## ")[0].split("\n### ")[1:]
}
NAME = re.compile(r"`([a-z_]+(?:\.[A-Za-z_]+)+)`")


def imported(path: str) -> Any:
    """What a dotted path in the package leads to: the longest part that is a module, then attributes."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join([PACKAGE, *parts[:length]]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            found = getattr(found, name)
        return found
    raise ModuleNotFoundError(path)


@pytest.mark.parametrize("walk", WALKS)
def test_each_step_of_a_walk_can_be_imported(walk: str) -> None:
    steps = [line for line in WALKS[walk].splitlines() if re.match(r"\d+\. ", line)]
    names = [name for name in NAME.findall(WALKS[walk]) if not name.endswith(".py")]

    assert len(steps) >= 5
    assert len(names) > len(steps)
    for name in names:
        imported(name)


def test_there_are_three_walks() -> None:
    assert len(WALKS) == 3


def test_a_step_that_is_not_there_is_seen() -> None:
    with pytest.raises(AttributeError):
        imported("reporting.report.TaskReport.nothing")
    with pytest.raises(ModuleNotFoundError):
        imported("nothing.at_all")


@pytest.mark.parametrize("room", ["_task_runner", "masking"])
def test_every_module_of_a_large_room_is_named(room: str) -> None:
    rows = re.findall(rf"^\| `{room}/` \| .+ \| (.+) \|$", PAGE, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    modules = {path.stem for path in (FOLDER / room).glob("*.py")} - {"__init__"}

    assert named == modules


def test_every_folder_of_tests_is_on_the_page_or_is_a_room() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    named = set(re.findall(r"^\| `tests/([a-z_]+)/` \|", PAGE, re.MULTILINE))
    rooms = set(re.findall(r"^\| \d+ \| `([a-z_]+)(?:/|\.py)` \|", PAGE, re.MULTILINE)) | {"emulator", "benchmarks"}

    assert named <= folders
    assert folders - named <= {room.removeprefix("_") for room in rooms} | {"airflow_adapters"}
