"""
Secrets that the text around them gives away, by the table :mod:`~airflow_provider_datapipeline.masking.rules.phrases`;
and the parameters of SQL statements, for which one regular expression is not enough.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.patterns.names import required_randomness
from airflow_provider_datapipeline.masking.patterns.placeholders import is_placeholder
from airflow_provider_datapipeline.masking.patterns.tokens import compiled
from airflow_provider_datapipeline.masking.randomness import Randomness
from airflow_provider_datapipeline.masking.rules.phrases import PHRASES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.spans import Span

_PARAMETERS = "\n[parameters: "
_STATEMENT = "[SQL: "
_LONGEST_STATEMENT = 4_000
_LONGEST_PARAMETERS = 8_000
_NAME_IN_SQL = re.compile(r"[A-Za-z_][\w$]{2,60}")


def find_phrases(text: str) -> Iterator[Span]:
    """Find secrets by what libraries, statements and sentences write around them."""
    for phrase in PHRASES:
        if any(hint in text for hint in phrase.hints):
            for match in compiled(phrase.pattern).finditer(text):
                yield from secret_groups(match, phrase.randomness)


def secret_groups(match: re.Match[str], randomness: Randomness = Randomness.ANY) -> Iterator[Span]:
    """
    Find the groups of a match that hold a secret: ``secret``, ``secret2`` and so on.

    There are none if the match has a group ``name`` whose text does not mark a value as secret, or a group ``names``
    in which no name does.

    :param randomness: how random a value must look at least; a group ``name`` may require more
    """
    groups = match.groupdict()
    if name := groups.get("name"):
        required = required_randomness(name)
        if required is None:
            return
        randomness = max(randomness, required)
    if (names := groups.get("names")) and not _has_secret_name(names):
        return
    for group, value in groups.items():
        if value and group.startswith("secret") and randomness.is_met_by(value) and not is_placeholder(value):
            yield match.span(group)


def find_sql_parameters(text: str) -> Iterator[Span]:
    """
    Find the parameters that SQLAlchemy shows beside a statement with the name of a secret.

    All parameters are found, because the text does not say which of them belongs to the secret column.
    """
    searched_to = 0
    while (start := text.find(_PARAMETERS, searched_to)) >= 0:
        start += len(_PARAMETERS)
        end = _end_of_line(text, start, _LONGEST_PARAMETERS)
        statement = text.rfind(_STATEMENT, max(searched_to, start - _LONGEST_STATEMENT), start)
        if statement >= 0 and _has_secret_name(text[statement:start]):
            yield start, end - 1 if text[end - 1] == "]" else end
        searched_to = end


def _has_secret_name(text: str) -> bool:
    required = (required_randomness(name) for name in {*_NAME_IN_SQL.findall(text)})
    return any(randomness is not None and randomness <= Randomness.LOW for randomness in required)


def _end_of_line(text: str, position: int, max_length: int) -> int:
    end = text.find("\n", position, position + max_length)
    return end if end >= 0 else min(len(text), position + max_length)
