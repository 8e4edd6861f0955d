"""The platforms on which the package is tested. Uses only the standard library, because nox imports it."""

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

# In addition to Airflow: the AWS clients of the package, a database for several writers, and a client for metrics.
_BESIDE_AIRFLOW = (
    "apache-airflow-providers-amazon[aiobotocore]",
    "apache-airflow-providers-postgres",
    "psycopg2-binary",
    "statsd",
)
_LOWEST = "lowest"


class CellError(Exception):
    """A cell cannot be built on this machine. The text says what is missing, and where it was expected."""


@dataclass(frozen=True)
class Cell:
    """
    One platform.

    :param name: the value of ``make test-matrix CELL=``
    :param airflow: the release of Airflow; empty for the newest one, or for the lowest that the package declares
    :param python: the version of Python, as ``3.12``
    :param mwaa: whether Amazon MWAA offers this Airflow; its file of constraints then decides all other versions
    :param other_pythons: further versions of Python that this Airflow supports, for a machine without ``python``; they
        are used only with ``ANY_PYTHON=1``
    """

    name: str
    airflow: str
    python: str
    mwaa: bool = False
    other_pythons: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The description of the cell in the page."""
        if self.name == _LOWEST:
            return "the lowest releases declared (uv's lowest-direct)"
        if self.mwaa:
            return f"Airflow {self.airflow}, as Amazon MWAA pins it"
        return f"{f'Airflow {self.airflow}' if self.airflow else 'the newest Airflow'}, the newest of everything else"

    @property
    def requirements(self) -> list[str]:
        """The requirements that are installed before the package."""
        if self.name == _LOWEST:
            return [*declared(), "statsd>=3.3"]
        return [f"apache-airflow=={self.airflow}" if self.airflow else "apache-airflow", *_BESIDE_AIRFLOW]

    @property
    def options(self) -> list[str]:
        """
        The options of ``uv pip install`` for the platform.

        :raises CellError: the file of constraints does not exist
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
    """Return the requirements that pyproject.toml declares for the package with its extra ``emulator``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["emulator"]]


def constraints_of(airflow: str) -> Path:
    """
    Return the path of Amazon MWAA's file of constraints for a release of Airflow.

    :raises CellError: the file does not exist
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
    Return the version of each distribution from lines ``name==version``.

    Names are normalised as in PEP 503. A distribution that was installed from a file or a folder has an address instead
    of a version. Comments and empty lines are skipped.
    """
    found = {}
    for line in lines:
        match = re.match(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:==|@)\s*([^\s;#]+)", line)
        if match:
            found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
    return found
