"""Judges whether the package installs under a file of constraints. Uses only the standard library: nox imports it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.matrix.cells import constraints_of, pins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.matrix.cells import Cell

_INSTALLED = re.compile(r"^ \+ (.+)$", re.MULTILINE)
# Airflow is requested by its version, and the package as a file, so no file of constraints needs to name them.
_NOT_OF_THE_FILE = ("apache-airflow", "airflow-provider-datapipeline")


@dataclass(frozen=True)
class DryRun:
    """
    The result of one resolution.

    :param file: the name of the file of constraints
    :param extra: the extra of the package; empty: without one
    :param packages: the number of packages that would be installed, including those of the platform
    :param unnamed: packages that the file does not name, with their versions
    :param wrong: the reason why the result is wrong; empty if it is right
    """

    file: str
    python: str
    extra: str
    packages: int
    unnamed: tuple[str, ...]
    wrong: str


def judge(cell: Cell, extra: str, status: int, output: str) -> DryRun:
    """Compare what uv would install for a cell with what the cell's file of constraints says."""
    file = constraints_of(cell.airflow)
    named = pins(file.read_text(encoding="utf-8").splitlines())
    found = pins(_INSTALLED.findall(output))
    wrong = ""
    if status != 0:
        wrong = f"does not resolve: {_reason(output)}"
    elif not found:
        wrong = "would install nothing: that cannot be"
    elif off := [f"{name} {found[name]} instead of {named[name]}" for name in found if _is_off(name, found, named)]:
        wrong = f"not as the file has it: {', '.join(off)}"
    unnamed = [f"{name} {version}" for name, version in found.items() if name not in {*named, *_NOT_OF_THE_FILE}]
    return DryRun(file.name, cell.python, extra, len(found), tuple(sorted(unnamed)), wrong)


def table(found: Sequence[DryRun]) -> str:
    """Return a table with a line for each resolution."""
    lines = ["| file | Python | wheel | packages | not named by the file | |", "|---|---|---|---|---|---|"]
    for each in found:
        wheel = f"wheel[{each.extra}]" if each.extra else "wheel"
        cells = [each.file, each.python, wheel, str(each.packages), ", ".join(each.unnamed) or "none"]
        lines.append(f"| {' | '.join(cells)} | {each.wrong or 'resolves'} |")
    return "\n".join(lines)


def _is_off(name: str, found: dict[str, str], named: dict[str, str]) -> bool:
    return name in named and found[name] != named[name]


def _reason(output: str) -> str:
    return " ".join(output.split())[-400:]
