"""Where secrets are in a text: joining such spans, and putting asterisks in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Span = tuple[int, int]
"""Where a secret begins and where it ends in a text."""

HIDDEN = "***"
"""What takes the place of a secret, as in Airflow: what one masker has masked, the other leaves alone."""


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Join those spans, of some in order, that overlap or touch."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def mask_spans(text: str, spans: Iterable[Span]) -> str:
    """Replace spans, which are in order and apart from each other."""
    pieces: list[str] = []
    position = 0
    for start, end in spans:
        pieces += text[position:start], HIDDEN
        position = end
    return "".join(pieces) + text[position:]
