"""For how long the reader of an ended run tries again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline._airflow import compat

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow_provider_datapipeline._airflow.triggerer import Priority
from airflow_provider_datapipeline._task_runner.target_run_reader import TargetRunReader
from airflow_provider_datapipeline.outcome.decision import UnreadableError
from tests.task_runner.fake_airflow import FakeAirflow, NoSenseError
from tests.task_runner.fake_time import now, run

if TYPE_CHECKING:
    from collections.abc import Callable

RUN = ("nightly", "run_1")
DATED = {"@scheduledStartTime": "2026-11-22T10:00:00"}


@pytest.fixture
def airflow() -> FakeAirflow:
    airflow = FakeAirflow()
    airflow.tasks[RUN] = {"work": "failed"}
    airflow.xcoms[(*RUN, "work", -1, "return_value")] = 5
    return airflow


def read(airflow: FakeAirflow) -> Any:
    async def test() -> Any:
        target = TargetRunReader(airflow, *RUN)
        return await target.task_states(), await target.xcom("work", -1, "return_value"), now()

    return run(test())


def test_what_can_be_read_is_read_at_once(airflow: FakeAirflow) -> None:
    assert read(airflow) == ({"work": "failed"}, 5, 0.0)
    assert airflow.asked("task_states") == [("nightly", ("run_1",), Priority.OUTCOME)]


def test_a_restart_of_the_api_server_is_waited_for(airflow: FakeAirflow) -> None:
    airflow.fail("*", ConnectionError("refused"), end=120)

    assert read(airflow)[:2] == ({"work": "failed"}, 5)


def test_three_minutes_are_for_all_that_is_read(airflow: FakeAirflow) -> None:
    """A run may have thousands of XComs, and its report must not wait for all of them."""
    airflow.fail("*", ConnectionError("refused"))

    async def test() -> tuple[float, float]:
        target = TargetRunReader(airflow, *RUN)
        with pytest.raises(UnreadableError, match="The states of its tasks: ConnectionError: refused") as states:
            await target.task_states()
        first = now()
        with pytest.raises(UnreadableError, match="XCom 'return_value' of task work") as value:
            await target.xcom("work", -1, "return_value")
        assert states.value.may_pass
        assert value.value.may_pass
        return first, now() - first

    first, second = run(test())
    assert 160 < first <= 180
    assert second <= 15


def test_what_will_not_pass_is_not_tried_again(airflow: FakeAirflow) -> None:
    airflow.fail("*", NoSenseError("no class of this name"))

    async def test() -> None:
        target = TargetRunReader(airflow, *RUN)
        with pytest.raises(UnreadableError) as states:
            await target.task_states()
        with pytest.raises(UnreadableError, match="allowed_deserialization_classes") as value:
            await target.xcom("work", -1, "return_value")
        assert not states.value.may_pass
        assert not value.value.may_pass
        assert len(airflow.calls) == 2

    run(test())


@pytest.mark.parametrize(
    ("fields", "seen", "states", "answer"),
    [
        (DATED, None, {}, True),
        (DATED, {}, {}, True),
        (DATED, None, {"work": "success"}, False),
        (DATED, {"work": None}, {}, False),  # there was one: it is not the date's fault
        ({}, None, {}, False),  # the run was given no date
    ],
)
def test_a_run_without_tasks_is_empty_if_a_date_may_be_the_reason(
    airflow: FakeAirflow, make_task: Callable[..., Any], *, fields: Any, seen: Any, states: Any, answer: bool
) -> None:
    airflow.tasks[RUN] = states

    assert run(TargetRunReader(airflow, *RUN, seen).is_empty_though_dated(make_task(fields=fields))) is answer


def test_a_run_whose_tasks_cannot_be_read_counts_as_not_empty(
    airflow: FakeAirflow, make_task: Callable[..., Any]
) -> None:
    airflow.fail("*", NoSenseError("404"))

    assert not run(TargetRunReader(airflow, *RUN).is_empty_though_dated(make_task(fields=DATED)))
