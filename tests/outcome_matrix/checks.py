"""The tests of both modules: one for each scenario and channel, what each checks, and which were selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.outcome_matrix.channels import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from contextlib import AbstractContextManager

    from tests.outcome_matrix.expectations import Scenario
    from tests.outcome_matrix.runner import Result
    from tests.support.harness import Deployment

    Deploy = Callable[..., AbstractContextManager[Deployment]]


def parametrized(scenarios: Iterable[Scenario], *, always: Collection[Channel]) -> pytest.MarkDecorator:
    """
    Make a test for each scenario and each channel that applies to it.

    :param always: the channels whose tests run with every change; the others run with ``make test-outcomes`` alone
    """
    return pytest.mark.parametrize(
        ("scenario", "channel"),
        [
            pytest.param(
                scenario,
                channel,
                id=f"{scenario.name}-{channel}",
                marks=[] if channel in always else [pytest.mark.every_way],
            )
            for scenario in scenarios
            for channel in scenario.expected
        ],
    )


def selected_channels(request: pytest.FixtureRequest) -> set[Channel]:
    """Return the channels that the selected tests of the present module need."""
    return {channel for _, channel in _selected(request)}


def selected_scenarios(request: pytest.FixtureRequest, scenarios: Iterable[Scenario]) -> list[tuple[Scenario, Channel]]:
    """Return the scenarios, each with a channel, that the selected tests of the present module need."""
    selected = _selected(request)
    return [
        (scenario, channel) for scenario in scenarios for channel in Channel if (scenario.name, channel) in selected
    ]


def _selected(request: pytest.FixtureRequest) -> set[tuple[str, Channel]]:
    parameters: list[dict[str, Any]] = [
        item.callspec.params
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.node.path and hasattr(item, "callspec")
    ]
    return {(each["scenario"].name, each["channel"]) for each in parameters}


def check(result: Result | None, scenario: Scenario, channel: Channel, record_property: Callable[..., None]) -> None:
    """Check that a scenario ended as expected through a channel, and record the outcome for the pages."""
    assert result is not None, "there was no time left to start it"
    expected = scenario.expected[channel]
    record_property("outcome", [scenario.name, str(channel), result.summary])

    assert not result.problem, result
    assert expected.matches(result.status, result.error_id, result.message), (expected, result)
    assert result.accepted == (0 if expected.status is None else 1)
    assert "hunter2" not in result.text
    assert result.state == scenario.state_of(channel), f"Airflow's own verdict: {result}"
    if expected.status == "FAILED" and expected.detailed:
        assert scenario.includes in result.text
    if channel is Channel.RUNNER:
        assert result.sent == 1
        assert not result.early, f"reported before the run had ended: {result}"
        assert result.runner_state == ("failed" if expected.status == "FAILED" else "success")
