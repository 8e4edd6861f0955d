"""A test with the emulator proves something about the package only if the two share no code."""

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
    """Yield every module that a file imports, anywhere in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_it_imports_nothing_of_the_rest_of_the_package():
    """Its limits, error names and formats come from botocore's model and AWS's pages."""
    modules = {name for path in EMULATOR.glob("*.py") for name in imported(path)}

    foreign = {name for name in modules if name.split(".")[0] in {PACKAGE, "airflow"}}

    assert f"{PACKAGE}.emulator.engine" in foreign
    assert {name for name in foreign if not name.startswith(f"{PACKAGE}.emulator")} == set()


def test_it_loads_neither_airflow_nor_moto_nor_boto3():
    """Only the module ``moto_backend`` imports moto. The test uses a new process."""
    code = f"import sys, {PACKAGE}.emulator; print(*sorted(name for name in sys.modules if '.' not in name))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "botocore" in loaded.split()
    assert {"airflow", "moto", "boto3"} & set(loaded.split()) == set()
