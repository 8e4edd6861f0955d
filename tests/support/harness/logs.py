"""Where a deployment's logs are."""

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
        One try of a task, by default all tries, as in the files (Airflow 3: JSON lines); empty if there is none.

        The first try need not be number 1: Airflow 2.11 counts twice where the scheduler and the end of an upstream
        task schedule a task at the same time.
        """
        path = self.folder / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        path = path if map_index < 0 else path / f"map_index={map_index}"
        return "".join(_read(file) for file in sorted(path.glob(f"attempt={try_number or '*'}.log")))

    def of_dag_file(self, name: str = "*.py") -> str:
        """The parsing of a DAG file and the callbacks that ran with it, by file name; of all files, by default."""
        paths = sorted((self.folder / LAYOUT.log_folder_of_dag_files).glob(f"[0-9]*/**/{name}.log"))
        return "".join(_read(path) for path in paths)

    def component_path(self, name: str) -> Path:
        """File with the output of a component."""
        return self.folder / "components" / f"{name}.log"

    def of_component(self, name: str) -> str:
        """All output of a component, across its restarts."""
        return _read(self.component_path(name))

    def tails(self, lines: int = TAIL_LINES) -> str:
        """The end of every component's output, each under a heading that names its file."""
        return "\n".join(
            "\n".join([f"--- {path}, last {lines} lines", *_read(path).splitlines()[-lines:]])
            for path in sorted(self.component_path("x").parent.glob("*.log"))
        )


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
