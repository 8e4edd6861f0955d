"""Builds a cell and runs its checks, in a session of nox."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nox.command import CommandFailed

from tests.matrix import page, record
from tests.matrix.cells import ROOT, Cell, pins
from tests.support.commit import tested_commit

if TYPE_CHECKING:
    import nox

DISTRIBUTION = "airflow-provider-datapipeline"
PACKAGE = "airflow_provider_datapipeline"
BUILD = ROOT / "build" / "matrix"
DIST = BUILD / "dist"
OTHERWISE = ("QUICK", "TASKS", "BUSY")
"""Environment variables with which a cell does not do what the page about compatibility says."""
ON_AIRFLOW = ("reporting", "task_runner", "wheel", "sixty")
"""The parts that need a running Airflow."""
OF_AIRFLOW_3 = ("task_runner", "sixty")
LEFT_OUT_IF_QUICK = (
    *("tests/reporting", "tests/masking", "tests/emulator", "tests/hooks"),
    *("tests/test_connection_forms.py", "tests/test_readme.py"),
)
"""
Unit tests of texts, of the emulator, of calls to AWS and of pages. They take most of the time, and depend least on the
version of Airflow.
"""


class Run:
    """One cell in a session of nox, and its record."""

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
            commit=tested_commit(),
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            whole=not session.posargs and not any(map(os.environ.get, OTHERWISE)),
        )

    def run(self) -> record.Record:
        """Run every part that was requested, even after a part that failed."""
        started = time.monotonic()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._copy_tree()
        try:
            self._install()
        except (CommandFailed, subprocess.CalledProcessError) as error:
            self.record.parts["install"].fail(f"the installation failed: {error}")
            self.record.seconds = round(time.monotonic() - started)
            return self.record
        is_airflow_3 = not self.record.versions["apache-airflow"].startswith("2.")
        parts = [name for name in record.PARTS if is_airflow_3 or name not in OF_AIRFLOW_3]
        self.record.database = "PostgreSQL" if is_airflow_3 else "SQLite"
        if "unit" in self.parts:
            self._unit()
        if on_airflow := [name for name in ON_AIRFLOW if name in self.parts and name in parts]:
            self._on_airflow(on_airflow)
        self.record.seconds = round(time.monotonic() - started)
        return self.record

    def _copy_tree(self) -> None:
        """Copy the files that git tracks, and new ones that it does not ignore, but not the package."""
        listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        for name in filter(None, listed):
            source, copy = ROOT / name, self.tree / name
            if source.is_file() and not name.startswith(f"{PACKAGE}/"):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy)

    def _install(self) -> None:
        """Install the platform, then the wheel, then the test tools. No step may change an earlier one's packages."""
        part = self.record.parts.setdefault("install", record.Part())
        started = time.monotonic()
        self.session.install(*self.cell.options, *self.cell.requirements)
        platform = self._freeze("platform")
        self.broken_before = self._broken()
        constraints = self.cell.options if self.cell.mwaa else []
        self.session.install(*constraints, wheel())
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
        """Return the installed versions, and write them to a file of constraints."""
        command = [*uv_command(), "pip", "freeze", "--python", self.python]
        frozen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = pins(frozen.splitlines())
        lines = [f"{each}=={version}\n" for each, version in found.items() if each != DISTRIBUTION]
        (self.folder / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
        return found

    def _unit(self) -> None:
        chosen = "not integration"
        left_out: tuple[str, ...] = ()
        if os.environ.get("QUICK"):
            chosen, left_out = "not integration and not long", LEFT_OUT_IF_QUICK
        arguments = ["-m", chosen, "--numprocesses", os.environ.get("WORKERS", "2"), "--dist", "loadfile"]
        arguments += [f"--ignore={name}" for name in left_out]
        self.record.parts["unit"] = record.total(self._pytest("unit", *arguments))

    def _on_airflow(self, parts: list[str]) -> None:
        """Run the parts that need a running Airflow. The sixty tasks have an Airflow of their own, after the others."""
        found: dict[str, record.Part] = {}
        together = [each for each in parts if each != "sixty"]
        for name, chosen in (("airflow", together), ("sixty", [each for each in parts if each == "sixty"])):
            if chosen:
                found |= self._pytest(name, *(f"tests/matrix/test_{each}.py" for each in sorted(chosen)))
        for name in parts:
            self.record.parts[name] = found.get(name, record.Part(failed=1, failures=["was not run"]))
        if "wheel" in parts:
            self._check_requirements(self.record.parts["wheel"])

    def _check_requirements(self, part: record.Part) -> None:
        """Check that every requirement that was met on the platform is still met."""
        if new := sorted(self._broken() - self.broken_before):
            part.fail(f"pip check: {'; '.join(new)}")
        else:
            part.passed += 1

    def _broken(self) -> set[str]:
        command = [*uv_command(), "pip", "check", "--python", self.python]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return {line for line in (done.stdout + done.stderr).splitlines() if line.startswith("The package")}

    def _pytest(self, name: str, *arguments: str) -> dict[str, record.Part]:
        """Run tests in the copy of the repository; return their results."""
        junit = self.folder / f"{name}.xml"
        started = time.monotonic()
        try:
            with self.session.chdir(self.tree):
                self.session.run("python", "-m", "pytest", "-q", f"--junitxml={junit}", *arguments)
            is_well = True
        except CommandFailed:
            is_well = False
        parts = record.count(junit) if junit.exists() else {}
        if not (is_well or any(part.failed for part in parts.values())):  # the file does not say what failed
            why = "pytest failed; see what it printed"
            parts = {each: record.Part(failed=1, failures=[why]) for each in parts or [name]}
        self.session.log(f"{self.cell.name}: {name} took {time.monotonic() - started:.0f} s")
        return parts


def uv_command() -> list[str]:
    """Return the command of uv: the one in nox's environment, or else the one on PATH."""
    return [sys.executable, "-m", "uv"] if importlib.util.find_spec("uv") else ["uv"]


def wheel(extra: str = "emulator") -> str:
    """Return the requirement for the wheel that was built, with an extra."""
    (path,) = DIST.glob("*.whl")
    return f"{path}[{extra}]" if extra else str(path)


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout
