"""Secrets that are announced by a name: ``password=...``, ``"api_key": "..."``, ``--token ...``, headers, XML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.reporting import secret_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.reporting.secret_patterns import Span

# A search that begins with a class of characters skips what cannot match fast; a case-blind one would not.
_STEM = (
    r"[pPsStTkKaAcC](?i:"
    r"(?<=p)(?:ass(?:w(?:or[dt]|d)|phrase|code)?|wd|w)"
    r"|(?<=s)(?:ecret|enha|ignature|ig)"
    r"|(?<=t)oken"
    r"|(?<=k)(?:ey|ennwort)"
    r"|(?<=a)uth(?:orization)?"
    r"|(?<=c)(?:ookie|redential))"
)
_REST = r"[A-Za-z0-9_.-]{0,40}+"
_CLOSER = r"(?:\\{0,7}[\"'`]|[\])]|%2[27]){0,3}+"
_NEXT_IS_VALUE = (
    r"[ \t]{0,4}(?:,|</name>|</key>)?[ \t\r\n]{0,20}[<\"'\\]{0,5}(?i:value)(?:\\{0,7}[\"'])?[ \t]{0,4}(?:[:=>])"
)
_SEPARATOR = (
    rf"(?:(?P<about>{_NEXT_IS_VALUE})|[ \t]{{0,8}}(?:(?P<equals>=>|:=|={{1,2}})|(?P<colon>:))|(?P<encoded>%3[DdAa])"
    rf"|(?P<tag>(?: [A-Za-z:_.-]{{1,40}}=[^<>]{{0,200}})?>)"
    r"|(?P<pair>,)(?=[ \t\r\n]{0,20}b?[\"'])|(?P<blank>(?=[ \t]+[^ \t])))"
)
_NAME = re.compile(rf"(?P<stem>{_STEM})(?P<rest>{_REST})(?P<closer>{_CLOSER}){_SEPARATOR}")

_BEFORE = 64  # characters of a name before its stem that are looked at
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.$/-]*\Z")

# The stems that are parts of many words, or of names of what is no secret: what has to be around them.
_SHORT = {"pass", "pwd", "pw", "auth", "sig", "key"}
_OF_A_KEY = re.compile(
    r"(?:api|access|account|auth|private|secret|signing|sign|encryption|encrypt|master|fernet|storage|shared|"
    r"service|session|client|subscription|webhook|license|ssh|hmac|crypto|symmetric|fs\.s3a\.secret)[ _.-]?\Z",
    re.IGNORECASE,
)
_LONGEST_KIND = 16
_NO_CREDENTIAL_TOKEN = re.compile(
    r"(?<![A-Za-z])(?:next|max|min|num|n|page|continuation|pagination|starting|pad|eos|bos|unk|unexpected)[ _.-]?\Z",
    re.IGNORECASE,
)
_NO_SECRET_ENDS = (
    "name", "names", "arn", "file", "filename", "path", "url", "uri", "type", "policy", "count", "length", "len",
    "size", "limit", "expiry", "expires", "expiration", "expired", "expires_in", "expires_at", "endpoint", "version",
    "manager", "backend", "prefix", "ttl", "lifetime", "age", "required", "enabled", "rotation", "provider", "column",
    "field", "encryption", "method", "mechanism", "location", "dir", "status", "error", "exception", "failed",
    "failure", "attempts", "retries", "izer", "ize", "ized", "less", "reset", "valid", "invalid", "format", "regex",
    "pattern", "hint", "server", "issuer", "audience", "scope", "scopes", "kind", "label", "index", "position", "ref",
    "stdin", "env", "var", "cmd", "command", "callback", "helper", "validator", "schema", "id_type", "usage",
    "strategy", "timeout", "max", "min", "source", "store", "missing", "notfound", "not_found", "denied",
    "s_per_second",
)  # fmt: skip
_KEY_ID = re.compile(r"[_.-]?id\Z", re.IGNORECASE)
_STARTS_LINE = re.compile(r"(?:\A|[\r\n])[ \t]*(?:- +)?[\"']?[A-Za-z0-9_.-]*\Z")
_USER_OF_URL = re.compile(r"://[A-Za-z0-9_.%-]*\Z")
_AS_OPTION = re.compile(r"(?<![A-Za-z0-9_-])-{1,2}[A-Za-z0-9_.-]*\Z")
_QUOTED_NEXT = re.compile(r"[ \t]+[\"']")
_OF_XML = re.compile(r"<[\w:.-]*\Z", re.ASCII)
_OF_NETRC = re.compile(r"\blogin[ \t]+\S{1,80}[ \t\r\n]+\Z")
_IN_PAIR = re.compile(r"\(b?\\*[\"'][A-Za-z0-9_.-]*\Z")


def find_values(text: str) -> Iterator[Span]:
    """Find the values that follow a name which says that they are secret."""
    position = 0
    while match := _NAME.search(text, position):
        # From here on there may be another name: in the rest of this one, or among the attributes of XML.
        position = match.end("stem")
        context = _context(text, match)
        if context is not None and (span := secret_values.find_value(text, match.end(), context)):
            yield span
            position = match.end("closer") if context.kind == "tag" else span[1]


def _context(text: str, match: re.Match[str]) -> secret_values.Context | None:
    """Tell how the value is written; None where the name is that of no secret."""
    before = text[max(0, match.start() - _BEFORE) : match.start()]
    stem = match["stem"].lower()
    kind = match.lastgroup or ""
    if kind == "blank" and before[-1:] in ("", " ") and not stem.startswith("passw") and not match["rest"]:
        return None  # the most frequent case by far, a word in a sentence
    if not _announces(stem, before, match["rest"], match["stem"]):
        return None
    if kind == "blank" and not _is_said_after_blank(text, match, stem, before):
        return None
    if kind == "colon" and _USER_OF_URL.search(before):
        return None
    is_pair = kind == "pair" and (_AS_OPTION.search(before.rstrip("\"'")) or _IN_PAIR.search(before))
    if (kind == "pair" and not is_pair) or (kind == "tag" and not _OF_XML.search(before)):
        return None
    return secret_values.Context(
        kind=kind,
        stem=stem,
        name=match["stem"] + match["rest"],
        starts_line=kind == "colon" and not match["closer"] and _STARTS_LINE.search(before) is not None,
        in_semicolons=before[: _IDENTIFIER.search(before).start()].rstrip(" ").endswith(";"),  # type: ignore[union-attr] # always matches
    )


def _announces(stem: str, before: str, rest: str, spelled: str) -> bool:
    last = before[-1:]
    low_rest = rest.lower().strip("_.-")
    if stem in _SHORT and not _stands_alone(stem, last, rest, spelled, before):
        return False
    if stem == "token" and _NO_CREDENTIAL_TOKEN.search(before):
        return False
    if stem == "secret" and last == ":" and not rest:
        return False  # of an ARN
    if stem == "credential" and low_rest:
        return False
    if rest[:1] == "I" and low_rest == "id" and stem == "secret":
        return False  # SecretId is the name of a secret of AWS; secret_id is a secret of Vault
    return not low_rest.endswith(_NO_SECRET_ENDS) or low_rest == "s"


def _stands_alone(stem: str, last: str, rest: str, spelled: str, before: str) -> bool:
    starts = not last.isalpha() or (spelled[0].isupper() and last.islower())
    ends = not rest[:1].islower()
    if stem == "key":
        return bool(_OF_A_KEY.search(before[-_LONGEST_KIND:])) and ends and not _KEY_ID.match(rest)
    if stem == "auth":
        return starts and last == "_" and not rest
    if stem == "pwd":
        return ends
    return starts and ends


def _is_said_after_blank(text: str, match: re.Match[str], stem: str, before: str) -> bool:
    """Tell whether white space alone stands between a name and its value."""
    quoted = _QUOTED_NEXT.match(text, match.end()) is not None
    if match["closer"].strip(")"):
        return False
    if _AS_OPTION.search(before):
        return True
    if stem.startswith("passw") and not match["rest"]:
        of_netrc = _OF_NETRC.search(before) is not None
        return quoted or of_netrc
    secret_key = (match["stem"] + match["rest"]).lower().replace("-", "_")
    return secret_key in ("secret_access_key", "session_token") and (quoted or "aws_" in before[-4:])
