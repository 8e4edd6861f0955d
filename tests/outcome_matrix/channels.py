"""The channels whose outcomes are compared: the ways in which a DAG run can be reported."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """A way of reporting. Its value is part of the ids of the DAGs that use it."""

    TASK = "task_callbacks"
    DAG = "dag_callbacks"
    OPERATOR = "operator"
    RUNNER = "task_runner"

    @property
    def label(self) -> str:
        """The name of the channel in the pages."""
        return {
            Channel.TASK: "callbacks on tasks",
            Channel.DAG: "callbacks on the DAG",
            Channel.OPERATOR: "operator",
            Channel.RUNNER: "task runner",
        }[self]
