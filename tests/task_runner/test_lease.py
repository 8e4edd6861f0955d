"""How a lease is kept, how it is lost, and what the log and the metrics say of it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline.lease import CANCELED, Lease
from airflow_provider_datapipeline.pipeline_task import PipelineTask

if TYPE_CHECKING:
    from collections.abc import Callable

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

ABOUT = {"target_dag": "nightly", "run": "run_1"}
TAGS = {"dag_id": "runner"}
HALF = {"percentComplete": "50", "attemptStatus": "1 of 2 tasks done, now work; http://airflow/dags/nightly"}


@pytest.fixture
def make_lease(hook) -> Callable[..., Lease]:
    def make(task: PipelineTask, *, beat: float = 60, polled_at: float | None = None) -> Lease:
        return Lease(
            task=task,
            hook=hook,
            account=("emulated", None),
            beat=beat,
            polled_at=polled_at,
            runner_dag_id="runner",
            about=ABOUT,
        )

    return make


@pytest.fixture
async def task(submit, hook) -> PipelineTask:
    """A task that has been handed out and acknowledged."""
    submit("echo 1")
    polled: PipelineTask | None = await hook.apoll_for_task("airflow")
    assert polled is not None
    await hook.areport_task_progress(polled.task_id)
    return polled


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[str, str]]]:
    caplog.set_level(logging.DEBUG, logger="airflow_provider_datapipeline.lease")

    def read() -> list[tuple[str, str]]:
        return [(each.levelname, each.getMessage()) for each in caplog.records if each.name.endswith(".lease")]

    return read


async def test_a_beat_is_counted_and_keeps_the_lease(service, task, make_lease, sent) -> None:
    lease = make_lease(task)
    end = lease.end

    assert await lease.is_lost(HALF) == ""

    assert service.attempts()[0].progress == HALF
    assert sent.values == [("beats", 1, TAGS)]
    assert lease.end > end


async def test_only_a_beat_with_news_is_told(service, task, make_lease, lines) -> None:
    """Beats of a hundred tasks, one a minute each, would hide everything else."""
    lease = make_lease(task)

    for fields in (HALF, HALF, {**HALF, "percentComplete": "100"}):
        await lease.is_lost(fields)

    assert [level for level, _ in lines()] == ["INFO", "DEBUG", "INFO"]
    assert lines()[0][1].startswith(
        'progress reported: percent=50 progress="1 of 2 tasks done, now work" target_dag=nightly run=run_1 pipeline=df-'
    )


async def test_a_canceled_task_is_told_apart_from_a_lost_one(service, task, make_lease, sent, lines) -> None:
    (attempt,) = service.attempts()
    lease = make_lease(task)
    await lease.hook.aset_status(task.pipeline_id, [attempt.instance_id], "TRY_CANCEL")

    assert await lease.is_lost(HALF) == CANCELED

    assert sent.values == [("beats", 1, TAGS), ("canceled", 1, TAGS)]
    level, text = lines()[-1]
    assert level == "WARNING"
    assert text.startswith(f"Nothing will be reported about this task: {CANCELED} target_dag=nightly run=run_1 ")


async def test_a_task_that_the_service_does_not_know_any_more_is_lost(service, make_task, make_lease, sent) -> None:
    reason = await make_lease(make_task()).is_lost(HALF)

    assert "TaskNotFoundException" in reason
    assert sent.names == ["errors.not_found", "lost"]


async def test_a_beat_that_fails_is_counted_and_loses_nothing(service, task, make_lease, sent, lines) -> None:
    service.fail_next("ReportTaskProgress", "AccessDeniedException")
    lease = make_lease(task)
    end = lease.end

    assert await lease.is_lost(HALF) == ""

    assert sent.names == ["errors.access_denied", "beats_failed"]
    assert lines()[-1][0] == "WARNING"
    assert lease.end == end


async def test_after_a_beat_that_failed_the_next_one_comes_soon(service, task, make_lease) -> None:
    """The first one may stand in for an acknowledgement, for which a minute is left."""
    service.fail_next("ReportTaskProgress", "ThrottlingException", times=3)
    lease = make_lease(task)

    await lease.is_lost(HALF)
    after_a_failure = lease.seconds_between_beats()
    await lease.is_lost(HALF)

    assert (after_a_failure, lease.seconds_between_beats()) == (15, 60)


async def test_refused_fields_do_not_cost_the_lease(service, task, make_lease, sent) -> None:
    service.fail_next("ReportTaskProgress", "InvalidRequestException")

    assert await make_lease(task).is_lost(HALF) == ""

    assert sent.names == ["errors.refused", "beats"]


@pytest.mark.parametrize(
    ("polled_before", "beat", "timeout", "seconds"),
    [
        (5, 60, "15 minutes", 55),  # acknowledged a moment ago
        (5, 300, "15 minutes", 55),  # not known to be acknowledged: two minutes at most since the poll
        (5, 10, "15 minutes", 5),
        (5, 60, "1 minute", 15),  # a third of a short lease
        (70, 60, "15 minutes", -10),  # taken over from another triggerer
        (-3600, 60, "15 minutes", 60),  # polled by a machine whose clock is wrong
    ],
)
def test_the_acknowledgement_is_the_first_beat(
    make_lease, polled_before: float, beat: float, timeout: str, seconds: float
) -> None:
    fields = {"reportProgressTimeout": timeout}
    task = PipelineTask(task_id="task", pipeline_id="df-1", attempt_id="@Step_Attempt=1", fields=fields)
    lease = make_lease(task, beat=beat, polled_at=time.time() - polled_before)

    assert lease.seconds_until_first_beat() == pytest.approx(seconds, abs=1)


def test_a_task_polled_nobody_knows_when_is_beaten_for_at_once(make_task, make_lease) -> None:
    assert make_lease(make_task()).seconds_until_first_beat() == 0
