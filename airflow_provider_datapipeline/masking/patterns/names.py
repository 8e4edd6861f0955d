"""
Whether a name announces a secret: judged word by word, with the tables of
:mod:`~airflow_provider_datapipeline.masking.rules.names`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from airflow_provider_datapipeline.masking.patterns.looks import Look
from airflow_provider_datapipeline.masking.rules import names

_SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ENDS = tuple(word for word in names.SECRETS if word not in names.WHOLE_WORDS_ONLY)


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
    last = _announced_by(words, name)
    # Where more words follow, the name may be that of something about a secret.
    inner = any(_announced_by(words[:end], name) is Look.ANY for end in range(1, len(words)))
    looks = [look for look in (last, Look.LOOSE if inner else None) if look is not None]
    return min(looks, default=None)


def _announced_by(words: list[str], name: str) -> Look | None:
    """Judge a name by its last word and what precedes that."""
    word = words[-1]
    previous = words[-2] if len(words) > 1 else ""
    if word == "id":
        return _announced_by_id(previous, name)
    if word.endswith(("key", "keys")) and word not in names.SECRETS:
        return _announced_by_key(word.removesuffix("s").removesuffix("key") or previous)
    if word in names.NO_WORDS or (word in ("token", "tokens") and previous in names.NO_TOKENS):
        return None
    for look, is_so in (
        (Look.RANDOM, word in names.SIGNATURES),
        (Look.LOOSE, word in names.SEVERAL),
        (Look.ANY, word in names.SECRETS or word.endswith(_ENDS)),
        # A header of one's own is about this very request.
        (Look.DRAWN if name[:2].lower() == "x-" else Look.RANDOM, word in names.IN_DOUBT),
    ):
        if is_so:
            return look
    return None


def _announced_by_id(previous: str, name: str) -> Look | None:
    if previous == "secret":  # SecretId is the name of a secret of AWS; secret_id is a secret of Vault
        return Look.ANY if "secret_id" in name else None
    return Look.RANDOM if previous in ("session", "sess") else None


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
