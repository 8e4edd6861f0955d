"""Secrets of the headers Authorization and Cookie, with the table of schemes of secret_rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.patterns.looks import Look
from airflow_provider_datapipeline.masking.patterns.placeholders import PROSE, is_nothing
from airflow_provider_datapipeline.masking.rules.schemes import SCHEMES

if TYPE_CHECKING:
    from airflow_provider_datapipeline.masking.spans import Span

HEADERS = ("authorization", "cookie")
"""Last words of the names of headers whose values are looked at here."""

_OF_PARTS = "aws4-hmac-sha256"  # the parts have names, by which they are found

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9_-]{1,32}+)[ \t]+(?=[^ \t\r\n])")
_WORD = re.compile(r"[^ \t\r\n\"'`,;)\]}]*+")
_PARAMETERS = re.compile(r"[A-Za-z_]{1,24}=")
_OF_A_COOKIE = re.compile(r"=([^;, \t]+)")


def find_in_header(text: str, start: int, end: int, word: str) -> Span | None:
    """
    Return where the secret of a header is, whose value reaches no further than ``end``.

    :param word: one of :data:`HEADERS`
    """
    if PROSE.match(text, start, end + 1):
        return None
    if word == "cookie":
        parts = _OF_A_COOKIE.findall(text, start, end)
        return (start, end) if any(map(Look.MIXED.is_worn_by, parts)) else None
    scheme = _SCHEME.match(text, start, end)
    name = scheme[1].lower() if scheme else ""
    if name == _OF_PARTS:
        return None
    if scheme and _PARAMETERS.match(text, scheme.end(), end):
        return scheme.end(), end
    # After a scheme that is known, anything but a remark; after one that is not, and without one, what is no word.
    if scheme and not PROSE.match(text, scheme.end(), end + 1):
        span = _word(text, scheme.end(), end, Look.ANY if name in SCHEMES else Look.LOOSE)
        if span or name in SCHEMES:
            return span
    return None if name in SCHEMES else _word(text, start, end, Look.LOOSE)


def _word(text: str, start: int, end: int, look: Look) -> Span | None:
    match = _WORD.match(text, start, end)
    value = match[0] if match else ""
    return (start, start + len(value)) if value and look.is_worn_by(value) and not is_nothing(value) else None
