"""The tables of rules, as Markdown for the page on masking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.patterns.looks import Look
from airflow_provider_datapipeline.masking.rules import names
from airflow_provider_datapipeline.masking.rules.commands import ARGUMENTS, OPTIONS
from airflow_provider_datapipeline.masking.rules.issuers import ISSUERS, SHAPES, SOURCES
from airflow_provider_datapipeline.masking.rules.phrases import PHRASES
from airflow_provider_datapipeline.masking.rules.schemes import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PART = "rules"
"""The name of the part of the page that the tables are."""

LOOKS = {
    Look.ANY: "whatever it looks like",
    Look.LOOSE: "6 characters or more, with a letter, and a digit or a sign that names do not have",
    Look.MIXED: "8 characters or more without a blank, in which letters, digits and signs take turns",
    Look.DRAWN: "as the next, or a UUID",
    Look.RANDOM: (
        "16 characters or more without a blank, in which letters of both cases and digits take turns often; no UUID, "
        "no time, no path"
    ),
}

WORDS = {
    "announce a secret, also as the end of a longer word": [
        word for word in names.SECRETS if word not in names.WHOLE_WORDS_ONLY
    ],
    "announce a secret, as whole words": names.WHOLE_WORDS_ONLY,
    "announce what is `LOOSE`, since they are about several": names.SEVERAL,
    'before "key": announce a secret': names.KEYS,
    'before "key": announce none (any other word: what is `DRAWN`)': names.NO_KEYS,
    'before "token": announce none': names.NO_TOKENS,
    "announce what is `RANDOM`": (*names.SIGNATURES, *names.IN_DOUBT),
    "as the last word: the name is that of something else": names.NO_SECRETS,
    "as the first word: the name is that of an error": names.ERRORS,
    "whole names that announce a secret": names.ALWAYS,
    "whole names of no secret": names.NO_NAMES,
    "end as others do, and announce none": names.NO_WORDS,
    "before what looks generated: it identifies something": names.IDENTIFIED_BY,
}


def tables() -> str:
    """Return everything between the markers of the page."""
    return "\n".join(line for part in (_looks, _names, _schemes, _commands, _phrases, _issuers) for line in part())


def _looks() -> Iterator[str]:
    yield "### Looks\n"
    yield from _table(
        ("look", "a value wears it if it has"), ((f"`{look.name}`", text) for look, text in LOOKS.items())
    )


def _names() -> Iterator[str]:
    yield "\n### Names\n"
    yield from _table(("words", "which"), ((about, ", ".join(map(_code, words))) for about, words in WORDS.items()))


def _schemes() -> Iterator[str]:
    yield "\n### Schemes of the header Authorization\n"
    yield "What follows one of them is hidden; after any other word, what is `LOOSE`.\n"
    yield from _table(("scheme", "of"), sorted((f"`{scheme}`", of) for scheme, of in SCHEMES.items()))


def _commands() -> Iterator[str]:
    yield "\n### Commands\n"
    rows = [
        (", ".join(map(_code, option.commands)) + (f" ... `{option.verb}`" if option.verb else ""), option)
        for option in OPTIONS
    ]
    yield from _table(("commands", "options"), ((name, ", ".join(map(_code, one.options))) for name, one in rows))
    yield "\nAnd the arguments without an option, of commands with: " + ", ".join(
        dict.fromkeys(_code(argument.hint.strip(" |-")) for argument in ARGUMENTS if argument.hint.strip(" |-"))
    )


def _phrases() -> Iterator[str]:
    yield "\n### Phrases\n"
    yield from _table(
        ("who says so, and what", "look"), ((phrase.about, f"`{phrase.look.name}`") for phrase in PHRASES)
    )


def _issuers() -> Iterator[str]:
    yield f"\n### Tokens of {len(ISSUERS) + len(SHAPES)} kinds\n"
    yield "Told by their first characters, or, where there is a dash, by their shape.\n"
    rows = [(one.name, _code(one.starts), _source(one.source)) for one in ISSUERS]
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
