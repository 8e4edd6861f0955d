"""Passwords in URLs, also in those that are no valid URLs because of the password, and in what looks like one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.spans import Span

_SCHEME_MOST = 40

# The next "://" belongs to another URL: so what is looked at for one of them is not looked at again for the next.
_RUNS = {
    '"': re.compile(r'(?:(?!://)[^ \t\r\n"])*+'),
    "'": re.compile(r"(?:(?!://)[^ \t\r\n'])*+"),
    "": re.compile(r"(?:(?!://)(?:[^ \t\r\n\"'<>`]|'(?![ \t\r\n,;:)\]}>]|\Z)))*+"),
}
_SCHEME = re.compile(r"[A-Za-z0-9+.*_-]*\Z")
_TRAILING = ".,;:)]}!>"
_PORT = re.compile(r"[0-9]{1,5}(?![A-Za-z0-9_])|[0-9]*\Z")
_PLACEHOLDER = re.compile(r"\{\w*\}|\{\{.*\}\}|<\w+>|%s|%\(\w+\)s|\$\{\w+\}|\$[A-Z_]{3,}|port|PORT", re.ASCII)
_IS_A_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+|localhost|[^:]*:[0-9]+|\[.*|\*+", re.ASCII)
_NO_PASSWORD = re.compile(r"|x-oauth-basic|x-token-auth|x|api_token")  # the user is the secret, then
_TOKEN_AS_USER = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9_-]{20,}")

# user:password@host without a scheme, or without its colon, as drivers of Go and many logs have it; with a port, a path
# or tcp(...)
_NO_SCHEME = re.compile(
    r"(?:(?<![\w:/@.+%-])|(?<=\w//))[\w.+-]{1,64}+:(?P<rest>[^\s@:/\"'<>(){}\[\],]{1,128}+)"
    r"@(?:[\w-]{1,63}+(?:\.[\w-]{1,63}+){0,8}(?::[0-9]{2,5}\b|/\w)|(?:tcp|unix)\()",
    re.ASCII,
)
_ENCODED = re.compile(r"%3[Aa]%2[Ff]%2[Ff][^\s%:@/\"'&]{0,64}(?:%3[Aa]|:)(?P<rest>[^\s@/\"'&]{1,256}?)(?:%40|@)")


def find_passwords(text: str) -> Iterator[Span]:
    """Find the passwords in front of the host of a URL; user, host, port and path are none."""
    position = text.find("://")
    while position >= 0:
        start = position + 3
        before = _SCHEME.search(text, max(0, position - _SCHEME_MOST), position)
        quote = text[before.start() - 1] if before and before.start() else ""
        run = _RUNS.get(quote, _RUNS[""]).match(text, start)
        if run and (span := _password(run[0])):
            yield start + span[0], start + span[1]
        position = text.find("://", start)
    if "@" in text:
        yield from (match.span("rest") for match in _NO_SCHEME.finditer(text))
    if "%2F" in text or "%2f" in text:
        yield from (match.span("rest") for match in _ENCODED.finditer(text))


def _password(run: str) -> Span | None:
    """Find it in what follows ``://``."""
    cut = re.search(r"[/?#]", run)
    border = cut.start() if cut else len(run)
    at = run.rfind("@", 0, border)
    if at < 0:
        return _password_across_the_border(run, border)
    host = run[at + 1 : border]
    later = run.rfind("@", border)
    if later >= 0 and not _IS_A_HOST.fullmatch(host) and _IS_A_HOST.match(run, later + 1):
        at = later  # the password has an @, and a slash or a question mark after it
    colon = run.find(":", 0, at)
    if colon < 0:
        return (0, at) if _TOKEN_AS_USER.fullmatch(run, 0, at) else None
    if _NO_PASSWORD.fullmatch(run, colon + 1, at):
        return (0, colon) if _TOKEN_AS_USER.fullmatch(run, 0, colon) else None
    return None if _PLACEHOLDER.fullmatch(run, colon + 1, at) else (colon + 1, at)


def _password_across_the_border(run: str, border: int) -> Span | None:
    """Find a password that has a slash, a question mark or a hash, and one whose URL was cut before the ``@``."""
    colon = run.find(":", 0, border)
    if colon < 0 or run.startswith("["):
        return None
    port = run[colon + 1 : border].rstrip(_TRAILING)
    if _PORT.match(port) or _PLACEHOLDER.fullmatch(port):
        return None
    at = run.rfind("@", border)
    if at >= 0:
        return colon + 1, at
    # A host with a dot before the colon is no user: ssh://host.example.com:path
    return None if "." in run[:colon] else (colon + 1, border)
