"""What the phases of the scale benchmark came to, and the table that says so."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from benchmarks.usage import MEGABYTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.scale.figures import Delays, Span

THIRD: Final = 1 / 3
_TOLERANCE: Final = 0.01  # a heartbeat that is sent after a third of the lease arrives a little later
LATE_SECONDS: Final = 10.0
_WIDTH: Final = 44


@dataclass(frozen=True)
class Memory:
    """Resident memory of the triggerers, with so many tasks held."""

    tasks: int
    resident: int


@dataclass(kw_only=True)
class Phase:
    """
    A stretch of time in which tasks were held.

    ``gaps`` are parts of each task's ``timeouts``; ``lost`` counts leases by minutes of their timeout.
    """

    name: str
    span: Span
    heartbeats_per_minute: Sequence[float]
    throttled: int
    gaps: Mapping[str, float]
    timeouts: Mapping[str, float]
    lost: Mapping[int, int]
    delays: Delays
    cpu: Mapping[str, float]
    first_heartbeats: Sequence[float] = field(default_factory=list)
    """Seconds from the phase's start to each task's first heartbeat, in order; only where that matters."""


@dataclass(kw_only=True)
class Burst:
    """Many target runs that ended at once."""

    tasks: int
    delays: Delays
    statuses: Mapping[str, int]
    throttled: int
    heartbeats_throttled: int
    seconds: float
    cpu: Mapping[str, float]


@dataclass(kw_only=True)
class Results:
    """All of it."""

    title: str
    settle_seconds: float
    settle_missing: int
    renewed: int
    small: Memory
    full: Memory
    phases: Sequence[Phase]
    burst: Burst
    lost: int
    slowest_call: float


def table(results: Results) -> str:
    """Everything for people to read."""
    lines = [f"\n{results.title}", *_filling(results)]
    for phase in results.phases:
        lines += _phase(phase)
    lines += _burst(results.burst)
    lines.append("\nIn all")
    lines.append(_line("leases lost, from filling up to the end", str(results.lost)))
    lines.append(_line("longest call within the emulator", f"{results.slowest_call * 1000:.0f} ms"))
    return "\n".join(lines)


def _filling(results: Results) -> list[str]:
    small, full = results.small, results.full
    lines = [_line("until each task had a heartbeat", f"{results.settle_seconds:.0f} s")]
    if results.settle_missing:
        lines.append(_line("  given up for", f"{results.settle_missing} tasks"))
    lines.append(_line("  leases renewed by the benchmark meanwhile", str(results.renewed)))
    for memory in (small, full):
        words = f"resident memory of the triggerer at {memory.tasks}"
        lines.append(_line(words, f"{memory.resident / MEGABYTE:.0f} MB"))
    if full.tasks > small.tasks:
        each = (full.resident - small.resident) / (full.tasks - small.tasks)
        lines.append(_line("  per task", f"{each / 1000:.0f} KB"))
    return lines


def _phase(phase: Phase) -> list[str]:
    lines = [f"\n{phase.name}, {phase.span.seconds:.0f} s"]
    rates = [f"{each:.0f}" for each in phase.heartbeats_per_minute]
    lines.append(_line("heartbeats a minute", " ".join(rates)))
    lines.append(_line("  throttled", str(phase.throttled)))
    for minutes in sorted({round(each / 60) for each in phase.timeouts.values()}):
        gaps = [gap for task_id, gap in phase.gaps.items() if round(phase.timeouts[task_id] / 60) == minutes]
        lines.append(_line(f"leases of {minutes} minutes", f"{len(gaps)}, {phase.lost.get(minutes, 0)} lost"))
        if gaps:
            above = sum(1 for each in gaps if each > THIRD + _TOLERANCE)
            words = f"{max(gaps):.2f} of the lease, median {statistics.median(gaps):.2f}; {above} above a third"
            lines.append(_line("  largest gap between heartbeats", words))
    if phase.first_heartbeats:
        first, last = phase.first_heartbeats[0], phase.first_heartbeats[-1]
        words = f"first after {first:.0f} s, last of {len(phase.first_heartbeats)} after {last:.0f} s"
        lines.append(_line("heartbeat again", words))
    lines.append(_line("target run ended to report", _delays(phase.delays)))
    return [*lines, *_cpu(phase.cpu, phase.span.seconds)]


def _burst(burst: Burst) -> list[str]:
    lines = [f"\n{burst.tasks} target runs ended at once"]
    lines.append(_line("until reported", _delays(burst.delays)))
    reported = len(burst.delays.seconds)
    if reported and burst.delays.longest > 0:
        lines.append(_line("reports a second", f"{reported / burst.delays.longest:.1f}"))
    lines.append(_line("throttled", f"{burst.throttled} reports, {burst.heartbeats_throttled} heartbeats"))
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(burst.statuses.items()))
    lines.append(_line("statuses", statuses))
    return [*lines, *_cpu(burst.cpu, burst.seconds)]


def _delays(delays: Delays) -> str:
    if not delays.seconds:
        return f"none reported, {delays.missing} missing"
    words = f"median {delays.median:.1f} s, longest {delays.longest:.1f} s of {len(delays.seconds)}"
    words += f"; {delays.above(LATE_SECONDS)} above {LATE_SECONDS:.0f} s"
    return f"{words}, {delays.missing} missing" if delays.missing else words


def _cpu(cpu: Mapping[str, float], seconds: float) -> list[str]:
    total = sum(cpu.values())
    lines = [_line("CPU seconds", f"{total:.0f}, {total / seconds:.2f} a second")]
    return lines + [_line(f"  {name}", f"{used:.1f}") for name, used in cpu.items()]


def _line(words: str, value: str) -> str:
    return f"{words:<{_WIDTH}}{value}"
