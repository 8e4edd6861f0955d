"""Counts the texts whose secret leaks into a report, and the texts without a secret that are masked."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_datapipeline.masking.masker import Masker
from airflow_provider_datapipeline.reporting import TaskReport
from tests.masking.draw import draw
from tests.support.reports import wire_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

CORPUS = Path(__file__).parents[1] / "reporting" / "corpus"

SEED = 1
PIECE = 8
"""So many characters of a secret in a row are a leak."""

_PLACE = "{SECRET}"


@dataclass(frozen=True)
class Planted:
    """
    A text with a place for a secret.

    :param generator: a regular expression that the secret is drawn from
    :param blind: whether somebody wrote the text who had not seen the rules; it was first counted when these were done
    """

    text: str
    generator: str
    kind: str
    blind: bool = False

    def secret(self, seed: object) -> str:
        """Draw the secret; the same seed always draws the same one."""
        return draw(self.generator, Random(f"{seed} {self.text}"))

    def with_secret(self, secret: str) -> str:
        """Return the text with a secret in its place."""
        return self.text.replace(_PLACE, secret)

    def shows(self, secret: str, shown: str) -> bool:
        """Tell whether a text shows a piece of the secret, other than those that the text has anyway."""
        around = self.text.replace(_PLACE, "\n")
        return any(piece in shown and piece not in around for piece in pieces(secret))

    def leaks(self, seed: object = SEED) -> bool:
        """Tell whether the report of an error with this text shows the secret if the caller's mask knows no secret."""
        secret = self.secret(seed)
        report = TaskReport.failed(RuntimeError(self.with_secret(secret)), mask=str)
        return any(self.shows(secret, shown) for shown in wire_fields(report).values())


@dataclass(frozen=True)
class Ordinary:
    """A text without a secret."""

    text: str
    kind: str
    blind: bool = False

    def is_masked(self) -> bool:
        """Tell whether anything of it is masked."""
        return Masker(str)(self.text) != self.text


def pieces(secret: str) -> Iterable[str]:
    """Return every piece of a secret that must not be shown; of a short secret, that is the whole."""
    size = min(PIECE, len(secret))
    return {secret[at : at + size] for at in range(len(secret) - size + 1)}


def planted(folder: Path | None = None) -> list[Planted]:
    """Return the project's own texts with secrets, or those in ``leaks.jsonl`` of a folder."""
    rows = _rows(folder / "leaks.jsonl" if folder else CORPUS / "planted.jsonl")
    return [Planted(row["text"], row["generator"], row["kind"], row.get("blind", False)) for row in rows]


def ordinary() -> list[Ordinary]:
    """Return the project's own texts without secrets."""
    rows = _rows(CORPUS / "ordinary.jsonl")
    return [Ordinary(row["text"], row["kind"], row.get("blind", False)) for row in rows]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


Case = Planted | Ordinary
Kind = TypeVar("Kind", Planted, Ordinary)


@dataclass(frozen=True)
class Counts:
    """The texts that were counted, and those of them that leak or are masked needlessly."""

    cases: tuple[Case, ...]
    wrong: frozenset[Case]

    @cached_property
    def kinds(self) -> dict[str, tuple[int, int]]:
        """For every kind, in alphabetical order: how many texts are wrong, and how many there are."""
        wrong = Counter(case.kind for case in self.wrong)
        return {kind: (wrong[kind], of) for kind, of in sorted(Counter(case.kind for case in self.cases).items())}

    @property
    def total(self) -> tuple[int, int]:
        """How many texts are wrong, and how many there are."""
        return len(self.wrong), len(self.cases)

    @property
    def blind(self) -> tuple[int, int]:
        """The same for the texts that were written blind."""
        return sum(case.blind for case in self.wrong), sum(case.blind for case in self.cases)

    def in_order(self) -> list[Case]:
        """Return the texts that are wrong, in the order of their file."""
        return [case for case in self.cases if case in self.wrong]


def count_leaks(cases: Sequence[Planted], seed: object = SEED) -> Counts:
    """Count the texts whose secret leaks."""
    return _counted(cases, lambda case: case.leaks(seed))


def count_masked(cases: Sequence[Ordinary]) -> Counts:
    """Count the texts that are masked though they have no secret."""
    return _counted(cases, Ordinary.is_masked)


def _counted(cases: Sequence[Kind], is_wrong: Callable[[Kind], bool]) -> Counts:
    return Counts(tuple(cases), frozenset(case for case in cases if is_wrong(case)))


def percent(part: int, whole: int) -> float:
    """Return a share in percent; 0 if the whole is 0."""
    return 100 * part / whole if whole else 0.0
