"""
Secrets that nobody registered: found by their shape, or by what stands before them.

Airflow's masker knows the secrets it has been told of, and the keys of a dict, but not a password in the text of an
exception. Own patterns, since the pure layer has the standard library alone, and since what there is elsewhere
(detect-secrets, gitleaks' rules) judges lines of source code: it may report one for a person to look at, and need not
tell where the secret ends.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.spans import HIDDEN, mask_spans, merge_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from airflow_provider_datapipeline.masking.spans import Span

_ROUNDS = 5
_REPEATS_SOUGHT = 32
_LEAST_TELLING = 6
_LONG = 20


def hide_secrets(text: str, find: Callable[[str], Sequence[Span]] | None = None) -> str:
    """
    Replace every secret that shows as such by ``***``; doing it once more changes nothing.

    A secret that is found once and that is no word is replaced wherever else it stands in the text. Takes time in
    proportion to the length of the text, whatever it holds.

    :param find: in place of :func:`find_secrets`, for who remembers what it found
    :raises ValueError: hiding brings about ever more to hide
    """
    find = find or find_secrets
    spans = find(text)
    repeats = distinctive_secrets(text, spans)
    for _ in range(_ROUNDS):
        if not spans:
            return text
        text = mask_spans(text, merge_spans(spans))
        for secret in repeats:
            text = text.replace(secret, HIDDEN)
        spans = find(text)
    raise ValueError("hiding does not come to an end")


def find_secrets(text: str) -> list[Span]:
    """Return where the secrets of a text are, in order; they may overlap, and what is hidden already is left out."""
    return sorted(span for find in _finders() for span in find(text) if text[span[0] : span[1]].strip("*"))


def distinctive_secrets(text: str, spans: Iterable[Span]) -> list[str]:
    """Return the secrets of a text that are no words, the longest first: they are secret wherever they stand."""
    secrets = {text[start:end].strip() for start, end in spans}
    return sorted(filter(is_distinctive, secrets), key=len, reverse=True)[:_REPEATS_SOUGHT]


def is_distinctive(secret: str) -> bool:
    """Tell whether a secret is no word, and so long that it stands nowhere by accident."""
    if len(secret) < _LEAST_TELLING or HIDDEN in secret:
        return False
    mixed = not secret.isdigit() and not re.fullmatch(r"[A-Za-z]?[a-z]+|[A-Z]+|[\W_]+", secret)
    return mixed or len(secret) >= _LONG


@cache
def _finders() -> tuple[Callable[[str], Iterator[Span]], ...]:
    # Imported when first needed, as their patterns take a while to compile: parsing a DAG file is to be cheap.
    from airflow_provider_datapipeline.masking.patterns import (
        assignments,
        columns,
        contexts,
        looks,
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
        contexts.find_phrases,
        contexts.find_arguments,
        contexts.find_parameters,
        columns.find_columns,
        looks.find_generated,
    )
