"""The platforms that the package is tested on, and what makes each of them. Standard library only: nox reads it."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]

CONSTRAINTS_VARIABLE = "MWAA_CONSTRAINTS"
DEFAULT_CONSTRAINTS = ROOT.parent / "shared" / "data" / "constraints"

# Beside Airflow itself: what the package reports through, a database that bears several writers, a place for metrics.
_BESIDE_AIRFLOW = (
    "apache-airflow-providers-amazon[aiobotocore]",
    "apache-airflow-providers-postgres",
    "psycopg2-binary",
    "statsd",
)
_LOWEST = "lowest"


class CellError(Exception):
    """A cell cannot be built on this machine; the text says what is missing and where it is looked for."""


@dataclass(frozen=True)
class Cell:
    """
    One platform.

    :param name: as ``make test-matrix CELL=`` takes it
    :param airflow: its release of Airflow; empty for the newest, or for the lowest that the package declares
    :param python: major and minor version
    :param mwaa: whether Amazon MWAA offers this Airflow, and so a file of constraints says what stands beside it
    :param other_pythons: what else this Airflow runs on, for a machine that lacks ``python`` (only where asked for)
    """

    name: str
    airflow: str
    python: str
    mwaa: bool = False
    other_pythons: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it is, for people."""
        if self.name == _LOWEST:
            return "the lowest releases declared (uv's lowest-direct)"
        if self.mwaa:
            return f"Airflow {self.airflow}, as Amazon MWAA pins it"
        return f"{f'Airflow {self.airflow}' if self.airflow else 'the newest Airflow'}, the newest of everything else"

    @property
    def requirements(self) -> list[str]:
        """What is installed before the package is."""
        if self.name == _LOWEST:
            return [*declared(), "statsd>=3.3"]
        return [f"apache-airflow=={self.airflow}" if self.airflow else "apache-airflow", *_BESIDE_AIRFLOW]

    @property
    def options(self) -> list[str]:
        """
        Options of ``uv pip install`` for the platform.

        :raises CellError: when the file of constraints is not there
        """
        if self.name == _LOWEST:
            return ["--resolution", "lowest-direct"]
        return ["--constraint", str(constraints_of(self.airflow))] if self.mwaa else []


CELLS: Mapping[str, Cell] = {
    cell.name: cell
    for cell in (
        Cell("2.10.3", "2.10.3", "3.11", mwaa=True, other_pythons=("3.12",)),
        Cell("2.11.0", "2.11.0", "3.12", mwaa=True, other_pythons=("3.11",)),
        Cell("2.11.2", "2.11.2", "3.12", mwaa=True, other_pythons=("3.11",)),
        Cell("3.0.6", "3.0.6", "3.12", mwaa=True, other_pythons=("3.11",)),
        Cell("3.1.8", "3.1.8", "3.13", other_pythons=("3.12", "3.11")),
        Cell("3.2.1", "3.2.1", "3.12", mwaa=True, other_pythons=("3.11", "3.13")),
        Cell("3.3.1", "3.3.1", "3.12", mwaa=True, other_pythons=("3.11", "3.13")),
        Cell("newest", "", "3.13", other_pythons=("3.12", "3.11")),
        Cell(_LOWEST, "", "3.11"),
    )
}


def declared() -> list[str]:
    """What pyproject.toml says that the package needs, with the extra ``emulator``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["emulator"]]


def constraints_of(airflow: str) -> Path:
    """
    Find the file of constraints that Amazon MWAA has for a release of Airflow.

    :raises CellError: when it is not there
    """
    folder = Path(os.environ.get(CONSTRAINTS_VARIABLE) or DEFAULT_CONSTRAINTS)
    path = folder / f"mwaa-{airflow}.txt"
    if not path.is_file():
        raise CellError(
            f"There is no {path.name} in the folder of Amazon MWAA's constraint files, {folder}; "
            f"set {CONSTRAINTS_VARIABLE} to the folder that has them."
        )
    return path


def pins(lines: Sequence[str]) -> dict[str, str]:
    """
    Return version by distribution of lines ``name==version``, names as PEP 503 spells them.

    Of a distribution that was installed from a file or a folder, the address is kept in place of a version. Comments
    and empty lines are passed over.
    """
    found = {}
    for line in lines:
        match = re.match(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:==|@)\s*([^\s;#]+)", line)
        if match:
            found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return found
