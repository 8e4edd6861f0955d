"""Secrets that are known by their shape alone: the tokens of the table of issuers."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.rules.issuers import ISSUERS, SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.rules.issuers import Issuer
    from airflow_provider_datapipeline.masking.spans import Span


# No token has a blank or a quotation mark in it, and none is shorter: so prefixes are sought in a tenth of a text.
_LONG_WORDS = re.compile(r"[^\s\"'`,;()<>\[\]{}]{16,}+")


def find_tokens(text: str) -> Iterator[Span]:
    """Find tokens that begin, or are built, as those of a well-known issuer."""
    words = "\n".join(_LONG_WORDS.findall(text))
    for issuer in ISSUERS:
        if issuer.starts in words:
            yield from (match.span() for match in compiled(issuer_pattern(issuer)).finditer(text))
    for shape in SHAPES:
        if shape.hint in words:
            pattern = compiled(shape.pattern)
            group = "secret" if "secret" in pattern.groupindex else 0
            yield from (match.span(group) for match in pattern.finditer(text))


def issuer_pattern(issuer: Issuer) -> str:
    """Return the regular expression for the tokens of an issuer."""
    # Looking back only after the prefix keeps the search for it a search for plain text.
    literal = re.escape(issuer.starts)
    return f"{literal}(?<![A-Za-z0-9]{literal})[{issuer.alphabet}]{{{issuer.least},}}+"


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """
    Return a pattern of the tables, compiled; there are as many as rows in these.

    When a text first holds what the row is about: a process needs a few of them, and all take most of a second.
    """
    return re.compile(pattern, re.ASCII)
