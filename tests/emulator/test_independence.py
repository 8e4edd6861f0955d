"""The emulator proves something about the package only as long as it shares no code with it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from airflow_provider_datapipeline import emulator

ROOT = Path(__file__).parents[2]
PACKAGE = "airflow_provider_datapipeline"
EMULATOR = Path(emulator.__file__).parent


def imported(path):
    """Every module that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_it_imports_nothing_of_the_rest_of_the_package():
    """Its limits, error names and formats come from botocore's model and from AWS's own pages."""
    modules = {name for path in EMULATOR.glob("*.py") for name in imported(path)}

    foreign = {name for name in modules if name.split(".")[0] in {PACKAGE, "airflow"}}

    assert f"{PACKAGE}.emulator.engine" in foreign
    assert {name for name in foreign if not name.startswith(f"{PACKAGE}.emulator")} == set()


def test_it_loads_neither_airflow_nor_moto_nor_boto3():
    """In a process of its own; moto comes with its door alone."""
    code = f"import sys, {PACKAGE}.emulator; print(*sorted(name for name in sys.modules if '.' not in name))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "botocore" in loaded.split()
    assert {"airflow", "moto", "boto3"} & set(loaded.split()) == set()
