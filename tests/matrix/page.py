"""The page about compatibility, made of what the cells came to. Standard library only: nox reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.matrix.cells import CELLS, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.matrix.record import Part, Record

PAGE = ROOT / "docs" / "compatibility.md"

SHOWN = {
    "apache-airflow": "Airflow",
    "apache-airflow-providers-amazon": "amazon provider",
    "apache-airflow-providers-common-compat": "common-compat",
    "boto3": "boto3",
    "moto": "moto",
}
"""Distributions whose versions are shown, and what they are called."""

_HEADS = (
    *("cell", "Python", *SHOWN.values(), "database"),
    *("installation", "unit tests", "wheel", "reporting", "task runner", "60 at once", "seconds", "date", "commit"),
)
_HEAD = f"| {' | '.join(_HEADS)} |"
_NOT_RUN = "not run"

_TEXT = """# Compatibility

What the package was run on. Written by `make test-matrix`, which builds each platform anew, installs the wheel into it,
and runs every check from a copy of the repository without the package. A row is what its last run came to; one that
has failed is shown as failed.

{table}

Cells: {cells}.

What the columns say:

- **installation**: the wheel with its extra `emulator` was installed with the same constraints; packages that it has
  added (none of the platform's was changed, or the cell fails).
- **unit tests**: those of the repository, of which some are for other releases of Airflow and skip themselves.
- **wheel**: `airflow providers get` and `airflow plugins` know it, no requirement is broken, mypy sees its types in
  another project, every component of a running Airflow has loaded its plugin, and none has a warning about it.
- **reporting**: callbacks and operator on a running Airflow: FINISHED, FAILED with error id, message and stack trace,
  after the last try only, from a task and from a DAG, and what the operator derives.
- **task runner**: success, failure, retry, SIGKILL, cancel, precondition true and false, failure of a mapped task,
  unknown DAG, link; each on a running Airflow. It is for Airflow 3.
- **60 at once**: sixty tasks, each handed out once and reported once, with the service's own long polls and rates and
  Airflow's own intervals; seconds from the first submission to the last report.

All on one machine, with LocalExecutor. What Amazon MWAA pins is what its images have; nothing was run on MWAA itself.
What each way of reporting promises on Airflow 2.11 to 3.3: [promises](promises.md).
"""


def table(records: Mapping[str, Record], kept: Mapping[str, str] | None = None) -> str:
    """
    Return a line for every cell: what its record says, else the line of an earlier run, else that it was not run.

    :param kept: lines of an earlier page, by cell
    """
    lines = [_HEAD, f"|{'---|' * len(_HEADS)}"]
    for name, cell in CELLS.items():
        if name in records:
            lines.append(_line(records[name]))
        else:
            blank = f"| {name} | {cell.python} |{' |' * len(SHOWN)} {_NOT_RUN} |{' |' * (len(_HEADS) - len(SHOWN) - 3)}"
            lines.append((kept or {}).get(name, blank))
    return "\n".join(lines)


def page(records: Mapping[str, Record], before: str = "") -> str:
    """Return the page; cells that were not run keep the lines that they have in the page ``before``."""
    cells = ";\n".join(f"`{name}`: {cell.title}" for name, cell in CELLS.items())
    return _TEXT.format(table=table(records, lines_of(before)), cells=cells)


def lines_of(text: str) -> dict[str, str]:
    """Return the lines of a page's table, by cell; none where its columns are not those of today."""
    lines = text.splitlines()
    if _HEAD not in lines:
        return {}
    rows = [line for line in lines[lines.index(_HEAD) + 2 :] if line.startswith("| ")]
    return {row.split("|")[1].strip(): row for row in rows}


def _line(record: Record) -> str:
    versions = [record.versions.get(name, "") for name in SHOWN]
    parts = [
        _install(record.parts.get("install")),
        *(_part(record.parts.get(name)) for name in ("unit", "wheel", "reporting")),
        _part(record.parts.get("task_runner")),
        _sixty(record.parts.get("sixty")),
    ]
    last = [f"{record.seconds:.0f}", record.date, record.commit]
    return f"| {' | '.join([record.cell, record.python, *versions, record.database, *parts, *last])} |"


def _part(part: Part | None) -> str:
    if part is None:
        return "-"
    if part.failed:
        return f"**FAILED {part.failed} of {part.passed + part.failed}**"
    skipped = f", {part.skipped} skipped" if part.skipped else ""
    return f"{part.passed} passed{skipped}"


def _install(part: Part | None) -> str:
    if part is None or part.failed:
        return _part(part)
    return f"adds {part.notes.get('added') or 'nothing'}"


def _sixty(part: Part | None) -> str:
    if part is None or part.failed or "seconds" not in part.notes:
        return _part(part)
    return f"passed in {part.notes['seconds']} s"
