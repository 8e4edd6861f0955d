"""
Secrets in the headers Authorization and Cookie, with the table
:mod:`~airflow_provider_datapipeline.masking.rules.schemes`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.patterns.placeholders import STARTS_REMARK, is_placeholder
from airflow_provider_datapipeline.masking.randomness import Randomness
from airflow_provider_datapipeline.masking.rules.schemes import SCHEMES

if TYPE_CHECKING:
    from airflow_provider_datapipeline.masking.spans import Span

HEADERS = ("authorization", "cookie")
"""Last words of the names of the headers whose values :func:`find_in_header` reads."""

_SCHEME_OF_NAMED_PARTS = "aws4-hmac-sha256"  # each part has a name, by which its secret is found

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9_-]{1,32}+)[ \t]+(?=[^ \t\r\n])")
_WORD = re.compile(r"[^ \t\r\n\"'`,;)\]}]*+")
_PARAMETERS = re.compile(r"[A-Za-z_]{1,24}=")
_COOKIE_VALUE = re.compile(r"=([^;, \t]+)")


def find_in_header(text: str, start: int, end: int, header: str) -> Span | None:
    """
    Return where the secret in the value of a header is; None if there is no secret.

    :param start: where the value begins
    :param end: where the value ends at the latest
    :param header: one of :data:`HEADERS`
    """
    if STARTS_REMARK.match(text, start, end + 1):
        return None
    if header == "cookie":
        values = _COOKIE_VALUE.findall(text, start, end)
        return (start, end) if any(map(Randomness.MEDIUM.is_met_by, values)) else None
    scheme = _SCHEME.match(text, start, end)
    name = scheme[1].lower() if scheme else ""
    if name == _SCHEME_OF_NAMED_PARTS:
        return None
    if scheme and _PARAMETERS.match(text, scheme.end(), end):
        return scheme.end(), end
    # After a known scheme anything is secret but a remark. After an unknown one, and without a scheme, a word is not.
    if scheme and not STARTS_REMARK.match(text, scheme.end(), end + 1):
        span = _secret_word(text, scheme.end(), end, Randomness.ANY if name in SCHEMES else Randomness.LOW)
        if span or name in SCHEMES:
            return span
    return None if name in SCHEMES else _secret_word(text, start, end, Randomness.LOW)


def _secret_word(text: str, start: int, end: int, randomness: Randomness) -> Span | None:
    match = _WORD.match(text, start, end)
    value = match[0] if match else ""
    is_secret = value and randomness.is_met_by(value) and not is_placeholder(value)
    return (start, start + len(value)) if is_secret else None
