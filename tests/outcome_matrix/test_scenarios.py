"""
Every way in which a DAG run can end, through every channel: what Data Pipeline is told, and how often.

All scenarios run at the same time. Each test then checks its own scenario and channel.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.pipeline_task import shorten
from tests.outcome_matrix.channels import Channel
from tests.outcome_matrix.checks import check, parametrized, selected_channels, selected_scenarios
from tests.outcome_matrix.dag_files import targets_file
from tests.outcome_matrix.expectations import on
from tests.outcome_matrix.runner import Result, ScenarioRunner
from tests.outcome_matrix.scenarios import SCENARIOS
from tests.support.harness.settings import AIRFLOW_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_datapipeline.emulator import EmulatorServer
    from tests.outcome_matrix.checks import Deploy
    from tests.outcome_matrix.expectations import Scenario
    from tests.support.harness import Deployment

SECONDS = 540
"""Three times what the scenarios take on a machine that does nothing else."""
AT_ONCE = 20
HERE = on(AIRFLOW_VERSION, SCENARIOS)


@pytest.fixture(scope="module")
def deployment(request: pytest.FixtureRequest, deploy: Deploy) -> Iterator[Deployment]:
    """An Airflow with the targets that the selected tests need."""
    bounded = any(scenario.worker_group == "bounded" for scenario in HERE)
    with deploy(selected_channels(request), bounded=bounded) as running:
        yield running


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, deployment: Deployment, server: EmulatorServer
) -> dict[tuple[str, Channel], Result]:
    """How each selected scenario ended, by its name and channel."""
    wanted = selected_scenarios(request, HERE)
    quick = (each for each in wanted if not each[0].slow)
    order = []
    for slow in (each for each in wanted if each[0].slow):  # slow scenarios mostly wait, so others run beside them
        order += [slow, *islice(quick, 2)]
    return ScenarioRunner(deployment, server).run([*order, *quick], at_once=AT_ONCE, timeout=SECONDS)


@parametrized(HERE, always=[Channel.RUNNER])
def test_the_outcome(
    results: dict[tuple[str, Channel], Result],
    scenario: Scenario,
    channel: Channel,
    record_property: Callable[..., None],
) -> None:
    check(results.get((scenario.name, channel)), scenario, channel, record_property)


def is_warning(line: str) -> bool:
    """Return whether a line of a log is a warning: a JSON line of Airflow 3, or a text line of Airflow 2."""
    return '"level":"warning"' in line or " WARNING - " in line


@parametrized([each for each in HERE if each.verdict is not None], always=[Channel.RUNNER])
def test_the_second_outcome_of_a_cleared_run_is_not_sent_but_said(
    deployment: Deployment, results: dict[tuple[str, Channel], Result], scenario: Scenario, channel: Channel
) -> None:
    """The log that a person reads after clearing the run has one WARNING about it."""
    result = results[scenario.name, channel]
    dag_id, run_id = scenario.dag_id(channel), result.run_id
    logs = {
        Channel.TASK: lambda: deployment.logs.of_task(dag_id, run_id, "work", try_number=2),
        Channel.DAG: lambda: deployment.logs.of_dag_file(targets_file(channel)),
        Channel.OPERATOR: lambda: deployment.logs.of_task(dag_id, run_id, "report"),
        Channel.RUNNER: lambda: deployment.logs.of_task(dag_id, run_id, "work", try_number=2),
    }
    own = (
        "has been reported to AWS Data Pipeline already"
        if channel is Channel.RUNNER
        else shorten(result.pipeline_task_id)
    )

    warnings = [line for line in logs[channel]().splitlines() if is_warning(line) and own in line]

    assert len(warnings) == 1, warnings
    assert "already" in warnings[0]
    assert "RERUN" in warnings[0]
    assert result.sent == 1
