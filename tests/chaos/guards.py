"""``python -m tests.chaos.guards``: remove each guard from a copy of the package, and check that a fault then shows."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from tests.chaos import document
from tests.chaos.table import COLUMNS, Row, Rows
from tests.support.commit import tested_commit
from tests.support.harness.settings import REPOSITORY

PATIENCE = 240
"""Seconds after which a task counts as lost. In this time it can be handed out a second time, and run."""


@dataclass(frozen=True)
class Guard:
    """
    A guard of the package against a fault.

    :param title: completes the sentence "the guard that ..."
    :param path: the file that has the guard
    :param code: the text of the guard
    :param without: the text without the guard
    :param fault: the name of the fault
    """

    title: str
    path: str
    code: str
    without: str
    fault: str


GUARDS = (
    Guard(
        "a task is acknowledged after its runs were created, not before",
        "_task_runner/batches.py",
        "            self._create_runs(start)\n",
        "            self.hook.report_task_progress(task.task_id), self._create_runs(start)\n",
        "worker_starts_tasks",
    ),
    Guard(
        "the run id is derived from the task, not random",
        "_task_runner/assignment.py",
        "{_digest(task).hex()[:_DIGEST]}",
        "{hashlib.sha256(__import__('os').urandom(8)).hexdigest()[:_DIGEST]}",
        "progress_fails",
    ),
    Guard(
        "a report whose texts are refused is sent again as the status alone",
        "delivery/protocol.py",
        "if report != report.status_only():",
        "if False:",
        "texts_are_refused",
    ),
    Guard(
        "texts are masked",
        "_airflow/compat.py",
        "return str(redact(text))",
        "return text",
        "no_fault",
    ),
)


def main() -> int:
    """Return 0 if every fault showed in the tally."""
    lines = []
    unseen = 0
    for guard in GUARDS:
        row = _run_without(guard)
        print(f"Without the guard that {guard.title}: {row}")
        lines.append(row.cells(guard.title))
        lines[-1].insert(1, document.title(guard.fault))
        unseen += row.tally.is_clean
    document.write_guards(lines, ["removed guard", *COLUMNS])
    return 1 if unseen else 0


def _run_without(guard: Guard) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "repository"
        for name in ("airflow_provider_datapipeline", "tests", "pyproject.toml"):
            source = REPOSITORY / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        mutate(copy / "airflow_provider_datapipeline" / guard.path, guard)
        rows = Path(folder) / "rows.json"
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "tests/chaos", "--tb=line", "-k", f"[{guard.fault}]"),
                *(f"--faults-rows={rows}", f"--faults-patience={PATIENCE}", f"--basetemp={folder}/pytest"),
            ],
            cwd=copy,
            check=False,
        )
        return replace(Rows.read(rows)[0], commit=tested_commit())  # the copy is not in git


def mutate(path: Path, guard: Guard) -> None:
    """
    Remove the guard from the file.

    :raises ValueError: the file does not have the guard's text exactly once, since the code has changed
    """
    text = path.read_text()
    if text.count(guard.code) != 1:
        raise ValueError(f"{guard.path} has {guard.code!r} {text.count(guard.code)} times, not once")
    path.write_text(text.replace(guard.code, guard.without))


if __name__ == "__main__":
    sys.exit(main())
