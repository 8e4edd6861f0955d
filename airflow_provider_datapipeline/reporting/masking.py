"""The one place where texts are masked: mask, scrub, mask again; a text that cannot be masked is withheld."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_datapipeline.reporting.limits import (
    STAGES,
    Measure,
    Stage,
    join_surrogates,
    scrub,
    utf16_length,
)
from airflow_provider_datapipeline.reporting.safe_text import attempt, plain_str

Mask = Callable[[str], str]

WITHHELD = "[withheld: this text could not be masked]"

_ROUNDS = 5  # masking and scrubbing normally settle in the second round
_SHARES = (1.0, 0.9, 0.75, 0.5, 0.25)


class _NotMaskedError(Exception):
    """A text has to be withheld."""


@dataclass(frozen=True, slots=True)
class Protector:
    """
    Masks whole texts.

    :param mask: replaces every secret in a text; must be idempotent. If it raises, returns anything but a ``str``, or
        never settles, the text is replaced by :data:`WITHHELD`.
    """

    mask: Mask

    def __call__(self, text: str) -> str:
        """
        Return the text masked, scrubbed and masked again; doing it once more would change nothing.

        The second masking finds the secrets that control characters or escape sequences had cut in two. Where an
        escape sequence can be read in two ways and a secret shows only in the reading not taken, the text is withheld:
        the reading taken would show that secret with a letter missing.
        """
        try:
            current = self._masked(text)
            for stage in STAGES:
                current = self._through(stage, join_surrogates(current))
            for _ in range(_ROUNDS):
                masked = self._masked(current)
                if masked == current:
                    return current
                current = scrub(masked)
        except _NotMaskedError:
            pass
        return WITHHELD

    def _through(self, stage: Stage, text: str) -> str:
        cleaned = stage.unwanted.sub(stage.kept, text)
        if cleaned == text:
            return text
        for less in stage.less:
            reading = less.sub("", text)
            if self._masked(reading) != reading:
                raise _NotMaskedError
        return self._masked(cleaned)

    def settle(
        self,
        whole: str,
        fit: Callable[[int], str],
        opaque: Callable[[str, int], str],
        limit: int,
        measure: Measure = utf16_length,
    ) -> str:
        """
        Shorten a text to ``limit`` so that neither its structure nor its shortening shows a secret.

        :param whole: the text in full, laid out from parts that were protected one by one
        :param fit: the same parts, laid out within a limit
        :param opaque: shortens any text to a limit; used instead of ``fit`` where a secret spans several parts
        """
        protected = self(whole)
        for share in _SHARES:
            room = int(limit * share)
            shortened = fit(room) if protected == whole else opaque(protected, room)
            settled = self(shortened)
            if measure(settled) <= limit:
                return settled
        return WITHHELD

    def _masked(self, text: str) -> str:
        masked = attempt(lambda: plain_str(self.mask(text)), None)
        if masked is None:
            raise _NotMaskedError
        return masked
