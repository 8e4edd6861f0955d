"""The table of results: a row for each fault."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.chaos.batch import Tally
from tests.support.commit import tested_commit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COLUMNS = (
    *("fault", "seed", "tasks", "right", "wrong", "lost", "duplicated", "longest delay, s"),
    *("date", "commit"),
)


@dataclass(frozen=True)
class Row:
    """One fault and its tally."""

    fault: str
    seed: str
    tally: Tally
    date: str
    commit: str

    def cells(self, title: str = "") -> list[str]:
        """Return the cells in the order of ``COLUMNS``, with ``title`` instead of the name of the fault."""
        tally = self.tally
        delay = "" if tally.longest_delay is None else f"{tally.longest_delay:.0f}"
        counts = (tally.tasks, tally.right, tally.wrong, tally.lost, tally.duplicated)
        return [title or self.fault, self.seed, *map(str, counts), delay, self.date, self.commit]


@dataclass
class Rows:
    """The rows of a run, stored in a file for the process that started the run."""

    seed: str
    path: Path | None = None
    rows: list[Row] = field(default_factory=list)

    def add(self, fault: str, tally: Tally) -> None:
        """Add a row, and store all rows."""
        self.rows.append(Row(fault, self.seed, tally, f"{datetime.now(UTC):%Y-%m-%d}", tested_commit()))
        if self.path:
            self.path.write_text(json.dumps([asdict(row) for row in self.rows]))

    @classmethod
    def read(cls, path: Path) -> list[Row]:
        """Return the rows that a run has stored."""
        kept = json.loads(path.read_text()) if path.exists() else []
        return [Row(**{**row, "tally": Tally(**row["tally"])}) for row in kept]


def plain(rows: Iterable[Row]) -> str:
    """Return the table as plain text, for a terminal."""
    lines = [list(COLUMNS), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def markdown(lines: Iterable[list[str]], columns: Iterable[str] = COLUMNS) -> str:
    """Return the table as Markdown."""
    head = list(columns)
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])
