"""What calls and times come to: gaps between heartbeats, delays of reports, rates. Nothing is called here."""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HEARTBEAT = "ReportTaskProgress"
REPORT = "SetTaskStatus"
THROTTLED = "ThrottlingException"


@dataclass(frozen=True, slots=True)
class Call:
    """A client's call: when (seconds since 1970), which, about which task, and why it was refused, if it was."""

    at: float
    operation: str
    task_id: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in seconds since 1970."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start

    def holds(self, moment: float) -> bool:
        """Whether a moment lies in it."""
        return self.start <= moment <= self.end


@dataclass(frozen=True, slots=True)
class Delays:
    """How long reports took, in seconds; those that did not come are counted alone."""

    seconds: Sequence[float]
    missing: int = 0

    @property
    def longest(self) -> float:
        """The longest delay; not a number if nothing was reported."""
        return max(self.seconds, default=math.nan)

    @property
    def median(self) -> float:
        """The median delay; not a number if nothing was reported."""
        return statistics.median(self.seconds) if self.seconds else math.nan

    def above(self, limit: float) -> int:
        """How many took longer than the limit, those that did not come included."""
        return self.missing + sum(1 for each in self.seconds if each > limit)


def moments(calls: Iterable[Call], operation: str) -> dict[str, list[float]]:
    """When the operation was carried out for each task, oldest first."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for call in calls:
        if call.operation == operation and not call.refused:
            found[call.task_id].append(call.at)
    return {task_id: sorted(times) for task_id, times in found.items()}


def per_minute(calls: Iterable[Call], operation: str, span: Span) -> list[float]:
    """Calls a minute that were carried out, for each minute of the span; the last one is 30 to 90 s long."""
    minutes = max(1, round(span.seconds / 60))
    counts = Counter(
        min(minutes - 1, int((call.at - span.start) // 60))
        for call in calls
        if call.operation == operation and not call.refused and span.holds(call.at)
    )
    lengths = [60.0] * (minutes - 1) + [span.seconds - 60 * (minutes - 1) or 60.0]
    return [counts[minute] * 60 / length for minute, length in enumerate(lengths)]


def throttled(calls: Iterable[Call], operation: str, span: Span) -> int:
    """How many calls of the operation the account's rate refused."""
    return sum(1 for each in calls if each.operation == operation and each.refused == THROTTLED and span.holds(each.at))


def largest_gaps(
    heartbeats: Mapping[str, Sequence[float]], timeouts: Mapping[str, float], over: Mapping[str, float], span: Span
) -> dict[str, float]:
    """
    Return each task's largest gap between two heartbeats, as a part of its ``reportProgressTimeout``.

    A gap counts with all its length where it begins before the span; what lasts at the end of it counts until then.

    :param heartbeats: when each task had one
    :param timeouts: of each task that was held, in seconds
    :param over: when the task had ended or was lost, if it had or was
    """
    gaps = {}
    for task_id, timeout in timeouts.items():
        end = min(span.end, over.get(task_id, span.end))
        if end <= span.start:
            continue
        times = [each for each in heartbeats.get(task_id, ()) if each <= end]
        before = max((each for each in times if each <= span.start), default=span.start)
        points = [before, *(each for each in times if each > span.start), end]
        gaps[task_id] = max(later - earlier for earlier, later in itertools.pairwise(points)) / timeout
    return gaps


def delays(marked: Mapping[str, float], reports: Mapping[str, Sequence[float]]) -> Delays:
    """From the moment at which each task's run was marked to its first report."""
    found = [reports[task_id][0] - moment for task_id, moment in marked.items() if reports.get(task_id)]
    return Delays(found, missing=len(marked) - len(found))
