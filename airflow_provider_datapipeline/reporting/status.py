"""The three statuses that SetTaskStatus accepts."""

from __future__ import annotations

from enum import StrEnum


class TaskStatus(StrEnum):
    """How a task ended, spelled as in the API. ``FALSE`` is for preconditions that were checked and are not met."""

    FINISHED = "FINISHED"
    FAILED = "FAILED"
    FALSE = "FALSE"
