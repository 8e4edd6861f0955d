"""What holds of every result, and how tests are told apart by situation and way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.outcome_matrix.channels import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from tests.outcome_matrix.expectations import Situation
    from tests.outcome_matrix.runner import Result


def parametrized(situations: Iterable[Situation], *, always: Collection[Way]) -> pytest.MarkDecorator:
    """A test for each situation and each way that applies; for all but ``always`` one of ``make test-outcomes``."""
    return pytest.mark.parametrize(
        ("situation", "way"),
        [
            pytest.param(
                situation,
                way,
                id=f"{situation.name}-{way}",
                marks=[] if way in always else [pytest.mark.every_way],
            )
            for situation in situations
            for way in situation.expected
        ],
    )


def check(result: Result | None, situation: Situation, way: Way, record_property: Callable[..., None]) -> None:
    assert result is not None, "there was no time left to start it"
    expected = situation.expected[way]
    record_property("outcome", [situation.name, str(way), result.summary])

    assert not result.problem, result
    assert expected.matches(result.status, result.error_id, result.message), (expected, result)
    assert result.accepted == (0 if expected.status is None else 1)
    assert "hunter2" not in result.text
    assert result.state == situation.state_of(way), f"Airflow's own verdict: {result}"
    if expected.status == "FAILED" and expected.detailed:
        assert situation.includes in result.text
    if way is Way.RUNNER:
        assert result.sent == 1
        assert not result.early, f"reported before the run had ended: {result}"
        assert result.runner_state == ("failed" if expected.status == "FAILED" else "success")
