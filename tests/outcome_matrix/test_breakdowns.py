"""What each channel reports when a component of Airflow breaks down. The tests have a deployment of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.outcome_matrix.channels import Channel
from tests.outcome_matrix.checks import check, parametrized, selected_channels, selected_scenarios
from tests.outcome_matrix.dag_files import breaking_file
from tests.outcome_matrix.expectations import on
from tests.outcome_matrix.runner import Result, Run, ScenarioRunner
from tests.outcome_matrix.scenarios import BREAKDOWNS
from tests.support.harness.settings import AIRFLOW_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_datapipeline.emulator import EmulatorServer
    from tests.outcome_matrix.checks import Deploy
    from tests.outcome_matrix.expectations import Scenario
    from tests.support.harness import Deployment

SECONDS = 400
HERE = on(AIRFLOW_VERSION, BREAKDOWNS)


@pytest.fixture(scope="module")
def deployment(request: pytest.FixtureRequest, deploy: Deploy) -> Iterator[Deployment]:
    """An Airflow with the targets that the selected tests need."""
    with deploy(selected_channels(request), bounded=True) as running:
        yield running


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, deployment: Deployment, server: EmulatorServer
) -> dict[tuple[str, Channel], Result]:
    """How each selected scenario ended, by its name and channel."""
    wanted = selected_scenarios(request, HERE)

    def script(runs: list[Run]) -> Iterator[None]:
        while not all(run.running("work") for run in runs):
            yield
        yield from break_dag_files(deployment, [run for run in runs if run.scenario.target == "breaks"])
        if in_callbacks := [run for run in runs if run.scenario.name == "l1"]:
            yield from kill_dag_processor(deployment, in_callbacks)
        if without_server := [run for run in runs if run.scenario.name in ("x1", "x2")]:
            yield from stop_api_server(deployment, without_server)

    return ScenarioRunner(deployment, server).run(wanted, at_once=len(wanted), timeout=SECONDS, script=script)


def break_dag_files(deployment: Deployment, runs: list[Run]) -> Iterator[None]:
    """Break the DAG files of these runs while their tasks run, then let the tasks succeed."""
    files = {breaking_file(run.channel) for run in runs}
    for file in files:
        deployment.add_dag_file(file, "# Airflow DAGs\nimport no_such_module\n")
    while not all(any(broken.endswith(file) for broken in deployment.import_errors()) for file in files):
        yield
    yield from let_tasks_end(runs)


def kill_dag_processor(deployment: Deployment, runs: list[Run]) -> Iterator[None]:
    """Kill and restart the dag-processor while it runs the callback of a DAG."""
    yield from let_tasks_end(runs)
    while not all(
        run.gate.with_name(f"{run.gate.name}.callback").exists() for run in runs if run.channel is Channel.DAG
    ):
        yield
    deployment.component("dag-processor").kill()
    deployment.component("dag-processor").restart()


def stop_api_server(deployment: Deployment, runs: list[Run]) -> Iterator[None]:
    """Stop the API server of the tasks before the tasks end, and restart it when Airflow has given the tasks up."""
    deployment.component("execution-api").kill()
    for run in runs:
        run.gate.touch()
    while any(run.running("work") for run in runs):
        yield
    deployment.component("execution-api").restart()


def let_tasks_end(runs: list[Run]) -> Iterator[None]:
    """Create the files that the tasks of these runs wait for, and wait until the tasks have ended."""
    for run in runs:
        run.gate.touch()
    while any(run.running("work") for run in runs):
        yield


@parametrized(HERE, always=[])
def test_the_outcome(
    results: dict[tuple[str, Channel], Result],
    scenario: Scenario,
    channel: Channel,
    record_property: Callable[..., None],
) -> None:
    check(results.get((scenario.name, channel)), scenario, channel, record_property)
