"""The results of a cell, as JSON until the page is written. Uses only the standard library, because nox imports it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PARTS = ("install", "unit", "wheel", "reporting", "task_runner", "sixty")
"""The parts of a cell, in the order in which they run."""


@dataclass
class Part:
    """
    One part of a cell: the numbers of checks that passed, failed and were skipped, and the seconds that it took.

    :param failures: the name of each check that failed, with the first line of the reason
    :param notes: the measurements of the checks by name
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0
    failures: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def fail(self, why: str) -> None:
        """Count a check that failed."""
        self.failed += 1
        self.failures.append(why)


@dataclass
class Record:
    """The results of a cell, or of the parts of it that were requested."""

    cell: str
    python: str
    commit: str
    date: str
    database: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    """The versions of the distributions in :data:`tests.matrix.page.SHOWN`."""
    parts: dict[str, Part] = field(default_factory=dict)
    whole: bool = True
    """Whether every part was requested."""
    seconds: float = 0

    @property
    def failures(self) -> list[str]:
        """Every check that failed, after the name of its part."""
        return [f"{name}: {failure}" for name, part in self.parts.items() for failure in part.failures]

    def write(self, path: Path) -> None:
        """Store the record as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def read(path: Path) -> Record:
    """Return a record that :meth:`Record.write` has stored."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    parts = {name: Part(**part) for name, part in kept.pop("parts").items()}
    return Record(**kept, parts=parts)


def count(junit: Path) -> dict[str, Part]:
    """
    Return the results of a run of pytest, by the last word of each module's name, without ``test_``.

    A check is a test with its set-up and tear-down, and fails if one of them fails. An error at the import of a module
    fails one check of that module.
    """
    parts: dict[str, Part] = {}
    for case in ET.parse(junit).getroot().iter("testcase"):  # written by our own pytest
        module = (case.get("classname") or case.get("name") or "").rpartition(".")[2]
        part = parts.setdefault(module.removeprefix("test_"), Part())
        part.seconds += float(case.get("time", 0))
        part.notes |= {each.get("name", ""): each.get("value", "") for each in case.iter("property")}
        wrong = [each for each in case if each.tag in ("failure", "error")]
        if wrong:
            first_line = (wrong[0].get("message") or "").strip().splitlines()[:1]
            part.fail(f"{case.get('name')}: {''.join(first_line)[:200]}")
        elif any(each.tag == "skipped" for each in case):
            part.skipped += 1
        else:
            part.passed += 1
    return parts


def total(parts: dict[str, Part]) -> Part:
    """Return the sum of all parts."""
    whole = Part()
    for part in parts.values():
        whole.passed += part.passed
        whole.failed += part.failed
        whole.skipped += part.skipped
        whole.seconds += part.seconds
        whole.failures += part.failures
    return whole
