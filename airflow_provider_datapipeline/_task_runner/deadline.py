"""The time by which the target run of a task must have ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_datapipeline.pipeline_task import PipelineTask


@dataclass(frozen=True, slots=True)
class Deadline:
    """
    The end of the time that a target run has.

    :param at: seconds since 1970, by the clock of this machine
    :param limit: the setting that it comes from, in words
    """

    at: float
    limit: str

    @classmethod
    def of(cls, task: PipelineTask, polled_at: float, run_timeout: float | None) -> Deadline | None:
        """
        Return the earlier of the task runner's ``run_timeout`` and the attempt's ``attemptTimeout``; None without both.

        :param polled_at: when the task was received, in seconds since 1970, by the clock of this machine
        :param run_timeout: seconds from ``polled_at``; None: no limit
        """
        deadlines = []
        if run_timeout is not None:
            deadlines.append(cls(polled_at + run_timeout, f"the task runner's run_timeout of {run_timeout:g} s"))
        if (seconds := task.period_seconds("attemptTimeout")) is not None:
            # The attempt's begin is known from two clocks. The later time counts, so that a wrong clock does not fail
            # the attempt too early. Too late is harmless: the service ends the attempt itself.
            start = task.actual_start_time
            began = max(polled_at, start.timestamp()) if start else polled_at
            deadlines.append(cls(began + seconds, f"the attempt's attemptTimeout of {task.fields['attemptTimeout']}"))
        return min(deadlines, key=lambda deadline: deadline.at, default=None)
