"""Writes the tables of ``docs/faults.md`` from the results of runs. The text around the tables is written by hand."""

from __future__ import annotations

import itertools
import re
from importlib.metadata import version
from typing import TYPE_CHECKING

from tests.chaos.cluster import TIMINGS
from tests.chaos.faults import FAULTS
from tests.chaos.servers import versions
from tests.chaos.table import markdown
from tests.support.harness.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chaos.table import Row

PATH = REPOSITORY / "docs" / "faults.md"


def write_faults(rows: Sequence[Row]) -> None:
    """Replace the lines of these faults in the table; the lines of other faults stay."""
    lines = _lines_of_faults() | {title(row.fault): row.cells(title(row.fault)) for row in rows}
    timings = ", ".join(
        f"`{name.removeprefix('AIRFLOW__').replace('__', '.').lower()}` {here} (default {default})"
        for name, (here, default) in TIMINGS.items()
    )
    ordered = [lines[each] for each in map(title, FAULTS) if each in lines]
    _replace("faults", f"{_versions()}\n\n{markdown(ordered)}\n\nSeconds, shorter than by default: {timings}.")


def write_guards(lines: Sequence[list[str]], columns: Sequence[str]) -> None:
    """Replace the table of the package's guards."""
    _replace("guards", f"{_versions()}\n\n{markdown(lines, columns)}")


def title(fault: str) -> str:
    """Return the description of a fault: the docstring of its function."""
    return (FAULTS[fault].__doc__ or fault).strip()


def _versions() -> str:
    packages = ("apache-airflow", "apache-airflow-providers-celery", "celery", "apache-airflow-providers-amazon")
    installed = [f"{name} {version(name)}" for name in packages]
    return ", ".join([*installed, *versions()]) + "."


def _lines_of_faults() -> dict[str, list[str]]:
    _, _, table = PATH.read_text().partition(f"{markdown([])}\n")
    lines = itertools.takewhile(bool, table.splitlines())
    cells = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines)
    return {each[0]: each for each in cells}


def _replace(name: str, text: str) -> None:
    begin, end = f"<!-- {name}: written by a run -->", f"<!-- {name}: end -->"
    content = PATH.read_text()
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(content):
        raise ValueError(f"{PATH} has no {begin}")
    PATH.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", content))
