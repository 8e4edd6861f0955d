"""Users can copy the example DAGs: they parse quickly and without a network, and no run starts by itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
AIRFLOW = tuple(int(part) for part in version("apache-airflow").split(".")[:2])
IS_AIRFLOW_3 = AIRFLOW >= (3, 0)
TASK_RUNNER = ROOT / "example_dags" / "example_datapipeline_task_runner.py"
SENSOR = TASK_RUNNER.with_name("example_datapipeline_sensor.py")  # imports a provider that Airflow 2 does not install
DEADLINE = TASK_RUNNER.with_name("example_datapipeline_deadline.py")
SINCE = {TASK_RUNNER: (3, 0), SENSOR: (3, 0), DEADLINE: (3, 1)}
ALL_FILES = sorted((ROOT / "example_dags").glob("*.py"))
FILES = [path for path in ALL_FILES if SINCE.get(path, (2, 10)) <= AIRFLOW]
TRIGGERED = [path for path in FILES if path != TASK_RUNNER]

# This runs in a process of its own, which has imported nothing yet and may not use the network, not even for a name.
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


def test_each_way_of_reporting_has_an_example() -> None:
    text = "".join(path.read_text() for path in ALL_FILES)

    for call in (
        "data_pipeline_task_runner(",
        "report_failed",
        "AsyncCallback(DataPipelineNotifier",
        "DataPipelineSetTaskStatusOperator",
        "DataPipelineHook(",
    ):
        assert call in text


@pytest.mark.parametrize("path", TRIGGERED, ids=lambda path: path.stem)
def test_a_file_is_one_dag_with_the_same_name_and_no_schedule(path: Path, parsed: dict[str, Any]) -> None:
    (dag,) = parsed["dags"][str(path)]

    assert dag["dag_id"] == path.stem
    assert dag["dag_id"].startswith("example_")
    assert dag["timetable"] == "NullTimetable"
    assert "example" in dag["tags"]
    assert dag["tasks"]


@pytest.mark.skipif(not IS_AIRFLOW_3, reason="the task runner needs Airflow 3")
def test_the_task_runner_is_a_dag_that_polls_all_the_time_and_one_that_is_triggered(parsed: dict[str, Any]) -> None:
    """Airflow's safe mode must not skip the file, as it does with files without the words "airflow" and "dag"."""
    found = {dag["dag_id"]: dag["timetable"] for dag in parsed["dags"][str(TASK_RUNNER)]}

    assert found == {
        "example_datapipeline_runner": "NullTimetable",
        "example_datapipeline_runner_poller": "ContinuousTimetable",
    }


def test_parsing_gives_no_error_and_no_warning(parsed: dict[str, Any]) -> None:
    """This holds on every supported version of Airflow."""
    assert (parsed["errors"], parsed["warnings"]) == ([], [])


def test_parsing_imports_no_aws_library(parsed: dict[str, Any]) -> None:
    """The dag-processor parses each file every half minute."""
    assert parsed["aws"] == []


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.stem)
def test_the_parts_that_the_documentation_quotes_are_marked(path: Path) -> None:
    """Each part has a start and an end, in this order, and a name that no other file uses."""
    marks = re.findall(r"^# \[(START|END) (howto_\w+)\]$", path.read_text(), re.MULTILINE)
    names = [name for kind, name in marks if kind == "START"]

    assert names
    assert marks == [(kind, name) for name in names for kind in ("START", "END")]
    assert [
        other.name for name in names for other in ALL_FILES if other != path and f"START {name}]" in other.read_text()
    ] == []
