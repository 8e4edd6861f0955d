"""The published call rates of an account, enforced by token buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

BURST = 100.0  # developer guide, limits: the same for every operation
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
}  # developer guide, limits; no rate is published for the other operations


class TokenBuckets:
    """One token bucket for each operation. Each bucket starts full."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, datetime]] = {}

    def take(self, operation: str) -> bool:
        """Take a token of the operation, and return whether there was one: then the account may make the call now."""
        rate = PER_SECOND.get(operation)
        if rate is None:
            return True
        now = self._clock()
        tokens, last_call = self._buckets.get(operation, (BURST, now))
        tokens = min(BURST, tokens + rate * (now - last_call).total_seconds())
        allowed = tokens >= 1
        self._buckets[operation] = (tokens - 1 if allowed else tokens, now)
        return allowed
