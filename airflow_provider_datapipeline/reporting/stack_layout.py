"""
Lays out a stack trace within a limit.

Only whole frames are shown, those near the raising end first. What is left out is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.text import clip, utf16_length
from airflow_provider_datapipeline.reporting.frames import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_datapipeline.reporting.stack_trace import ExceptionEntry

TITLE = "Traceback (most recent call last):"

# How long a message may be in a shortened trace; the longest is tried first. errorMessage has the message in full.
_WIDTHS = (256, 128, 64)
_GIVE_UP_AFTER = 8  # pieces in a row that did not fit

_HEADLINE = -1
_NOTES = -2

Piece = tuple[int, int]
"""The position of an entry, and in it the position of a frame or one of the two markers above."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """The pieces of a stack trace that are shown; ``width`` limits the length of messages and notes."""

    pieces: frozenset[Piece]
    width: int

    def __or__(self, more: Sequence[Piece]) -> _Choice:
        return _Choice(self.pieces | frozenset(more), self.width)


def lay_out(entries: Sequence[ExceptionEntry]) -> str:
    """Return the whole stack trace, without what was left out already when it was collected."""
    everything = frozenset(
        (position, piece)
        for position, entry in enumerate(entries)
        for piece in (_HEADLINE, _NOTES, *range(len(entry.frames)))
    )
    longest = max((utf16_length(text) for one in entries for text in (one.headline, *one.notes)), default=0)
    return _text(entries, _Choice(everything, longest))


def fit(entries: Sequence[ExceptionEntry], limit: int) -> str:
    """
    Return the stack trace within ``limit`` UTF-16 units.

    Room is given in this order: the exception that was raised and the root of its chain, each with the frame that
    raised it and with the user's frame nearest to that; the other exceptions; notes; then frames, from each raising end
    outwards, the user's first, those of libraries second, and Airflow's last. A long message is shortened; a frame is
    shown whole or not at all.
    """
    full = lay_out(entries)
    if utf16_length(full) <= limit:
        return full
    return clip(_text(entries, _choose(entries, limit)), limit)


def _choose(entries: Sequence[ExceptionEntry], limit: int) -> _Choice:
    order = sorted(range(len(entries)), key=lambda position: entries[position].importance)
    ends = [position for position in order if entries[position].importance <= 1]

    def fits(choice: _Choice) -> bool:
        return utf16_length(_text(entries, choice)) <= limit

    headlines = [(position, _HEADLINE) for position in ends]
    raising = [(position, len(entries[position].frames) - 1) for position in ends if entries[position].frames]
    # If a raising frame has so long a path that it does not fit, it is left out rather than the messages shortened.
    starts = (_Choice(frozenset(pieces), width) for pieces in (headlines + raising, headlines) for width in _WIDTHS)
    choice = next(filter(fits, starts), _Choice(frozenset(headlines), _WIDTHS[-1]))
    refused = 0
    for piece in _by_importance(entries, order):
        extended = choice | [piece]
        if fits(extended):
            choice, refused = extended, 0
        else:
            refused += 1
        if refused == _GIVE_UP_AFTER:
            break
    return choice


def _by_importance(entries: Sequence[ExceptionEntry], order: Sequence[int]) -> Iterator[Piece]:
    yield from ((position, len(entries[position].frames) - 1) for position in order[:2] if entries[position].frames)
    yield from (
        (position, nearest) for position in order[:2] for nearest in _frames_of(entries[position], Origin.USER)[:1]
    )
    yield from ((position, _HEADLINE) for position in order)
    yield from ((position, _NOTES) for position in order if entries[position].notes)
    for origin in Origin:
        frames = [_frames_of(entries[position], origin) for position in order]
        for nth in zip_longest(*frames):
            yield from ((position, frame) for position, frame in zip(order, nth, strict=True) if frame is not None)


def _frames_of(entry: ExceptionEntry, origin: Origin) -> list[int]:
    """Return the positions of the frames of one origin, from the raising end outwards."""
    numbered = reversed(tuple(enumerate(entry.frames)))
    return [number for number, frame in numbered if frame.text and frame.origin is origin]


def _text(entries: Sequence[ExceptionEntry], choice: _Choice) -> str:
    lines = list(_lines(entries, choice))
    return "\n".join(([TITLE] if any(entry.frames for entry in entries) else []) + lines)


def _lines(entries: Sequence[ExceptionEntry], choice: _Choice) -> Iterator[str]:
    hidden = 0
    indent = ""
    for position, entry in enumerate(entries):
        hidden += entry.left_out_before
        if (position, _HEADLINE) not in choice.pieces:
            hidden += 1 + entry.left_out_after
            continue
        if hidden:
            yield f"{indent}{_elided(hidden, 'exception')}"
        indent = "  " * entry.depth
        for line in _entry_lines(entry, position, choice):
            yield indent + line.replace("\n", f"\n{indent}")
        hidden = entry.left_out_after
    if hidden:
        yield f"{indent}{_elided(hidden, 'exception')}"


def _entry_lines(entry: ExceptionEntry, position: int, choice: _Choice) -> Iterator[str]:
    if entry.link:
        yield entry.link
    hidden = 0
    for number, frame in enumerate(entry.frames):
        if not frame.text or (position, number) not in choice.pieces:
            hidden += frame.count
            continue
        if hidden:
            yield f"  {_elided(hidden, 'frame')}"
        yield frame.text
        hidden = 0
    if hidden:
        yield f"  {_elided(hidden, 'frame')}"
    yield clip(entry.headline, choice.width)
    if entry.notes and (position, _NOTES) in choice.pieces:
        yield from (clip(note, choice.width) for note in entry.notes)


def _elided(count: int, noun: str) -> str:
    return f"... {count} {noun}{'' if count == 1 else 's'} elided ..."
