"""
Private keys: what stands between their BEGIN and END lines, of which one may be cut off; and the Base64 of a key that
stands alone.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.spans import Span

_BEGIN_LINE = re.compile(r"-{4,5} ?BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_END_LINE = re.compile(r"-{4,5} ?END [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_BLANK = r"(?:[ \t\r\n\"'|+,>]|\\+[rnt\"'])"  # also a line end as source code, JSON or YAML writes it
_HEADER = r"[A-Z][A-Za-z-]{2,19}: [^\r\n\\]{0,200}"
_FULL_LINE = r"[A-Za-z0-9+/=]{40,}+"
_LAST_LINE = r"[A-Za-z0-9+/=*]++(?=[ \t\r\n]*(?:\Z|\.\.\.|…|[\"'\\)\]}<]))"
_KEY_BODY = re.compile(rf"(?:{_BLANK}*+(?:{_FULL_LINE}|{_HEADER}))*+(?:{_BLANK}*+{_LAST_LINE})?")
_MAX_LENGTH = 32_768  # characters; an RSA key of 16,384 bits has 13,000
# Matches the reversed text before an END line: the last line of the key first.
_REVERSED_KEY_BODY = re.compile(rf"(?:{_BLANK}|[nr]\\+)*+[A-Za-z0-9+/=]++(?:(?:[nr]\\+|{_BLANK})*+{_FULL_LINE})*+")


# How the Base64 of a key begins: PKCS #1 and #8, encrypted or not, elliptic curves, OpenSSH. No certificate begins so.
_BARE_KEY_BEGINNING = re.compile(
    r"(?<![A-Za-z0-9+/])(?:MII[A-Za-z0-9+/]{3}IBA[A-D]|MII[A-Za-z0-9+/]{3,8}BgkqhkiG9w0BBQ|M(?:Hc|HQ)CAQEE|MIGkAgEBB|"
    r"MIG[HEI]AgEAM|MC4CAQAw|b3BlbnNzaC1rZXkt)[A-Za-z0-9+/]{16,}+={0,2}"
)


def find_bare_keys(text: str) -> Iterator[Span]:
    """Find private keys of which only the Base64 is shown."""
    position = 0
    while beginning := _BARE_KEY_BEGINNING.search(text, position):
        body = _KEY_BODY.match(text, beginning.end())
        position = body.end() if body else beginning.end()
        yield beginning.start(), position


def find_private_keys(text: str) -> Iterator[Span]:
    """Find what is between the BEGIN and the END line of a private key; either line may be cut off."""
    if "PRIVATE KEY" not in text:
        return
    ends = list(_END_LINE.finditer(text))
    begins = list(_BEGIN_LINE.finditer(text))
    for number, begin in enumerate(begins):
        following_begin = begins[number + 1].start() if number + 1 < len(begins) else len(text)
        next_end = bisect_left(ends, begin.end(), key=lambda end: end.start())
        if next_end < len(ends) and ends[next_end].start() < min(following_begin, begin.end() + _MAX_LENGTH):
            yield begin.end(), ends[next_end].start()
            continue
        body = _KEY_BODY.match(text, begin.end())
        assert body is not None
        yield body.span()
    previous_end = 0
    for end in ends:
        reversed_before = text[max(previous_end, end.start() - _MAX_LENGTH) : end.start()][::-1]
        if (body := _REVERSED_KEY_BODY.match(reversed_before)) and "-----" not in body[0]:
            yield end.start() - body.end(), end.start()
        previous_end = end.end()
