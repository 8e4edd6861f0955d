"""Makes the page about compatibility from the records of the cells. Uses only the standard library: nox imports it."""

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
"""The distributions whose versions the page shows, and their names in its header."""

_HEADS = (
    *("cell", "Python", *SHOWN.values(), "database"),
    *("installation", "unit tests", "wheel", "reporting", "task runner", "60 at once", "seconds", "date", "commit"),
)
_HEAD = f"| {' | '.join(_HEADS)} |"
_NOT_RUN = "not run"

_TEXT = """# Compatibility

The platforms on which the package was run. `make test-matrix` writes this page: it builds each platform anew, installs
the wheel into it, and runs every check from a copy of the repository without the package. A row shows the last run of
a cell, even if that run failed.

{table}

Cells: {cells}.

The columns:

- **installation**: the packages that the wheel with its extra `emulator` has added, under the same constraints. A cell
  in which the wheel has changed a package of the platform fails.
- **unit tests**: the unit tests of the repository. Some are for other releases of Airflow and are skipped.
- **wheel**: `airflow providers get` and `airflow plugins` show the package, and all its requirements are met. mypy
  sees its types in another project. Every component of a running Airflow has loaded its plugin, without a warning
  about it.
- **reporting**: callbacks and operator on a running Airflow. They report FINISHED, and FAILED with error id, message
  and stack trace, from a task and from a DAG, only after the last try. The operator also derives the status.
- **task runner**: success, failure, retry, SIGKILL, cancel, precondition true and false, failure of a mapped task,
  unknown DAG and link, each on a running Airflow. The task runner needs Airflow 3.
- **60 at once**: sixty tasks, each handed out once and reported once, with the service's own long polls and rates and
  with Airflow's own intervals. The seconds are those from the first submission to the last report.

All cells ran on one machine, with LocalExecutor. The constraints of Amazon MWAA are the versions in its images;
nothing was run on MWAA itself. For the promises of each way of reporting on Airflow 2.11 to 3.3 see
[promises](promises.md).
"""


def table(records: Mapping[str, Record], kept: Mapping[str, str] | None = None) -> str:
    """
    Return a table with a line for every cell.

    A cell without a record keeps its line from an earlier page. Without such a line the table says that it was not run.

    :param records: the records by the names of their cells
    :param kept: the lines of an earlier page by the names of their cells
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
    """Return the page; cells without a record keep their lines from the page ``before``."""
    cells = ";\n".join(f"`{name}`: {cell.title}" for name, cell in CELLS.items())
    return _TEXT.format(table=table(records, lines_of(before)), cells=cells)


def lines_of(text: str) -> dict[str, str]:
    """Return the lines of a page's table by cell; an empty dictionary if the page has other columns than today."""
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
