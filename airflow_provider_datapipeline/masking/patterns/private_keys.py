"""Private keys: between the lines that enclose them, of which one may be cut off, and where base64 stands alone."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.spans import Span

_KEY_BEGIN = re.compile(r"-{4,5} ?BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_KEY_END = re.compile(r"-{4,5} ?END [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_BLANK = r"(?:[ \t\r\n\"'|+,>]|\\+[rnt\"'])"  # also as source, JSON or YAML shows the end of a line
_HEADER = r"[A-Z][A-Za-z-]{2,19}: [^\r\n\\]{0,200}"
_LONG = r"[A-Za-z0-9+/=]{40,}+"
_LAST = r"[A-Za-z0-9+/=*]++(?=[ \t\r\n]*(?:\Z|\.\.\.|…|[\"'\\)\]}<]))"
_KEY_BODY = re.compile(rf"(?:{_BLANK}*+(?:{_LONG}|{_HEADER}))*+(?:{_BLANK}*+{_LAST})?")
_LONGEST_KEY = 32_768  # characters; an RSA key of 16,384 bits has 13,000
_KEY_LINES_BACKWARDS = re.compile(rf"(?:{_BLANK}|[nr]\\+)*+[A-Za-z0-9+/=]++(?:(?:[nr]\\+|{_BLANK})*+{_LONG})*+")


# How a key begins in base64, where the lines around it are missing: PKCS #1 and #8, encrypted or not, elliptic curves,
# OpenSSH. A certificate begins in another way.
_BARE_KEY = re.compile(
    r"(?<![A-Za-z0-9+/])(?:MII[A-Za-z0-9+/]{3}IBA[A-D]|MII[A-Za-z0-9+/]{3,8}BgkqhkiG9w0BBQ|M(?:Hc|HQ)CAQEE|MIGkAgEBB|"
    r"MIG[HEI]AgEAM|MC4CAQAw|b3BlbnNzaC1rZXkt)[A-Za-z0-9+/]{16,}+={0,2}"
)


def find_bare_keys(text: str) -> Iterator[Span]:
    """Find private keys of which only the base64 is shown."""
    position = 0
    while begin := _BARE_KEY.search(text, position):
        body = _KEY_BODY.match(text, begin.end())
        position = body.end() if body else begin.end()
        yield begin.start(), position


def find_private_keys(text: str) -> Iterator[Span]:
    """Find what is between the two lines that enclose a private key; either of these may be cut off."""
    if "PRIVATE KEY" not in text:
        return
    ends = list(_KEY_END.finditer(text))
    begins = list(_KEY_BEGIN.finditer(text))
    for number, begin in enumerate(begins):
        following = begins[number + 1].start() if number + 1 < len(begins) else len(text)
        next_end = bisect_left(ends, begin.end(), key=lambda end: end.start())
        if next_end < len(ends) and ends[next_end].start() < min(following, begin.end() + _LONGEST_KEY):
            yield begin.end(), ends[next_end].start()
            continue
        body = _KEY_BODY.match(text, begin.end())
        assert body is not None
        yield body.span()
    previous = 0
    for end in ends:
        backwards = text[max(previous, end.start() - _LONGEST_KEY) : end.start()][::-1]
        if (lines := _KEY_LINES_BACKWARDS.match(backwards)) and "-----" not in lines[0]:
            yield end.start() - lines.end(), end.start()
        previous = end.end()
