"""
Values of secret names: ``password=...``, ``"api_key": "..."``, ``--token ...``, headers, XML.

A name is recognized by the separator between it and its value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.patterns import values
from airflow_provider_datapipeline.masking.patterns.names import last_word, required_randomness
from airflow_provider_datapipeline.masking.randomness import Randomness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.spans import Span

# A name begins where no letter stands before it, after an escaped line end of source code or JSON, or after a character
# that is percent-encoded.
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

# Names with nothing but blanks before their value: options of commands, names that are written as one word, passwords.
_OPTION = re.compile(r"(?<![A-Za-z0-9_-])--?(?P<name>[A-Za-z][A-Za-z0-9_.-]{0,63}+)[ \t]+(?=[^ \t-])")
_COMPOUND = re.compile(r"(?<![A-Za-z0-9_-])(?P<name>[A-Za-z]{1,24}+(?:[_-][A-Za-z0-9]{1,24}+){1,6}+)[ \t]+(?=[^ \t])")
_PASSWORD = re.compile(r"(?<![A-Za-z0-9_-])(?P<name>(?i:passw)(?i:ord|d))[ \t]+(?=[^ \t])")

_ANOTHER_NAME = re.compile(r"[\w.-]{1,64}=(?=[^=\s])", re.ASCII)

_BEFORE = 64  # characters before a name that are read
_PREVIOUS_WORD = re.compile(r"([A-Za-z]{2,24})[ ]\Z")
_IN_SENTENCE = re.compile(r"[A-Za-z0-9'\")\]]{2}[,]?[ ]\Z")
_STARTS_LINE = re.compile(r"(?:\A|[\r\n]|\\n)[ \t]*(?:- +)?[\"']?\Z")
_IS_USER_OF_URL = re.compile(r"://[A-Za-z0-9_.%-]*\Z")
_STARTS_PAIR = re.compile(r"\(b?\\*[\"']\Z")
_IS_OPTION = re.compile(r"(?:^|[^A-Za-z0-9_-])-{1,2}\Z")
_STARTS_TAG = re.compile(r"<[\w:.-]{0,40}\Z", re.ASCII)
_CLASS_NAME = re.compile(r"(?:.*[.$])?[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+")
_IN_POSTGRES_KEY = re.compile(r"\bKey \([^()]{0,100}\Z")  # Key (name)=(value) already exists.
_AFTER_NETRC_LOGIN = re.compile(r"\blogin[ \t]+\S{1,80}[ \t\r\n]+\Z")


def find_values(text: str) -> Iterator[Span]:
    """Find the values that follow a name which marks them as secret."""
    yield from _find_after_separators(text)
    yield from _find_after_blanks(text)


def _find_after_separators(text: str) -> Iterator[Span]:
    position = 0
    while match := _NAME.search(text, position):
        # The search goes on behind the name alone: the value, or an attribute of XML, may have another name in it.
        position = match.end("closer")
        randomness = required_randomness(match["name"])
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        if match["name"].lower() in ("key", "keys") and (previous := _PREVIOUS_WORD.search(before)):
            randomness = required_randomness(f"{previous[1]}_key")
        if randomness is None:
            continue
        context = _context(match, before, randomness)
        if context is not None and (span := values.find_value(text, match.end(), context)):
            yield span
            position = match.end("closer") if context.separator == "tag" else span[1]


def _context(match: re.Match[str], before: str, randomness: Randomness) -> values.Context | None:
    """Return how the value is written; None if what follows is not a value of this name."""
    separator = match.lastgroup or ""
    if separator == "colon" and _IS_USER_OF_URL.search(before):
        return None
    if separator == "colon" and match["name"] == "secret" and before.endswith(":"):
        return None  # a part of an ARN
    if separator == "pair" and not (_IS_OPTION.search(before) or _STARTS_PAIR.search(before)):
        randomness = Randomness.HIGH  # a list of several things, of which this name may be one
    if separator == "tag" and not _STARTS_TAG.search(before):
        return None
    if _IN_POSTGRES_KEY.search(before):
        randomness = max(randomness, Randomness.MEDIUM)
    is_bare_colon = separator == "colon" and not match["closer"]
    is_class = is_bare_colon and _CLASS_NAME.fullmatch(match["name"]) is not None
    if is_class and set(match["name"]) & set(".$"):
        return None  # the class of an exception, before its message
    in_sentence = is_bare_colon and (is_class or match["name"] == "pass" or _IN_SENTENCE.search(before) is not None)
    return values.Context(
        separator=separator,
        last_word=last_word(match["name"]),
        name=match["name"],
        randomness=max(randomness, Randomness.LOW) if in_sentence else randomness,
        starts_line=is_bare_colon and not in_sentence and _STARTS_LINE.search(before) is not None,
        in_semicolons=before.rstrip(" ").endswith(";"),
    )


def _find_after_blanks(text: str) -> Iterator[Span]:
    for match in _OPTION.finditer(text):
        if randomness := required_randomness(match["name"]):
            yield from _find_after_blank(text, match, randomness)
    for match in _COMPOUND.finditer(text):
        is_value = text[match.start() - 1 : match.start()] in ("=", ":", "/", ".")
        if is_value or _ANOTHER_NAME.match(text, match.end()):
            continue
        if randomness := required_randomness(match["name"]):
            yield from _find_after_blank(text, match, max(randomness, Randomness.MEDIUM))
    for match in _PASSWORD.finditer(text):
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        if text[match.end()] in "\"'" or _AFTER_NETRC_LOGIN.search(before):
            yield from _find_after_blank(text, match, Randomness.ANY)


def _find_after_blank(text: str, match: re.Match[str], randomness: Randomness) -> Iterator[Span]:
    name = match["name"]
    context = values.Context(separator="blank", last_word=last_word(name), name=name, randomness=randomness)
    if span := values.find_value(text, match.end(), context):
        yield span
