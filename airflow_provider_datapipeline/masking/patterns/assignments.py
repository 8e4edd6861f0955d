"""
Secrets that are announced by a name: ``password=...``, ``"api_key": "..."``, ``--token ...``, headers, XML.

A name is found by what separates it from its value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.patterns import values
from airflow_provider_datapipeline.masking.patterns.looks import Look
from airflow_provider_datapipeline.masking.patterns.names import announces, last_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.spans import Span

# A name begins where no letter stands before it, or after a line end as source and JSON show it, or percent-encoded.
_START = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt])|(?<=%[02-9][0-9A-Fa-f]))"
_WORDS = r"[A-Za-z_][A-Za-z0-9_]*+(?:[.$-]+[A-Za-z0-9_]++){0,16}+"
_CLOSER = r"(?:\\{0,7}[\"'`]|[\])]|%2[27]|\[[0-9]{1,4}\]){0,3}+"
_NEXT_IS_VALUE = (
    r"[ \t]{0,4}(?:,|</name>|</key>|;)?[ \t\r\n]{0,20}[<\"'\\]{0,5}[A-Za-z]{0,16}?(?i:value)(?:\\{0,7}[\"'])?"
    r"[ \t]{0,4}[:=>]"
)
_SEPARATOR = (
    rf"(?:(?P<about>{_NEXT_IS_VALUE})|[ \t]{{0,8}}(?:(?P<equals>=>|->|:=|={{1,2}})|(?P<colon>:(?!//)))|"
    r"(?P<encoded>%3[DdAa])|(?P<tag>(?: [A-Za-z:_.-]{1,40}=[^<>]{0,200})?>)"
    r"|(?P<pair>,)(?=[ \t\r\n]{0,20}b?[\"']))"
)
_NAME = re.compile(rf"{_START}(?P<name>{_WORDS})(?P<closer>{_CLOSER}){_SEPARATOR}")

# Where white space alone stands between a name and its value: options of commands, and what is written as one word.
_OPTION = re.compile(r"(?<![A-Za-z0-9_-])--?(?P<name>[A-Za-z][A-Za-z0-9_.-]{0,63}+)[ \t]+(?=[^ \t-])")
_COMPOUND = re.compile(r"(?<![A-Za-z0-9_-])(?P<name>[A-Za-z]{1,24}+(?:[_-][A-Za-z0-9]{1,24}+){1,6}+)[ \t]+(?=[^ \t])")
_PASSWORD = re.compile(r"(?<![A-Za-z0-9_-])(?P<name>(?i:passw)(?i:ord|d))[ \t]+(?=[^ \t])")

_ANOTHER_NAME = re.compile(r"[\w.-]{1,64}=(?=[^=\s])", re.ASCII)

_BEFORE = 64  # characters before a name that are looked at
_PREVIOUS_WORD = re.compile(r"([A-Za-z]{2,24})[ ]\Z")
_IN_SENTENCE = re.compile(r"[A-Za-z0-9'\")\]]{2}[,]?[ ]\Z")
_STARTS_LINE = re.compile(r"(?:\A|[\r\n]|\\n)[ \t]*(?:- +)?[\"']?\Z")
_USER_OF_URL = re.compile(r"://[A-Za-z0-9_.%-]*\Z")
_IN_PAIR = re.compile(r"\(b?\\*[\"']\Z")
_AS_OPTION = re.compile(r"(?:^|[^A-Za-z0-9_-])-{1,2}\Z")
_OF_XML = re.compile(r"<[\w:.-]{0,40}\Z", re.ASCII)
_CLASS = re.compile(r"(?:.*[.$])?[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+")
_OF_KEY_IN_ROW = re.compile(r"\bKey \([^()]{0,100}\Z")
_OF_NETRC = re.compile(r"\blogin[ \t]+\S{1,80}[ \t\r\n]+\Z")


def find_values(text: str) -> Iterator[Span]:
    """Find the values that follow a name which says that they are secret."""
    yield from _find_after_separators(text)
    yield from _find_after_blanks(text)


def _find_after_separators(text: str) -> Iterator[Span]:
    position = 0
    while match := _NAME.search(text, position):
        # There may be another name in what follows this one, or among the attributes of XML.
        position = match.end("closer")
        look = announces(match["name"])
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        if match["name"].lower() in ("key", "keys") and (previous := _PREVIOUS_WORD.search(before)):
            look = announces(f"{previous[1]}_key")
        if look is None:
            continue
        context = _context(match, before, look)
        if context is not None and (span := values.find_value(text, match.end(), context)):
            yield span
            position = match.end("closer") if context.kind == "tag" else span[1]


def _context(match: re.Match[str], before: str, look: Look) -> values.Context | None:
    """Tell how the value is written; None where what follows is no value of this name."""
    kind = match.lastgroup or ""
    if kind == "colon" and _USER_OF_URL.search(before):
        return None
    if kind == "colon" and match["name"] == "secret" and before.endswith(":"):
        return None  # of an ARN
    if kind == "pair" and not (_AS_OPTION.search(before) or _IN_PAIR.search(before)):
        look = Look.RANDOM  # two of many things in a row
    if kind == "tag" and not _OF_XML.search(before):
        return None
    if _OF_KEY_IN_ROW.search(before):
        look = max(look, Look.MIXED)
    is_plain = kind == "colon" and not match["closer"]
    is_class = is_plain and _CLASS.fullmatch(match["name"]) is not None
    if is_class and set(match["name"]) & set(".$"):
        return None  # an exception, and what it says
    in_sentence = is_plain and (is_class or match["name"] == "pass" or _IN_SENTENCE.search(before) is not None)
    return values.Context(
        kind=kind,
        word=last_word(match["name"]),
        name=match["name"],
        look=max(look, Look.LOOSE) if in_sentence else look,
        starts_line=is_plain and not in_sentence and _STARTS_LINE.search(before) is not None,
        in_semicolons=before.rstrip(" ").endswith(";"),
    )


def _find_after_blanks(text: str) -> Iterator[Span]:
    for match in _OPTION.finditer(text):
        if look := announces(match["name"]):
            yield from _after_blank(text, match, look)
    for match in _COMPOUND.finditer(text):
        is_value = text[match.start() - 1 : match.start()] in ("=", ":", "/", ".")
        if not is_value and not _ANOTHER_NAME.match(text, match.end()) and (look := announces(match["name"])):
            yield from _after_blank(text, match, max(look, Look.MIXED))
    for match in _PASSWORD.finditer(text):
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        if text[match.end()] in "\"'" or _OF_NETRC.search(before):
            yield from _after_blank(text, match, Look.ANY)


def _after_blank(text: str, match: re.Match[str], look: Look) -> Iterator[Span]:
    name = match["name"]
    context = values.Context(kind="blank", word=last_word(name), name=name, look=look)
    if span := values.find_value(text, match.end(), context):
        yield span
