"""
The two kinds of rows of the table of issuers, their sources, and the pieces that many rows share.

Each row stands for one kind of token. An :class:`Issuer` is a prefix that no ordinary word begins with, and the
characters that follow it. Such a token may be shorter than its issuer makes it, because a library may have cut it. A
:class:`Shape` is for all other tokens: those of several parts, those with a mark in their middle, and those whose
prefix could begin an ordinary word. They have to match as a whole.

Every pattern takes time in proportion to the length of the text. Its quantifiers have an upper bound or are
possessive. A pattern that could begin anywhere within a run of characters first looks back, so that it begins only
once in such a run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issuer:
    """
    One kind of token: a literal prefix, and a run of certain characters after it.

    It is found where neither a letter nor a digit stands before the prefix. It ends where the run ends.
    """

    name: str
    """The name of the token, as its issuer calls it."""
    prefix: str
    """How each such token begins."""
    alphabet: str
    """The characters that may follow the prefix, as the inside of a character class."""
    min_length: int
    """How many of these characters there have to be: the published length, or about three quarters of it."""
    source: str
    """Where this is documented: a key of `SOURCES`, or an https address."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of token that has no prefix of its own, or several parts: a regular expression describes all of it."""

    name: str
    """The name of the token, as its issuer calls it."""
    hint: str
    """A text that every such token contains. The pattern is searched for only where the hint was found."""
    pattern: str
    """The regular expression. If it has a group `secret`, only that group is secret."""
    source: str
    """Where this is documented: a key of `SOURCES`, or an https address."""


SOURCES = {
    "azure": "https://github.com/microsoft/security-utilities/tree/main/GeneratedRegexPatterns",
    "betterleaks": "https://github.com/betterleaks/betterleaks/blob/main/config/betterleaks.toml",
    "buildkite": "https://buildkite.com/docs/platform/security/tokens",
    "crypt": "https://man7.org/linux/man-pages/man5/crypt.5.html",
    "detect-secrets": "https://github.com/Yelp/detect-secrets/tree/master/detect_secrets/plugins",
    "github": "https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/",
    "gitlab": "https://docs.gitlab.com/security/tokens/",
    "gitleaks": "https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml",
    "newrelic": "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/",
    "noseyparker": "https://github.com/praetorian-inc/noseyparker/tree/main/crates/noseyparker/data/default/builtin",
    "slack": "https://docs.slack.dev/authentication/tokens/",
    "trufflehog": "https://github.com/trufflesecurity/trufflehog/tree/main/pkg/detectors",
    "vault": "https://developer.hashicorp.com/vault/docs/concepts/tokens",
}


# Alphabets, as the inside of a character class
HEX = "0-9a-f"
LOWER = "a-z0-9"
UPPER = "A-Z0-9"
ALNUM = "A-Za-z0-9"
SNAKE = "A-Za-z0-9_"
DASHED = "A-Za-z0-9-"
WORD = "A-Za-z0-9_-"
PADDED = "A-Za-z0-9_=-"  # Base64 as it is written in URLs
BASE64 = "A-Za-z0-9+/=_-"  # both alphabets of Base64

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Lookaheads: such a character has to follow within 40 characters. They separate random text from names made by people.
DIGIT = "(?=[A-Za-z_+/-]{0,40}[0-9])"
CAPITAL = "(?=[a-z0-9_+/-]{0,40}[A-Z])"
SMALL = "(?=[A-Z0-9_+/-]{0,40}[a-z])"
RANDOM = DIGIT + CAPITAL + SMALL


def whole_token(name: str, prefix: str, rest: str, source: str, not_beside: str = SNAKE) -> Shape:
    """
    Return the shape of a token that begins with a prefix and stands alone.

    :param rest: a regular expression for what follows the prefix
    :param not_beside: characters that may stand neither before nor after the token, as the inside of a class
    """
    # The pattern looks back only after the prefix. So the search for it stays a search for plain text, which is fast.
    literal = re.escape(prefix)
    not_after = not_beside.replace(".", "")  # a dot after the token may end the sentence
    return Shape(name, prefix, f"{literal}(?<![{not_beside}]{literal}){rest}(?![{not_after}])", source)


def azure_key(name: str, mark: str, pattern: str) -> Shape:
    """Return the shape of an Azure key: Base64 with the mark of its service at a fixed position."""
    return Shape(f"Azure {name}", mark, f"(?<![A-Za-z0-9+/_-]){pattern}(?![A-Za-z0-9+/_=-])", "azure")


def azure_key_of_32_bytes(name: str, mark: str) -> Shape:
    """Return the shape of an Azure key of 32 bytes and a checksum."""
    return azure_key(name, mark, rf"[A-Za-z0-9+/]{{33}}{re.escape(mark)}[A-P][A-Za-z0-9+/]{{5}}=")


def azure_key_of_64_bytes(name: str, mark: str) -> Shape:
    """Return the shape of an Azure key of 64 bytes and a checksum."""
    return azure_key(name, mark, rf"[A-Za-z0-9+/]{{76}}{re.escape(mark)}[A-Za-z0-9+/]{{5}}[AQgw]==")
