"""The time by which the target run of a task must have ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline._task_runner.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_datapipeline.pipeline_task import PipelineTask

POLLED = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC).timestamp()


def test_without_a_limit_there_is_no_deadline(make_task: Callable[..., PipelineTask]) -> None:
    assert Deadline.of(make_task(), POLLED, None) is None


@pytest.mark.parametrize(
    ("run_timeout", "attempt_timeout", "seconds", "limit"),
    [
        (90.0, None, 90, "the task runner's run_timeout of 90 s"),
        (None, "30 minutes", 1800, "the attempt's attemptTimeout of 30 minutes"),
        (None, "2 Hours", 7200, "the attempt's attemptTimeout of 2 Hours"),
        (None, "1 month", 31 * 86_400, "the attempt's attemptTimeout of 1 month"),
        (90.0, "2 Hours", 90, "the task runner's run_timeout of 90 s"),
        (86_400.0, "2 Hours", 7200, "the attempt's attemptTimeout of 2 Hours"),
    ],
)
def test_the_earlier_limit_counts(
    make_task: Callable[..., PipelineTask],
    run_timeout: float | None,
    attempt_timeout: str | None,
    seconds: float,
    limit: str,
) -> None:
    fields = {"@actualStartTime": "2026-11-22T10:00:30"}
    if attempt_timeout:
        fields["attemptTimeout"] = attempt_timeout

    assert Deadline.of(make_task(fields=fields), POLLED, run_timeout) == Deadline(POLLED + seconds, limit)


@pytest.mark.parametrize(
    ("start", "at"),
    [
        ("2026-11-22T10:05:00", datetime(2026, 11, 22, 10, 35, tzinfo=UTC)),
        ("2026-11-22T09:55:00", datetime(2026, 11, 22, 10, 30, 30, tzinfo=UTC)),
        ("yesterday", datetime(2026, 11, 22, 10, 30, 30, tzinfo=UTC)),
        (None, datetime(2026, 11, 22, 10, 30, 30, tzinfo=UTC)),
    ],
)
def test_of_two_clocks_the_later_beginning_counts(
    make_task: Callable[..., PipelineTask], start: str | None, at: datetime
) -> None:
    """FAILED too early would be wrong. If it is too late, the service has ended the attempt itself."""
    fields = {"attemptTimeout": "30 minutes"} | ({"@actualStartTime": start} if start else {})

    deadline = Deadline.of(make_task(fields=fields), POLLED, None)

    assert deadline is not None
    assert datetime.fromtimestamp(deadline.at, UTC) == at


@pytest.mark.parametrize("value", ["soon", "0 minutes", "1 fortnight"])
def test_a_timeout_that_cannot_be_read_is_left_to_the_service(
    make_task: Callable[..., PipelineTask], value: str
) -> None:
    assert Deadline.of(make_task(fields={"attemptTimeout": value}), POLLED, None) is None
