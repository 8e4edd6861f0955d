"""
Every way in which a DAG run can end, through every way of reporting: what Data Pipeline is told, and how often.

All runs are under way together: each test then looks at its own.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.pipeline_task import shorten
from tests.outcome_matrix.channels import Way
from tests.outcome_matrix.checks import check, parametrized
from tests.outcome_matrix.conftest import selected
from tests.outcome_matrix.expectations import on
from tests.outcome_matrix.runner import Campaign, Result
from tests.outcome_matrix.scenarios import SITUATIONS
from tests.support.harness.settings import AIRFLOW_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from airflow_provider_datapipeline.emulator import EmulatorServer
    from tests.outcome_matrix.expectations import Situation
    from tests.support.harness import Deployment

SECONDS = 540
"""On a machine that does nothing else it takes a third of that."""
AT_ONCE = 20
HERE = on(AIRFLOW_VERSION, SITUATIONS)


@pytest.fixture(scope="module")
def deployment(
    request: pytest.FixtureRequest, deploy: Callable[..., AbstractContextManager[Deployment]]
) -> Iterator[Deployment]:
    bounded = any(situation.worker_group == "bounded" for situation in HERE)
    with deploy({way for _, way in selected(request)}, bounded=bounded) as running:
        yield running


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, deployment: Deployment, server: EmulatorServer
) -> dict[tuple[str, Way], Result]:
    """What became of all that was asked for."""
    cells = selected(request)
    wanted = [(situation, way) for situation in HERE for way in Way if (situation.name, way) in cells]
    quick = (each for each in wanted if not each[0].slow)
    order = []
    for slow in (each for each in wanted if each[0].slow):  # which mostly wait
        order += [slow, *islice(quick, 2)]
    return Campaign(deployment, server).run([*order, *quick], at_once=AT_ONCE, timeout=SECONDS)


@parametrized(HERE, always=[Way.RUNNER])
def test_the_outcome(
    results: dict[tuple[str, Way], Result], situation: Situation, way: Way, record_property: Callable[..., None]
) -> None:
    check(results.get((situation.name, way)), situation, way, record_property)


def is_warning(line: str) -> bool:
    """Tell it of a line of JSON (Airflow 3), and of one of text."""
    return '"level":"warning"' in line or " WARNING - " in line


@parametrized([each for each in HERE if each.verdict is not None], always=[Way.RUNNER])
def test_the_second_outcome_of_a_cleared_run_is_not_sent_but_said(
    deployment: Deployment, results: dict[tuple[str, Way], Result], situation: Situation, way: Way
) -> None:
    """A WARNING, where whoever cleared the run looks."""
    result = results[situation.name, way]
    dag_id, run_id = situation.dag_id(way), result.run_id
    logs = {
        Way.TASK: lambda: deployment.logs.of_task(dag_id, run_id, "work", try_number=2),
        Way.DAG: lambda: deployment.logs.of_dag_file(f"targets_{way}.py"),
        Way.OPERATOR: lambda: deployment.logs.of_task(dag_id, run_id, "report"),
        Way.RUNNER: lambda: deployment.logs.of_task(dag_id, run_id, "work", try_number=2),
    }
    own = "has been reported to AWS Data Pipeline already" if way is Way.RUNNER else shorten(result.pipeline_task_id)

    warnings = [line for line in logs[way]().splitlines() if is_warning(line) and own in line]

    assert len(warnings) == 1, warnings
    assert "already" in warnings[0]
    assert "RERUN" in warnings[0]
    assert result.sent == 1
