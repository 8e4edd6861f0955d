"""How secrets stand in sentences of error messages."""

from __future__ import annotations

from airflow_provider_datapipeline.masking.randomness import Randomness
from airflow_provider_datapipeline.masking.rules.phrases.rows import IN_QUOTES, Phrase

SENTENCE_PHRASES = (
    # Sentences
    Phrase(
        "a password in a sentence",
        ("assw", "ASSW", "assphrase", "asscode", "ecret", "redential"),
        (
            rf"(?<![A-Za-z0-9_-])(?i:passw(?:or[dt]|d)|passphrase|passcode|secret|credentials?)(?: (?:is|was|of"
            rf"|for \S{{1,60}}|value|string)){{0,3}}:?[ \t]{{1,4}}(?:{IN_QUOTES}|(?P<secret2>"
            rf"[^\s\"'`,;()<>\[\]{{}}]{{8,300}}+))"
        ),
        Randomness.MEDIUM,
    ),
    Phrase(
        "a password in a sentence, after a colon",
        ("assw", "ASSW", "assphrase", "asscode"),
        (
            rf"(?<![A-Za-z0-9_-])(?i:passw(?:or[dt]|d)|passphrase|passcode) (?:is|was|used|given|entered|sent)(?::"
            rf"|=)? ?(?:{IN_QUOTES}|(?<=[:=] )(?P<secret2>[^\s\"'`,;()<>\[\]{{}}]{{6,300}}+))"
        ),
        Randomness.LOW,
    ),
    Phrase(
        "a password in a sentence, in short",
        (" pass ", " pw ", " pwd "),
        (
            r"\b(?:with|using|and|by|user \S{1,60}|/) (?:pass|pw|pwd)[ :=]{1,2}[\"']?(?P<secret>"
            r"[^\s\"'`,;()<>\[\]{}]{6,300}+)"
        ),
        Randomness.MEDIUM,
    ),
    Phrase(
        "an option of one letter, before a value that looks drawn at random",
        (" -",),
        r"(?<=\s)-[A-Za-z] [\"']?(?P<secret>(?![0-9a-f]{7,64}\b)[^\s\"'`,;()<>\[\]{}]{16,300}+)",
        Randomness.HIGH,
    ),
    Phrase(
        "a token or key in a sentence",
        ("oken", "OKEN", "key", "Key", "KEY", "ession", "icket", "ookie", "code", "crumb", "ertificate"),
        (
            rf"(?<![A-Za-z0-9_])(?i:tokens?|keys?|session(?: with)?(?: id| key)?|ticket|cookie|crumb|"
            rf"(?:verification|authorization|device|auth) code)(?: (?:is|was|of|value|provided|given|string|used"
            rf"|received|submitted|supplied|presented|for \S{{1,60}}|id))?:?[ \t]{{1,4}}(?:{IN_QUOTES}|(?P<secret2>"
            rf"[^\s\"'`,;()<>\[\]{{}}]{{16,600}}+))"
        ),
        Randomness.HIGH,
    ),
    Phrase(
        "a token that is called invalid, expired, revoked or malformed",
        (
            "not a valid", "is not valid", "is invalid", "has expired", "was revoked", "is revoked", "rejected",
            "malformed", "Could not decode", "could not decode",
        ),
        (
            r"(?:[\"'`](?P<secret>[A-Za-z0-9_+/=.~-]{20,600}+)[\"'`]) (?:is (?:not (?:a )?valid|invalid|revoked"
            r"|malformed|expired)|has expired|was (?:revoked|rejected)) ?(?i:api|key|token|secret|jwt|credential"
            r"|password)?"
        ),
        Randomness.HIGH,
    ),
    Phrase(
        "credentials in a sentence: user and password",
        ("cred",),
        r"\b(?:creds?|credentials?) [\w.@+-]{1,64}(?: / |[:/])(?P<secret>[^\s\"'/@,;)]{6,200}+)",
        Randomness.MEDIUM,
    ),
    Phrase(
        "Azure Container Registry and others: user and secret of a login",
        ("ogin",),
        (
            r"(?i:login|logon|authentication) failed (?:for|with|as) [\"'(]?[\w.@+-]{1,64}(?:/|:|, ?|[\"'], ?[\"'])"
            r"(?P<secret>[^\s\"'),;/]{6,200}+)"
        ),
        Randomness.MEDIUM,
    ),
    Phrase(
        "Azure Container Registry and others: user and secret of a login, as a pair",
        ("ailed (",),
        r"failed \([\"']?[\w.@+-]{1,64}[\"']?, ?[\"']?(?P<secret>[^\s\"'),;]{6,200}+)[\"']?\)",
        Randomness.MEDIUM,
    ),
)  # fmt: skip
"""Rows of :data:`~airflow_provider_datapipeline.masking.rules.phrases.PHRASES`."""
