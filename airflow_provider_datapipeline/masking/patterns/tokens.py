"""Tokens of well-known issuers, by the table :mod:`~airflow_provider_datapipeline.masking.rules.issuers`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.rules.issuers import ISSUERS, SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.rules.issuers.rows import Issuer
    from airflow_provider_datapipeline.masking.spans import Span


# No token has a blank or a quotation mark in it, and none is shorter than this. So prefixes are searched for in about a
# tenth of a text.
_LONG_WORD = re.compile(r"[^\s\"'`,;()<>\[\]{}]{16,}+")


def find_tokens(text: str) -> Iterator[Span]:
    """Find tokens that begin, or are built, like those of a well-known issuer."""
    words = "\n".join(_LONG_WORD.findall(text))
    for issuer in ISSUERS:
        if issuer.prefix in words:
            yield from (match.span() for match in compiled(issuer_pattern(issuer)).finditer(text))
    for shape in SHAPES:
        if shape.hint in words:
            pattern = compiled(shape.pattern)
            group = "secret" if "secret" in pattern.groupindex else 0
            yield from (match.span(group) for match in pattern.finditer(text))


def issuer_pattern(issuer: Issuer) -> str:
    """Return the regular expression for the tokens of an issuer."""
    # The pattern looks back only after the prefix. So the search for it stays a search for plain text, which is fast.
    literal = re.escape(issuer.prefix)
    return f"{literal}(?<![A-Za-z0-9]{literal})[{issuer.alphabet}]{{{issuer.min_length},}}+"


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """
    Return a pattern of the tables, compiled when it is first needed.

    To compile all patterns takes most of a second, and a process needs only a few of them. The cache grows no larger
    than the tables.
    """
    return re.compile(pattern, re.ASCII)
