"""
The value after a name: where it begins and ends, and whether it is a secret.

A value ends with its quotation mark, with its bracket, or before what follows it.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.patterns.headers import HEADERS, find_in_header
from airflow_provider_datapipeline.masking.patterns.placeholders import (
    STARTS_REMARK,
    THREE_WORDS,
    TWO_WORDS,
    is_placeholder,
)
from airflow_provider_datapipeline.masking.randomness import MAX_CHARACTERS, Randomness

if TYPE_CHECKING:
    from airflow_provider_datapipeline.masking.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """
    The name before a value, and how the two are written.

    :param separator: what stands between name and value: ``equals``, ``colon``, ``encoded`` (percent-encoded), ``tag``
        (of XML), ``pair`` (a comma), ``blank``, or ``about`` (``name=..., value=...``)
    :param last_word: the last word of the name, in small letters
    :param name: the name
    :param randomness: how random the value must look at least to be a secret
    :param starts_line: whether the name is the first thing in its line, as in YAML and in headers
    :param in_semicolons: whether the value is one of several that semicolons separate, as in ODBC
    """

    separator: str
    last_word: str
    name: str
    randomness: Randomness = Randomness.ANY
    starts_line: bool = False
    in_semicolons: bool = False


_BEFORE_VALUE = re.compile(r"[ \t]{0,20}(?:[|>][+-]?[ \t]*\r?\n)?")
_SPACE = re.compile(r"[ \t\r\n]{0,20}")
_BEFORE_VALUE_BY_SEPARATOR = {
    "encoded": re.compile(r"(?:\+|%20){0,8}(?:%2[27])?"),
    **dict.fromkeys(("pair", "about", "blank"), _SPACE),
}
_BLOCK = re.compile(r"(?:[ \t]+[^\r\n]*(?:\r?\n|\Z))+")
_STRING_PREFIX = re.compile(r"(?:[A-Za-z_][\w.]{0,60}\([\w=]{0,20})?[bBuUrRfF]{0,2}", re.ASCII)
_QUOTE = re.compile(r"(\\{0,7})([\"'`])")
_READS_SECRET = re.compile(r"get\w*\(|environ")
_BRACKET = re.compile(r"\[(?=[\"' \r\n])[^\[\]]*\]|\{[^{};\r\n]*\}(?:\}[^{};\r\n]*\}){0,8}|\((?=[\"'])[^()]*\)")

# Entries of a dict that have such a name are found by that name.
_SECRET_NAME = re.compile(r"(?i:passw|pwd|secret|token|key)")

_NEXT_NAME = r"(?:amp;)?[\w.\-%][\w.\-% ]{0,40}"
_VALUE_CHARACTERS = (
    r"(?:[^ \t\r\n\"'`<>&;,)\]}}\\]"
    r"|[&;](?!{next}=|[ \t\r\n\"'`)\]}}<]|\Z)"
    r"|,(?!{next}{pair}|[ \t\r\n\"'`)\]}}\[{{(]|\Z)"
    r"|[)\]}}](?![ \t\r\n,;.:)\]}}\"'`\\<]|\Z)"
    r"|[\"'`](?![ \t\r\n,;:.)\]}}&\"'`<>=\\]|\Z)"
    r"|<(?!/|br\b|\Z)|>(?![ \t\r\n,;)]|\Z)"
    r"|\\(?!n(?:[ \t\"']|\\|\Z|{next}[=:])|[rt][\\ \t\"']|[\"'])"
    r")*+"
)
_UNQUOTED = {
    "colon": re.compile(_VALUE_CHARACTERS.format(next=_NEXT_NAME, pair="[=:]"), re.ASCII),
    "equals": re.compile(_VALUE_CHARACTERS.format(next=_NEXT_NAME, pair="="), re.ASCII),
    "encoded": re.compile(r"(?:[^ \t\r\n\"'<>&%]|%(?!26|3[Bb]|22|27|7[Dd]))*+"),
    "blank": re.compile(r"(?:[^ \t\r\n\"'`,;)\]}]|[,;)\]}](?![ \t\r\n\"'`,;)\]}]|\Z))*+"),  # an argument of a command
    "tag": re.compile(r"[^<]*+"),
}
_RANDOM_CHARACTERS = re.compile(r"[A-Za-z0-9_+/=.~!%:$-]*+")
_IN_BRACES = re.compile(r"\{((?:[^}\r\n]|\}\}){0,400}+)\}")  # of ODBC, which doubles a brace within the value
_UP_TO_SEMICOLON = re.compile(r"[^;\r\n\"']{1,200}(?=;)")
_UP_TO_LINE_END = re.compile(r"[^\r\n]*")
_ANOTHER_PAIR = re.compile(r"[ ,;][\w.-]{1,40}[:=]", re.ASCII)
# Words after an option in the usage message of a command
_USAGE_WORDS = (
    "via", "string", "value", "using", "text", "str", "from", "TEXT", "STRING", "PASSWORD", "TOKEN", "SECRET", "KEY",
)  # fmt: skip
_MAX_PLACEHOLDER_LENGTH = 200
_MAX_COUNT_DIGITS = 6
_MAX_LINE_LENGTH = 800


def find_value(text: str, position: int, context: Context) -> Span | None:
    """Return where the secret value is that follows a name which ends at a position; None if no secret follows."""
    if context.separator == "tag":
        return _find_in_tag(text, position, context)
    before_value = _BEFORE_VALUE_BY_SEPARATOR.get(context.separator, _BEFORE_VALUE)
    start = _match_end(before_value, text, _match_end(_BEFORE_VALUE, text, position))
    if "\n" in text[position:start]:
        block = _BLOCK.match(text, start)
        return _strip_span(text, start, block.end()) if block else None
    mark = _match_end(_STRING_PREFIX, text, start)
    if context.separator != "encoded" and (quote := _QUOTE.match(text, mark)):
        # In a call that reads a secret, the text in quotation marks is only the name of the secret.
        return None if _READS_SECRET.search(text, start, mark) else _find_quoted(text, quote, context)
    if context.in_semicolons and (braces := _IN_BRACES.match(text, start)):
        return _span_if_secret(text, braces.span(1), context)
    if context.last_word not in HEADERS and (bracket := _BRACKET.match(text, start)):
        return _find_in_bracket(text, (bracket.start() + 1, bracket.end() - 1), context)
    return _find_unquoted(text, start, context)


def _find_in_tag(text: str, position: int, context: Context) -> Span | None:
    start, end = _strip_span(text, position, _match_end(_UNQUOTED["tag"], text, position))
    is_closed = text.startswith("</", _match_end(_SPACE, text, end))
    if " " in text[start:end] and not is_closed:
        return None
    return _span_if_secret(text, (start, end), context)


def _find_in_bracket(text: str, within: Span, context: Context) -> Span | None:
    if context.randomness is Randomness.LOW and text[within[0] - 1] == "{":
        return None
    if within[0] == within[1] or _SECRET_NAME.search(text, *within) or THREE_WORDS.search(text, *within):
        return None
    shown = text[slice(*within)].strip("\"'")
    return within if context.randomness <= Randomness.LOW or context.randomness.is_met_by(shown) else None


def _find_quoted(text: str, quote: re.Match[str], context: Context) -> Span | None:
    start = quote.end()
    end = _closing_mark(text, start, len(quote[1]), quote[2])
    if end < 0:
        end = _match_end(_UP_TO_LINE_END, text, start)
    if context.last_word in HEADERS:
        return find_in_header(text, start, end, context.last_word)
    return _span_if_secret(text, (start, end), context)


def _closing_mark(text: str, start: int, level: int, mark: str) -> int:
    """
    Return where a quotation ends that began with ``level`` backslashes and a mark; -1 if it does not end.

    Where JSON or source code is quoted within JSON or source code, each level doubles the backslashes and adds one
    before each mark. A mark with fewer backslashes than the first one ends the text around the quotation.
    """
    position = start
    while (position := text.find(mark, position)) >= 0:
        before = position - 1
        while before >= start and text[before] == "\\":
            before -= 1
        count = position - 1 - before
        nested, odd = divmod(count - level, level + 1)
        if count < level or odd or nested % 2 == 0:
            if level or text[position + 1 : position + 2] != mark or position == start:
                return position - min(count, level)
            position += 1  # SQL doubles a mark within a text
        position += 1
    return -1


def _find_unquoted(text: str, start: int, context: Context) -> Span | None:
    if context.last_word in HEADERS:
        return find_in_header(text, start, _line_end(text, start), context.last_word)
    if context.in_semicolons and (to_semicolon := _UP_TO_SEMICOLON.match(text, start)):
        return _span_if_secret(text, _strip_span(text, start, to_semicolon.end()), context)
    pattern = _UNQUOTED.get(context.separator, _UNQUOTED["equals"])
    if context.randomness >= Randomness.HIGH_OR_UUID:
        pattern = _RANDOM_CHARACTERS
    if context.randomness is not Randomness.ANY:
        # Decided before the end of the value is searched for. Otherwise a text in which each word could begin a value
        # would be read to its end for each word.
        beginning = text[start : _match_end(pattern, text, start, start + MAX_CHARACTERS)]
        if not context.randomness.is_met_by(beginning):
            return None
    end = _match_end(pattern, text, start)
    if context.separator == "colon":
        if STARTS_REMARK.match(text, start, end + 1) or _is_remark(text, start, context):
            return None
        if is_placeholder(text[start : min(end, start + _MAX_PLACEHOLDER_LENGTH)]):
            return None
        line_end = _line_end(text, start)
        may_be_whole_line = context.starts_line and context.randomness is Randomness.ANY
        if may_be_whole_line and not _ANOTHER_PAIR.search(text, end, line_end):
            start, end = _strip_span(text, start, max(end, line_end))
    return _span_if_secret(text, (start, end), context)


def _is_remark(text: str, start: int, context: Context) -> bool:
    """Tell whether words follow. A password can consist of words, any other secret cannot."""
    can_be_words = context.last_word in ("password", "passwd", "passphrase", "pwd")
    return not can_be_words and TWO_WORDS.match(text, start) is not None


def _span_if_secret(text: str, span: Span, context: Context) -> Span | None:
    start, end = span
    if end <= start or _is_not_secret(text[start : min(end, start + _MAX_PLACEHOLDER_LENGTH)], context):
        return None
    return span


def _is_not_secret(value: str, context: Context) -> bool:
    """Tell whether a value is not random enough, is a placeholder, or is something else than its name says."""
    return (
        not context.randomness.is_met_by(value)
        or is_placeholder(value)
        or value in (context.name, context.name.upper())
        or (context.last_word in ("pass", "token") and value.isdigit() and len(value) <= _MAX_COUNT_DIGITS)
        or (context.last_word == "tokens" and value.isdigit())
        or (context.separator == "blank" and (value.startswith("-") or value in _USAGE_WORDS))
        # PWD in an environment is the working directory
        or (context.last_word.endswith("pwd") and value.startswith("/") and not context.in_semicolons)
    )


def _line_end(text: str, start: int) -> int:
    return _match_end(_UP_TO_LINE_END, text, start, start + _MAX_LINE_LENGTH)


def _strip_span(text: str, start: int, end: int) -> Span:
    """Leave out the white space at both ends of a span."""
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())


def _match_end(pattern: re.Pattern[str], text: str, position: int, end: int = sys.maxsize) -> int:
    """Return where a pattern that begins at a position ends; the position itself if it does not match."""
    match = pattern.match(text, position, end)
    return match.end() if match else position
