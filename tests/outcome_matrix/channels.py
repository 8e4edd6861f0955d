"""The ways of reporting whose outcomes are compared."""

from __future__ import annotations

from enum import StrEnum


class Way(StrEnum):
    """Who reports: part of the ids of the DAGs that are made for it."""

    TASK = "task_callbacks"
    DAG = "dag_callbacks"
    OPERATOR = "operator"
    RUNNER = "task_runner"

    @property
    def label(self) -> str:
        """As a person writes it."""
        return {
            Way.TASK: "callbacks on tasks",
            Way.DAG: "callbacks on the DAG",
            Way.OPERATOR: "operator",
            Way.RUNNER: "task runner",
        }[self]
