"""What the documentation tells people to copy works, and what it refers to is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import airflow
import pytest
from botocore.session import Session

import airflow_provider_datapipeline
from airflow_provider_datapipeline import __version__
from airflow_provider_datapipeline.emulator import Service

ROOT = Path(__file__).parents[1]
PACKAGE = Path(airflow_provider_datapipeline.__file__).parent  # where it was installed, which need not be the checkout
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
AIRFLOW_3 = not airflow.__version__.startswith("2.")

# As Airflow's dag-processor does it: files that do not look like DAG files are left out.
PARSE = """
import json, sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:  # Airflow 2
    from airflow.models.dagbag import DagBag

bag = DagBag(sys.argv[1], safe_mode=True)
print(json.dumps({"errors": list(bag.import_errors.values()), "dags": sorted(bag.dags)}))
"""


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def anchor(heading: str) -> str:
    """What GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


DAG_FILES = {
    ("datapipeline_airflow", "datapipeline_airflow_poller"): "data_pipeline_task_runner",
    ("shell_command",): "def shell_command",
    ("nightly_orders",): "def nightly_orders",
}
QUOTED = {
    "is_there() >> DataPipelineSetTaskStatusOperator": "example_datapipeline_precondition.py",
    "WITHIN_AN_HOUR = DeadlineAlert": "example_datapipeline_deadline.py",
}
PYTHON = [block for block in blocks(ROOT / "README.md", "python") if not block.startswith(tuple(QUOTED))]


def test_every_block_of_python_is_a_dag_file_that_a_test_imports() -> None:
    assert [[text in block for text in DAG_FILES.values()].count(True) for block in PYTHON] == [1] * len(DAG_FILES)


@pytest.mark.parametrize("dag_ids", DAG_FILES, ids=lambda dag_ids: dag_ids[0])
def test_a_dag_file_of_the_readme_is_found_and_imported(dag_ids: tuple[str, ...], tmp_path: Path) -> None:
    (source,) = [block for block in PYTHON if DAG_FILES[dag_ids] in block]
    if not AIRFLOW_3 and ("task_runner" in source or "airflow.sdk" in source):
        pytest.skip("the task runner and its targets are for Airflow 3")
    (tmp_path / "copied.py").write_text(source)

    done = subprocess.run(
        [sys.executable, "-c", PARSE, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"errors": [], "dags": sorted(dag_ids)}


@pytest.mark.parametrize("start", QUOTED)
def test_lines_that_are_no_dag_file_are_quoted_from_an_example(start: str) -> None:
    (quoted,) = [block for block in blocks(ROOT / "README.md", "python") if block.startswith(start)]

    assert quoted.strip() in (ROOT / "example_dags" / QUOTED[start]).read_text(encoding="utf-8")


def test_the_tests_of_the_emulators_page_pass(tmp_path: Path) -> None:
    """In a process of their own, as they leave a mock installed, and a client of a server that is gone."""
    sources = blocks(ROOT / "docs" / "emulator.md", "python")
    for number, source in enumerate(sources):
        (tmp_path / f"test_copied_{number}.py").write_text(source)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"{len(sources)} passed" in done.stdout, done.stdout + done.stderr


def test_the_pipeline_definition_of_the_readme_runs() -> None:
    definition = next(json.loads(block) for block in blocks(ROOT / "README.md", "json") if "objects" in block)
    service = Service()

    service.start_pipeline(definition)

    (attempt,) = service.attempts()
    assert (attempt.component_id, attempt.status) == ("Hello", "WAITING_FOR_RUNNER")


def test_the_iam_policy_names_operations_that_exist() -> None:
    policy: dict[str, Any] = next(
        json.loads(block) for block in blocks(ROOT / "README.md", "json") if "Statement" in block
    )
    named = [statement["Action"] for statement in policy["Statement"]]
    actions = [action for each in named for action in ([each] if isinstance(each, str) else each)]
    known = Session().get_service_model("datapipeline").operation_names

    assert actions
    assert {action.partition(":")[2] for action in actions} <= set(known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    missing = []
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if target.is_relative_to(ROOT / PACKAGE.name):
            target = PACKAGE / target.relative_to(ROOT / PACKAGE.name)
        if not target.exists():
            missing.append(link)
        elif fragment:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            if fragment not in map(anchor, headings):
                missing.append(link)

    assert missing == []


def test_the_changelog_begins_with_this_version() -> None:
    """But for what is not released yet."""
    versions = re.findall(r"^## \[(\d.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    released = [version for version in versions if version != "Unreleased"]
    assert released[0] == __version__


def test_the_error_texts_of_the_troubleshooting_table_are_those_of_the_code() -> None:
    """As far as they are quoted; a person searches for what the log says."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Troubleshooting")[2].partition("\n## ")[0]
    symptoms = re.findall(r"^\| (.*?) \|", section, re.MULTILINE)
    quoted = [text for symptom in symptoms for text in re.findall(r'"([^"]{12,})"', symptom)]
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py")))
    code = re.sub(r'"\s*\n\s*f?"', "", code)  # literals that go on in the next line

    parts = [part.strip() for text in quoted for part in text.split("...") if part.strip(" ;:")]
    assert len(parts) >= 8
    assert [part for part in parts if part not in code] == []
