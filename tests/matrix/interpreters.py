"""Finds the interpreter of a cell. Uses only the standard library, because nox imports it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.matrix.cells import CellError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SAY = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"


def find(versions: Iterable[str]) -> str:
    """
    Return the path of the first interpreter that runs.

    Each candidate is executed, since version managers leave launchers on PATH for interpreters that do not exist.

    :param versions: versions (``3.12``), the preferred one first
    :raises CellError: no interpreter of these versions runs
    """
    wanted = list(versions)
    for version in wanted:
        for candidate in _candidates(version):
            if path := _runs(candidate, version):
                return path
    raise CellError(
        f"No Python {' or '.join(wanted)} runs on this machine: neither python3.x on PATH nor one of pyenv's. Install "
        f"one, or set ANY_PYTHON=1 to take another version that this Airflow supports."
    )


def _candidates(version: str) -> Iterator[str]:
    for name in (f"python{version}", "python3", "python"):
        if found := shutil.which(name):
            yield found
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = (root / "versions").glob(f"{version}.*/bin/python")
    yield from (str(path) for path in sorted(installed, key=lambda path: len(str(path)), reverse=True))


def _runs(candidate: str, version: str) -> str | None:
    try:
        done = subprocess.run([candidate, "-c", _SAY], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    says, _, path = done.stdout.strip().partition(" ")
    return path if done.returncode == 0 and says == version else None
