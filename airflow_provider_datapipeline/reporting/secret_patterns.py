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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Span = tuple[int, int]
"""Where a secret begins and where it ends in a text."""

HIDDEN = "***"
"""What takes the place of a secret, as in Airflow: what one masker has masked, the other leaves alone."""

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
    repeats = telling(text, spans)
    for _ in range(_ROUNDS):
        if not spans:
            return text
        text = hide(text, apart(spans))
        for secret in repeats:
            text = text.replace(secret, HIDDEN)
        spans = find(text)
    raise ValueError("hiding does not come to an end")


def find_secrets(text: str) -> list[Span]:
    """Return where the secrets of a text are, in order; they may overlap, and what is hidden already is left out."""
    return sorted(span for find in _finders() for span in find(text) if text[span[0] : span[1]].strip("*"))


def apart(spans: Iterable[Span]) -> list[Span]:
    """Join those spans, of some in order, that overlap or touch."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def hide(text: str, spans: Iterable[Span]) -> str:
    """Replace spans, which are in order and apart from each other."""
    pieces: list[str] = []
    position = 0
    for start, end in spans:
        pieces += text[position:start], HIDDEN
        position = end
    return "".join(pieces) + text[position:]


def telling(text: str, spans: Iterable[Span]) -> list[str]:
    """Return the secrets of a text that are no words, the longest first: they are secret wherever they stand."""
    secrets = {text[start:end].strip() for start, end in spans}
    return sorted(filter(is_telling, secrets), key=len, reverse=True)[:_REPEATS_SOUGHT]


def is_telling(secret: str) -> bool:
    """Tell whether a secret is no word, and so long that it stands nowhere by accident."""
    if len(secret) < _LEAST_TELLING or HIDDEN in secret:
        return False
    mixed = not secret.isdigit() and not re.fullmatch(r"[A-Za-z]?[a-z]+|[A-Z]+|[\W_]+", secret)
    return mixed or len(secret) >= _LONG


@cache
def _finders() -> tuple[Callable[[str], Iterator[Span]], ...]:
    # Imported when first needed, as their patterns take a while to compile: parsing a DAG file is to be cheap.
    from airflow_provider_datapipeline.reporting import (
        secret_assignments,
        secret_columns,
        secret_contexts,
        secret_keys,
        secret_looks,
        secret_shapes,
        secret_urls,
    )

    return (
        secret_shapes.find_tokens,
        secret_keys.find_private_keys,
        secret_keys.find_bare_keys,
        secret_urls.find_passwords,
        secret_assignments.find_values,
        secret_contexts.find_phrases,
        secret_contexts.find_arguments,
        secret_contexts.find_parameters,
        secret_columns.find_columns,
        secret_looks.find_generated,
    )
