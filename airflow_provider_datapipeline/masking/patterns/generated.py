"""Secrets that a generator of passwords or tokens made: their own characters give them away, wherever they stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.randomness import (
    CHANGE_OF_KIND,
    DIGIT,
    LETTER_DIGIT_BORDER,
    NOT_SECRET,
    SIGN_BETWEEN,
)
from airflow_provider_datapipeline.masking.rules.names import BEFORE_IDENTIFIER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.spans import Span

# Generators use letters of both cases, digits, and at most a few signs.
_CANDIDATE = re.compile(r"(?<![A-Za-z0-9+_.%&?*~-])[A-Za-z0-9!#*+=_~^$-]{16,}+(?![A-Za-z0-9/%-]|\.[A-Za-z0-9]|::)")
# A key in Base64: of 32 bytes or more with its padding, or of 60 or more without. A line of a certificate is none.
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/=_.%-])(?!MII|AAAA)(?:[A-Za-z0-9+/]{42,}+={1,2}|[A-Za-z0-9+/]{80,}+)(?![A-Za-z0-9+/=_%-]|\.[A-Za-z0-9])"
)
_NAME = re.compile(r"[A-Za-z_-]+=(?=[^=])")
_MAX_LENGTH = 512

_TYPE_PREFIX = re.compile(r"[A-Za-z]{2,10}[_-]")  # of the ids of Stripe, OpenAI and others: ch_..., req_..., org-...
_MIN_LENGTH_AFTER_TYPE_PREFIX = 36
_WORDS = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}")
_HEXADECIMAL = re.compile(r"[0-9a-f_-]+|[0-9A-F_-]+")
_MIN_DIGITS = 2
_MIN_SHARE_OF_CHANGES = 0.31
_MAX_SHARE_OF_WORDS = 0.7

_BEFORE = 100  # characters before a value that are read
_LONGEST_IDENTIFIER_NAME = 24
_MIN_LENGTH_IN_PATH = 36
_USER_AND_SLASH = re.compile(r"(?:\A|[\s\"'(=,])[A-Za-z]\w{0,24}/\Z")
_CHECKSUM_NAME = re.compile(
    r"(?i:md5|sha-?\d{1,3}|checksum|digest|hash|etag|integrity|host key|fingerprint)\b|\barn:\S*\Z"
)
_IDENTIFIER_NAME = re.compile(rf"(?:{'|'.join(BEFORE_IDENTIFIER)})[^A-Za-z0-9]{{0,6}}\Z", re.IGNORECASE)


def find_generated(text: str) -> Iterator[Span]:
    """Find what a generator of passwords or tokens made, unless the text before it calls it an identifier."""
    for pattern in (_CANDIDATE, _BASE64):
        for match in pattern.finditer(text):
            start, end = match.span()
            if name := _NAME.match(match[0]):
                start += name.end()
            if _is_generated(text[start:end]) and not _is_identifier(text, start, end):
                yield start, end


def _is_generated(value: str) -> bool:
    if (
        NOT_SECRET.fullmatch(value)
        or len(value) > _MAX_LENGTH
        or value == value.lower()
        or value == value.upper()
        or _HEXADECIMAL.fullmatch(value)
    ):
        return False
    if len(value) < _MIN_LENGTH_AFTER_TYPE_PREFIX and _TYPE_PREFIX.match(value):
        return False
    if len(DIGIT.findall(value)) < _MIN_DIGITS or len(LETTER_DIGIT_BORDER.findall(value)) < _MIN_DIGITS:
        return False
    changes = len(CHANGE_OF_KIND.findall(value)) + len(SIGN_BETWEEN.findall(value))
    if changes < _MIN_SHARE_OF_CHANGES * len(value):
        return False
    return sum(map(len, _WORDS.findall(value))) <= _MAX_SHARE_OF_WORDS * len(value)


def _is_identifier(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _BEFORE) : start]
    if before.endswith("/") and end - start < _MIN_LENGTH_IN_PATH and not _USER_AND_SLASH.search(before):
        return True  # a part of a path
    is_whole_line = before[-1:] in ("", "\n") and text[end : end + 1] in ("", "\n") and len(text) > end
    return (
        is_whole_line
        or _IDENTIFIER_NAME.search(before[-_LONGEST_IDENTIFIER_NAME:]) is not None
        or _CHECKSUM_NAME.search(before.rpartition("\n")[2]) is not None
    )
