"""
How random a value looks: how strict that has to be judged depends on how certain its place is.

After ``password=`` anything is a secret. After ``key=`` only a value that was drawn at random is one, because ``key``
may also be the key of a dictionary.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Randomness(IntEnum):
    """The least randomness that a value must have to count as a secret; a larger number is stricter."""

    ANY = 1
    """Any value."""
    LOW = 2
    """6 characters or more, with a letter, and with a digit or a sign that names do not have."""
    MEDIUM = 3
    """8 characters or more without a blank, in which letters, digits and signs alternate."""
    HIGH_OR_UUID = 4
    """Like ``HIGH``, or a UUID."""
    HIGH = 5
    """16 characters or more without a blank, in which letters of both cases and digits alternate often."""

    def is_met_by(self, value: str) -> bool:
        """Tell whether a value is at least that random; only its first :data:`MAX_CHARACTERS` are read."""
        return _TESTS[self](value[:MAX_CHARACTERS].rstrip(_TRAILING_PUNCTUATION))


MAX_CHARACTERS = 128
"""How many characters of a value are read to judge it."""

FILE_NAME = r"[\w./~-]+\.(?:json|ya?ml|pem|p8|key|txt|csv|py|sql|parquet|crt|cfg|ini|jks|p12|pub)"
"""A pattern for the names of files, with the extensions that occur beside names of secrets."""

LETTER_DIGIT_BORDER = re.compile(r"[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])")
# A small letter, a capital letter or a digit, before one of another of these three kinds. In characters drawn at random
# from them this holds for 62 percent, in words written together for 33 percent.
CHANGE_OF_KIND = re.compile(r"[a-z](?=[A-Z0-9])|[A-Z](?=[a-z0-9])|[0-9](?=[A-Za-z])")
SIGN_BETWEEN = re.compile(r"(?<=[A-Za-z0-9])[!#$%^&*~+=@?](?=[A-Za-z0-9])")
DIGIT = re.compile(r"[0-9]")

_TRAILING_PUNCTUATION = ":.,;"
_MIN_SHARE_OF_CHANGES = 0.36
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LETTER = re.compile(r"[A-Za-z]")
_TOKEN_CHARACTERS = re.compile(r"[A-Za-z0-9_+/=.~!%:$-]+")
_MIN_LENGTH_LOW = 6
_MIN_LENGTH_MEDIUM = 8
_MIN_LENGTH_HIGH = 16

NOT_SECRET = re.compile(
    rf"{_UUID.pattern}|{FILE_NAME}"
    r"|[\w./~-]*/[\w.-]*\.[A-Za-z][A-Za-z0-9]{0,5}"  # any other file
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}.*"  # a time
    r"|[A-Z][A-Za-z]*[-_]?[0-9]+"  # an error code, such as ORA-28007
    r"|v?[0-9]+(?:\.[0-9]+)+[\w.-]*"  # a version, or an IP address
    r"|[a-z][a-z0-9+.-]{1,20}://[^@?]*"  # a URL without a query
    r"|arn:.*"
    r"|U\+[0-9A-F]{4,6}"  # a Unicode code point
    r"|(?:md5|sha-?[0-9]{1,3})[:-].*"
)
"""Values that letters and digits alternate in, and that are known not to be secrets."""


def _has_low_randomness(value: str) -> bool:
    if len(value) < _MIN_LENGTH_LOW or NOT_SECRET.fullmatch(value):
        return False
    return bool(_LETTER.search(value) and (DIGIT.search(value) or SIGN_BETWEEN.search(value)))


def _has_medium_randomness(value: str) -> bool:
    if len(value) < _MIN_LENGTH_MEDIUM or " " in value or NOT_SECRET.fullmatch(value):
        return False
    borders = len(LETTER_DIGIT_BORDER.findall(value)) + len(SIGN_BETWEEN.findall(value))
    return borders > 1 and bool(_LETTER.search(value))


def _has_high_randomness(value: str) -> bool:
    value = _UUID.sub("", value)
    if len(value) < _MIN_LENGTH_HIGH or not _TOKEN_CHARACTERS.fullmatch(value) or NOT_SECRET.fullmatch(value):
        return False
    if len(LETTER_DIGIT_BORDER.findall(value)) >= max(3, len(value) // 10):
        return True
    changes = len(CHANGE_OF_KIND.findall(value))
    return changes >= _MIN_SHARE_OF_CHANGES * len(value) and DIGIT.search(value) is not None


def _has_high_randomness_or_is_uuid(value: str) -> bool:
    return _UUID.fullmatch(value) is not None or _has_high_randomness(value)


_TESTS: dict[Randomness, Callable[[str], bool]] = {
    Randomness.ANY: bool,
    Randomness.LOW: _has_low_randomness,
    Randomness.MEDIUM: _has_medium_randomness,
    Randomness.HIGH_OR_UUID: _has_high_randomness_or_is_uuid,
    Randomness.HIGH: _has_high_randomness,
}
