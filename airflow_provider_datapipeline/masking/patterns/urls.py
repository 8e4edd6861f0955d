"""
Passwords in URLs. Found as well are passwords because of which a URL is not valid, and passwords in texts that only
look like a URL.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.spans import Span

_MAX_SCHEME_LENGTH = 40

# What may follow "://", by the quotation mark before the URL. A further "://" belongs to another URL. So no character
# is read twice, however many URLs there are.
_AFTER_SCHEME = {
    '"': re.compile(r'(?:(?!://)[^ \t\r\n"])*+'),
    "'": re.compile(r"(?:(?!://)[^ \t\r\n'])*+"),
    "": re.compile(r"(?:(?!://)(?:[^ \t\r\n\"'<>`]|'(?![ \t\r\n,;:)\]}>]|\Z)))*+"),
}
_SCHEME = re.compile(r"[A-Za-z0-9+.*_-]*\Z")
_TRAILING_PUNCTUATION = ".,;:)]}!>"
_PORT = re.compile(r"[0-9]{1,5}(?![A-Za-z0-9_])|[0-9]*\Z")
_PLACEHOLDER = re.compile(r"\{\w*\}|\{\{.*\}\}|<\w+>|%s|%\(\w+\)s|\$\{\w+\}|\$[A-Z_]{3,}|port|PORT", re.ASCII)
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+|localhost|[^:]*:[0-9]+|\[.*|\*+", re.ASCII)
# With such a password, or with none, the user is a token and the secret.
_NO_PASSWORD = re.compile(r"|x-oauth-basic|x-token-auth|x|api_token")
_TOKEN_AS_USER = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9_-]{20,}")

# user:password@host without a scheme, or without the colon of the scheme, as Go's drivers and many logs write it. After
# the host there has to be a port or a path, or the host is written as tcp(...).
_WITHOUT_SCHEME = re.compile(
    r"(?:(?<![\w:/@.+%-])|(?<=\w//))[\w.+-]{1,64}+:(?P<password>[^\s@:/\"'<>(){}\[\],]{1,128}+)"
    r"@(?:[\w-]{1,63}+(?:\.[\w-]{1,63}+){0,8}(?::[0-9]{2,5}\b|/\w)|(?:tcp|unix)\()",
    re.ASCII,
)
_PERCENT_ENCODED = re.compile(
    r"%3[Aa]%2[Ff]%2[Ff][^\s%:@/\"'&]{0,64}(?:%3[Aa]|:)(?P<password>[^\s@/\"'&]{1,256}?)(?:%40|@)"
)


def find_passwords(text: str) -> Iterator[Span]:
    """Find the passwords before the host of a URL; user, host, port and path are left alone."""
    position = text.find("://")
    while position >= 0:
        start = position + 3
        scheme = _SCHEME.search(text, max(0, position - _MAX_SCHEME_LENGTH), position)
        quote = text[scheme.start() - 1] if scheme and scheme.start() else ""
        url = _AFTER_SCHEME.get(quote, _AFTER_SCHEME[""]).match(text, start)
        if url and (span := _find_password(url[0])):
            yield start + span[0], start + span[1]
        position = text.find("://", start)
    if "@" in text:
        yield from (match.span("password") for match in _WITHOUT_SCHEME.finditer(text))
    if "%2F" in text or "%2f" in text:
        yield from (match.span("password") for match in _PERCENT_ENCODED.finditer(text))


def _find_password(url: str) -> Span | None:
    """
    Return where the password, or the token in its place, is in a URL.

    :param url: the URL without its scheme and ``://``
    """
    path = re.search(r"[/?#]", url)
    authority_end = path.start() if path else len(url)
    at = url.rfind("@", 0, authority_end)
    if at < 0:
        return _find_password_beyond_authority(url, authority_end)
    host = url[at + 1 : authority_end]
    later_at = url.rfind("@", authority_end)
    if later_at >= 0 and not _HOST.fullmatch(host) and _HOST.match(url, later_at + 1):
        at = later_at  # the password has an @, and after that a slash or a question mark
    colon = url.find(":", 0, at)
    if colon < 0:
        return (0, at) if _TOKEN_AS_USER.fullmatch(url, 0, at) else None
    if _NO_PASSWORD.fullmatch(url, colon + 1, at):
        return (0, colon) if _TOKEN_AS_USER.fullmatch(url, 0, colon) else None
    return None if _PLACEHOLDER.fullmatch(url, colon + 1, at) else (colon + 1, at)


def _find_password_beyond_authority(url: str, authority_end: int) -> Span | None:
    """
    Return where the password is in a URL that has no ``@`` before its path.

    Either the password itself has a slash, a question mark or a hash, or the URL was cut before the ``@``.
    """
    colon = url.find(":", 0, authority_end)
    if colon < 0 or url.startswith("["):
        return None
    port = url[colon + 1 : authority_end].rstrip(_TRAILING_PUNCTUATION)
    if _PORT.match(port) or _PLACEHOLDER.fullmatch(port):
        return None
    at = url.rfind("@", authority_end)
    if at >= 0:
        return colon + 1, at
    # What has a dot before the colon is a host and no user, as in ssh://host.example.com:path.
    return None if "." in url[:colon] else (colon + 1, authority_end)
