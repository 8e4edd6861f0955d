"""
Removes from a text what the service does not accept: control characters, escape sequences and lone surrogates.

The stages of this are public, because a broken sequence can be read in several ways, and a secret may show in any.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass

_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]"
_STRING_SEQUENCE = r"(?:\x1b[P\]X^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9b-\x9f\r\n]*(?:\x07|\x1b\\|\x9c)"
_INTRODUCER = r"(?:\x1b\[|\x9b)"
_UNFINISHED_SEQUENCE = rf"{_INTRODUCER}[0-?]*[ -/]*"
_CONTROL_SEQUENCE = rf"{_UNFINISHED_SEQUENCE}[@-~]"
_CHARACTER_SET_SEQUENCE = r"\x1b[ -/]{1,2}[0-~]"
_SHORT_SEQUENCE = r"\x1b[0-~]"
_NOT_A_SEQUENCE = r"\x1b(?![ -~])|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9a\x9c-\x9f\ufffe\uffff]"


@dataclass(frozen=True, slots=True)
class Stage:
    """
    One step of :func:`scrub`; the first steps remove what is certainly no text, the last ones what is probably none.

    :param unwanted: what the step removes
    :param other_readings: what would be removed instead if the sequences of this step were no real ones, but accidents
        in a broken text. A text that is searched for something has to be searched in these readings, too.
    :param kept: what is put in place of what is removed
    """

    unwanted: re.Pattern[str]
    other_readings: tuple[re.Pattern[str], ...] = ()
    kept: str = ""


CONTROL = re.compile(_CONTROLS)
"""Everything that :func:`scrub` removes begins with one of these characters."""

_BARE_INTRODUCER = re.compile(f"{_INTRODUCER}|{_CONTROLS}")

STAGES = (
    Stage(re.compile(r"(?<!\x1b)\x1b\[[0-9;]{0,20}m")),  # colours: by far the most frequent sequence, never an accident
    Stage(re.compile(f"({_STRING_SEQUENCE})|{_NOT_A_SEQUENCE}"), kept=r"\1"),
    Stage(re.compile(_STRING_SEQUENCE), (CONTROL,)),
    Stage(
        re.compile(_CONTROL_SEQUENCE),
        (CONTROL, _BARE_INTRODUCER, re.compile(f"{_UNFINISHED_SEQUENCE}|{_CONTROLS}")),
    ),
    Stage(re.compile(_CHARACTER_SET_SEQUENCE), (CONTROL,)),
    Stage(re.compile(f"{_UNFINISHED_SEQUENCE}|{_SHORT_SEQUENCE}|{_CONTROLS}"), (CONTROL, _BARE_INTRODUCER)),
)

_SURROGATES = re.compile(r"[\ud800-\udfff]")


def scrub(text: str) -> str:
    r"""
    Keep only what the service's character class accepts: U+0020 to U+D7FF, U+E000 to U+FFFD, U+10000 and above, CR,
    LF and TAB.

    Control characters, DEL, U+FFFE and U+FFFF are removed. Terminal escape sequences are removed as a whole, in their
    7-bit and 8-bit forms; of a sequence that never ends only the start is removed. A surrogate without its partner
    becomes U+FFFD; two that belong together become the character that they mean. Scrubbing twice changes nothing.
    """
    text = join_surrogates(text)
    if not CONTROL.search(text):
        return text
    for stage in STAGES:
        text = stage.unwanted.sub(stage.kept, text)
    return text


def scrub_with_positions(text: str) -> tuple[str, array[int]]:
    """
    Return a text without control characters and sequences, and the position that each of its characters had before.

    The positions have one element more than the text has characters: where the text ended. Surrogates are left alone.
    """
    if not CONTROL.search(text):
        return text, array("L")
    positions = array("L", range(len(text) + 1))
    for stage in STAGES:
        removed = [match.span() for match in stage.unwanted.finditer(text) if not (stage.kept and match[1])]
        if not removed:
            continue
        kept_positions = array("L")
        pieces: list[str] = []
        position = 0
        for start, end in (*removed, (len(text), len(text))):
            kept_positions += positions[position:start]
            pieces.append(text[position:start])
            position = end
        kept_positions.append(positions[-1])
        text, positions = "".join(pieces), kept_positions
    return text, positions


def join_surrogates(text: str) -> str:
    """Replace a surrogate without its partner by U+FFFD, and two that belong together by the character they mean."""
    if not _SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
