"""
Removes from a text what the service does not accept: control characters, escape sequences and lone surrogates.

How it does so is public, step by step, because a secret may hide in any reading of a broken sequence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]"
_STRING_SEQUENCE = r"(?:\x1b[P\]X^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9b-\x9f\r\n]*(?:\x07|\x1b\\|\x9c)"
_INTRODUCER = r"(?:\x1b\[|\x9b)"
_UNFINISHED_SEQUENCE = rf"{_INTRODUCER}[0-?]*[ -/]*"
_CONTROL_SEQUENCE = rf"{_UNFINISHED_SEQUENCE}[@-~]"
_CHARACTER_SET_SEQUENCE = r"\x1b[ -/]{1,2}[0-~]"
_SHORT_SEQUENCE = r"\x1b[0-~]"
_NO_SEQUENCE = r"\x1b(?![ -~])|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9a\x9c-\x9f\ufffe\uffff]"


@dataclass(frozen=True, slots=True)
class Stage:
    """
    One step of :func:`scrub`, from what certainly is no text to what most likely is none.

    :param unwanted: what the step removes
    :param kept: what takes its place
    :param less: what would be removed if the sequences of this step were none, and only their first characters
        accidents in a broken text. Who searches a text for something must look at these readings too.
    """

    unwanted: re.Pattern[str]
    less: tuple[re.Pattern[str], ...] = ()
    kept: str = ""


CONTROL = re.compile(_CONTROLS)
"""Whatever :func:`scrub` removes begins with one of these."""

_BARE_INTRODUCER = re.compile(f"{_INTRODUCER}|{_CONTROLS}")

STAGES = (
    Stage(re.compile(r"(?<!\x1b)\x1b\[[0-9;]{0,20}m")),  # colours: by far the most frequent, and no accident
    Stage(re.compile(f"({_STRING_SEQUENCE})|{_NO_SEQUENCE}"), kept=r"\1"),
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

    Terminal escape sequences vanish whole, in their 7-bit and 8-bit forms (of one that is never terminated only the
    start does), and so do control characters, DEL, U+FFFE and U+FFFF. A surrogate without its partner becomes
    U+FFFD; two that belong together become the character they mean. Scrubbing twice changes nothing.
    """
    text = join_surrogates(text)
    if not CONTROL.search(text):
        return text
    for stage in STAGES:
        text = stage.unwanted.sub(stage.kept, text)
    return text


def join_surrogates(text: str) -> str:
    """Replace a surrogate without its partner by U+FFFD, and two that belong together by the character they mean."""
    if not _SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
