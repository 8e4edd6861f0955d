"""What a text looks like: a word, a code, an identifier, or what somebody or something drew at random."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.rules.names import IDENTIFIED_BY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_datapipeline.masking.spans import Span


class Look(IntEnum):
    """What a value has to look like to be taken for a secret where it stands: the less certain the place, the more."""

    ANY = 1
    """Whatever it looks like."""
    LOOSE = 2
    """6 characters or more, with a letter, and a digit or a sign that names do not have."""
    MIXED = 3
    """8 characters or more without a blank, in which letters, digits and signs take turns."""
    DRAWN = 4
    """As the next, or a UUID."""
    RANDOM = 5
    """16 characters or more without a blank, in which letters of both cases and digits take turns often."""

    def is_worn_by(self, value: str) -> bool:
        """Tell whether a value looks like that."""
        return _TESTS[self](value[:LOOKED_AT].rstrip(_TRAILING))


LOOKED_AT = 128
"""Characters of a value that are looked at."""

_TRAILING = ":.,;"
_BORDER = re.compile(r"[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])")
# From small letter to capital one to digit, in any order: of characters drawn at random from these 62 percent, of words
# written together 33.
_CHANGE = re.compile(r"[a-z](?=[A-Z0-9])|[A-Z](?=[a-z0-9])|[0-9](?=[A-Za-z])")
_SHARE_OF_CHANGES = 0.36
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SIGN = re.compile(r"(?<=[A-Za-z0-9])[!#$%^&*~+=@?](?=[A-Za-z0-9])")
_LETTER = re.compile(r"[A-Za-z]")
_DIGIT = re.compile(r"[0-9]")
_OF_TOKENS = re.compile(r"[A-Za-z0-9_+/=.~!%:$-]+")
_LEAST_MIXED = 8
_LEAST_LOOSE = 6
_LEAST_RANDOM = 16

FILE = r"[\w./~-]+\.(?:json|ya?ml|pem|p8|key|txt|csv|py|sql|parquet|crt|cfg|ini|jks|p12|pub)"
"""A pattern for names of files of kinds that are met beside names of secrets."""

_NO_SECRET = re.compile(
    rf"{_UUID.pattern}|{FILE}"
    r"|[\w./~-]*/[\w.-]*\.[A-Za-z][A-Za-z0-9]{0,5}"  # any other file
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}.*"  # a time
    r"|[A-Z][A-Za-z]*[-_]?[0-9]+"  # the code of an error: ORA-28007
    r"|v?[0-9]+(?:\.[0-9]+)+[\w.-]*"  # a version, an address
    r"|[a-z][a-z0-9+.-]{1,20}://[^@?]*"  # an address without a query
    r"|arn:.*"
    r"|U\+[0-9A-F]{4,6}"  # a character
    r"|(?:md5|sha-?[0-9]{1,3})[:-].*"
)


def _is_loose(value: str) -> bool:
    if len(value) < _LEAST_LOOSE or _NO_SECRET.fullmatch(value):
        return False
    return bool(_LETTER.search(value) and (_DIGIT.search(value) or _SIGN.search(value)))


def _is_mixed(value: str) -> bool:
    if len(value) < _LEAST_MIXED or " " in value or _NO_SECRET.fullmatch(value):
        return False
    return len(_BORDER.findall(value)) + len(_SIGN.findall(value)) > 1 and bool(_LETTER.search(value))


def _is_random(value: str) -> bool:
    value = _UUID.sub("", value)
    if len(value) < _LEAST_RANDOM or not _OF_TOKENS.fullmatch(value) or _NO_SECRET.fullmatch(value):
        return False
    if len(_BORDER.findall(value)) >= max(3, len(value) // 10):
        return True
    changes = len(_CHANGE.findall(value))
    return changes >= _SHARE_OF_CHANGES * len(value) and _DIGIT.search(value) is not None


_TESTS: dict[Look, Callable[[str], bool]] = {
    Look.ANY: bool,
    Look.LOOSE: _is_loose,
    Look.MIXED: _is_mixed,
    Look.DRAWN: lambda value: _UUID.fullmatch(value) is not None or _is_random(value),
    Look.RANDOM: _is_random,
}

# What a generator of passwords or of tokens makes: letters of both cases, digits, and at most a few signs.
_GENERATED = re.compile(r"(?<![A-Za-z0-9+_.%&?*~-])[A-Za-z0-9!#*+=_~^$-]{16,}+(?![A-Za-z0-9/%-]|\.[A-Za-z0-9]|::)")
_OF_A_USER = re.compile(r"(?:\A|[\s\"'(=,])[A-Za-z]\w{0,24}/\Z")
_TYPED = re.compile(r"[A-Za-z]{2,10}[_-]")  # the id of an object of Stripe, OpenAI and others: ch_..., req_..., org-...
_WORDS = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}")
# A key in Base64 of 32 bytes or more, with its padding, or of 60 or more without; not a line of a certificate.
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/=_.%-])(?!MII|AAAA)(?:[A-Za-z0-9+/]{42,}+={1,2}|[A-Za-z0-9+/]{80,}+)(?![A-Za-z0-9+/=_%-]|\.[A-Za-z0-9])"
)
_LONGEST = 512
_HEXADECIMAL = re.compile(r"[0-9a-f_-]+|[0-9A-F_-]+")
_LEAST_DIGITS = 2
_LEAST_CHANGES = 0.31
_MOST_OF_WORDS = 0.7
_LEAST_IN_PATH = 36
_LONGEST_TYPED = 36
_NAME = re.compile(r"[A-Za-z_-]+=(?=[^=])")
_BEFORE = 100
_LONGEST_WORD = 24
_OF_SUM = re.compile(r"(?i:md5|sha-?\d{1,3}|checksum|digest|hash|etag|integrity|host key|fingerprint)\b|\barn:\S*\Z")
_IDENTIFIED = re.compile(rf"(?:{'|'.join(IDENTIFIED_BY)})[^A-Za-z0-9]{{0,6}}\Z", re.IGNORECASE)


def find_generated(text: str) -> Iterator[Span]:
    """Find what a generator of passwords or tokens made, whatever stands around it, unless it is said to identify."""
    for pattern in (_GENERATED, _BASE64):
        for match in pattern.finditer(text):
            start, end = match.span()
            if name := _NAME.match(match[0]):
                start += name.end()
            if _is_generated(text[start:end]) and not _is_identifier(text, start, end):
                yield start, end


def _is_generated(value: str) -> bool:
    if (
        _NO_SECRET.fullmatch(value)
        or len(value) > _LONGEST
        or value == value.lower()
        or value == value.upper()
        or _HEXADECIMAL.fullmatch(value)
    ):
        return False
    if len(value) < _LONGEST_TYPED and _TYPED.match(value):
        return False
    if len(_DIGIT.findall(value)) < _LEAST_DIGITS or len(_BORDER.findall(value)) < _LEAST_DIGITS:
        return False
    if len(_CHANGE.findall(value)) + len(_SIGN.findall(value)) < _LEAST_CHANGES * len(value):
        return False
    return sum(map(len, _WORDS.findall(value))) <= _MOST_OF_WORDS * len(value)


def _is_identifier(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _BEFORE) : start]
    if before.endswith("/") and end - start < _LEAST_IN_PATH and not _OF_A_USER.search(before):
        return True  # a part of a path
    is_line = before[-1:] in ("", "\n") and text[end : end + 1] in ("", "\n") and len(text) > end
    return (
        is_line
        or _IDENTIFIED.search(before[-_LONGEST_WORD:]) is not None
        or _OF_SUM.search(before.rpartition("\n")[2]) is not None
    )
