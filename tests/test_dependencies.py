"""Every library that the package imports is declared in pyproject.toml, with the oldest release that will do."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import airflow_provider_datapipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PACKAGE = "airflow_provider_datapipeline"
FOLDER = Path(airflow_provider_datapipeline.__file__).parent  # where it was installed, which need not be the checkout
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# What an import is installed by, where that is not a distribution of the same name; the longest beginning counts.
DISTRIBUTIONS = {
    "airflow": "apache-airflow",
    "airflow.providers.amazon": "apache-airflow-providers-amazon",
    "airflow.providers.common.compat": "apache-airflow-providers-common-compat",
}

NOT_IMPORTED = {
    "boto3",  # the amazon provider's sessions are boto3's; the floor is the release that Amazon MWAA pins
}


def declared(requirements: list[str]) -> dict[str, str]:
    """Return what follows the name, by the name of each distribution."""
    found = (re.fullmatch(r"([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?(.*)", each) for each in requirements)
    return {match[1]: match[2] for match in found if match}


NEEDED = declared(PROJECT["dependencies"])
EMULATOR = declared(PROJECT["optional-dependencies"]["emulator"])


def distribution_of(module: str) -> str:
    """Return the name of the distribution that brings a module."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if (name := ".".join(parts[:length])) in DISTRIBUTIONS:
            return DISTRIBUTIONS[name]
    return parts[0].replace("_", "-").lower()


def imported(tree: ast.AST) -> Iterator[str]:
    """Return every module that is imported when the code runs; what only a type checker reads is left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for branch in node.orelse:
                yield from imported(ast.Module([branch], []))
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        else:
            yield from imported(node)


def distributions(source: str) -> set[str]:
    """Return the distributions that a module needs, besides this one and Python's standard library."""
    tops = {name: name.partition(".")[0] for name in imported(ast.parse(source))}
    return {
        distribution_of(name) for name, top in tops.items() if top not in sys.stdlib_module_names and top != PACKAGE
    }


def used(*, by_emulator: bool) -> set[str]:
    """Return the distributions that the emulator imports, or those of everything else."""
    emulator = FOLDER / "emulator"
    paths = [path for path in FOLDER.rglob("*.py") if path.is_relative_to(emulator) is by_emulator]
    return {name for path in paths for name in distributions(path.read_text(encoding="utf-8"))}


def test_what_the_package_imports_is_declared() -> None:
    """Another distribution may stop to need it."""
    assert used(by_emulator=False) - set(NEEDED) == set()


def test_what_the_emulator_imports_is_declared_by_the_package_or_its_extra() -> None:
    assert used(by_emulator=True) - set(NEEDED) - set(EMULATOR) == set()


def test_what_is_declared_is_imported() -> None:
    assert set(NEEDED) - used(by_emulator=False) == NOT_IMPORTED
    assert set(EMULATOR) - used(by_emulator=True) == set()


@pytest.mark.parametrize(("name", "bounds"), [*NEEDED.items(), *EMULATOR.items()])
def test_a_dependency_has_a_floor_and_no_ceiling(name: str, bounds: str) -> None:
    """A ceiling would keep whoever has a newer Airflow from installing the package."""
    assert re.fullmatch(r">=[0-9][0-9a-z.]*", bounds), f"{name}{bounds}"


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("import json", set()),
        ("import httpx", {"httpx"}),
        ("def f():\n    from asgiref.sync import sync_to_async", {"asgiref"}),
        ("from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook", {"apache-airflow-providers-amazon"}),
        ("import airflow", {"apache-airflow"}),
        ("if TYPE_CHECKING:\n    import sqlalchemy\nelse:\n    import pendulum", {"pendulum"}),
        (f"from {PACKAGE}.exceptions import DataPipelineError", set()),
    ],
)
def test_an_import_is_seen_wherever_it_stands(source: str, needed: set[str]) -> None:
    assert distributions(source) == needed
