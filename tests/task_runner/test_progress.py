"""The content of ReportTaskProgress, for DAGs of any form."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from airflow_provider_datapipeline._task_runner.progress import (
    DEFAULT_TIMEOUT,
    is_waiting,
    progress_fields,
    report_progress_timeout,
)
from airflow_provider_datapipeline.hooks._requests import FIELD_VALUE_MAX_UTF16
from airflow_provider_datapipeline.masking.text import utf16_length

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_datapipeline.pipeline_task import PipelineTask

URL = "https://airflow.example/dags/nightly/runs/df-1.Step.abc"
SHORT = 1500  # three task ids at Airflow's longest, 250 characters, a URL, and the words between

names = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=250)
states = st.none() | st.sampled_from(
    ["success", "failed", "skipped", "upstream_failed", "removed", "running", "deferred", "queued", "up_for_retry"]
)


@given(st.dictionaries(names, states, max_size=30))
def test_progress_is_within_the_limits_whatever_the_states(tasks: dict[str, str | None]) -> None:
    fields = progress_fields(tasks, URL)

    assert set(fields) == {"percentComplete", "attemptStatus"}
    assert 0 <= int(fields["percentComplete"]) <= 100
    assert all(utf16_length(value) <= FIELD_VALUE_MAX_UTF16 for value in fields.values())
    assert len(fields["attemptStatus"]) <= SHORT
    assert fields["attemptStatus"].endswith(URL)


def test_a_large_dag_is_told_in_one_line() -> None:
    tasks: dict[str, str | None] = {f"{'x' * 240}_{number}": "running" for number in range(5000)}
    tasks |= {f"done_{number}": "success" for number in range(5000)}

    fields = progress_fields(tasks, URL)

    assert fields["percentComplete"] == "50"
    assert "5000 of 10000 tasks done" in fields["attemptStatus"]
    assert "and 4997 more" in fields["attemptStatus"]
    assert len(fields["attemptStatus"]) <= SHORT


def test_what_runs_now_is_named() -> None:
    tasks: dict[str, str | None] = {"extract": "success", "load": "running", "wait": "deferred", "clean": None}

    assert progress_fields(tasks, URL) == {
        "percentComplete": "25",
        "attemptStatus": f"1 of 4 tasks done, now load, wait; {URL}",
    }


def test_a_run_that_waits_says_why_it_may() -> None:
    waiting: dict[str, str | None] = {"load": None, "clean": None}
    fields = progress_fields(waiting, URL)

    assert is_waiting(waiting)
    assert fields["percentComplete"] == "0"
    assert "paused" in fields["attemptStatus"]


@pytest.mark.parametrize("tasks", [{}, {"load": "queued", "clean": None}, {"load": "success"}])
def test_a_run_that_has_begun_does_not_wait(tasks: dict[str, str | None]) -> None:
    """A run without any task does not wait either, because it is about to end."""
    assert not is_waiting(tasks)
    assert "paused" not in progress_fields(tasks, URL)["attemptStatus"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("15 minutes", 900),
        ("1 minute", 60),
        ("2 Hours", 7200),
        ("1 day", 86_400),
        ("3 weeks", 1_814_400),
        (" 20  minutes ", 1200),
        ("20minutes", 1200),
    ],
)
def test_a_period_of_aws_is_read(make_task: Callable[..., PipelineTask], value: str, seconds: float) -> None:
    assert report_progress_timeout(make_task(fields={"reportProgressTimeout": value})) == seconds


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "0 minutes",
        "-5 minutes",
        "1.5 hours",
        "1 fortnight",
        "#{myTimeout}",
        "9" * 5000 + " weeks",
        ["1 hour"],
    ],
)
def test_a_period_that_cannot_be_read_is_the_default(make_task: Callable[..., PipelineTask], value: object) -> None:
    """It must not end a supervision."""
    assert report_progress_timeout(make_task(fields={"reportProgressTimeout": value})) == DEFAULT_TIMEOUT
    assert report_progress_timeout(make_task()) == DEFAULT_TIMEOUT


def test_what_is_said_of_the_progress_is_masked() -> None:
    """An API's base URL may contain a password, and a task id may contain a registered secret."""
    fields = progress_fields(
        {"load_hunter2": "running"},
        "http://etl:pass-1234@h:8080/dags/x/runs/y",
        mask=lambda text: text.replace("hunter2", "***"),
    )

    assert fields["attemptStatus"] == "0 of 1 tasks done, now load_***; http://etl:***@h:8080/dags/x/runs/y"
