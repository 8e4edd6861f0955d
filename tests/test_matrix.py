"""What the matrix makes of its cells: names, files of constraints, results of pytest, lines of the page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.matrix import dry_runs, interpreters, page, record
from tests.matrix.cells import CELLS, CONSTRAINTS_VARIABLE, Cell, CellError, constraints_of, declared, pins
from tests.matrix.record import Part, Record

if TYPE_CHECKING:
    from pathlib import Path

JUNIT = """<testsuites><testsuite>
<testcase classname="tests.matrix.test_sixty" name="test_all" time="61.5">
  <properties><property name="seconds" value="60"/></properties></testcase>
<testcase classname="tests.matrix.test_reporting" name="test_one" time="1"/>
<testcase classname="tests.matrix.test_reporting" name="test_two" time="2">
  <failure message="AssertionError: assert 1 == 2&#10; more">trace</failure></testcase>
<testcase classname="tests.matrix.test_reporting" name="test_three" time="0"><skipped message="no"/></testcase>
<testcase classname="" name="tests.matrix.test_wheel" time="0">
  <error message="collection failure">trace</error></testcase>
</testsuite></testsuites>"""
SHOWN = {"apache-airflow": "3.0.6", "boto3": "1.39.11"}


def a_record(**changes: object) -> Record:
    values = {"cell": "3.0.6", "python": "3.12.1", "commit": "abc", "date": "2026-11-26", "versions": SHOWN, **changes}
    return Record(**values)  # type: ignore[arg-type]  # a test names what exists


@pytest.fixture
def constraints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the file of one release."""
    monkeypatch.setenv(CONSTRAINTS_VARIABLE, str(tmp_path))
    (tmp_path / "mwaa-3.0.6.txt").write_text("boto3==1.39.11\nFlask_AppBuilder==4.6.3\n")
    return tmp_path


def test_versions_are_read_by_the_name_that_pip_compares() -> None:
    lines = ["# a comment", "", "Flask_AppBuilder==4.6.3 ; python_version < '3.13'", "ours @ file:///dist/ours.whl"]

    assert pins(lines) == {"flask-appbuilder": "4.6.3", "ours": "file:///dist/ours.whl"}


def test_the_lowest_cell_is_made_of_what_the_package_declares() -> None:
    """Its extra too, and nothing that holds Airflow at one release."""
    assert {each.partition(">=")[0] for each in declared()} >= {"apache-airflow", "boto3", "moto"}
    assert set(declared()) < set(CELLS["lowest"].requirements)
    assert CELLS["lowest"].options == ["--resolution", "lowest-direct"]


def test_a_cell_of_amazon_mwaa_has_its_constraints(constraints: Path) -> None:
    assert CELLS["3.0.6"].options == ["--constraint", str(constraints / "mwaa-3.0.6.txt")]
    assert CELLS["newest"].options == []


def test_a_missing_file_of_constraints_is_told_with_its_folder(constraints: Path) -> None:
    """A check that is left out is no check."""
    with pytest.raises(CellError, match=rf"no mwaa-2.11.0.txt in .*{constraints}; set {CONSTRAINTS_VARIABLE} to"):
        constraints_of("2.11.0")


def test_an_interpreter_is_found_by_running_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A launcher for what is not there does not count, wherever it stands; one of pyenv's does."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    launchers, installed = tmp_path / "shims", tmp_path / "pyenv" / "versions" / f"{version}.99" / "bin"
    for folder, line in ((launchers, "exit 127"), (installed, f'exec {sys.executable} "$@"')):
        folder.mkdir(parents=True)
        name = f"python{version}" if folder == launchers else "python"
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(launchers))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))

    assert interpreters.find(("2.6", version)) == sys.executable
    with pytest.raises(CellError, match=r"No Python 2\.6 or 2\.5 runs.*ANY_PYTHON=1"):
        interpreters.find(("2.6", "2.5"))


def test_the_results_of_pytest_are_counted_by_module(tmp_path: Path) -> None:
    """What could not be imported counts as failed."""
    junit = tmp_path / "results.xml"
    junit.write_text(JUNIT)

    found = record.count(junit)

    assert found["sixty"] == Part(passed=1, seconds=61.5, notes={"seconds": "60"})
    reporting = found["reporting"]
    assert (reporting.passed, reporting.failed, reporting.skipped) == (1, 1, 1)
    assert reporting.failures == ["test_two: AssertionError: assert 1 == 2"]
    assert found["wheel"].failed == 1
    assert record.total(found).failures == [*reporting.failures, *found["wheel"].failures]


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = a_record(parts={"unit": Part(passed=3, failures=["x"])}, seconds=12)
    written.write(tmp_path / "folder" / "3.0.6.json")

    assert record.read(tmp_path / "folder" / "3.0.6.json") == written


def test_the_page_has_every_cell_and_shows_what_failed() -> None:
    """A cell that was not run says so; a part that the cell's Airflow does not have is left out."""
    parts = {"install": Part(passed=1, notes={"added": "moto 5.1.10"}), "unit": Part(passed=2, skipped=1)}
    parts |= {"reporting": Part(passed=5, failed=1), "sixty": Part(passed=1, notes={"seconds": "64"})}

    rows = page.lines_of(page.page({"3.0.6": a_record(parts=parts)}))

    assert list(rows) == list(CELLS)
    cells = [cell.strip() for cell in rows["3.0.6"].split("|")]
    assert cells[9:15] == ["adds moto 5.1.10", "2 passed, 1 skipped", "-", "**FAILED 1 of 6**", "-", "passed in 64 s"]
    assert "not run" in rows["2.11.0"]
    assert len({row.count("|") for row in rows.values()}) == 1


def test_a_cell_that_was_not_run_again_keeps_its_line() -> None:
    """With the date and the commit of the run that it tells of."""
    first = page.page({"3.0.6": a_record()})

    second = page.page({"2.11.0": a_record(cell="2.11.0", commit="def")}, first)

    assert page.lines_of(second)["3.0.6"] == page.lines_of(first)["3.0.6"]
    assert "def" in page.lines_of(second)["2.11.0"]


def test_the_page_in_the_repository_has_a_line_for_every_cell() -> None:
    assert list(page.lines_of(page.PAGE.read_text(encoding="utf-8"))) == list(CELLS)


@pytest.mark.parametrize(
    ("status", "output", "wrong"),
    [
        (0, " + boto3==1.39.11\n + starlette==1.0\n + apache-airflow==3.0.6", ""),
        (0, " + boto3==1.40.0\n + flask-appbuilder==5.0", "boto3 1.40.0 instead of 1.39.11, flask-appbuilder 5.0"),
        (0, "Would make no changes", "would install nothing"),
        (1, "error: No solution found", "does not resolve: error: No solution found"),
    ],
)
def test_a_dry_run_is_judged_by_the_file(constraints: Path, status: int, output: str, wrong: str) -> None:
    found = dry_runs.judge(CELLS["3.0.6"], "emulator", status, output)

    assert wrong in found.wrong if wrong else not found.wrong
    if not wrong:
        assert found.unnamed == ("starlette 1.0",)
    assert "mwaa-3.0.6.txt | 3.12 | wheel[emulator]" in dry_runs.table([found])


def test_every_release_that_the_metadata_admits_is_in_a_cell() -> None:
    """From the lowest that is declared on; and each version of Python."""
    lowest = next(each for each in declared() if each.startswith("apache-airflow>="))

    assert lowest.partition(">=")[2] in CELLS
    assert {cell.python for cell in CELLS.values()} == {"3.11", "3.12", "3.13"}
    assert all(isinstance(cell, Cell) for cell in CELLS.values())
