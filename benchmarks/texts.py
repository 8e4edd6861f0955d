"""
What it costs to make a report of an error with a long text: ``python -m benchmarks texts``.

Seconds of the processor, of one call of ``TaskReport.failed`` for an error with a text of each kind: where the caller's
mask knows nothing, so that the rules are all that is measured, and with Airflow's own ``redact``, which knows ten
secrets here. Beside it ``redact`` alone over the same text, as Airflow calls it for every line of a log. Compare within
one run.
"""

from __future__ import annotations

import base64
import importlib
import json
import string
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.reporting import TaskReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = {"100 KB": 100_000, "12 MB": 12_000_000}
GROUPED = "an exception group of 40"
ERRORS = 40
REGISTERED = 10

_LETTERS = string.ascii_letters + string.digits
_WAYS = ("rules", "rules, redact", "redact")


@dataclass(frozen=True)
class Row:
    """What one text has cost, in seconds of the processor."""

    kind: str
    size: str
    seconds: tuple[float, ...]
    """In the order of the ways: a report without a mask, a report with ``redact``, ``redact`` alone."""


def kinds(random: Random) -> dict[str, Callable[[int], str]]:
    """Return what makes a text of each kind, for a number of characters."""
    secret = "".join(random.choices(_LETTERS, k=20))
    units = {
        "a log with secrets": "".join(
            f"[2026-11-26T00:14:0{second}.000+0000] INFO - GET https://etl:{secret}@db.example.com/orders?page={second}"
            f" answered 200\n[2026-11-26T00:14:0{second}.500+0000] WARNING - retrying with password={secret}\n"
            for second in range(10)
        ),
        "SQL with hidden parameters": (
            "[SQL: UPDATE users SET password_hash=%(hash)s WHERE id = %(id)s]\n"
            "[SQL parameters hidden due to hide_parameters=True]\n"
        ),
        "JSON": json.dumps([{"id": number, "name": f"order {number}", "token": secret} for number in range(20)]),
        "one letter": "a",
        "escape sequences": "\x1b[31mERROR\x1b[0m loading \x1b[1morders\x1b[0m\n",
        "sk- repeated": "sk-",
        "docker -p x repeated": "docker -p x ",
    }
    return {
        "source code": source_code,
        **{kind: _repeats(unit) for kind, unit in units.items()},
        "Base64 drawn at random": lambda size: base64.b64encode(random.randbytes(size)).decode()[:size],
    }


def _repeats(unit: str) -> Callable[[int], str]:
    return lambda size: (unit * (size // len(unit) + 1))[:size]


def source_code(size: int) -> str:
    """Return source code of the standard library, over again where there is less than is asked for."""
    pieces: list[str] = []
    length = 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        if length >= size:
            break
        pieces.append(path.read_text(encoding="utf-8", errors="replace"))
        length += len(pieces[-1])
    return _repeats("".join(pieces))(size)


def grouped(text: str) -> ExceptionGroup[RuntimeError]:
    """Return a group of errors that share a text, each with its own part."""
    size = -(-len(text) // ERRORS)
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    return ExceptionGroup("some loads failed", [RuntimeError(part) for part in parts])


def cpu_seconds(act: Callable[[], object]) -> float:
    """Return what a call takes of the processor, the better of two."""
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        act()
        best = min(best, time.process_time() - start)
    return best


def measure(redact: Callable[[str], str]) -> Iterator[Row]:
    """
    Measure every kind in every size.

    :param redact: Airflow's
    """
    random = Random(1)  # noqa: S311  # the same texts in each run
    makers: dict[str, Callable[[int], str]] = kinds(random)
    cases = [*makers.items(), (GROUPED, makers["a log with secrets"])]
    TaskReport.failed(RuntimeError(source_code(10_000)), mask=redact)  # compiles what most texts need
    for kind, make in cases:
        for size, characters in SIZES.items():
            text = make(characters)
            error = grouped(text) if kind == GROUPED else RuntimeError(text)
            yield Row(
                kind,
                size,
                (
                    cpu_seconds(lambda error=error: TaskReport.failed(error, mask=str)),  # type: ignore[misc]
                    cpu_seconds(lambda error=error: TaskReport.failed(error, mask=redact)),  # type: ignore[misc]
                    cpu_seconds(lambda text=text: redact(text)),  # type: ignore[misc]
                ),
            )


def table(rows: Iterator[Row] | list[Row]) -> str:
    """Return the figures as a table."""
    lines = [
        "seconds of the processor: a report by the rules alone, one with Airflow's redact as its mask, redact alone",
        f"{'':<30}{'':>8}" + "".join(f"{way:>16}" for way in _WAYS),
    ]
    lines += [f"{row.kind:<30}{row.size:>8}" + "".join(f"{one:>16.3f}" for one in row.seconds) for row in rows]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    from airflow_provider_datapipeline._airflow.names import redact

    _register(Random(2))  # noqa: S311
    print(table(measure(lambda text: str(redact(text)))))  # noqa: T201  # a program for people


def _register(random: Random) -> None:
    """Tell Airflow's masker some secrets, none of which is in the texts: while it knows none, it does nothing."""
    try:
        masker: Any = importlib.import_module("airflow.sdk.log")
    except ImportError:  # before Airflow 3.1
        masker = importlib.import_module("airflow.utils.log.secrets_masker")
    for _ in range(REGISTERED):
        masker.mask_secret("".join(random.choices(_LETTERS, k=20)))
