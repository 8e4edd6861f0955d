"""The wheel in its cell: Airflow finds it, its types are visible, and every component loads it without a warning."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import airflow_provider_datapipeline
from tests.support.harness.settings import IS_AIRFLOW_3, REPOSITORY

if TYPE_CHECKING:
    from tests.support.harness import Deployment

DISTRIBUTION = "airflow-provider-datapipeline"

OURS = re.compile(r"airflow_provider_datapipeline|plugin datapipeline")
# The levels as Airflow 2 and Airflow 3 write them, the latter also in JSON, and the warnings of Python.
COMPLAINT = re.compile(
    r"\b(WARNING|ERROR|CRITICAL)\b|\[(warning|error|critical) *\]|\"level\": ?\"(warning|error|critical)\"|\w+Warning\b"
)
# Complaints that the runs of this cell cause on purpose. Airflow 3.2 and newer repeat the logs of tasks in the
# scheduler's log.
WANTED = re.compile("Task failed with exception|No target run: ")

# A project that depends on the package. Its last line is wrong, which a type checker finds only if it reads the
# package's annotations.
CONSUMER = """
from airflow_provider_datapipeline.emulator import EmulatorServer
from airflow_provider_datapipeline.exceptions import DataPipelineError
from airflow_provider_datapipeline.pipeline_task import PipelineTask

task = PipelineTask.from_conf({"datapipeline": {}})
reveal_type(task)
number: int = task.pipeline_id
"""


def test_what_is_tested_is_the_wheel() -> None:
    """The tests import the installed wheel, and not a checkout."""
    installed = Path(airflow_provider_datapipeline.__file__)

    assert installed.is_relative_to(sysconfig.get_path("purelib"))
    assert not (REPOSITORY / "airflow_provider_datapipeline").exists()
    assert '"editable"' not in (distribution(DISTRIBUTION).read_text("direct_url.json") or "")


def test_airflow_knows_the_provider(deployment: Deployment) -> None:
    """``airflow providers get`` shows the hook, the operators and the notifier."""
    shown = deployment.cli("providers", "get", DISTRIBUTION, "--full", "--output", "json")

    for brought in ("hooks.datapipeline", "operators.datapipeline", "notifications.datapipeline"):
        assert f"airflow_provider_datapipeline.{brought}" in shown


def test_airflow_knows_the_plugin(deployment: Deployment) -> None:
    assert "airflow_provider_datapipeline.plugins.listener" in deployment.cli("plugins", "--output", "json")


def test_every_component_has_loaded_the_plugin(deployment: Deployment) -> None:
    """Each component records it when it starts its job. The API server has a list of its plugins."""
    commands = {"scheduler", "triggerer", *(["dag-processor"] if IS_AIRFLOW_3 else [])}
    folder = deployment.home / "probe"

    found = {path.name: path.read_text() for path in folder.iterdir() if path.name in commands}

    assert found == dict.fromkeys(commands, "loaded")
    assert "datapipeline" in deployment.plugins()


def test_no_component_complains_about_the_package(deployment: Deployment) -> None:
    """After all the runs of this cell, neither the logs of components nor those of DAG files have a complaint."""
    logs = {each.name: each.log.read_text(errors="replace") for each in deployment.components}
    logs["DAG files"] = deployment.logs.of_dag_file()
    assert all(logs[each.name] for each in deployment.components), "an empty log proves nothing"

    against = [
        f"{name}: {line}"
        for name, text in logs.items()
        for line in text.splitlines()
        if OURS.search(line) and COMPLAINT.search(line) and not WANTED.search(line)
    ]

    assert against == []


def test_mypy_sees_the_types_in_another_project(tmp_path: Path) -> None:
    (tmp_path / "consumer.py").write_text(CONSUMER)

    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "consumer.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    reported = [line for line in done.stdout.splitlines() if line.startswith("consumer.py")]
    assert len(reported) == 2, done.stdout + done.stderr
    assert 'Revealed type is "airflow_provider_datapipeline.pipeline_task.PipelineTask"' in reported[0]
    assert 'expression has type "str", variable has type "int"' in reported[1]
