"""docs/install.md: what it says to write where is complete, and can be read by what it is written for."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePosixPath

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from airflow_provider_datapipeline import __version__
from tests.support.pages import INSTALL, labelled_blocks
from tests.test_readme import blocks

NAME = "airflow-provider-datapipeline"
BLOCKS = labelled_blocks(INSTALL)
MWAA = {label.removeprefix("mwaa "): block for label, block in BLOCKS.items() if re.fullmatch(r"mwaa [\d.]+", label)}
MWAA_OFFERS = ["2.10.3", "2.11.0", "2.11.2", "3.0.6", "3.2.1", "3.3.1"]
REPLACES_CONSTRAINTS = re.compile(r"-c |--constraint ")
"""As MWAA's images look for constraints, comments included."""
WHEEL = re.compile(r"[\w.+-]+\.whl")
PLUGINS = PurePosixPath("/usr/local/airflow/plugins")


def ours(lines: list[str]) -> Requirement:
    (requirement,) = [each for each in map(Requirement, lines) if each.name == NAME]
    return requirement


def test_each_airflow_that_mwaa_offers_has_its_requirements() -> None:
    assert list(MWAA) == MWAA_OFFERS


@pytest.mark.parametrize("label", [*(f"mwaa {version}" for version in MWAA_OFFERS), "astro requirements"])
def test_requirements_can_be_read_and_name_this_version(label: str) -> None:
    requirement = ours(BLOCKS[label].splitlines())

    assert requirement.specifier.contains(__version__)
    assert not requirement.extras, "what tests need is not for production"


@pytest.mark.parametrize("label", [label for label in BLOCKS if label.startswith("mwaa ")])
def test_no_requirements_for_mwaa_replace_its_constraints(label: str) -> None:
    assert not REPLACES_CONSTRAINTS.search(BLOCKS[label])


def test_the_wheel_is_found_where_mwaa_unpacks_it() -> None:
    """The file of requirements and the archive agree: --find-links looks at the top level only."""
    lines = BLOCKS["mwaa plugins.zip"].splitlines()
    options = [line for line in lines if line.startswith("--")]
    command = shlex.split(BLOCKS["plugins.zip"])

    assert options == ["--no-index", f"--find-links {PLUGINS}"]
    assert ours([line for line in lines if line not in options]).specifier.contains(__version__)
    assert command[:3] == ["zip", "--junk-paths", "plugins.zip"]
    assert all(WHEEL.fullmatch(PurePosixPath(path).name) for path in command[3:])


def test_every_wheel_is_of_this_version() -> None:
    wheels = WHEEL.findall(INSTALL.read_text(encoding="utf-8"))

    assert len(wheels) >= 4
    assert {parse_wheel_filename(wheel)[:2] for wheel in wheels} == {(NAME, parse_wheel_filename(wheels[0])[1])}
    assert str(parse_wheel_filename(wheels[0])[1]) == __version__


def pip_install(command: str) -> list[str]:
    """The arguments of the one ``pip install`` in a command of a shell or in a Dockerfile."""
    words = shlex.split(command.replace("\\\n", " "))
    return words[words.index("install") + 1 :]


PLAIN = next(block for block in blocks(INSTALL, "bash") if block.startswith('pip install "apache-airflow=='))


@pytest.mark.parametrize("command", [BLOCKS["dockerfile"], BLOCKS["dockerfile wheel"], PLAIN])
def test_pip_is_held_to_the_airflow_that_is_there(command: str) -> None:
    """The version of the constraints is that of apache-airflow, which is named: pip replaces neither."""
    arguments = pip_install(command)
    constraints = arguments[arguments.index("--constraint") + 1]
    (airflow,) = [word.partition("==")[2] for word in arguments if word.startswith("apache-airflow==")]

    assert airflow
    assert f"/apache/airflow/constraints-{airflow}/constraints-3." in constraints


@pytest.mark.parametrize("label", ["dockerfile", "dockerfile wheel"])
def test_an_image_has_the_python_of_its_constraints(label: str) -> None:
    (tag,) = re.findall(r"^FROM apache/airflow:[\d.]+-python([\d.]+)$", BLOCKS[label], re.MULTILINE)

    assert f"/constraints-{tag}.txt" in BLOCKS[label]


def test_the_values_of_the_chart_replace_the_image_and_hand_over_the_connection() -> None:
    values = yaml.safe_load(BLOCKS["helm values"])

    assert values["images"]["airflow"]["tag"] == f"{values['airflowVersion']}-{__version__}"
    (secret,) = values["secret"]
    assert secret["envName"] == "AIRFLOW_CONN_DATAPIPELINE"
    create = next(block for block in blocks(INSTALL, "bash") if block.startswith("kubectl create secret"))
    assert f"secret generic {secret['secretName']} " in create
    assert f"--from-file={secret['secretKey']}=" in create
