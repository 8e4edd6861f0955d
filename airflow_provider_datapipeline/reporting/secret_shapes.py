"""Secrets that are known by their shape alone: tokens with a prefix of their issuer, signed tokens, private keys."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.reporting.secret_patterns import Span

# What follows each prefix. The least lengths are below those of the issuers: a library may have cut the token.
_AWS_KEY_ID = r"[A-Z0-9]{8,124}+(?![a-z])(?:[^A-Za-z0-9+/*]{1,8}[A-Za-z0-9+/]{30,}+)?"  # and its secret
_AWS_SESSION = r"[A-Za-z0-9/+=%_-]{16,}+"
_WORD = r"[A-Za-z0-9_-]{16,}+"
_PREFIXES = {
    **dict.fromkeys(("AKIA", "ASIA", "ABIA", "ACCA"), _AWS_KEY_ID),
    **dict.fromkeys(("FwoGZXIvYXdz", "FQoGZXIvYXdz", "FQoDYXdz", "AQoDYXdz", "IQoJb3JpZ2lu"), _AWS_SESSION),
    # JSON in base64, once or twice: JWT, JWS, JWE, key files, what Docker and Kubernetes store
    **dict.fromkeys(("eyJ", "eyAi", "ewog", "ewoJ", "ZXlK", "W3si"), r"[A-Za-z0-9+/_=-]{10,}+(?:\.[A-Za-z0-9+/_=-]*+){0,4}"),
    **dict.fromkeys(("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"), _WORD),  # GitHub
    **dict.fromkeys(("glpat-", "gldt-", "glrt-", "glptt-", "glcbt-"), _WORD),  # GitLab
    **dict.fromkeys(("xoxa-", "xoxb-", "xoxe-", "xoxe.", "xoxp-", "xoxr-", "xoxs-", "xapp-"), r"[A-Za-z0-9.-]{10,}+"),
    **dict.fromkeys(("AIza", "GOCSPX-", "1//0"), _WORD),  # Google
    "ya29.": r"[A-Za-z0-9_.-]{16,}+",
    **dict.fromkeys(("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"), r"[A-Za-z0-9]{16,}+"),  # Stripe
    **dict.fromkeys(("sk-", "sk-ant-", "sk-proj-"), r"(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}+"),
    "SG.": r"[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}+",  # SendGrid
    **dict.fromkeys(("hvs.", "hvb.", "hvr."), _WORD),  # Vault
    "dapi": r"[0-9a-f]{32}(?:-[0-9])?",  # Databricks
    **dict.fromkeys(("npm_", "hf_", "pypi-AgE", "dckr_pat_", "glsa_", "dop_v1_", "doo_v1_", "ATATT3", "NRAK-"), _WORD),
    **dict.fromkeys(("shpat_", "shpca_", "shppa_", "shpss_"), r"[0-9a-f]{32}"),
    "AGE-SECRET-KEY-1": r"[A-Z0-9]{16,}+",
    "hooks.slack.com/": r"[a-z]+/(?P<rest>[A-Za-z0-9_/-]{8,}+)",
    "discord.com/api/webhooks/": r"[0-9]+/(?P<rest>[A-Za-z0-9_-]{8,}+)",
    "webhook.office.com/": r"[a-z0-9]+/(?P<rest>[A-Za-z0-9_@/-]{8,}+)",
    "api.telegram.org/bot": r"(?P<rest>[0-9]+:[A-Za-z0-9_-]{16,}+)",
}


def _pattern(prefix: str, rest: str) -> re.Pattern[str]:
    # Looking back only after the prefix keeps the search for it a search for plain text.
    literal = re.escape(prefix)
    inside = "" if "/" in prefix else f"(?<![A-Za-z0-9]{literal})"
    return re.compile(f"{literal}{inside}{rest}")


_TOKENS = tuple((prefix, _pattern(prefix, rest)) for prefix, rest in _PREFIXES.items())


def find_tokens(text: str) -> Iterator[Span]:
    """Find tokens that begin as those of a well-known issuer do."""
    for prefix, pattern in _TOKENS:
        if prefix in text:
            for match in pattern.finditer(text):
                yield match.span("rest" if "rest" in pattern.groupindex else 0)


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
