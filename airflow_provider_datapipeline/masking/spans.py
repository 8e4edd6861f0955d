"""Where secrets are in a text: spans that are merged, and replaced by asterisks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Span = tuple[int, int]
"""Where a secret begins in a text, and where it ends: the position after its last character."""

MASKED = "***"
"""The text in place of a secret. Airflow's masker writes the same, so neither masks again what the other masked."""


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Merge spans that overlap or touch; they have to be in order."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def mask_spans(text: str, spans: Iterable[Span]) -> str:
    """Replace spans of a text by :data:`MASKED`; they have to be in order, and must not overlap."""
    pieces: list[str] = []
    position = 0
    for start, end in spans:
        pieces += text[position:start], MASKED
        position = end
    return "".join(pieces) + text[position:]
