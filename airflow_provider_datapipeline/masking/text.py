"""Measures a text in the units of the service's limits, and shortens it without splitting combined characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

ELLIPSIS = "…"

Measure = Callable[[str], int]

_ZERO_WIDTH_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_LONGEST_CLUSTER = 32  # so that a hostile run of combining marks does not remove the text before it


def one_line(text: str) -> str:
    """Collapse every run of white space, line breaks included, into one space."""
    return " ".join(text.split())


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 units, which Java counts, and so most likely the service."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_length(text: str) -> int:
    """Return the length in UTF-8 bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def clip(text: str, limit: int, measure: Measure = utf16_length) -> str:
    """
    Return the text, or as much of its beginning as fits with an ellipsis at the end; never longer than ``limit``.

    Single characters stay whole. So do combined ones (accents, joined emoji), as far as simple rules recognize them.
    """
    if measure(text) <= limit:
        return text
    room = limit - measure(ELLIPSIS)
    return _beginning(text, room, measure) + ELLIPSIS if room >= 0 else ""


def clip_middle(
    text: str,
    limit: int,
    measure: Measure = utf16_length,
    *,
    tail_share: float = 0.5,
    borders: Sequence[str] = ("\n",),
) -> str:
    """
    Return the text, or its beginning and its end with a line between them that counts the characters left out.

    :param tail_share: the share of the room that the end may take
    :param borders: texts before which to cut if little is lost by that, the best first; each begins with a line end
    """
    if measure(text) <= limit:
        return text
    room = limit - measure(elided(_characters(text)))
    if room <= 0:
        return clip(text, limit, measure)
    tail = _end(text, int(room * tail_share), measure)
    start = len(text) - len(tail)
    after = _border(borders, lambda border: text.find(border, max(0, start - 1), start + len(tail) // 4))
    tail = text[after + 1 :] if after >= 0 else tail
    head = _beginning(text, room - measure(tail), measure)
    before = _border(borders, lambda border: text.rfind(border, len(head) * 3 // 4, len(head) + len(border)))
    head = text[:before] if before >= 0 else head
    return head + elided(_characters(text[len(head) : len(text) - len(tail)])) + tail


def _border(borders: Sequence[str], find: Callable[[str], int]) -> int:
    """Return the position of the first border that is found; -1 if none is."""
    return next((position for border in borders if (position := find(border)) >= 0), -1)


def elided(characters: int) -> str:
    """Return the line that stands in place of the middle of a text that was left out."""
    return f"\n... {characters} characters elided ...\n"


_ELIDED = re.compile(r"\n\.\.\. ([0-9]{1,12}) characters elided \.\.\.\n")


def _characters(text: str) -> int:
    """Count the characters of a text, including those that were left out of it before."""
    return len(text) + sum(int(line[1]) - len(line[0]) for line in _ELIDED.finditer(text))


def _beginning(text: str, room: int, measure: Measure) -> str:
    """Return the longest beginning within ``room``. Every character measures 1 or more, which bounds the search."""
    low, high = 0, max(0, min(room, len(text)))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= room else (low, middle - 1)
    for cut in range(low, max(-1, low - _LONGEST_CLUSTER), -1):
        if not _splits_character(text, cut):
            low = cut
            break
    return text[:low]


def _end(text: str, room: int, measure: Measure) -> str:
    """Return the longest end within ``room``."""
    low, high = 0, max(0, min(room, len(text)))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[len(text) - middle :]) <= room else (low, middle - 1)
    start = len(text) - low
    for cut in range(start, min(len(text) + 1, start + _LONGEST_CLUSTER)):
        if not _splits_character(text, cut):
            start = cut
            break
    return text[start:]


def _splits_character(text: str, cut: int) -> bool:
    """Tell whether a cut before ``text[cut]`` would split a combined character."""
    if not 0 < cut < len(text):
        return False
    following = text[cut]
    return (
        following == _ZERO_WIDTH_JOINER
        or text[cut - 1] == _ZERO_WIDTH_JOINER
        or ord(following) in _SKIN_TONES
        or unicodedata.category(following).startswith("M")
    )
