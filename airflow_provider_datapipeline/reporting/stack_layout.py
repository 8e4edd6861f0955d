"""The text of a stack trace within a limit: whole frames, the raising end first, what is left out counted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.reporting.frames import Origin
from airflow_provider_datapipeline.reporting.limits import clip, utf16_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_datapipeline.reporting.stack_trace import Exhibit

TITLE = "Traceback (most recent call last):"

# Widths of an exception's message in a shortened trace, tried from the widest; errorMessage holds it in full.
_WIDTHS = (256, 128, 64)
_GIVE_UP_AFTER = 8

_HEADLINE = -1
_NOTES = -2

Piece = tuple[int, int]
"""Position of an exhibit, and the position of its frame or one of the two markers above."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """What of a stack trace is shown; ``width`` limits messages and notes."""

    pieces: frozenset[Piece]
    width: int

    def __or__(self, more: Sequence[Piece]) -> _Choice:
        return _Choice(self.pieces | frozenset(more), self.width)


def lay_out(exhibits: Sequence[Exhibit]) -> str:
    """Return the stack trace in full, but for what was left out when it was collected."""
    everything = frozenset(
        (position, piece)
        for position, exhibit in enumerate(exhibits)
        for piece in (_HEADLINE, _NOTES, *range(len(exhibit.frames)))
    )
    longest = max((utf16_length(text) for one in exhibits for text in (one.headline, *one.notes)), default=0)
    return _text(exhibits, _Choice(everything, longest))


def fit(exhibits: Sequence[Exhibit], limit: int) -> str:
    """
    Return the stack trace within ``limit`` UTF-16 units.

    What was raised and the root of its chain come first, each with the frame that raised it and the user's frame next
    to that, then the other exceptions, then notes, then frames from each raising end outwards: the user's, those of
    libraries, and Airflow's last. A long message is shortened; a frame is shown whole or not.
    """
    full = lay_out(exhibits)
    if utf16_length(full) <= limit:
        return full
    return clip(_text(exhibits, _choose(exhibits, limit)), limit)


def _choose(exhibits: Sequence[Exhibit], limit: int) -> _Choice:
    order = sorted(range(len(exhibits)), key=lambda position: exhibits[position].importance)
    ends = [position for position in order if exhibits[position].importance <= 1]

    def fits(choice: _Choice) -> bool:
        return utf16_length(_text(exhibits, choice)) <= limit

    headlines = [(position, _HEADLINE) for position in ends]
    raising = [(position, len(exhibits[position].frames) - 1) for position in ends if exhibits[position].frames]
    # A raising frame with an endless path must not make the messages shorter than they need be.
    starts = (_Choice(frozenset(pieces), width) for pieces in (headlines + raising, headlines) for width in _WIDTHS)
    choice = next(filter(fits, starts), _Choice(frozenset(headlines), _WIDTHS[-1]))
    refused = 0
    for piece in _by_importance(exhibits, order):
        extended = choice | [piece]
        if fits(extended):
            choice, refused = extended, 0
        else:
            refused += 1
        if refused == _GIVE_UP_AFTER:
            break
    return choice


def _by_importance(exhibits: Sequence[Exhibit], order: Sequence[int]) -> Iterator[Piece]:
    yield from ((position, len(exhibits[position].frames) - 1) for position in order[:2] if exhibits[position].frames)
    yield from (
        (position, nearest) for position in order[:2] for nearest in _frames_of(exhibits[position], Origin.USER)[:1]
    )
    yield from ((position, _HEADLINE) for position in order)
    yield from ((position, _NOTES) for position in order if exhibits[position].notes)
    for origin in Origin:
        frames = [_frames_of(exhibits[position], origin) for position in order]
        for nth in zip_longest(*frames):
            yield from ((position, frame) for position, frame in zip(order, nth, strict=True) if frame is not None)


def _frames_of(exhibit: Exhibit, origin: Origin) -> list[int]:
    """Return the positions of the frames of one origin, from the raising end outwards."""
    numbered = reversed(tuple(enumerate(exhibit.frames)))
    return [number for number, frame in numbered if frame.text and frame.origin is origin]


def _text(exhibits: Sequence[Exhibit], choice: _Choice) -> str:
    lines = list(_lines(exhibits, choice))
    return "\n".join(([TITLE] if any(exhibit.frames for exhibit in exhibits) else []) + lines)


def _lines(exhibits: Sequence[Exhibit], choice: _Choice) -> Iterator[str]:
    hidden = 0
    indent = ""
    for position, exhibit in enumerate(exhibits):
        hidden += exhibit.left_out_before
        if (position, _HEADLINE) not in choice.pieces:
            hidden += 1 + exhibit.left_out_after
            continue
        if hidden:
            yield f"{indent}{_elided(hidden, 'exception')}"
        indent = "  " * exhibit.depth
        for line in _exhibit_lines(exhibit, position, choice):
            yield indent + line.replace("\n", f"\n{indent}")
        hidden = exhibit.left_out_after
    if hidden:
        yield f"{indent}{_elided(hidden, 'exception')}"


def _exhibit_lines(exhibit: Exhibit, position: int, choice: _Choice) -> Iterator[str]:
    if exhibit.link:
        yield exhibit.link
    hidden = 0
    for number, frame in enumerate(exhibit.frames):
        if not frame.text or (position, number) not in choice.pieces:
            hidden += frame.count
            continue
        if hidden:
            yield f"  {_elided(hidden, 'frame')}"
        yield frame.text
        hidden = 0
    if hidden:
        yield f"  {_elided(hidden, 'frame')}"
    yield clip(exhibit.headline, choice.width)
    if exhibit.notes and (position, _NOTES) in choice.pieces:
        yield from (clip(note, choice.width) for note in exhibit.notes)


def _elided(count: int, noun: str) -> str:
    return f"... {count} {noun}{'' if count == 1 else 's'} elided ..."
