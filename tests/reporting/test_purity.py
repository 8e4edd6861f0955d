"""The room ``reporting`` imports the standard library alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import airflow_provider_datapipeline

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from airflow_provider_datapipeline.reporting import TaskFacts, TaskReport

TaskReport.failed(ValueError("x"), TaskFacts(dag_id="d"), mask=str)
strangers = {{name.partition(".")[0] for name in sys.modules}} - sys.stdlib_module_names - {{"__main__"}}
print(*sorted(strangers))
"""


def test_reporting_needs_the_standard_library_alone() -> None:
    """Run without site-packages. If the package is installed there, what was imported is checked instead."""
    program = PROGRAM.format(root=str(Path(airflow_provider_datapipeline.__file__).parents[1]))

    run = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout.split() == ["airflow_provider_datapipeline"]


def test_a_pipeline_task_needs_pendulum_and_no_airflow() -> None:
    program = "import sys, airflow_provider_datapipeline.pipeline_task; print(*sys.modules)"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)

    packages = {name.partition(".")[0] for name in run.stdout.split()}
    assert "pendulum" in packages
    assert not packages & {"airflow", "boto3", "botocore", "aiobotocore"}
