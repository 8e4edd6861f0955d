"""Imports point down only, AWS's and Airflow's libraries stay where they belong, and modules stay small."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import airflow_provider_datapipeline

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

ROOT = Path(__file__).parents[1]
PACKAGE = "airflow_provider_datapipeline"
FOLDER = Path(airflow_provider_datapipeline.__file__).parent  # where it was installed, which need not be the checkout
MODULES = {
    ".".join(path.relative_to(FOLDER.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(FOLDER.rglob("*.py"))
}
MOST_LINES = 350
TABLES = f"{PACKAGE}.masking.rules."  # of which a module has a line for each row
PAGE = ROOT / "docs" / "architecture.md"


@dataclass(frozen=True, slots=True)
class Room:
    """A row of the page's table: a module or a package directly in the package, and what it may import."""

    name: str
    layer: int
    libraries: str


def rooms() -> dict[str, Room]:
    """Return the rooms as the page has them: the page is what a change of the rules has to change."""
    rows = re.findall(
        r"^\| (\d+) \| `([a-z_]+)(?:/|\.py)` \| .+ \| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {name: Room(name, int(layer), libraries) for layer, name, libraries in rows}


ROOMS = rooms()
SURFACES = {room.name for room in ROOMS.values() if room.layer == ROOMS["operators"].layer}  # may use each other
NARROW = {"delivery": {f"{PACKAGE}._airflow.metrics"}}
AWS = ("aiobotocore", "boto3", "botocore", "airflow.providers.amazon")
NAMES = f"{PACKAGE}._airflow.names"  # the one module that knows where Airflow keeps what


def part_of(module: str) -> str:
    """``hooks`` of ``airflow_provider_datapipeline.hooks.datapipeline``; empty for the package itself."""
    return module.removeprefix(PACKAGE).lstrip(".").partition(".")[0]


def imported(source: str) -> Iterator[str]:
    """Every module that a source imports, in functions and for type checking too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used"
            base = node.module or ""
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base


def allowed_parts(part: str) -> set[str]:
    """The parts of the package that a part may import."""
    if part in ("", "emulator"):
        return {part}
    below = {room.name for room in ROOMS.values() if room.layer < ROOMS[part].layer}
    return below | (SURFACES if part in SURFACES else {part})


def under(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def misplaced(module: str, source: str) -> list[str]:
    """The imports of a module that break a rule."""
    part = part_of(module)
    return [name for name in imported(source) if not is_allowed(module, part, name)]


def is_allowed(module: str, part: str, name: str) -> bool:
    if under(name, (PACKAGE,)):
        return may_use_part(part, name)
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names or may_use_library(module, part, name, top)


def may_use_part(part: str, name: str) -> bool:
    target = part_of(name)
    if part in NARROW and target == "_airflow":
        return name in NARROW[part]
    return target == "" or target in allowed_parts(part)  # the package itself is the version


def may_use_library(module: str, part: str, name: str, top: str) -> bool:
    if part == "emulator":
        return top != "airflow"
    libraries = ROOMS[part].libraries
    if libraries.startswith("none"):
        return False
    if libraries.startswith("`"):
        return f"`{top}`" in libraries
    if under(name, AWS):
        return libraries == "AWS's"
    return top != "airflow" or module == NAMES


def circles(graph: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other, directly or by way of others."""
    reached: dict[str, set[str]] = {}
    for module in graph:
        reached[module] = set()
        ahead = list(graph[module])
        while ahead:
            if (other := ahead.pop()) not in reached[module]:
                reached[module].add(other)
                ahead += graph.get(other, ())
    groups = {frozenset({a} | {b for b in reached[a] if a in reached.get(b, ())}) for a in graph if a in reached[a]}
    return sorted(sorted(group) for group in groups)


def graph_of(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Return which modules of the package each one imports."""
    return {module: {name for name in imported(source) if name in MODULES} for module, source in sources.items()}


def test_the_page_has_every_room_of_the_package() -> None:
    """A new one needs a row in docs/architecture.md, and a dead row goes."""
    assert {part_of(module) for module in MODULES} - {"", "emulator"} == set(ROOMS)


def test_no_modules_import_each_other() -> None:
    """In functions and for type checking counts too: whoever reads one would have to read the other first."""
    assert circles(graph_of({name: path.read_text(encoding="utf-8") for name, path in MODULES.items()})) == []


def test_a_circle_is_seen() -> None:
    """Between two rooms, inside one, and by way of a third module."""
    sources = {
        f"{PACKAGE}.masking.finder": f"from {PACKAGE}.masking.patterns import urls",
        f"{PACKAGE}.masking.patterns.urls": f"def f():\n    from {PACKAGE}.masking import spans",
        f"{PACKAGE}.masking.spans": f"from {PACKAGE}.masking.finder import find_secrets",
        f"{PACKAGE}.masking.masker": f"from {PACKAGE}.masking.finder import find_secrets",
    }

    assert circles(graph_of(sources)) == [
        [f"{PACKAGE}.masking.finder", f"{PACKAGE}.masking.patterns.urls", f"{PACKAGE}.masking.spans"]
    ]


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    assert misplaced(module, MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("masking.masker", "from airflow_provider_datapipeline.reporting import limits"),
        ("reporting.report", "import pendulum"),
        ("pipeline_task", "def f():\n    from airflow_provider_datapipeline.reporting import limits"),
        ("pipeline_task", "import airflow"),
        ("outcome.decision", "from airflow_provider_datapipeline._airflow import compat"),
        ("outcome.decision", "import airflow"),
        ("exceptions", "import botocore.exceptions"),
        ("_airflow.context", "from airflow_provider_datapipeline.hooks import datapipeline"),
        ("_airflow.context", "from airflow.models import DagRun"),
        ("_airflow.compat", "from airflow.sdk import DAG"),
        ("hooks.datapipeline", "from airflow_provider_datapipeline import delivery"),
        ("hooks.datapipeline", "import airflow_provider_datapipeline.emulator.wire"),
        ("delivery.sender", "from airflow_provider_datapipeline.callbacks import report_failed"),
        ("delivery.sender", "from airflow_provider_datapipeline._airflow import compat"),
        ("delivery.sender", "from botocore.exceptions import ClientError"),
        ("airflow_api.mwaa", "import boto3"),
        ("hooks._mwaa", "from airflow_provider_datapipeline.airflow_api import mwaa"),
        ("operators.datapipeline", "from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner"),
        ("operators.datapipeline", "from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook"),
        ("operators.datapipeline", "from airflow.utils.session import create_session"),
        ("operators.datapipeline", "from airflow.providers.common.compat.sdk import BaseOperator"),
        ("emulator.engine", "from airflow_provider_datapipeline.reporting import limits"),
        ("", "from airflow_provider_datapipeline import hooks"),
    ],
)
def test_the_rules_are_those_of_the_architecture(module: str, source: str) -> None:
    """What must not be is seen, wherever in a module it stands."""
    assert misplaced(f"{PACKAGE}.{module}".rstrip("."), source)


def test_only_tests_and_the_demo_use_the_emulator() -> None:
    sources = [*MODULES.values(), *(ROOT / "example_dags").glob("*.py")]
    users = [
        path.name
        for path in sources
        if path.parent.name != "emulator"
        and any(under(name, (f"{PACKAGE}.emulator",)) for name in imported(path.read_text(encoding="utf-8")))
    ]

    assert users == []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_is_for_and_is_small(module: str) -> None:
    source = MODULES[module].read_text(encoding="utf-8")

    assert ast.get_docstring(ast.parse(source)), "no docstring"
    assert len(source.splitlines()) <= MOST_LINES or module.startswith(TABLES)


def test_no_file_names_a_folder_of_this_machine() -> None:
    """It would be there on no other."""
    text = {".cfg", ".md", ".py", ".toml", ".txt", ".json", ".yaml", ""}
    folders = [PACKAGE, "tests", "example_dags", "benchmarks", "docs", "constraints", ".ci"]
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file()]

    named = [
        str(path.relative_to(ROOT))
        for path in files
        if path.suffix in text and "__pycache__" not in path.parts and f"{ROOT}/" in path.read_text(encoding="utf-8")
    ]

    assert named == []
