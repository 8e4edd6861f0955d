"""The questions to the triggerer: one at a time, the most urgent one first, and each for a limited time."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync

from airflow_provider_datapipeline._airflow import compat

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow_provider_datapipeline._airflow import triggerer
from airflow_provider_datapipeline._airflow.names import RuntimeTaskInstance
from airflow_provider_datapipeline._airflow.triggerer import Priority, PriorityLock
from tests.task_runner.fake_time import now, run

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def answer() -> Iterator[threading.Event]:
    """Set when the test ends: until then, a question that waits for it hangs."""
    answer = threading.Event()
    yield answer
    answer.set()


async def _hold(lock: PriorityLock, name: str, priority: int, order: list[str], seconds: float = 1.0) -> None:
    async with lock.held(priority):
        order.append(name)
        await asyncio.sleep(seconds)


def test_the_lowest_number_comes_first_and_among_equals_the_first() -> None:
    async def test() -> list[str]:
        lock, order = PriorityLock(), []
        questions = [("first", 3), ("progress", 2), ("watch", 0), ("outcome", 1), ("watch again", 0)]
        await asyncio.gather(*(_hold(lock, name, priority, order) for name, priority in questions))
        assert now() == pytest.approx(5)  # one at a time
        return order

    assert run(test()) == ["first", "watch", "watch again", "outcome", "progress"]


def test_who_no_longer_waits_is_passed_over() -> None:
    async def test() -> list[str]:
        lock, order = PriorityLock(), []
        tasks = [asyncio.create_task(_hold(lock, name, 0, order)) for name in ("holder", "leaver", "stayer")]
        await asyncio.sleep(0.5)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return order

    assert run(test()) == ["holder", "stayer"]


def test_who_leaves_at_the_moment_of_its_turn_hands_it_on() -> None:
    async def test() -> list[str]:
        lock, order, holding = PriorityLock(), [], asyncio.Event()

        async def hold() -> None:
            async with lock.held(0):
                await holding.wait()
            leaver.cancel()  # its turn has come, and it does not know yet

        holder = asyncio.create_task(hold())
        await asyncio.sleep(0)
        leaver = asyncio.create_task(_hold(lock, "leaver", 0, order))
        stayer = asyncio.create_task(_hold(lock, "stayer", 0, order))
        await asyncio.sleep(0)
        holding.set()
        await asyncio.gather(holder, leaver, stayer, return_exceptions=True)
        assert leaver.cancelled()
        async with asyncio.timeout(1):  # and it is free afterwards
            await _hold(lock, "later", 0, order, 0.0)
        return order

    assert run(test()) == ["stayer", "later"]


def test_an_error_of_who_holds_it_frees_it() -> None:
    async def test() -> None:
        lock = PriorityLock()
        with pytest.raises(ConnectionError):
            async with lock.held(0):
                raise ConnectionError
        async with asyncio.timeout(1), lock.held(0):
            pass

    run(test())


def test_a_question_without_an_answer_ends_and_the_next_one_has_its_turn(answer: threading.Event) -> None:
    """After half a minute each. If the supervisor is stuck for a moment, the questions must go on afterwards."""

    async def ask() -> float:
        with pytest.raises(TimeoutError):
            await triggerer.ask(Priority.WATCH, answer.wait, 60)
        return now()

    async def test() -> list[float]:
        return await asyncio.gather(ask(), ask())

    assert run(test()) == pytest.approx([30, 60])


@pytest.mark.parametrize("is_canceled", [True, False])
async def test_an_answer_is_read_though_nobody_waits_for_it_any_more(is_canceled: bool) -> None:
    """Up to Airflow 3.2 the triggerer would mistake it for the answer to its next question, and end."""
    began, ended = asyncio.Event(), asyncio.Event()

    async def converse() -> int:  # as Airflow's triggerer does with its supervisor, in its own event loop
        began.set()
        await asyncio.sleep(0.2)
        ended.set()
        return 7

    seconds = 60.0 if is_canceled else 0.1
    asking = asyncio.create_task(triggerer.ask(Priority.WATCH, async_to_sync(converse), seconds=seconds))
    await began.wait()
    if is_canceled:
        asking.cancel()
    with pytest.raises(asyncio.CancelledError if is_canceled else TimeoutError):
        await asking

    async with asyncio.timeout(10):
        await ended.wait()


async def test_what_is_asked_of_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's own classes are replaced here. They are the interface that Airflow offers to task code."""
    from airflow_provider_datapipeline._airflow.names import XCom

    asked: dict[str, Any] = {}

    def keep(name: str, answer: Any) -> Any:
        def called(**parameters: Any) -> Any:
            asked[name] = parameters
            return answer

        return staticmethod(called)

    monkeypatch.setattr(RuntimeTaskInstance, "get_dr_count", keep("count", 7))
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", keep("states", {"run_1": {"work": "success"}}))
    monkeypatch.setattr(XCom, "set", keep("write", None))

    number = await triggerer.count_runs("nightly", ("run_1", "run_2"), triggerer.TERMINAL)
    states = await triggerer.task_states("nightly", ("run_1", "run_2"), Priority.PROGRESS)
    await triggerer.write_xcom("runner", "run_1", "supervise", "link", "http://airflow")

    assert number == 7
    assert states == {"run_1": {"work": "success"}}
    assert asked == {
        "count": {"dag_id": "nightly", "run_ids": ["run_1", "run_2"], "states": ["success", "failed"]},
        "states": {"dag_id": "nightly", "run_ids": ["run_1", "run_2"]},
        "write": {
            "key": "link",
            "value": "http://airflow",
            "dag_id": "runner",
            "run_id": "run_1",
            "task_id": "supervise",
        },
    }
