"""Imports point down only, AWS's and Airflow's libraries stay where they belong, and modules stay small."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import airflow_provider_datapipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PACKAGE = "airflow_provider_datapipeline"
FOLDER = Path(airflow_provider_datapipeline.__file__).parent  # where it was installed, which need not be the checkout
MODULES = {
    ".".join(path.relative_to(FOLDER.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(FOLDER.rglob("*.py"))
}
MOST_LINES = 350
TABLES = f"{PACKAGE}.reporting.secret_rules."  # of which a module has a line for each row

# What the package is made of, from the bottom up. A part may import the parts of the layers below its own.
LAYERS: list[set[str]] = [
    {"clock", "dag_structure", "exceptions", "get_provider_info", "metrics", "pacing", "pipeline_task", "reporting"},
    {"heartbeats", "outcome"},
    {"_airflow", "deadline", "log_words", "macros", "progress", "runs"},
    {"hooks"},
    {"airflow_api", "delivery", "lease", "links", "open_polls", "targets"},
    {"airflow_client"},
    {"batches", "census", "polling", "run_sorter", "target_run", "task_reader"},
    {"watcher"},
    {"supervision"},
    {"callbacks", "listener", "notifications", "operators", "sensors", "triggers"},
    {"plugin", "task_runner"},
]
SURFACES = LAYERS[-2]  # what users write in DAG files: these may build upon each other
NARROW = {"delivery": {f"{PACKAGE}._airflow.bounded", f"{PACKAGE}._airflow.metrics"}}

# The only modules outside the standard library that a part may import.
FOREIGN = {
    "dag_structure": set[str](),
    "exceptions": set[str](),
    "get_provider_info": set[str](),
    "log_words": set[str](),
    "metrics": set[str](),
    "outcome": set[str](),
    "pipeline_task": {"pendulum"},
    "reporting": set[str](),
}
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
    (level,) = [number for number, layer in enumerate(LAYERS) if part in layer]
    below = set().union(*LAYERS[:level])
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
    if part in FOREIGN:
        return top in FOREIGN[part]
    if part == "emulator":
        return top != "airflow"
    if under(name, AWS):
        return part == "hooks"
    return top != "airflow" or module == NAMES


def test_every_part_of_the_package_has_its_place() -> None:
    """A new one needs a layer in this file, and a line in the architecture."""
    assert {part_of(module) for module in MODULES} <= {"", "emulator"}.union(*LAYERS)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    assert misplaced(module, MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("reporting.report", "from airflow_provider_datapipeline.exceptions import DataPipelineError"),
        ("reporting.report", "import pendulum"),
        ("pipeline_task", "def f():\n    from airflow_provider_datapipeline.reporting import limits"),
        ("pipeline_task", "import airflow"),
        ("outcome", "from airflow_provider_datapipeline._airflow import compat"),
        ("outcome", "import airflow"),
        ("exceptions", "import botocore.exceptions"),
        ("_airflow.context", "from airflow_provider_datapipeline.hooks import datapipeline"),
        ("_airflow.context", "from airflow.models import DagRun"),
        ("_airflow.compat", "from airflow.sdk import DAG"),
        ("hooks.datapipeline", "from airflow_provider_datapipeline import delivery"),
        ("hooks.datapipeline", "import airflow_provider_datapipeline.emulator.wire"),
        ("delivery", "from airflow_provider_datapipeline.callbacks import report_failed"),
        ("delivery", "from airflow_provider_datapipeline._airflow import compat"),
        ("delivery", "from botocore.exceptions import ClientError"),
        ("airflow_api.mwaa", "import boto3"),
        ("hooks._mwaa", "from airflow_provider_datapipeline.airflow_api import mwaa"),
        ("operators.datapipeline", "from airflow_provider_datapipeline.plugin import DataPipelinePlugin"),
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
