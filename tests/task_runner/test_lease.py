"""How a lease is kept and lost, and the log lines and metrics of that."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._task_runner.heartbeats import load_of
from airflow_provider_datapipeline._task_runner.lease import CANCELED, Lease, LeaseLoss
from airflow_provider_datapipeline._task_runner.rate_limits import REPORT_RATE, rate_limiter_for
from airflow_provider_datapipeline.exceptions import (
    AccessDeniedError,
    ConfigurationError,
    ConnectionMissingError,
    InvalidRequestError,
    PipelineDeletedError,
    PipelineNotFoundError,
    TaskNotFoundError,
    ThrottledError,
)
from airflow_provider_datapipeline.pipeline_task import PipelineTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.task_runner.fake_airflow import FakeService

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from tests.task_runner.fake_time import CLOCK, now, run, wall

TARGET = {"target_dag": "nightly", "run": "run_1"}
TAGS = {"dag_id": "runner"}
HALF = {"percentComplete": "50", "attemptStatus": "1 of 2 tasks done, now work; http://airflow/dags/nightly"}
CALL = "ReportTaskProgress"
AHEAD = 6.0


@pytest.fixture
def make_lease(hook) -> Callable[..., Lease]:
    """A lease of the emulated service, in real time."""

    def make(task: PipelineTask, *, heartbeat_seconds: float = 60, polled_at: float | None = None) -> Lease:
        return Lease(
            task=task,
            hook=hook,
            account="emulated",
            heartbeat_seconds=heartbeat_seconds,
            polled_at=polled_at,
            runner_dag_id="runner",
            target_fields=TARGET,
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


def lease_of(
    fake_service: FakeService,
    *,
    task_id: str = "task",
    heartbeat_seconds: float = 60,
    timeout: str = "15 minutes",
    polled_before: float | None = 0.0,
) -> Lease:
    """A lease in fake time."""
    fields = {"reportProgressTimeout": timeout}
    return Lease(
        task=PipelineTask(task_id=task_id, pipeline_id="df-1", attempt_id="@Step_Attempt=1", fields=fields),
        hook=fake_service,  # type: ignore[arg-type]  # as much of one as a lease needs
        account="fake",
        heartbeat_seconds=heartbeat_seconds,
        polled_at=None if polled_before is None else wall() - polled_before,
        runner_dag_id="runner",
        target_fields=TARGET,
        clock=CLOCK,
    )


async def kept(lease: Lease, seconds: float) -> LeaseLoss | None:
    """Keep a lease for so many seconds; return the loss if it was lost."""
    with lease.held():
        try:
            async with asyncio.timeout(seconds):
                return await lease.keep(lambda: HALF, lambda: None, AHEAD)
        except TimeoutError:
            return None


# One heartbeat, and the emulated service


async def test_a_heartbeat_is_counted_and_keeps_the_lease(service, task, make_lease, sent) -> None:
    lease = make_lease(task)
    end = lease.end

    assert await lease.heartbeat(HALF) is None

    assert service.attempts()[0].progress == HALF
    assert sent.values == [("heartbeats", 1, TAGS)]
    assert lease.end > end


async def test_only_a_heartbeat_with_news_is_told(service, task, make_lease, logged) -> None:
    """The heartbeats of a hundred tasks, one a minute each, would hide everything else."""
    lease = make_lease(task)

    for fields in (HALF, HALF, {**HALF, "percentComplete": "100"}):
        await lease.heartbeat(fields)

    assert [level for level, _ in logged()] == ["INFO", "DEBUG", "INFO"]
    assert logged()[0][1].startswith(
        'progress reported: percent=50 progress="1 of 2 tasks done, now work" target_dag=nightly run=run_1 pipeline=df-'
    )


class Unreadable(Mapping[str, str | None]):
    """Fields that must not be read."""

    def __getitem__(self, key: str) -> str | None:
        raise AssertionError(key)

    __iter__ = __len__ = None  # type: ignore[assignment]  # neither may be called


def test_no_line_is_made_of_a_heartbeat_without_news_that_is_not_logged(fake_service, caplog) -> None:
    """A line for each of thousands of heartbeats costs time, though nobody sees it."""
    caplog.set_level(logging.INFO, logger="airflow_provider_datapipeline._task_runner.lease")

    async def heartbeat() -> LeaseLoss | None:
        lease = dataclasses.replace(lease_of(fake_service), target_fields=Unreadable())
        return await lease.heartbeat({})

    assert run(heartbeat()) is None
    assert fake_service.asked(CALL) == [("task", {})]


async def test_a_canceled_task_is_told_apart_from_a_lost_one(service, task, make_lease, sent, logged) -> None:
    (attempt,) = service.attempts()
    lease = make_lease(task)
    await lease.hook.aset_status(task.pipeline_id, [attempt.instance_id], "TRY_CANCEL")

    assert await lease.heartbeat(HALF) == CANCELED

    assert sent.values == [("heartbeats", 1, TAGS), ("canceled", 1, TAGS)]
    level, text = logged()[-1]
    assert level == "WARNING"
    assert text.startswith(f"Nothing will be reported about this task: {CANCELED.reason} target_dag=nightly run=run_1 ")


async def test_a_task_that_the_service_does_not_know_any_more_is_lost(service, make_task, make_lease, sent) -> None:
    loss = await make_lease(make_task()).heartbeat(HALF)

    assert "TaskNotFoundException" in loss.reason
    assert sent.names == ["errors.not_found", "lost"]


async def test_a_heartbeat_that_fails_is_counted_and_loses_nothing(service, task, make_lease, sent, logged) -> None:
    service.fail_next(CALL, "AccessDeniedException")
    lease = make_lease(task)
    end = lease.end

    assert await lease.heartbeat(HALF) is None

    assert sent.names == ["errors.access_denied", "heartbeats_failed"]
    assert logged()[-1][0] == "WARNING"
    assert lease.end == end


async def test_refused_fields_do_not_cost_the_lease(service, task, make_lease, sent) -> None:
    service.fail_next(CALL, "InvalidRequestException")

    assert await make_lease(task).heartbeat(HALF) is None

    assert sent.names == ["errors.refused", "heartbeats"]


async def test_the_time_is_the_machine_s_by_default(task, make_lease) -> None:
    lease = make_lease(task, polled_at=time.time() - 20)

    assert lease.seconds_until_due() == pytest.approx(40, abs=5)


# Errors, in fake_service time


def test_a_task_that_is_gone_after_its_fields_were_refused_is_lost(fake_service) -> None:
    """It once counted as a passing error, and the run was supervised until its end."""

    def refuse(task_id: str, fields: dict[str, str]) -> Exception:
        if fields:
            return InvalidRequestError(CALL, "InvalidRequestException", "percentComplete")
        return TaskNotFoundError(CALL, "TaskNotFoundException", "no such task")

    async def loss() -> LeaseLoss | None:
        fake_service.fail(CALL, refuse)
        return await lease_of(fake_service).heartbeat(HALF)

    lost = run(loss())

    assert lost is not None
    assert "no such task" in lost.reason
    assert [fields for _, fields in fake_service.asked(CALL)] == [HALF, {}]


def test_a_request_that_is_refused_without_fields_is_an_error_that_passes(fake_service) -> None:
    async def loss() -> LeaseLoss | None:
        fake_service.fail(CALL, InvalidRequestError(CALL, "InvalidRequestException", "no"))
        return await lease_of(fake_service).heartbeat({})

    assert run(loss()) is None
    assert len(fake_service.calls) == 1


@pytest.mark.parametrize("error", [TaskNotFoundError, PipelineDeletedError, PipelineNotFoundError])
def test_keeping_ends_when_the_service_knows_the_task_no_more(fake_service, error: Callable[..., Exception]) -> None:
    async def lost() -> tuple[LeaseLoss | None, float]:
        fake_service.fail(CALL, error(CALL, error.__name__, "gone"), begin=150)
        return await kept(lease_of(fake_service), 3600), now()

    loss, at = run(lost())

    assert loss is not None
    assert "gone" in loss.reason
    assert 150 <= at <= 210 + 1


def test_keeping_ends_when_the_task_is_canceled(fake_service) -> None:
    async def lost() -> tuple[LeaseLoss | None, float]:
        asyncio.get_running_loop().call_later(150, fake_service.canceled.add, "task")
        return await kept(lease_of(fake_service), 3600), now()

    loss, at = run(lost())

    assert loss == CANCELED
    assert 150 <= at <= 210 + 1


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("no region"),
        ConnectionMissingError("aws_default"),
        AccessDeniedError(CALL, "AccessDeniedException", "no"),
        ThrottledError(CALL, "ThrottlingException", "Rate exceeded"),
        OSError("no CA bundle"),
        NotImplementedError(),
        RuntimeError("no supervisor"),
    ],
)
def test_no_error_ends_a_lease(fake_service, sent, error: Exception) -> None:
    """Each once ended the trigger: a connection that was corrected a minute later had cost the task."""

    async def lost() -> LeaseLoss | None:
        fake_service.fail(CALL, error, times=3)
        return await kept(lease_of(fake_service), 600)

    assert run(lost()) is None
    assert sent.names[:4] == ["heartbeats_failed"] * 3 + ["heartbeats"]
    first = fake_service.times(CALL)[:4]
    # The first one may stand in for an acknowledgement, for which a minute is left: so the next ones come soon.
    assert first == pytest.approx([60, 75, 90, 105], abs=0.5)


def test_an_error_in_what_is_to_be_told_costs_a_heartbeat_and_no_lease(fake_service, sent) -> None:
    def fields() -> dict[str, str]:
        if now() < 130:
            raise KeyError("tasks")
        return HALF

    async def lost() -> None:
        lease = lease_of(fake_service)
        with lease.held(), pytest.raises(TimeoutError):
            async with asyncio.timeout(600):
                await lease.keep(fields, lambda: None, AHEAD)

    run(lost())

    assert "heartbeats_failed" in sent.names
    assert fake_service.times(CALL)[0] == pytest.approx(135, abs=0.5)


def test_a_short_lease_is_tried_for_again_within_its_interval(fake_service) -> None:
    async def calls() -> None:
        fake_service.fail(CALL, OSError(), times=1)
        await kept(lease_of(fake_service, timeout="1 minute", heartbeat_seconds=5, polled_before=None), 30)

    run(calls())

    assert fake_service.times(CALL)[:2] == [0, 5]


def test_a_secret_in_an_error_is_not_logged(fake_service, logged) -> None:
    async def heartbeat() -> None:
        fake_service.fail(CALL, OSError("http://user:pass-1234@proxy:8080 refused"))
        await lease_of(fake_service).heartbeat(HALF)

    run(heartbeat())

    assert "refused" in logged()[-1][1]
    assert "pass-1234" not in logged()[-1][1]


def test_a_throttled_heartbeat_slows_all_of_the_account_down(fake_service) -> None:
    async def rates() -> tuple[float, float]:
        limiter = rate_limiter_for(REPORT_RATE, CALL, "fake")
        before = limiter.rate
        fake_service.fail(CALL, ThrottledError(CALL, "ThrottlingException", "Rate exceeded"), times=1)
        await lease_of(fake_service).heartbeat(HALF)
        return before, limiter.rate

    before, after = run(rates())

    assert after == before / 2


# When heartbeats are due


@pytest.mark.parametrize(
    ("polled_before", "heartbeat_seconds", "timeout", "seconds"),
    [
        (5, 60, "15 minutes", 55),  # acknowledged a moment ago
        (5, 300, "15 minutes", 55),  # not known to be acknowledged: two minutes at most since the poll
        (5, 10, "15 minutes", 5),
        (5, 60, "1 minute", 15),  # a third of a short lease
        (70, 60, "15 minutes", 0),  # taken over from another triggerer
        (-3600, 60, "15 minutes", 60),  # polled by a machine whose clock is wrong
        (None, 60, "15 minutes", 0),  # nobody knows when
    ],
)
def test_the_acknowledgement_is_the_first_heartbeat(
    fake_service, polled_before: float | None, heartbeat_seconds: float, timeout: str, seconds: float
) -> None:
    async def due() -> float:
        return lease_of(
            fake_service, heartbeat_seconds=heartbeat_seconds, timeout=timeout, polled_before=polled_before
        ).seconds_until_due()

    assert run(due()) == pytest.approx(seconds, abs=1e-3)


def test_a_poller_whose_clock_is_wrong_does_not_put_heartbeats_off(fake_service) -> None:
    """Neither the first heartbeat nor a later one."""

    async def calls() -> None:
        await kept(lease_of(fake_service, polled_before=-3600), 200)

    run(calls())

    assert fake_service.times(CALL)[0] == pytest.approx(60, abs=0.01)


@pytest.mark.parametrize(("timeout", "interval"), [("15 minutes", 60), ("5 minutes", 60), ("1 minute", 20)])
def test_heartbeats_come_at_their_interval(fake_service, timeout: str, interval: float) -> None:
    async def calls() -> None:
        fake_service.seconds[CALL] = 0.2
        await kept(lease_of(fake_service, timeout=timeout), 3600)

    run(calls())

    times = fake_service.times(CALL)
    gaps = [at - last for last, at in itertools.pairwise(times)]
    assert gaps[1:] == pytest.approx([interval] * len(gaps[1:]), abs=0.01)
    assert gaps[0] <= interval + 0.01
    assert len(times) >= 3600 / interval - 2


def test_heartbeats_of_a_late_triggerer_come_at_once_and_then_in_their_phase(fake_service) -> None:
    """Otherwise all would come at the same moment of each minute from then on."""

    async def keep_all() -> None:
        fake_service.seconds[CALL] = 0.2
        leases = [lease_of(fake_service, task_id=f"task {number}", polled_before=7200) for number in range(20)]
        await asyncio.gather(*(kept(lease, 600) for lease in leases))

    run(keep_all())

    assert all(heartbeats[0][0] < 1 for heartbeats in fake_service.progress.values())
    assert len({round(heartbeats[-1][0] % 60) for heartbeats in fake_service.progress.values()}) > 10


def test_what_is_to_be_told_is_brought_up_to_date_ahead(fake_service) -> None:
    looked: list[float] = []

    async def calls() -> None:
        lease = lease_of(fake_service)
        fake_service.seconds[CALL] = 0.2
        with lease.held(), pytest.raises(TimeoutError):
            async with asyncio.timeout(600):
                await lease.keep(lambda: HALF, lambda: looked.append(now()), AHEAD)

    run(calls())

    times = fake_service.times(CALL)
    assert len(looked) >= len(times) >= 9
    for look, heartbeat in zip(looked[2:], times[2:], strict=False):
        assert heartbeat - look == pytest.approx(AHEAD, abs=0.01)


@pytest.mark.parametrize(
    ("polled_before", "timeout", "seconds"),
    [
        (12, "15 minutes", AHEAD),
        (57, "15 minutes", 3),  # a heartbeat may be the acknowledgement: within a minute of the poll
        (12, "1 minute", AHEAD),
        (18, "1 minute", 2),  # in the second third of the lease
        (70, "15 minutes", 0),  # taken over from another triggerer
    ],
)
def test_a_young_lease_waits_until_there_is_something_to_tell(
    fake_service, polled_before: float, timeout: str, seconds: float
) -> None:
    """Otherwise short work would report no progress, because its first heartbeat would be its only one."""

    async def calls() -> None:
        await kept(lease_of(fake_service, heartbeat_seconds=10, timeout=timeout, polled_before=polled_before), 60)

    run(calls())

    assert fake_service.times(CALL)[0] == pytest.approx(seconds, abs=0.01)


# Which lease comes first


def test_who_ends_first_has_the_first_heartbeat(fake_service) -> None:
    """If another process kept a lease, its end is estimated from its phase."""

    async def urgencies() -> dict[str, float]:
        fresh = lease_of(fake_service, polled_before=5)
        just_kept = lease_of(fake_service, polled_before=7200)
        await just_kept.heartbeat(HALF)
        return {
            "fresh": fresh.urgency,
            "kept": just_kept.urgency,
            "taken over": lease_of(fake_service, polled_before=7200).urgency,
            "short": lease_of(fake_service, polled_before=7200, timeout="5 minutes").urgency,
            "unknown": lease_of(fake_service, polled_before=None).urgency,
        }

    urgency = run(urgencies())

    assert urgency["fresh"] == urgency["kept"] == 900
    # The last heartbeat was missed: it is between one and three intervals ago.
    assert 900 - 3 * 60 - 60 <= urgency["taken over"] <= 900 - 60
    assert urgency["unknown"] == urgency["taken over"]
    assert urgency["short"] == urgency["taken over"] - 600


def test_a_lease_counts_while_it_is_held(fake_service) -> None:
    async def counts() -> list[int]:
        load = load_of(asyncio.get_running_loop(), "fake")
        lease = lease_of(fake_service)
        seen = [load.leases.total()]
        with contextlib.suppress(OSError), lease.held():
            seen.append(load.leases.total())
            raise OSError("whatever ends it")
        return [*seen, load.leases.total()]

    assert run(counts()) == [0, 1, 0]


def test_a_supervision_that_is_canceled_ends_in_the_midst_of_a_heartbeat(fake_service) -> None:
    """As when Airflow ends a trigger. A heartbeat catches every error, but a cancellation is not an error."""

    async def cancel() -> None:
        fake_service.seconds[CALL] = 30
        keeping = asyncio.create_task(kept(lease_of(fake_service, polled_before=None), 600))
        await asyncio.sleep(10)
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping

    run(cancel())

    assert not fake_service.progress
