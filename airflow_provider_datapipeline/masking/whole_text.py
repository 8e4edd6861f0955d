"""
Masks a whole text until masking and scrubbing change nothing any more.

A text passes through two masks: the caller's, which knows certain secrets, and the patterns of
:mod:`~airflow_provider_datapipeline.masking.finder`, which know what secrets look like. It is masked, freed of control
characters, and masked again. A text that cannot be masked is withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from airflow_provider_datapipeline.masking.control_characters import (
    STAGES,
    Stage,
    join_surrogates,
    scrub,
    scrub_with_positions,
)
from airflow_provider_datapipeline.masking.finder import distinctive_secrets, find_secrets, is_distinctive, mask_secrets
from airflow_provider_datapipeline.masking.safe_text import attempt, plain_str
from airflow_provider_datapipeline.masking.spans import MASKED, Span, mask_spans, merge_spans

Mask = Callable[[str], str]

WITHHELD = "[withheld: this text could not be masked]"

_MAX_ROUNDS = 5  # after the second round, masking and scrubbing normally change nothing any more


class _CannotBeMaskedError(Exception):
    """The text has to be withheld."""


@dataclass(frozen=True, slots=True)
class WholeTextMasker:
    """
    Masks whole texts, in time that their length bounds.

    :param mask: replaces every secret that it knows in a text; must be idempotent
    :param known_secrets: further secrets, found in other texts of the same report
    :param found: where the patterns found secrets, by text
    """

    mask: Mask
    known_secrets: tuple[str, ...] = ()
    found: dict[str, list[Span]] = field(default_factory=dict, repr=False, compare=False)

    def find(self, text: str) -> list[Span]:
        """Return where the patterns find secrets in a text. It is searched once, though masked in several rounds."""
        if text not in self.found:
            self.found[text] = find_secrets(text)
        return self.found[text]

    def __call__(self, text: str, rounds: int = _MAX_ROUNDS) -> str:
        """
        Mask and scrub a text of any length; return :data:`WITHHELD` if that fails.

        :param rounds: after so many rounds of masking and scrubbing the text has to stay as it is. A single round is
            for a text that is masked once more later: it need not stay as it is.
        """
        try:
            scrubbed = scrub(text)
            # Searched for before the caller's mask changes the text: it may replace the very word that marks another
            # secret. "password" can be a password, too.
            repeated = self._repeated_secrets(scrubbed)
            current = self._mask_across_sequences(join_surrogates(self._apply_mask(text)))
            for stage in STAGES:
                current = self._scrub_stage(stage, join_surrogates(current))
            if rounds == 1:
                return self._mask_once(current, scrubbed, repeated)
            for _ in range(rounds):
                # The caller's mask comes first, because it knows where its secrets end.
                masked = self._apply_patterns(_replace_all(self._apply_mask(current), repeated))
                if masked == current:
                    return current
                current = scrub(masked)
        except _CannotBeMaskedError:
            pass
        return WITHHELD

    def _mask_once(self, current: str, scrubbed: str, repeated: Iterable[str]) -> str:
        masked = self._apply_mask(current)
        if masked == scrubbed:
            # Nothing has changed yet, so the patterns have searched this text before: what they found is known.
            return _replace_all(mask_spans(masked, merge_spans(self.find(masked))), repeated)
        masked = self._apply_patterns(_replace_all(masked, repeated))
        return current if masked == current else scrub(masked)

    def _repeated_secrets(self, scrubbed: str) -> set[str]:
        """Return the secrets that are masked wherever they occur: those of this text, and those of the others."""
        secrets = {*distinctive_secrets(scrubbed, self.find(scrubbed)), *self.known_secrets}
        # The caller's mask may know a part of a secret. What it leaves of the secret has to be masked as well.
        pieces = (piece for secret in secrets for piece in self._apply_mask(secret).split(MASKED))
        return secrets | set(filter(is_distinctive, pieces))

    def _mask_across_sequences(self, text: str) -> str:
        """
        Mask the secrets that show only once the escape sequences are removed, together with the sequences in them.

        Otherwise a coloured text such as ``ESC[36mpassword ESC[0m=...`` would be withheld as a whole: the name and the
        value of its secret are together only when the sequences are removed. In the other readings of the text, the
        rest of a sequence joins the value.
        """
        scrubbed, positions = scrub_with_positions(text)
        if scrubbed == text or self._apply_mask(scrubbed) != scrubbed:
            return text
        # A span begins right after the character before it, so the sequences before its first character are in it.
        spans = ((positions[start - 1] + 1 if start else 0, positions[end]) for start, end in self.find(scrubbed))
        return mask_spans(text, merge_spans(spans))

    def _scrub_stage(self, stage: Stage, text: str) -> str:
        """Remove from a text what a stage removes; raise if another reading of the text shows a secret."""
        cleaned = stage.unwanted.sub(stage.kept, text)
        if cleaned == text:
            return text
        for pattern in stage.other_readings:
            reading = pattern.sub("", text)
            if self._apply_patterns(self._apply_mask(reading)) != reading:
                raise _CannotBeMaskedError
        # Not the patterns: before the last stage one may match a part of a secret, and the caller's mask would not
        # recognize the rest.
        return self._apply_mask(cleaned)

    def _apply_mask(self, text: str) -> str:
        """Return what the caller's mask makes of a text."""
        masked = attempt(lambda: plain_str(self.mask(text)), None)
        if masked is None:
            raise _CannotBeMaskedError
        return masked

    def _apply_patterns(self, text: str) -> str:
        masked = attempt(lambda: mask_secrets(text, self.find), None)
        if masked is None:
            raise _CannotBeMaskedError
        return masked


def _replace_all(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASKED)
    return text
