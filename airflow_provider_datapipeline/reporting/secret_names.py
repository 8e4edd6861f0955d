"""
Secrets that are announced by a name: ``password=...``, ``"api_key": "..."``, ``--token ...``, headers, XML.

A name is found by what separates it from its value, and judged by its words, with the tables of
:mod:`~airflow_provider_datapipeline.reporting.secret_rules.names`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.reporting import secret_values
from airflow_provider_datapipeline.reporting.secret_looks import Look
from airflow_provider_datapipeline.reporting.secret_rules import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.reporting.secret_patterns import Span

ORDER = tuple(Look)
_ENDS = tuple(word for word in names.SECRETS if word not in names.WHOLE_WORDS_ONLY)

# A name begins where no letter stands before it, or after a line end as source and JSON show it, or percent-encoded.
_START = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt])|(?<=%[02-9][0-9A-Fa-f]))"
_WORDS = r"[A-Za-z_][A-Za-z0-9_]*+(?:[.$-]+[A-Za-z0-9_]++){0,16}+"
_CLOSER = r"(?:\\{0,7}[\"'`]|[\])]|%2[27]|\[[0-9]{1,4}\]){0,3}+"
_NEXT_IS_VALUE = r"[ \t]{0,4}(?:,|</name>|</key>|;)?[ \t\r\n]{0,20}[<\"'\\]{0,5}[A-Za-z]{0,16}?(?i:value)(?:\\{0,7}[\"'])?[ \t]{0,4}[:=>]"
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
_SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
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
        if context is not None and (span := secret_values.find_value(text, match.end(), context)):
            yield span
            position = match.end("closer") if context.kind == "tag" else span[1]


def _context(match: re.Match[str], before: str, look: Look) -> secret_values.Context | None:
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
        look = max(look, Look.MIXED, key=ORDER.index)
    of_error = kind == "colon" and not match["closer"] and _CLASS.fullmatch(match["name"]) is not None
    if of_error and set(match["name"]) & set(".$"):
        return None
    in_sentence = of_error or (kind == "colon" and not match["closer"] and _IN_SENTENCE.search(before) is not None)
    in_sentence = in_sentence or (kind == "colon" and match["name"] in ("pass", "Pass"))
    return secret_values.Context(
        kind=kind,
        word=last_word(match["name"]),
        name=match["name"],
        look=Look.LOOSE if in_sentence and look is Look.ANY else look,
        starts_line=kind == "colon"
        and not in_sentence
        and not match["closer"]
        and _STARTS_LINE.search(before) is not None,
        in_semicolons=before.rstrip(" ").endswith(";"),
    )


def _find_after_blanks(text: str) -> Iterator[Span]:
    for match in _OPTION.finditer(text):
        if look := announces(match["name"]):
            yield from _after_blank(text, match, look)
    for match in _COMPOUND.finditer(text):
        is_value = text[match.start() - 1 : match.start()] in ("=", ":", "/", ".")
        if not is_value and not _ANOTHER_NAME.match(text, match.end()) and (look := announces(match["name"])):
            yield from _after_blank(text, match, max(look, Look.MIXED, key=ORDER.index))
    for match in _PASSWORD.finditer(text):
        before = text[max(0, match.start() - _BEFORE) : match.start()]
        if text[match.end()] in "\"'" or _OF_NETRC.search(before):
            yield from _after_blank(text, match, Look.ANY)


def _after_blank(text: str, match: re.Match[str], look: Look) -> Iterator[Span]:
    name = match["name"]
    context = secret_values.Context(kind="blank", word=last_word(name), name=name, look=look)
    if span := secret_values.find_value(text, match.end(), context):
        yield span


def last_word(name: str) -> str:
    """Return the last word of a name, in small letters."""
    words = _words(name)
    return words[-1] if words else ""


@lru_cache(maxsize=1024)
def announces(name: str) -> Look | None:
    """Tell what a value must look like to be the secret that a name announces; None if it announces none."""
    words = _words(name)
    if words and words[0] in names.ERRORS:
        return None
    if "_".join(words) in names.ALWAYS:
        return Look.LOOSE
    if not words or words[-1] in names.NO_SECRETS or "_".join(_words(name.rpartition(".")[2])) in names.NO_NAMES:
        return None
    for position in range(len(words) - 1, -1, -1):
        look = _announced_by(words[: position + 1], name)
        if position == len(words) - 1 and look is not None:
            return look
        if look is Look.ANY:  # where more words follow, the name may be that of something about a secret
            return Look.LOOSE
    return None


def _announced_by(words: list[str], name: str) -> Look | None:
    """Judge a name by its last word and what precedes that."""
    word = words[-1]
    previous = words[-2] if len(words) > 1 else ""
    if word == "id":
        if previous == "secret":  # SecretId is the name of a secret of AWS; secret_id is a secret of Vault
            return Look.ANY if "secret_id" in name else None
        return Look.RANDOM if previous in ("session", "sess") else None
    if word.endswith(("key", "keys")) and word not in names.SECRETS:
        return _announced_by_key(word.removesuffix("s").removesuffix("key") or previous)
    if word in ("token", "tokens") and previous in names.NO_TOKENS:
        return None
    if word in names.SIGNATURES:
        return Look.RANDOM
    if word in ("secrets", "credentials", "tokens", "creds"):
        return Look.LOOSE
    if word in names.SECRETS or (word.endswith(_ENDS) and word not in names.NO_WORDS):
        return Look.ANY
    if word in names.IN_DOUBT:
        return Look.DRAWN if name[:2].lower() == "x-" else Look.RANDOM
    return Look.ANY if word.endswith("pass") and word not in names.NO_WORDS else None


def _announced_by_key(kind: str) -> Look | None:
    if kind in names.NO_KEYS:
        return None
    if not kind:
        return Look.RANDOM
    return Look.ANY if kind.endswith(names.KEYS) else Look.DRAWN


def _words(name: str) -> list[str]:
    words = [word.lower() for word in _SPLIT.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    return words
