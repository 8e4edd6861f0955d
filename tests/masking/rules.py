"""Writes the tables of rules as Markdown, for the page on masking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.randomness import Randomness
from airflow_provider_datapipeline.masking.rules import names
from airflow_provider_datapipeline.masking.rules.commands import ARGUMENTS, OPTIONS
from airflow_provider_datapipeline.masking.rules.issuers import ISSUERS, SHAPES
from airflow_provider_datapipeline.masking.rules.issuers.rows import SOURCES
from airflow_provider_datapipeline.masking.rules.phrases import PHRASES
from airflow_provider_datapipeline.masking.rules.schemes import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PART = "rules"
"""The name of the part of the page that holds the tables."""

RANDOMNESS = {
    Randomness.ANY: "any value",
    Randomness.LOW: "6 characters or more, with a letter, and a digit or a sign that names do not have",
    Randomness.MEDIUM: "8 characters or more without a blank, in which letters, digits and signs alternate",
    Randomness.HIGH_OR_UUID: "like `HIGH`, or a UUID",
    Randomness.HIGH: (
        "16 characters or more without a blank, in which letters of both cases and digits alternate often; no UUID, "
        "no time, no path"
    ),
}

AMBIGUOUS = "mark a value of `HIGH` randomness as secret"

WORDS = {
    "mark any value as secret, also as the end of a longer word": [
        word for word in names.SECRET_WORDS if word not in names.WHOLE_WORDS_ONLY
    ],
    "mark any value as secret, as whole words only": names.WHOLE_WORDS_ONLY,
    "mark a value of `LOW` randomness as secret": names.PLURAL_SECRET_WORDS,
    'before "key": mark any value as secret': names.BEFORE_SECRET_KEY,
    'before "key": nothing is secret (other words: `HIGH_OR_UUID`; "key" alone: `HIGH`)': names.BEFORE_OTHER_KEY,
    'before "token": nothing is secret': names.BEFORE_OTHER_TOKEN,
    AMBIGUOUS: (*names.SIGNATURE_WORDS, *names.AMBIGUOUS_WORDS),
    "as the last word: the value is not a secret, but about one": names.LAST_WORDS_OF_OTHER_NAMES,
    "as the first word: the name of an error or an action": names.FIRST_WORDS_OF_ERRORS,
    "whole names whose value is secret": names.SECRET_NAMES,
    "whole names whose value is not secret": names.OTHER_NAMES,
    "end like a secret word, and mark nothing as secret": names.OTHER_WORDS,
    "before a value that looks generated: it is an identifier": names.BEFORE_IDENTIFIER,
}


def tables() -> str:
    """Return everything between the markers of the page."""
    return "\n".join(line for part in (_randomness, _names, _schemes, _commands, _phrases, _issuers) for line in part())


def _randomness() -> Iterator[str]:
    yield "### Randomness\n"
    yield from _table(
        ("randomness", "values that have it"), ((f"`{one.name}`", text) for one, text in RANDOMNESS.items())
    )


def _names() -> Iterator[str]:
    yield "\n### Names\n"
    yield from _table(("words", "which"), ((about, ", ".join(map(_code, words))) for about, words in WORDS.items()))


def _schemes() -> Iterator[str]:
    yield "\n### Schemes of the header Authorization\n"
    yield "What follows one of them is masked; after any other word, a value of `LOW` randomness is.\n"
    yield from _table(("scheme", "of"), sorted((f"`{scheme}`", of) for scheme, of in SCHEMES.items()))


def _commands() -> Iterator[str]:
    yield "\n### Commands\n"
    rows = [
        (", ".join(map(_code, option.commands)) + (f" ... `{option.verb}`" if option.verb else ""), option)
        for option in OPTIONS
    ]
    yield from _table(("commands", "options"), ((name, ", ".join(map(_code, one.options))) for name, one in rows))
    yield "\nAnd arguments without an option, in commands with: " + ", ".join(
        dict.fromkeys(_code(argument.hint.strip(" |-")) for argument in ARGUMENTS if argument.hint.strip(" |-"))
    )


def _phrases() -> Iterator[str]:
    yield "\n### Phrases\n"
    yield from _table(
        ("who shows the secret, and how", "randomness"),
        ((phrase.about, f"`{phrase.randomness.name}`") for phrase in PHRASES),
    )


def _issuers() -> Iterator[str]:
    yield f"\n### Tokens of {len(ISSUERS) + len(SHAPES)} kinds\n"
    yield "They are recognized by their first characters or, where there is a dash, by a pattern for the whole token.\n"
    rows = [(one.name, _code(one.prefix), _source(one.source)) for one in ISSUERS]
    rows += [(one.name, "-", _source(one.source)) for one in SHAPES]
    yield from _table(("token", "begins", "source"), sorted(rows, key=lambda row: row[0].lower()))


def _source(source: str) -> str:
    return f"[{source}]({SOURCES[source]})" if source in SOURCES else f"[issuer]({source})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)


def _code(text: str) -> str:
    return f"`{text}`"
