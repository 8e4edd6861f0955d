"""
The platforms that the package is tested on: `make test-matrix`, `make test-dry-runs`.

A cell is an environment of its own: a platform, then the wheel, then the tools. What is tested there is the wheel; the
tests run in a copy of the repository that has no package in it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import nox
from nox.command import CommandFailed

ROOT = Path(__file__).parent.resolve()
sys.path.insert(0, str(ROOT))

from tests.matrix import dry_runs, interpreters, page, record  # noqa: E402  # found by way of the line above
from tests.matrix.cells import CELLS, Cell, CellError, pins  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "airflow_provider_datapipeline"
BUILD = ROOT / "build" / "matrix"
DIST = BUILD / "dist"
DISTRIBUTION = "airflow-provider-datapipeline"
REAL = ("reporting", "task_runner", "wheel", "sixty")
OF_AIRFLOW_3 = ("task_runner", "sixty")

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.envdir = str(BUILD / "environments")
nox.options.download_python = "never"
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
    found = [
        dry_runs.judge(cell, extra, *_resolve(session, cell, extra))
        for cell in CELLS.values()
        if cell.mwaa
        for extra in ("", "emulator")
    ]
    print(dry_runs.table(found))
    if wrong := [each for each in found if each.wrong]:
        session.error(f"{len(wrong)} of {len(found)} dry runs failed")


def _resolve(session: nox.Session, cell: Cell, extra: str) -> tuple[int, str]:
    """Ask uv what it would install on a platform of this kind; return its exit status and what it says."""
    with _told(session):
        command = [*_uv(), "pip", "install", "--dry-run", "--python", session.virtualenv.location, *cell.options]
        command += ["--python-version", cell.python, *cell.requirements, _wheel(extra)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def _uv() -> list[str]:
    """Return the command of uv: the one that stands beside nox, else the one on PATH."""
    return [sys.executable, "-m", "uv"] if importlib.util.find_spec("uv") else ["uv"]


def _wheel(extra: str = "emulator") -> str:
    (path,) = DIST.glob("*.whl")
    return f"{path}[{extra}]" if extra else str(path)


@contextmanager
def _told(session: nox.Session) -> Iterator[None]:
    """End the session with what a cell lacks, in place of a stack trace."""
    try:
        yield
    except CellError as error:
        session.error(str(error).rstrip("."))


class _Run:
    """A cell that is being run in a session of its own, and its record."""

    def __init__(self, session: nox.Session, cell: Cell, parts: list[str]) -> None:
        self.session = session
        self.cell = cell
        self.parts = parts
        self.folder = BUILD / cell.name
        self.tree = self.folder / "tree"
        self.broken_before: set[str] = set()
        self.python = str(Path(session.virtualenv.location) / "bin" / "python")
        self.record = record.Record(
            cell=cell.name,
            python=str(
                session.run("python", "-c", "import platform; print(platform.python_version())", silent=True)
            ).strip(),
            commit=_git("describe", "--always", "--dirty").strip(),
            date=f"{datetime.now(UTC):%Y-%m-%d}",
        )

    def run(self) -> record.Record:
        """Do every part that was asked for; a part that fails does not keep the next one from being run."""
        started = time.monotonic()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._copy_tree()
        self._install()
        is_airflow_3 = not self.record.versions["apache-airflow"].startswith("2.")
        parts = [name for name in record.PARTS if is_airflow_3 or name not in OF_AIRFLOW_3]
        self.record.database = "PostgreSQL" if is_airflow_3 else "SQLite"
        self.record.whole = all(name in self.parts for name in parts)
        if "unit" in self.parts:
            self._unit()
        if real := [name for name in REAL if name in self.parts and name in parts]:
            self._real(real)
        self.record.seconds = round(time.monotonic() - started)
        return self.record

    def _copy_tree(self) -> None:
        """Copy what git knows of, and what is new and not ignored, without the package."""
        listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        for name in filter(None, listed):
            source, copy = ROOT / name, self.tree / name
            if source.is_file() and not name.startswith(f"{PACKAGE}/"):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy)

    def _install(self) -> None:
        """Install the platform, then the wheel, then what tests it; nothing may change what is there already."""
        part = self.record.parts.setdefault("install", record.Part())
        started = time.monotonic()
        self.session.install(*self.cell.options, *self.cell.requirements)
        platform = self._freeze("platform")
        self.broken_before = self._broken()
        constraints = self.cell.options if self.cell.mwaa else []
        self.session.install(*constraints, _wheel())
        with_wheel = self._freeze("with-wheel")
        self.session.install(
            "--constraint", str(self.folder / "with-wheel.txt"), "--group", f"{ROOT}/pyproject.toml:test"
        )
        with_tools = self._freeze("with-tools")
        for before, after, what in ((platform, with_wheel, "the wheel"), (with_wheel, with_tools, "the test tools")):
            for name in sorted(before):
                if after.get(name) != before[name]:
                    part.fail(f"{what} changed {name} from {before[name]} to {after.get(name, 'nothing')}")
        part.passed += not part.failed
        part.notes["added"] = ", ".join(
            f"{name} {with_wheel[name]}" for name in sorted(with_wheel) if name not in platform and name != DISTRIBUTION
        )
        part.seconds = round(time.monotonic() - started, 1)
        self.record.versions = {name: with_wheel.get(name, "-") for name in page.SHOWN}

    def _freeze(self, name: str) -> dict[str, str]:
        """Return what is installed, and keep it as a file of constraints."""
        command = [*_uv(), "pip", "freeze", "--python", self.python]
        frozen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = pins(frozen.splitlines())
        lines = [f"{each}=={version}\n" for each, version in found.items() if each != DISTRIBUTION]
        (self.folder / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
        return found

    def _unit(self) -> None:
        arguments = ["-m", "not real", "--numprocesses", os.environ.get("WORKERS", "2"), "--dist", "loadfile"]
        self.record.parts["unit"] = record.total(self._pytest("unit", *arguments))

    def _real(self, parts: list[str]) -> None:
        """Run checks on a running Airflow: the sixty tasks have one of their own, and not at the same time."""
        found: dict[str, record.Part] = {}
        for name, chosen in (("real", [each for each in parts if each != "sixty"]), ("sixty", {"sixty"} & {*parts})):
            if chosen:
                found |= self._pytest(name, *(f"tests/matrix/test_{each}.py" for each in sorted(chosen)))
        for name in parts:
            self.record.parts[name] = found.get(name, record.Part(failed=1, failures=["was not run"]))
        if "wheel" in parts:
            self._check_requirements(self.record.parts["wheel"])

    def _check_requirements(self, part: record.Part) -> None:
        """Count it as a check that no requirement is broken which was whole on the platform."""
        if new := sorted(self._broken() - self.broken_before):
            part.fail(f"pip check: {'; '.join(new)}")
        else:
            part.passed += 1

    def _broken(self) -> set[str]:
        command = [*_uv(), "pip", "check", "--python", self.python]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return {line for line in (done.stdout + done.stderr).splitlines() if line.startswith("The package")}

    def _pytest(self, name: str, *arguments: str) -> dict[str, record.Part]:
        """Run tests in the copy; return what came of them."""
        junit = self.folder / f"{name}.xml"
        started = time.monotonic()
        try:
            with self.session.chdir(self.tree):
                self.session.run("python", "-m", "pytest", "-q", f"--junitxml={junit}", *arguments)
        except CommandFailed:
            pass  # the file says what failed
        parts = record.count(junit) if junit.exists() else {}
        if not parts:
            parts = {name: record.Part(failed=1, failures=["pytest did not run; see what it printed"])}
        self.session.log(f"{self.cell.name}: {name} took {time.monotonic() - started:.0f} s")
        return parts


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


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
        with _told(session):
            others = cell.other_pythons if os.environ.get("ANY_PYTHON") else ()
            interpreters.find((cell.python, *others))
            _ = cell.options
        parts = session.posargs or list(record.PARTS)
        if unknown := [each for each in parts if each not in record.PARTS]:
            session.error(f"there is no part {' or '.join(unknown)}; there are {', '.join(record.PARTS)}")
        kept = BUILD / f"{cell.name}.json"
        kept.unlink(missing_ok=True)
        found = _Run(session, cell, list(dict.fromkeys(["install", *parts]))).run()
        found.write(kept)
        print(page.table({cell.name: found}).splitlines()[0])
        if found.failures:
            session.error("\n".join([f"cell {cell.name} failed:", *found.failures]))

    run.__doc__ = f"{cell.title}, on Python {cell.python}; names of parts after -- run these alone."


for _cell in CELLS.values():
    _define(_cell)
