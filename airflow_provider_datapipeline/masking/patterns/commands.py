"""
Secrets among the arguments of commands, by the table
:mod:`~airflow_provider_datapipeline.masking.rules.commands`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.patterns.phrases import secret_groups
from airflow_provider_datapipeline.masking.patterns.tokens import compiled
from airflow_provider_datapipeline.masking.rules.commands import ARGUMENTS, OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.rules.commands import Option
    from airflow_provider_datapipeline.masking.spans import Span

_MAX_DISTANCE = 400  # characters between a command and its option


def find_command_arguments(text: str) -> Iterator[Span]:
    """Find secrets among the arguments of commands, with and without an option before them."""
    for argument in ARGUMENTS:
        if argument.hint in text:
            for match in compiled(argument.pattern).finditer(text):
                yield from secret_groups(match)
    for option in OPTIONS:
        if any(command.rstrip("*") in text for command in option.commands):
            yield from _find_option_values(text, option)


def _find_option_values(text: str, option: Option) -> Iterator[Span]:
    # Commands and options are searched for once each, and each option is then paired with the nearest command before
    # it. So a line of a thousand commands costs no more than a line of a thousand words.
    commands = [match.end() for match in compiled(command_pattern(option)).finditer(text)]
    if not commands:
        return
    for match in compiled(option_pattern(option)).finditer(text):
        nearest = bisect_right(commands, match.start()) - 1
        if nearest < 0 or match.start() - commands[nearest] > _MAX_DISTANCE:
            continue
        is_same_line = text.find("\n", commands[nearest], match.start()) < 0
        if is_same_line:
            yield match.span("secret")


@cache
def command_pattern(option: Option) -> str:
    """Return a regular expression for the commands that have an option, up to the verb if there is one."""
    commands = "|".join(
        re.escape(name.rstrip("*")) + (r"[\w-]{0,20}+" if "*" in name else "") for name in option.commands
    )
    verb = rf"[^|;&\n]{{0,200}}?\b{option.verb}" if option.verb else ""
    return rf"(?<![\w-])(?:{commands})(?=[ \t\"']){verb}"


@cache
def option_pattern(option: Option) -> str:
    """Return a regular expression for an option and its value, which is the group ``secret``."""
    options = "|".join(map(re.escape, option.options))
    gap = r"(?:[ \t]{1,8}|=|[\"'], ?(?=[\"'])|)" if option.may_be_apart else ""
    return rf"(?<=[ \t\"'])(?:{options}){gap}[\"']?{option.plain_start}(?P<secret>[^ \t\r\n\"'`]{{1,400}}+)"
