"""
Finds secrets that nobody registered: by their own characters, or by the text around them.

Airflow's masker knows the secrets that were registered with it, and the keys of dictionaries. It does not know a
password in the text of an exception. The patterns are the package's own for two reasons. The rooms of the lowest layer
import the standard library alone. And other rule sets (detect-secrets, gitleaks) judge lines of source code: they may
leave the decision to a person, and they do not have to know where a secret ends.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.spans import MASKED, mask_spans, merge_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from airflow_provider_datapipeline.masking.spans import Span

_MAX_ROUNDS = 5
_MAX_DISTINCTIVE_SECRETS = 32  # of one text
_MIN_DISTINCTIVE_LENGTH = 6
_ALWAYS_DISTINCTIVE_LENGTH = 20


def mask_secrets(text: str, find: Callable[[str], Sequence[Span]] | None = None) -> str:
    """
    Replace every secret that the patterns find by ``***``; masking the result again changes nothing.

    A distinctive secret (:func:`is_distinctive`) is replaced wherever else it occurs in the text, too. The time taken
    is in proportion to the length of the text, whatever its content.

    :param find: called instead of :func:`find_secrets`, for callers that remember what was found
    :raises ValueError: masking brings about ever more secrets to mask
    """
    find = find or find_secrets
    spans = find(text)
    distinctive = distinctive_secrets(text, spans)
    for _ in range(_MAX_ROUNDS):
        if not spans:
            return text
        text = mask_spans(text, merge_spans(spans))
        for secret in distinctive:
            text = text.replace(secret, MASKED)
        spans = find(text)
    raise ValueError("masking does not come to an end")


def find_secrets(text: str) -> list[Span]:
    """Return where the secrets of a text are, in order; spans may overlap. What is masked already is left out."""
    return sorted(span for find in _finders() for span in find(text) if text[span[0] : span[1]].strip("*"))


def distinctive_secrets(text: str, spans: Iterable[Span]) -> list[str]:
    """Return those secrets of a text that have to be masked wherever they occur, the longest first."""
    secrets = {text[start:end].strip() for start, end in spans}
    return sorted(filter(is_distinctive, secrets), key=lambda secret: (-len(secret), secret))[:_MAX_DISTINCTIVE_SECRETS]


def is_distinctive(secret: str) -> bool:
    """Tell whether a secret is no plain word, and too long to occur elsewhere by accident."""
    if len(secret) < _MIN_DISTINCTIVE_LENGTH or MASKED in secret:
        return False
    is_plain = secret.isdigit() or re.fullmatch(r"[A-Za-z]?[a-z]+|[A-Z]+|[\W_]+", secret)
    return not is_plain or len(secret) >= _ALWAYS_DISTINCTIVE_LENGTH


@cache
def _finders() -> tuple[Callable[[str], Iterator[Span]], ...]:
    # Imported when first needed: the patterns take a while to compile, and the dag-processor should not wait for that.
    from airflow_provider_datapipeline.masking.patterns import (
        assignments,
        columns,
        commands,
        generated,
        phrases,
        private_keys,
        tokens,
        urls,
    )

    return (
        tokens.find_tokens,
        private_keys.find_private_keys,
        private_keys.find_bare_keys,
        urls.find_passwords,
        assignments.find_values,
        phrases.find_phrases,
        phrases.find_sql_parameters,
        commands.find_command_arguments,
        columns.find_columns,
        generated.find_generated,
    )
