"""
What the wire accepts: limits with their source, and the tools that keep a text within them.

Sources: "model" is botocore's service model ``datapipeline/2012-10-29/service-2.json``; "limits page" is the page
dp-limits of the AWS Data Pipeline Developer Guide. Where the unit of a length is not published, UTF-16 units are
counted: never fewer than the characters, so the careful reading.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PIPELINE_TASK_ID_MAX_UTF16 = 2048  # model, shape "taskId"; its minimum is 1
ERROR_ID_MAX_UTF16 = 1024  # model, shape "string"
ERROR_STACK_TRACE_MAX_UTF16 = 1024  # model, shape "string"; the published API page says 4095, the smaller is safe
FIELD_MAX_UTF8 = 10_240  # limits page: bytes per field of an object
OBJECT_MAX_UTF8 = 15_360  # limits page: bytes per object, names of fields included

# The model gives errorMessage no limit, but the service stores all three on the attempt, which is an object.
# A UTF-16 unit takes 3 bytes of UTF-8 at most, so the worst case is
#   names     7 (errorId) + 12 (errorMessage) + 15 (errorStackTrace) =     34
#   values    1024 * 3    + 4096              + 1024 * 3             = 10,240
# which leaves 5,086 of the 15,360 bytes to the attempt's other fields (command, schedule, times, host name).
ERROR_MESSAGE_MAX_UTF8 = 4096

RESERVED_ERROR_ID_PREFIX = "Service_"  # model, documentation of SetTaskStatus: reserved by the system

ELLIPSIS = "…"

Measure = Callable[[str], int]

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

_ZERO_WIDTH_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_LONGEST_CLUSTER = 32  # a hostile run of combining marks must not eat the text before it


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


def one_line(text: str) -> str:
    """Collapse every run of white space, line breaks included, into one space."""
    return " ".join(text.split())


def utf16_length(text: str) -> int:
    """Length in UTF-16 units: what Java, and so the service, most likely counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_length(text: str) -> int:
    """Length in UTF-8 bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def clip(text: str, limit: int, measure: Measure = utf16_length) -> str:
    """
    Return the text, or as much of its beginning as fits with an ellipsis at the end; never longer than ``limit``.

    Characters stay whole, and combined ones (accents, joined emoji) as far as they are told by simple means.
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

    :param tail_share: the part of the room that the end may take
    :param borders: where to cut if that costs little, the best first; each begins with a line end
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
    return next((position for border in borders if (position := find(border)) >= 0), -1)


def elided(characters: int) -> str:
    """Return the line that takes the place of what was left out in the middle of a text."""
    return f"\n... {characters} characters elided ...\n"


_ELIDED = re.compile(r"\n\.\.\. ([0-9]{1,12}) characters elided \.\.\.\n")


def _characters(text: str) -> int:
    """Count the characters of a text, and those that were left out of it before."""
    return len(text) + sum(int(line[1]) - len(line[0]) for line in _ELIDED.finditer(text))


def _beginning(text: str, room: int, measure: Measure) -> str:
    """Longest beginning within ``room``; a character measures 1 or more, which bounds the search."""
    low, high = 0, max(0, min(room, len(text)))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= room else (low, middle - 1)
    for cut in range(low, max(-1, low - _LONGEST_CLUSTER), -1):
        if not _joins(text, cut):
            low = cut
            break
    return text[:low]


def _end(text: str, room: int, measure: Measure) -> str:
    low, high = 0, max(0, min(room, len(text)))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[len(text) - middle :]) <= room else (low, middle - 1)
    start = len(text) - low
    for cut in range(start, min(len(text) + 1, start + _LONGEST_CLUSTER)):
        if not _joins(text, cut):
            start = cut
            break
    return text[start:]


def _joins(text: str, cut: int) -> bool:
    """Whether a cut before ``text[cut]`` would take a combined character apart."""
    if not 0 < cut < len(text):
        return False
    following = text[cut]
    return (
        following == _ZERO_WIDTH_JOINER
        or text[cut - 1] == _ZERO_WIDTH_JOINER
        or ord(following) in _SKIN_TONES
        or unicodedata.category(following).startswith("M")
    )
