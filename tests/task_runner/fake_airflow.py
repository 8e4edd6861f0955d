"""Fakes of Airflow and AWS Data Pipeline for fake time, which can answer slowly, wrongly or not at all."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow.triggerer import Priority
from tests.task_runner.fake_time import now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_datapipeline.pipeline_task import PipelineTask

Script = BaseException | Callable[..., Any]
"""An error to raise, or a function of the call's arguments that returns an error or None."""


class NoSenseError(ValueError):
    """An error of Airflow for which ``may_pass`` is false: asking again will not help."""


@dataclass(frozen=True)
class Call:
    """One call: when it began (the loop's time), its name and its arguments."""

    at: float
    name: str
    asked: tuple[Any, ...]


@dataclass
class _Trouble:
    name: str
    error: Script
    times: float
    begin: float
    end: float


class Scripted:
    """The base of the fakes: records all calls, and delays them or makes them fail as configured."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.seconds: dict[str, float] = {}
        """How long an answer takes, by the name of the call; 0 for calls that are not in it."""
        self._troubles: list[_Trouble] = []

    def fail(
        self, name: str, error: Script, *, times: float = math.inf, begin: float = 0.0, end: float = math.inf
    ) -> None:
        """
        Make calls of a name fail (``*``: all calls).

        :param times: how many calls fail
        :param begin: from when on (the loop's time) calls fail
        :param end: when calls succeed again
        """
        self._troubles.append(_Trouble(name, error, times, begin, end))

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        """Return the arguments of all calls of a name."""
        return [call.asked for call in self.calls if call.name == name]

    def times(self, name: str) -> list[float]:
        """Return when (the loop's time) the calls of a name began."""
        return [call.at for call in self.calls if call.name == name]

    async def _called(self, name: str, *asked: Any) -> None:
        self.calls.append(Call(now(), name, asked))
        await asyncio.sleep(self.seconds.get(name, 0.0))
        for trouble in self._troubles:
            if trouble.name not in (name, "*") or trouble.times <= 0 or not trouble.begin <= now() < trouble.end:
                continue
            error = trouble.error if isinstance(trouble.error, BaseException) else trouble.error(*asked)
            if error is not None:
                trouble.times -= 1
                raise error


class FakeAirflow(Scripted):
    """
    An AirflowClient.

    :ivar runs: the states of the runs, by DAG id and run id
    :ivar tasks: the states of task instances by task, by DAG id and run id
    :ivar xcoms: values by DAG id, run id, task id, map index and key
    :ivar written: the XComs that were written, by DAG id, run id, task id and key
    :ivar paused: ids of the DAGs that are paused
    """

    def __init__(self, *, can_stop: bool = True) -> None:
        super().__init__()
        self.can_stop = can_stop
        self.runs: dict[tuple[str, str], str] = {}
        self.tasks: dict[tuple[str, str], dict[str, str | None]] = {}
        self.xcoms: dict[tuple[str, str, str, int, str], Any] = {}
        self.written: dict[tuple[str, str, str, str], Any] = {}
        self.paused: set[str] = set()

    async def count_runs(self, dag_id: str, run_ids: Sequence[str] | None, states: Sequence[str]) -> int:
        ids = None if run_ids is None else tuple(run_ids)
        await self._called("count_runs", dag_id, ids, tuple(states))
        return sum(
            dag == dag_id and (ids is None or run_id in ids) and state in states
            for (dag, run_id), state in self.runs.items()
        )

    async def task_states(
        self, dag_id: str, run_ids: Sequence[str], priority: Priority = Priority.PROGRESS
    ) -> Mapping[str, Mapping[str, str | None]]:
        await self._called("task_states", dag_id, tuple(run_ids), priority)
        return {run_id: dict(self.tasks[dag_id, run_id]) for run_id in run_ids if self.tasks.get((dag_id, run_id))}

    async def xcom(self, dag_id: str, run_id: str, task_id: str, map_index: int, key: str) -> Any:
        await self._called("xcom", dag_id, run_id, task_id, map_index, key)
        return self.xcoms.get((dag_id, run_id, task_id, map_index, key))

    async def write_xcom(self, dag_id: str, run_id: str, task_id: str, key: str, value: Any) -> None:
        await self._called("write_xcom", dag_id, run_id, task_id, key, value)
        self.written[dag_id, run_id, task_id, key] = value

    async def stop_run(self, dag_id: str, run_id: str) -> str | None:
        await self._called("stop_run", dag_id, run_id)
        state = self.runs.get((dag_id, run_id))
        if state is None:
            return "missing"
        if state in ("success", "failed"):
            return state
        self.runs[dag_id, run_id] = "failed"
        return None

    async def is_paused(self, dag_id: str) -> bool:
        await self._called("is_paused", dag_id)
        return dag_id in self.paused

    def may_pass(self, error: BaseException) -> bool:
        return not isinstance(error, NoSenseError)


@dataclass
class Reported:
    """A final status that the service has accepted."""

    status: str
    error_id: str | None
    error_message: str | None
    error_stack_trace: str | None
    at: float


class FakeService(Scripted):
    """
    The hook's methods that the task runner uses, and the service behind them.

    :ivar canceled: the ids of canceled tasks, which their next heartbeat is told
    :ivar progress: time and fields of each accepted heartbeat, by task id
    :ivar reported: the accepted final statuses, by task id
    :ivar offered: the tasks for the next polls; a poll without a task ends after ``poll_seconds``
    """

    def __init__(self) -> None:
        super().__init__()
        self.canceled: set[str] = set()
        self.progress: dict[str, list[tuple[float, dict[str, str]]]] = {}
        self.reported: dict[str, list[Reported]] = {}
        self.offered: list[PipelineTask] = []
        self.attempts: list[dict[str, Any]] = []
        self.poll_seconds = 90.0

    async def areport_task_progress(self, pipeline_task_id: str, fields: Mapping[str, str] | None = None) -> bool:
        await self._called("ReportTaskProgress", pipeline_task_id, dict(fields or {}))
        self.progress.setdefault(pipeline_task_id, []).append((now(), dict(fields or {})))
        return pipeline_task_id in self.canceled

    async def aset_task_status(
        self,
        pipeline_task_id: str,
        task_status: str,
        *,
        error_id: str | None = None,
        error_message: str | None = None,
        error_stack_trace: str | None = None,
    ) -> None:
        await self._called("SetTaskStatus", pipeline_task_id, str(task_status), error_id, error_message)
        taken = Reported(str(task_status), error_id, error_message, error_stack_trace, now())
        self.reported.setdefault(pipeline_task_id, []).append(taken)

    async def adescribe_objects(
        self, pipeline_id: str, object_ids: Sequence[str], *, evaluate_expressions: bool = False
    ) -> list[dict[str, Any]]:
        await self._called("DescribeObjects", pipeline_id, tuple(object_ids), evaluate_expressions)
        return self.attempts

    async def apoll_for_task(self, worker_group: str, *, hostname: str | None = None) -> PipelineTask | None:
        await self._called("PollForTask", worker_group, hostname)
        end = now() + self.poll_seconds
        while not self.offered:
            if now() >= end:
                return None
            await asyncio.sleep(0.1)  # in fake time, which costs nothing
        return self.offered.pop(0)
