"""The example DAGs can be copied: they parse, cheaply and without a network, and start nothing by themselves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "example_dags").glob("*.py"))

# In a process of its own, which has imported nothing yet and may not reach out: not even to look up a name.
PARSE = """
import json, sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:  # Airflow 2
    from airflow.models.dagbag import DagBag

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        raise PermissionError(f"{event} {arguments}")

sys.addaudithook(refuse)
bags = {path: DagBag(path) for path in sys.argv[1:]}
print(json.dumps({
    "errors": [error for bag in bags.values() for error in bag.import_errors.values()],
    "warnings": [warnings for bag in bags.values() for warnings in bag.captured_warnings.values()],
    "aws": [name for name in sys.modules if name.split(".")[0] in ("aiobotocore", "boto3", "botocore")],
    "dags": {
        path: [
            {"dag_id": dag.dag_id, "timetable": type(dag.timetable).__name__, "tags": list(dag.tags),
             "tasks": list(dag.task_ids)}
            for dag in bag.dags.values()
        ]
        for path, bag in bags.items()
    },
}))
"""


@pytest.fixture(scope="module")
def parsed() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", PARSE, *map(str, FILES)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_there_is_one_for_each_way_to_report() -> None:
    text = "".join(path.read_text() for path in FILES)

    for surface in ("report_failed", "DataPipelineSetTaskStatusOperator", "DataPipelineHook("):
        assert surface in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_one_dag_named_alike_that_is_only_ever_triggered(path: Path, parsed: dict[str, Any]) -> None:
    (dag,) = parsed["dags"][str(path)]

    assert dag["dag_id"] == path.stem
    assert dag["dag_id"].startswith("example_")
    assert dag["timetable"] == "NullTimetable"
    assert "example" in dag["tags"]
    assert dag["tasks"]


def test_parsing_gives_no_error_and_no_warning(parsed: dict[str, Any]) -> None:
    """On any supported version of Airflow."""
    assert (parsed["errors"], parsed["warnings"]) == ([], [])


def test_parsing_imports_no_aws_library(parsed: dict[str, Any]) -> None:
    """The dag-processor does it every half a minute."""
    assert parsed["aws"] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_parts_that_the_documentation_quotes_are_marked(path: Path) -> None:
    """Each with a start and an end, in that order, under a name of its own."""
    marks = re.findall(r"^# \[(START|END) (howto_\w+)\]$", path.read_text(), re.MULTILINE)
    names = [name for kind, name in marks if kind == "START"]

    assert names
    assert marks == [(kind, name) for name in names for kind in ("START", "END")]
    assert [
        other.name for name in names for other in FILES if other != path and f"START {name}]" in other.read_text()
    ] == []
