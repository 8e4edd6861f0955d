"""Thousands of leases whose triggerer dies, in fake time: the next triggerer keeps each of them."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._task_runner.heartbeats import load_of
from airflow_provider_datapipeline.emulator.rates import TokenBuckets
from airflow_provider_datapipeline.exceptions import ThrottledError
from airflow_provider_datapipeline.pipeline_task import PipelineTask

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow_provider_datapipeline._task_runner.lease import Lease
from tests.task_runner.fake_airflow import FakeService
from tests.task_runner.fake_time import CLOCK, now, run, wall

SHORT, LONG = "5 minutes", "15 minutes"
SECONDS = {SHORT: 300.0, LONG: 900.0}
AFTERWARDS = 700.0


@dataclass
class Figures:
    """
    The longest silence of any lease, by its length, as a share of it.

    :ivar steady: while the first triggerer lived
    :ivar taken_over: from its last heartbeat to the first one of the next triggerer
    :ivar afterwards: from then on
    :ivar throttled: calls refused
    """

    steady: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SECONDS, 0.0))
    taken_over: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SECONDS, 0.0))
    afterwards: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SECONDS, 0.0))
    throttled: int = 0


class Triggerer:
    """A process that keeps leases. It has an account name of its own, so that it shares no state with another one."""

    def __init__(self, name: str, service: FakeService) -> None:
        self._name = name
        self._service = service
        self._kept: list[asyncio.Task[None]] = []

    async def take(self, tasks: list[PipelineTask], seconds: float) -> None:
        """Begin to supervise tasks in a random order, one after the other, within so many seconds."""
        for task in random.Random(self._name).sample(tasks, len(tasks)):
            self._kept.append(asyncio.create_task(self._keep(task)))
            await asyncio.sleep(seconds / len(tasks))

    async def _keep(self, task: PipelineTask) -> None:
        lease = Lease(
            task=task,
            hook=self._service,  # type: ignore[arg-type]  # as much of one as a lease needs
            account=self._name,
            heartbeat_seconds=60,
            polled_at=wall() - 86_400,
            runner_dag_id="runner",
            target_fields={},
            clock=CLOCK,
        )
        with lease.held():
            await lease.keep(dict, lambda: None, lead_seconds=6)

    async def die(self) -> None:
        """End without any further call."""
        for each in self._kept:
            each.cancel()
        await asyncio.gather(*self._kept, return_exceptions=True)


async def take_over(
    leases: dict[str, int], *, outage: float, start: float, settled: float, is_counted: bool = True
) -> Figures:
    """
    Kill the triggerer of so many leases after a time; the next one comes after an outage.

    :param start: seconds in which a triggerer has begun with all
    :param is_counted: whether the first one knows from the start how many there will be, as one that takes over does
    """
    tasks = [
        PipelineTask(
            task_id=f"{timeout} {number}",
            pipeline_id="df-1",
            attempt_id=f"@Step{number}_Attempt=1",
            fields={"reportProgressTimeout": timeout},
        )
        for timeout, wanted in leases.items()
        for number in range(wanted)
    ]
    service = FakeService()
    service.seconds["ReportTaskProgress"] = 0.05
    account = TokenBuckets(lambda: datetime.fromtimestamp(wall(), UTC))
    figures = Figures()

    def throttle(*_: object) -> ThrottledError | None:
        if account.take("ReportTaskProgress"):
            return None
        figures.throttled += 1
        return ThrottledError("ReportTaskProgress", "ThrottlingException", "Rate exceeded")

    service.fail("ReportTaskProgress", throttle)

    loop = asyncio.get_running_loop()
    for name in ("first", "second") if is_counted else ("second",):
        load_of(loop, name).held = {"runner": len(tasks)}
    first = Triggerer("first", service)
    await first.take(tasks, start)
    await asyncio.sleep(settled - start)
    died = now()
    await first.die()
    await asyncio.sleep(outage)
    second = Triggerer("second", service)
    await second.take(tasks, start)
    await asyncio.sleep(AFTERWARDS - start)
    ended = now()
    await second.die()

    for task in tasks:
        timeout = str(task.fields["reportProgressTimeout"])
        heartbeats = [at for at, _ in service.progress[task.task_id]]
        for last, at in zip(heartbeats, [*heartbeats[1:], ended], strict=True):
            if at < died:
                # The first triggerer found them as the second one did; that it is fast enough for that is seen there.
                part = figures.steady if last > settled / 2 else {}
            else:
                part = figures.taken_over if last < died else figures.afterwards
            part[timeout] = max(part.get(timeout, 0.0), (at - last) / SECONDS[timeout])
    return figures


def test_two_thousand_leases_outlive_their_triggerer() -> None:
    leases = {SHORT: 200, LONG: 1800}

    figures = run(take_over(leases, outage=40, start=20, settled=900))

    for timeout in leases:
        assert figures.steady[timeout] <= 1 / 3 + 10 / SECONDS[timeout]
        assert figures.taken_over[timeout] < 1
        assert figures.afterwards[timeout] < 1
    assert figures.throttled == 0


def test_five_thousand_leases_that_began_together_outlive_their_triggerer() -> None:
    """Leases that wait for their first heartbeat change their order when their number becomes known."""
    figures = run(take_over({SHORT: 500, LONG: 4500}, outage=22, start=66, settled=1300, is_counted=False))

    assert figures.taken_over[LONG] < 1
    assert figures.throttled == 0


@pytest.mark.long
@pytest.mark.parametrize("settled", [900, 1300, 2500])
@pytest.mark.parametrize("short", [0, 500])
def test_the_long_ones_of_five_thousand_leases_outlive_their_triggerer(short: int, settled: float) -> None:
    """While the triggerer lives, the short ones are kept too, though the rate does not allow a third of each lease."""
    leases = {SHORT: short, LONG: 5000 - short}

    figures = run(take_over(leases, outage=40, start=60, settled=settled))

    assert figures.taken_over[LONG] < 1
    for timeout in leases:
        assert figures.steady[timeout] <= 0.8 + 10 / SECONDS[timeout]
        assert figures.afterwards[timeout] <= 0.8 + 10 / SECONDS[timeout]
    assert figures.throttled == 0
