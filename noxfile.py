"""
The platforms that the package is tested on: `make test-matrix`, `make test-dry-runs`.

A cell is an environment of its own: a platform, then the wheel, then the tools. What is tested there is the wheel; the
tests run in a copy of the repository that has no package in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import nox

ROOT = Path(__file__).parent.resolve()
sys.path.insert(0, str(ROOT))

from tests.matrix import dry_runs, interpreters, page, record  # noqa: E402  # found by way of the line above
from tests.matrix.cells import CELLS, Cell, CellError  # noqa: E402
from tests.matrix.run import BUILD, DIST, Run, uv_command, wheel  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.envdir = str(BUILD / "environments")
nox.options.download_python = "never"
_RESOLVED_AT_ONCE = 4  # they mostly wait for the package index

nox.options.sessions = [*(f"cell-{name}" for name in CELLS), "compatibility"]


@nox.session
def dist(session: nox.Session) -> None:
    """Build wheel and source distribution with the builders that pyproject.toml names, and check both with twine."""
    shutil.rmtree(DIST, ignore_errors=True)
    session.install("--group", "dist", "--constraint", "constraints/airflow-3.3.txt")
    session.run("python", "-m", "hatchling", "build", "--directory", str(DIST), silent=True)
    session.run("python", "-m", "twine", "check", "--strict", *map(str, sorted(DIST.iterdir())))


@nox.session(venv_backend="none")
def compatibility(session: nox.Session) -> None:
    """Print what the cells of this run came to, and keep what was run as a whole in docs/compatibility.md."""
    session.log("Reading what was run")
    records = {path.stem: record.read(path) for path in sorted(BUILD.glob("*.json"))}
    whole = {name: each for name, each in records.items() if each.whole}
    if whole:
        before = page.PAGE.read_text(encoding="utf-8") if page.PAGE.exists() else ""
        page.PAGE.write_text(page.page(whole, before), encoding="utf-8")
    print(page.table(records))
    for name, each in records.items():
        for failure in each.failures:
            print(f"{name}: {failure}")
    print(f"Written: {page.PAGE.relative_to(ROOT)}" if whole else "No cell was run as a whole: nothing is written.")


@nox.session(name="dry-runs", requires=["dist"])
def dry_run(session: nox.Session) -> None:
    """Resolve the wheel, and the wheel with its extra, under every file of constraints that Amazon MWAA has."""
    wanted = [(cell, extra) for cell in CELLS.values() if cell.mwaa for extra in ("", "emulator")]
    with _told(session), ThreadPoolExecutor(_RESOLVED_AT_ONCE) as pool:
        answers = pool.map(partial(_resolve, session.virtualenv.location), *zip(*wanted, strict=True))
        found = [dry_runs.judge(*each, *answer) for each, answer in zip(wanted, answers, strict=True)]
    print(dry_runs.table(found))
    if wrong := [each for each in found if each.wrong]:
        session.error(f"{len(wrong)} of {len(found)} dry runs failed")


def _resolve(environment: str, cell: Cell, extra: str) -> tuple[int, str]:
    """Ask uv what it would install on a platform of this kind; return its exit status and what it says."""
    command = [*uv_command(), "pip", "install", "--dry-run", "--python", environment, *cell.options]
    command += ["--python-version", cell.python, *cell.requirements, wheel(extra)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@contextmanager
def _told(session: nox.Session) -> Iterator[None]:
    """End the session with what a cell lacks, in place of a stack trace."""
    try:
        yield
    except CellError as error:
        session.error(str(error).rstrip("."))


def _python(cell: Cell) -> str | None:
    """The interpreter of a cell; None if there is none, which the session says when it is run."""
    others = cell.other_pythons if os.environ.get("ANY_PYTHON") else ()
    try:
        return interpreters.find((cell.python, *others))
    except CellError:
        return None


def _define(cell: Cell) -> None:
    @nox.session(name=f"cell-{cell.name}", python=_python(cell), requires=["dist"])
    def run(session: nox.Session) -> None:
        kept = BUILD / f"{cell.name}.json"
        kept.unlink(missing_ok=True)
        with _told(session):
            others = cell.other_pythons if os.environ.get("ANY_PYTHON") else ()
            interpreters.find((cell.python, *others))
            _ = cell.options
        parts = session.posargs or list(record.PARTS)
        if unknown := [each for each in parts if each not in record.PARTS]:
            session.error(f"there is no part {' or '.join(unknown)}; there are {', '.join(record.PARTS)}")
        found = Run(session, cell, list(dict.fromkeys(["install", *parts]))).run()
        found.write(kept)
        if found.failures:
            session.error("\n".join([f"cell {cell.name} failed:", *found.failures]))

    run.__doc__ = f"{cell.title}, on Python {cell.python}; names of parts after -- run these alone."


for _cell in CELLS.values():
    _define(_cell)
