"""What Data Pipeline is told when a part of Airflow breaks down at the wrong moment; on a deployment of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.outcome_matrix.channels import Way
from tests.outcome_matrix.checks import check, parametrized
from tests.outcome_matrix.conftest import breaking_file, selected
from tests.outcome_matrix.expectations import on
from tests.outcome_matrix.runner import Campaign, Result, Run
from tests.outcome_matrix.scenarios import BREAKDOWNS
from tests.support.harness.settings import AIRFLOW_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from airflow_provider_datapipeline.emulator import EmulatorServer
    from tests.outcome_matrix.expectations import Situation
    from tests.support.harness import Deployment

SECONDS = 400
HERE = on(AIRFLOW_VERSION, BREAKDOWNS)


@pytest.fixture(scope="module")
def deployment(
    request: pytest.FixtureRequest, deploy: Callable[..., AbstractContextManager[Deployment]]
) -> Iterator[Deployment]:
    with deploy({way for _, way in selected(request)}, bounded=True) as running:
        yield running


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, deployment: Deployment, server: EmulatorServer
) -> dict[tuple[str, Way], Result]:
    """What became of all that was asked for."""
    cells = selected(request)
    wanted = [(situation, way) for situation in HERE for way in Way if (situation.name, way) in cells]

    def story(runs: list[Run]) -> Iterator[None]:
        while not all(run.running("work") for run in runs):
            yield
        yield from break_dag_files(deployment, [run for run in runs if run.situation.target == "breaks"])
        if in_callbacks := [run for run in runs if run.situation.name == "l1"]:
            yield from kill_dag_processor(deployment, in_callbacks)
        if without_server := [run for run in runs if run.situation.name in ("x1", "x2")]:
            yield from stop_api_server(deployment, without_server)

    return Campaign(deployment, server).run(wanted, at_once=len(wanted), timeout=SECONDS, script=story)


def break_dag_files(deployment: Deployment, runs: list[Run]) -> Iterator[None]:
    """While their tasks run; these then succeed."""
    files = {breaking_file(run.way) for run in runs}
    for file in files:
        deployment.add_dag_file(file, "# Airflow DAGs\nimport no_such_module\n")
    while not all(any(broken.endswith(file) for broken in deployment.import_errors()) for file in files):
        yield
    yield from let_go(runs)


def kill_dag_processor(deployment: Deployment, runs: list[Run]) -> Iterator[None]:
    """While it runs the callback of a DAG."""
    yield from let_go(runs)
    while not all(run.gate.with_name(f"{run.gate.name}.callback").exists() for run in runs if run.way is Way.DAG):
        yield
    deployment.component("dag-processor").kill()
    deployment.component("dag-processor").restart()


def stop_api_server(deployment: Deployment, runs: list[Run]) -> Iterator[None]:
    """The part of it that tasks talk to, from before the tasks end until Airflow has given them up."""
    deployment.component("execution-api").kill()
    for run in runs:
        run.gate.touch()
    while any(run.running("work") for run in runs):
        yield
    deployment.component("execution-api").restart()


def let_go(runs: list[Run]) -> Iterator[None]:
    """Let tasks end that wait for it."""
    for run in runs:
        run.gate.touch()
    while any(run.running("work") for run in runs):
        yield


@parametrized(HERE, always=[])
def test_the_outcome(
    results: dict[tuple[str, Way], Result], situation: Situation, way: Way, record_property: Callable[..., None]
) -> None:
    check(results.get((situation.name, way)), situation, way, record_property)
