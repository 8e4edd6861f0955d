"""
Secrets whose place is known: what libraries and statements show, and arguments of commands.

Applies the tables :mod:`~airflow_provider_datapipeline.masking.rules.phrases` and
:mod:`~airflow_provider_datapipeline.masking.rules.commands`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.patterns.looks import Look
from airflow_provider_datapipeline.masking.patterns.names import announces
from airflow_provider_datapipeline.masking.patterns.placeholders import is_nothing
from airflow_provider_datapipeline.masking.patterns.tokens import compiled
from airflow_provider_datapipeline.masking.rules.commands import ARGUMENTS, OPTIONS
from airflow_provider_datapipeline.masking.rules.phrases import PHRASES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.rules.commands import Option
    from airflow_provider_datapipeline.masking.spans import Span

_LINE = 400  # characters of a command line up to an option


def find_phrases(text: str) -> Iterator[Span]:
    """Find secrets by what libraries, statements and sentences say around them."""
    for phrase in PHRASES:
        if not any(hint in text for hint in phrase.hints):
            continue
        for match in compiled(phrase.pattern).finditer(text):
            yield from _secrets(match, phrase.look)


def find_arguments(text: str) -> Iterator[Span]:
    """Find secrets among the arguments of commands."""
    for argument in ARGUMENTS:
        if argument.hint in text:
            for match in compiled(argument.pattern).finditer(text):
                yield from _secrets(match, Look.ANY)
    for option in OPTIONS:
        if any(command.rstrip("*") in text for command in option.commands):
            yield from _find_options(text, option)


def _find_options(text: str, option: Option) -> Iterator[Span]:
    # Commands and options are sought once each, and then matched: a line of a thousand commands costs no more than
    # one of a thousand words.
    commands = [match.end() for match in compiled(command_pattern(option)).finditer(text)]
    if not commands:
        return
    for match in compiled(option_pattern(option)).finditer(text):
        nearest = bisect_right(commands, match.start()) - 1
        if nearest < 0 or match.start() - commands[nearest] > _LINE:
            continue
        if text.find("\n", commands[nearest], match.start()) < 0:
            yield match.span("secret")


@cache
def command_pattern(option: Option) -> str:
    """Return a regular expression for the commands that have an option, up to the verb if there is one."""
    commands = "|".join(re.escape(one.rstrip("*")) + (r"[\w-]{0,20}+" if "*" in one else "") for one in option.commands)
    verb = rf"[^|;&\n]{{0,200}}?\b{option.verb}" if option.verb else ""
    return rf"(?<![\w-])(?:{commands})(?=[ \t\"']){verb}"


@cache
def option_pattern(option: Option) -> str:
    """Return a regular expression for an option and its value."""
    options = "|".join(map(re.escape, option.options))
    gap = r"(?:[ \t]{1,8}|=|[\"'], ?(?=[\"'])|)" if option.apart else ""
    return rf"(?<=[ \t\"'])(?:{options}){gap}[\"']?{option.spares}(?P<secret>[^ \t\r\n\"'`]{{1,400}}+)"


def find_parameters(text: str) -> Iterator[Span]:
    """
    Find the parameters that SQLAlchemy shows beside a statement which names a secret.

    Statement and values are told apart, and which value belongs to the secret column is not told: all are hidden.
    """
    before = 0
    while (start := text.find(_PARAMETERS, before)) >= 0:
        start += len(_PARAMETERS)
        end = _end_of_line(text, start, _LONGEST_PARAMETERS)
        statement = text.rfind("[SQL: ", max(before, start - _LONGEST_STATEMENT), start)
        if statement >= 0 and _names_a_secret(text[statement:start]):
            yield start, end - 1 if text[end - 1] == "]" else end
        before = end


_PARAMETERS = "\n[parameters: "
_LONGEST_STATEMENT = 4_000
_LONGEST_PARAMETERS = 8_000
_NAMES_IN_SQL = re.compile(r"[A-Za-z_][\w$]{2,60}")


def _names_a_secret(statement: str) -> bool:
    return any((announces(name) or Look.RANDOM) <= Look.LOOSE for name in {*_NAMES_IN_SQL.findall(statement)})


def _secrets(match: re.Match[str], look: Look) -> Iterator[Span]:
    groups = match.groupdict()
    if name := groups.get("name"):
        if (announced := announces(name)) is None:
            return
        look = max(look, announced)
    if (listed := groups.get("names")) and not _names_a_secret(listed):
        return
    for group, value in groups.items():
        if value and group.startswith("secret") and look.is_worn_by(value) and not is_nothing(value):
            yield match.span(group)


def _end_of_line(text: str, position: int, most: int) -> int:
    end = text.find("\n", position, position + most)
    return end if end >= 0 else min(len(text), position + most)
