"""The account's published call rates, as token buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

BURST = 100.0  # developer guide, limits: the same for every call
PER_SECOND = {
    "PollForTask": 2.0,
    "QueryObjects": 2.0,
    "DescribeObjects": 2.0,
    "ReportTaskProgress": 10.0,
    "SetTaskStatus": 10.0,
    "ReportTaskRunnerHeartbeat": 1.0,
    "ActivatePipeline": 1.0,
    "CreatePipeline": 1.0,
    "DeletePipeline": 1.0,
    "DescribePipelines": 1.0,
    "GetPipelineDefinition": 1.0,
    "ListPipelines": 1.0,
    "PutPipelineDefinition": 1.0,
    "SetStatus": 1.0,
}  # developer guide, limits; no figure is published for the others


class TokenBuckets:
    """One bucket per operation, full at first."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, datetime]] = {}

    def take(self, operation: str) -> bool:
        """Whether the account may make this call now; takes a token if so."""
        rate = PER_SECOND.get(operation)
        if rate is None:
            return True
        now = self._clock()
        tokens, since = self._buckets.get(operation, (BURST, now))
        tokens = min(BURST, tokens + rate * (now - since).total_seconds())
        allowed = tokens >= 1
        self._buckets[operation] = (tokens - 1 if allowed else tokens, now)
        return allowed
