"""Where the value of a name ends, and whether it is one: quoted, in brackets, or up to what follows it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.patterns.headers import HEADERS, find_in_header
from airflow_provider_datapipeline.masking.patterns.looks import LOOKED_AT, Look
from airflow_provider_datapipeline.masking.patterns.placeholders import PROSE, SENTENCE, WORDS, is_nothing

if TYPE_CHECKING:
    from airflow_provider_datapipeline.masking.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """
    How a value is announced.

    :param kind: what stands between name and value: ``equals``, ``colon``, ``encoded`` (percent-encoded), ``tag`` (of
        XML), ``pair`` (a comma), ``blank``, or ``about`` (``name=..., value=...``)
    :param word: the last word of the name, in small letters
    :param name: the name
    :param look: what the value must look like to be a secret
    :param starts_line: nothing but the name stands before the value, as in YAML and in headers
    :param in_semicolons: one of several that semicolons separate, as in ODBC
    """

    kind: str
    word: str
    name: str
    look: Look = Look.ANY
    starts_line: bool = False
    in_semicolons: bool = False


_LEAD = re.compile(r"[ \t]{0,20}(?:[|>][+-]?[ \t]*\r?\n)?")
_SPACE = re.compile(r"[ \t\r\n]{0,20}")
_LEADS = {"encoded": re.compile(r"(?:\+|%20){0,8}(?:%2[27])?"), **dict.fromkeys(("pair", "about", "blank"), _SPACE)}
_BLOCK = re.compile(r"(?:[ \t]+[^\r\n]*(?:\r?\n|\Z))+")
_PREFIX = re.compile(r"(?:[A-Za-z_][\w.]{0,60}\([\w=]{0,20})?[bBuUrRfF]{0,2}", re.ASCII)
_QUOTE = re.compile(r"(\\{0,7})([\"'`])")
_READS = re.compile(r"get\w*\(|environ")
_BRACKET = re.compile(r"\[(?=[\"' \r\n])[^\[\]]*\]|\{[^{};\r\n]*\}(?:\}[^{};\r\n]*\}){0,8}|\((?=[\"'])[^()]*\)")

_NAMED = re.compile(r"(?i:passw|pwd|secret|token|key)")  # by names of their own, within a dict

_NEXT_NAME = r"(?:amp;)?[\w.\-%][\w.\-% ]{0,40}"
_INSIDE = (
    r"(?:[^ \t\r\n\"'`<>&;,)\]}}\\]"
    r"|[&;](?!{next}=|[ \t\r\n\"'`)\]}}<]|\Z)"
    r"|,(?!{next}{pair}|[ \t\r\n\"'`)\]}}\[{{(]|\Z)"
    r"|[)\]}}](?![ \t\r\n,;.:)\]}}\"'`\\<]|\Z)"
    r"|[\"'`](?![ \t\r\n,;:.)\]}}&\"'`<>=\\]|\Z)"
    r"|<(?!/|br\b|\Z)|>(?![ \t\r\n,;)]|\Z)"
    r"|\\(?!n(?:[ \t\"']|\\|\Z|{next}[=:])|[rt][\\ \t\"']|[\"'])"
    r")*+"
)
_BARE = {
    "colon": re.compile(_INSIDE.format(next=_NEXT_NAME, pair="[=:]"), re.ASCII),
    "equals": re.compile(_INSIDE.format(next=_NEXT_NAME, pair="="), re.ASCII),
    "encoded": re.compile(r"(?:[^ \t\r\n\"'<>&%]|%(?!26|3[Bb]|22|27|7[Dd]))*+"),
    "blank": re.compile(r"(?:[^ \t\r\n\"'`,;)\]}]|[,;)\]}](?![ \t\r\n\"'`,;)\]}]|\Z))*+"),  # a word of a command
    "tag": re.compile(r"[^<]*+"),
}
_DRAWN = re.compile(r"[A-Za-z0-9_+/=.~!%:$-]*+")
_IN_BRACES = re.compile(r"\{((?:[^}\r\n]|\}\}){0,400}+)\}")  # of ODBC: a brace within is written twice
_TO_SEMICOLON = re.compile(r"[^;\r\n\"']{1,200}(?=;)")
_TO_LINE_END = re.compile(r"[^\r\n]*")
_ANOTHER_PAIR = re.compile(r"[ ,;][\w.-]{1,40}[:=]", re.ASCII)
_OF_USAGE = (
    "via",
    "string",
    "value",
    "using",
    "text",
    "str",
    "from",
    "TEXT",
    "STRING",
    "PASSWORD",
    "TOKEN",
    "SECRET",
    "KEY",
)
_LONGEST_NOTHING = 200
_LONGEST_COUNT = 6
_LONGEST_LINE = 800


def find_value(text: str, position: int, context: Context) -> Span | None:
    """Return where the value that begins at or after a position is; None where nothing there is secret."""
    if context.kind == "tag":
        return _of_tag(text, position, context)
    start = _end(_LEADS.get(context.kind, _LEAD), text, _end(_LEAD, text, position))
    if "\n" in text[position:start]:
        block = _BLOCK.match(text, start)
        return _stripped(text, start, block.end()) if block else None
    mark = _end(_PREFIX, text, start)
    if context.kind != "encoded" and (quote := _QUOTE.match(text, mark)):
        # Of a call that reads a secret: the name under which it is kept.
        return None if _READS.search(text, start, mark) else _quoted(text, quote, context)
    if context.in_semicolons and (braces := _IN_BRACES.match(text, start)):
        return _unless_nothing(text, braces.span(1), context)
    if context.word not in HEADERS and (bracket := _BRACKET.match(text, start)):
        return _in_bracket(text, (bracket.start() + 1, bracket.end() - 1), context)
    return _bare(text, start, context)


def _of_tag(text: str, position: int, context: Context) -> Span | None:
    start, end = _stripped(text, position, _end(_BARE["tag"], text, position))
    is_closed = text.startswith("</", _end(_SPACE, text, end))
    return _unless_nothing(text, (start, end), context) if is_closed or " " not in text[start:end] else None


def _in_bracket(text: str, within: Span, context: Context) -> Span | None:
    if context.look is Look.LOOSE and text[within[0] - 1] == "{":
        return None
    if within[0] == within[1] or _NAMED.search(text, *within) or SENTENCE.search(text, *within):
        return None
    shown = text[slice(*within)].strip("\"'")
    return within if context.look <= Look.LOOSE or context.look.is_worn_by(shown) else None


def _quoted(text: str, quote: re.Match[str], context: Context) -> Span | None:
    start = quote.end()
    end = _closing(text, start, len(quote[1]), quote[2])
    if end < 0:
        end = _end(_TO_LINE_END, text, start)
    if context.word in HEADERS:
        return find_in_header(text, start, end, context.word)
    return _unless_nothing(text, (start, end), context)


def _closing(text: str, start: int, level: int, mark: str) -> int:
    """
    Return where the quotation ends that begins with ``level`` backslashes and a mark; -1 if it does not.

    Each level of JSON or source within JSON or source doubles the backslashes and adds one before each mark. A mark
    with fewer backslashes than the first ends what is around the quotation.
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
            position += 1  # SQL writes a mark within a text twice
        position += 1
    return -1


def _bare(text: str, start: int, context: Context) -> Span | None:
    if context.word in HEADERS:
        return find_in_header(text, start, _end(_TO_LINE_END, text, start, start + _LONGEST_LINE), context.word)
    if context.in_semicolons and (to_semicolon := _TO_SEMICOLON.match(text, start)):
        return _unless_nothing(text, _stripped(text, start, to_semicolon.end()), context)
    pattern = _DRAWN if context.look >= Look.DRAWN else _BARE.get(context.kind, _BARE["equals"])
    if context.look is not Look.ANY and not context.look.is_worn_by(
        text[start : _end(pattern, text, start, start + LOOKED_AT)]
    ):
        return None  # before the end is sought: a text in which each word could begin a value would be read for each
    end = _end(pattern, text, start)
    if context.kind == "colon":
        if PROSE.match(text, start, end + 1) or _is_sentence(text, start, context):
            return None
        line_end = _end(_TO_LINE_END, text, start, start + _LONGEST_LINE)
        if is_nothing(text[start : min(end, start + _LONGEST_NOTHING)]):
            return None
        if context.starts_line and context.look is Look.ANY and not _ANOTHER_PAIR.search(text, end, line_end):
            start, end = _stripped(text, start, max(end, line_end))
    return _unless_nothing(text, (start, end), context)


def _is_sentence(text: str, start: int, context: Context) -> bool:
    """Tell whether words follow, which a password can consist of, but no token."""
    can_be_words = context.word in ("password", "passwd", "passphrase", "pwd")
    return not can_be_words and WORDS.match(text, start) is not None


def _unless_nothing(text: str, span: Span, context: Context) -> Span | None:
    start, end = span
    return None if end <= start or _is_nothing(text[start : min(end, start + _LONGEST_NOTHING)], context) else span


def _is_nothing(value: str, context: Context) -> bool:
    """Tell whether a value is none, stands for one, or is not what its name announces."""
    return (
        not context.look.is_worn_by(value)
        or is_nothing(value)
        or value in (context.name, context.name.upper())
        or (context.word in ("pass", "token") and value.isdigit() and len(value) <= _LONGEST_COUNT)
        or (context.word == "tokens" and value.isdigit())
        or (context.kind == "blank" and (value.startswith("-") or value in _OF_USAGE))
        # the working directory, in an environment
        or (context.word.endswith("pwd") and value.startswith("/") and not context.in_semicolons)
    )


def _stripped(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())


def _end(pattern: re.Pattern[str], text: str, position: int, border: int = sys.maxsize) -> int:
    match = pattern.match(text, position, border)
    return match.end() if match else position
