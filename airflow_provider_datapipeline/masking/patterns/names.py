"""
Judges whether a name marks its value as secret: word by word, with the tables of
:mod:`~airflow_provider_datapipeline.masking.rules.names`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from airflow_provider_datapipeline.masking.randomness import Randomness
from airflow_provider_datapipeline.masking.rules import names

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_ENDINGS = tuple(word for word in names.SECRET_WORDS if word not in names.WHOLE_WORDS_ONLY)


def last_word(name: str) -> str:
    """Return the last word of a name, in small letters; empty if it has none."""
    words = _split_words(name)
    return words[-1] if words else ""


@lru_cache(maxsize=1024)
def required_randomness(name: str) -> Randomness | None:
    """Return how random a value must look to be a secret of this name; None if a value of this name is no secret."""
    words = _split_words(name)
    if words and words[0] in names.FIRST_WORDS_OF_ERRORS:
        return None
    if "_".join(words) in names.SECRET_NAMES:
        return Randomness.LOW
    if not words or words[-1] in names.LAST_WORDS_OF_OTHER_NAMES:
        return None
    if "_".join(_split_words(name.rpartition(".")[2])) in names.OTHER_NAMES:
        return None
    by_last_word = _required_by_last_word(words, name)
    # A secret word with more words after it may only say what the name is about.
    has_inner_word = any(_required_by_last_word(words[:end], name) is Randomness.ANY for end in range(1, len(words)))
    if not has_inner_word:
        return by_last_word
    return Randomness.LOW if by_last_word is None else min(by_last_word, Randomness.LOW)


def _required_by_last_word(words: list[str], name: str) -> Randomness | None:
    """Judge some words of a name by the last of them, and by the word before that."""
    word = words[-1]
    previous = words[-2] if len(words) > 1 else ""
    if word == "id":
        return _required_by_id(previous, name)
    if word.endswith(("key", "keys")) and word not in names.SECRET_WORDS:
        return _required_by_key(word.removesuffix("s").removesuffix("key") or previous)
    if word in names.OTHER_WORDS or (word in ("token", "tokens") and previous in names.BEFORE_OTHER_TOKEN):
        return None
    return _required_by_word(word, name)


def _required_by_word(word: str, name: str) -> Randomness | None:
    if word in names.SIGNATURE_WORDS:
        return Randomness.HIGH
    if word in names.PLURAL_SECRET_WORDS:
        return Randomness.LOW
    if word in names.SECRET_WORDS or word.endswith(_SECRET_ENDINGS):
        return Randomness.ANY
    if word in names.AMBIGUOUS_WORDS:
        # A header that a service made up for itself (X-...) belongs to this very request, so a UUID is a secret, too.
        return Randomness.HIGH_OR_UUID if name[:2].lower() == "x-" else Randomness.HIGH
    return None


def _required_by_id(previous: str, name: str) -> Randomness | None:
    if previous == "secret":  # SecretId is the name of a secret in AWS; secret_id is a secret in Vault
        return Randomness.ANY if "secret_id" in name else None
    return Randomness.HIGH if previous in ("session", "sess") else None


def _required_by_key(kind: str) -> Randomness | None:
    """Judge a name that ends with "key" by the word before it; empty if "key" is the only word."""
    if kind in names.BEFORE_OTHER_KEY:
        return None
    if not kind:
        return Randomness.HIGH
    return Randomness.ANY if kind.endswith(names.BEFORE_SECRET_KEY) else Randomness.HIGH_OR_UUID


def _split_words(name: str) -> list[str]:
    """Return the words of a name in small letters, without numbers at its end."""
    words = [word.lower() for word in _WORD.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    return words
