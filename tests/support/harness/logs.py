"""Reads the logs of a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.harness.settings import LAYOUT

if TYPE_CHECKING:
    from pathlib import Path

TAIL_LINES = 40


class Logs:
    """The logs of one deployment, read from its files."""

    def __init__(self, folder: Path):
        self.folder = folder

    def of_task(
        self, dag_id: str, run_id: str, task_id: str, *, map_index: int = -1, try_number: int | None = None
    ) -> str:
        """
        Return the log of one try of a task, by default of all tries; empty if there is none.

        The text is as in the files, which on Airflow 3 have JSON lines. The first try need not have the number 1:
        Airflow 2.11 counts twice if the scheduler and the end of an upstream task schedule a task at the same time.
        """
        path = self.folder / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        path = path if map_index < 0 else path / f"map_index={map_index}"
        return "".join(_read(file) for file in sorted(path.glob(f"attempt={try_number or '*'}.log")))

    def of_dag_file(self, name: str = "*.py") -> str:
        """Return the log of parsing a DAG file and of the callbacks that ran with it; by default of all files."""
        paths = sorted((self.folder / LAYOUT.log_folder_of_dag_files).glob(f"[0-9]*/**/{name}.log"))
        return "".join(_read(path) for path in paths)

    def component_path(self, name: str) -> Path:
        """Return the path of the file with the output of a component."""
        return self.folder / "components" / f"{name}.log"

    def tails(self, lines: int = TAIL_LINES) -> str:
        """Return the last lines of every component's output, each under a heading that names the file."""
        return "\n".join(
            "\n".join([f"--- {path}, last {lines} lines", *_read(path).splitlines()[-lines:]])
            for path in sorted(self.component_path("x").parent.glob("*.log"))
        )


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
