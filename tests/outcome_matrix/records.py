"""The records of what the suite has seen: one file for each version of Airflow, in ``docs/outcomes``."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypedDict

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tests.outcome_matrix.channels import Channel
from tests.support.commit import tested_commit
from tests.support.harness.settings import AIRFLOW_VERSION, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER = REPOSITORY / "docs" / "outcomes"

# With SQLite, Airflow 3.0 fails tasks by mistake. Amazon MWAA, too, runs these versions on PostgreSQL.
DATABASE = "SQLite" if AIRFLOW_VERSION in SpecifierSet(">=3.3") else "PostgreSQL"


class Found(TypedDict):
    """How one scenario ended through one channel."""

    state: str | None
    status: str | None
    error_id: str | None
    accepted: int


Results = dict[tuple[str, Channel], Found]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of the suite, or of a part of it, with the outcomes that no later run has seen again."""

    date: str
    commit: str
    python: str
    database: str
    amazon_provider: str
    results: Mapping[str, Mapping[str, Found]]
    """By scenario and channel."""

    @classmethod
    def of(cls, results: Results) -> Run:
        """Return the run that has just ended in this process."""
        return cls(
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            commit=tested_commit(),
            python=platform.python_version(),
            database=DATABASE,
            amazon_provider=version("apache-airflow-providers-amazon"),
            results=_nested(results),
        )

    @property
    def line(self) -> str:
        """The date and the versions of the run, for the pages."""
        return (
            f"{self.date}, commit {self.commit}: LocalExecutor, {self.database}, amazon provider "
            f"{self.amazon_provider}, Python {self.python}"
        )

    @property
    def found(self) -> Results:
        """The outcomes by scenario and channel."""
        return {
            (name, Channel(channel)): found
            for name, channels in self.results.items()
            for channel, found in channels.items()
        }


@dataclass(frozen=True)
class Record:
    """All outcomes on a version of Airflow: for each scenario and channel the one that the newest run has seen."""

    airflow: str
    runs: list[Run] = field(default_factory=list)

    @classmethod
    def of(cls, airflow: str) -> Record:
        """Read the record of a version of Airflow; an empty one if there is no file."""
        path = _path(airflow)
        if not path.exists():
            return cls(airflow)
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(airflow, [Run(**each) for each in stored["runs"]])

    @property
    def found(self) -> Results:
        """The outcomes by scenario and channel."""
        return {place: found for run in self.runs for place, found in run.found.items()}

    def with_run(self, run: Run) -> Record:
        """Return the record with one more run, whose outcomes replace those of earlier runs."""
        new = run.found
        kept = [
            Run(**{**asdict(each), "results": _nested({k: v for k, v in each.found.items() if k not in new})})
            for each in self.runs
        ]
        return Record(self.airflow, [each for each in [*kept, run] if each.results])

    def write(self) -> None:
        """Replace the file of this version of Airflow."""
        FOLDER.mkdir(exist_ok=True)
        text = json.dumps({"airflow": self.airflow, "runs": [asdict(run) for run in self.runs]}, indent=1)
        _path(self.airflow).write_text(text + "\n", encoding="utf-8")


def records() -> list[Record]:
    """Read every record, the newest version of Airflow first."""
    return [
        Record.of(each) for each in sorted((path.stem for path in FOLDER.glob("*.json")), key=Version, reverse=True)
    ]


def _path(airflow: str) -> Path:
    return FOLDER / f"{airflow}.json"


def _nested(results: Results) -> dict[str, dict[str, Found]]:
    nested: dict[str, dict[str, Found]] = {}
    for (name, channel), found in results.items():
        nested.setdefault(name, {})[str(channel)] = found
    return nested
