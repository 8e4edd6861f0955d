"""
Masks texts: the one place through which every text of a report goes.

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
from airflow_provider_datapipeline.masking.safe_text import attempt, plain_str, safe_str
from airflow_provider_datapipeline.masking.spans import MASKED, Span, mask_spans, merge_spans
from airflow_provider_datapipeline.masking.text import Measure, elided, utf16_length

Mask = Callable[[str], str]

WITHHELD = "[withheld: this text could not be masked]"

SCAN_LIMIT = 40_960
"""How many characters of a text are scanned: far more than is ever sent, and few enough to take little time."""

_SHARE_RETURNED = 8  # of the scanned characters of a long text, one eighth is returned
_ROOM_FOR_ELISION = 50  # characters of the line between its beginning and its end
_MAX_ROUNDS = 5  # after the second round, masking and scrubbing normally change nothing any more
_SHARES_OF_LIMIT = (1.0, 0.9, 0.75, 0.5, 0.25)  # tried in turn, as masking can make a shortened text longer again


class _CannotBeMaskedError(Exception):
    """The text has to be withheld."""


@dataclass(frozen=True, slots=True)
class Masker:
    """
    Masks whole texts.

    :param mask: replaces every secret that it knows in a text; must be idempotent. What the patterns find is replaced
        in any case. If the mask raises, returns anything but a ``str``, or changes its own results again and again,
        the text is replaced by :data:`WITHHELD`.
    :param known_secrets: further secrets, found in other texts of the same report
    """

    mask: Mask
    known_secrets: tuple[str, ...] = ()
    _found: dict[str, list[Span]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def for_texts(cls, mask: Mask, texts: Iterable[tuple[str, int]]) -> Masker:
        """
        Return a masker that knows the secrets of all texts of a report.

        One text may show without any mark what another one marks as secret.

        :param texts: each text before it is masked, and how many of its characters are scanned
        """
        found: dict[str, list[Span]] = {}
        finder = cls(mask, _found=found)
        readings = [scrub(part) for text, scan_limit in texts for part in _scanned_parts(text, scan_limit)]
        secrets = [secret for reading in readings for secret in distinctive_secrets(reading, finder._find(reading))]
        return cls(mask, tuple(dict.fromkeys(secrets)), _found=found)

    def __call__(self, text: str, scan_limit: int = SCAN_LIMIT) -> str:
        """
        Return the text masked, scrubbed and masked again; to mask the result once more would change nothing.

        The second masking finds the secrets that control characters or escape sequences had cut in two. Some escape
        sequences can be read in two ways. If a secret shows only in the reading that is not taken, the text is
        withheld: the other reading would show the same secret with a letter missing.

        A text longer than an eighth of ``scan_limit`` is shortened to its beginning and its end, with a line between
        them that counts the characters left out. What is scanned and not returned is a margin for secrets that are
        cut where the scan ends: no secret is shown in part unless it is longer than a quarter of ``scan_limit``.

        :param scan_limit: how many characters are scanned, half of them at either end of the text
        """
        max_returned = scan_limit // _SHARE_RETURNED
        if len(text) <= max_returned:
            return self._mask_whole(text)
        end_length = (max_returned - _ROOM_FOR_ELISION) // 2
        parts = _scanned_parts(text, scan_limit)
        masked = [self._mask_whole(part, rounds=1) for part in parts]
        if len(parts) == 1:
            whole = masked[0]
            head, tail = (whole, "") if len(whole) <= max_returned else (whole[:end_length], whole[-end_length:])
        else:
            margin = scan_limit // 4
            head = self._head(parts[0], masked[0], end_length, margin)
            tail = self._tail(parts[1], masked[1], end_length, margin)
        not_scanned = len(text) - sum(map(len, parts))
        left_out = not_scanned + sum(map(len, masked)) - len(head) - len(tail)
        return self._mask_whole(head + elided(left_out) + tail if left_out else head)

    def mask_within_limit(
        self,
        whole: str,
        fit: Callable[[int], str],
        opaque: Callable[[str, int], str],
        limit: int,
        measure: Measure = utf16_length,
    ) -> str:
        """
        Shorten a text to ``limit`` so that neither its structure nor the shortening shows a secret.

        :param whole: the whole text, laid out from parts that were masked one by one
        :param fit: lays out the same parts within a limit
        :param opaque: shortens any text to a limit; called instead of ``fit`` where a secret spans several parts
        """
        masked = self._mask_whole(whole)
        for share in _SHARES_OF_LIMIT:
            room = int(limit * share)
            shortened = self(fit(room) if masked == whole else opaque(masked, room))
            if measure(shortened) <= limit:
                return shortened
        return WITHHELD

    def _head(self, part: str, masked: str, length: int, margin: int) -> str:
        """
        Return the beginning of a masked part, without what a secret could be in that is cut at the end of the part.

        :param part: the part before it was masked
        :param length: the most characters that are returned
        :param margin: so many characters at the end of the part may belong to a secret that is cut there
        """
        if masked == WITHHELD:
            return masked
        if len(masked) - margin >= length:
            return masked[:length]
        # So much was masked or scrubbed that the margin may be within these characters. Those that are the same when
        # the part is masked without the margin are from before it.
        without_margin = self._mask_whole(part[: len(part) - margin], rounds=1)
        return masked[: _common_length(masked, without_margin)][:length]

    def _tail(self, part: str, masked: str, length: int, margin: int) -> str:
        """Return likewise the end of a masked part, for a secret that is cut at the beginning of the part."""
        if masked == WITHHELD:
            return masked
        if len(masked) - margin >= length:
            return masked[-length:]
        without_margin = self._mask_whole(part[margin:], rounds=1)
        common = _common_length(reversed(masked), reversed(without_margin))
        return masked[len(masked) - common :][-length:]

    def _mask_whole(self, text: str, rounds: int = _MAX_ROUNDS) -> str:
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
            return _replace_all(mask_spans(masked, merge_spans(self._find(masked))), repeated)
        masked = self._apply_patterns(_replace_all(masked, repeated))
        return current if masked == current else scrub(masked)

    def _repeated_secrets(self, scrubbed: str) -> set[str]:
        """Return the secrets that are masked wherever they occur: those of this text, and those of the others."""
        secrets = {*distinctive_secrets(scrubbed, self._find(scrubbed)), *self.known_secrets}
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
        spans = self._find(scrubbed)
        return mask_spans(
            text, merge_spans((positions[start - 1] + 1 if start else 0, positions[end]) for start, end in spans)
        )

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
        masked = attempt(lambda: mask_secrets(text, self._find), None)
        if masked is None:
            raise _CannotBeMaskedError
        return masked

    def _find(self, text: str) -> list[Span]:
        # Remembered, because the same text is searched several times until masking changes nothing any more.
        if text not in self._found:
            self._found[text] = find_secrets(text)
        return self._found[text]


def without_secrets(value: object, mask: Mask = plain_str) -> str:
    """Return the text of any object, such as an error, masked as in a report: for log lines, and for texts to store."""
    return Masker(mask)(safe_str(value))


def _scanned_parts(text: str, scan_limit: int) -> tuple[str, ...]:
    """Return a text, or its beginning and its end if it is longer than ``scan_limit``."""
    half = scan_limit // 2
    return (text,) if len(text) <= scan_limit else (text[:half], text[len(text) - half :])


def _replace_all(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASKED)
    return text


def _common_length(one: Iterable[str], other: Iterable[str]) -> int:
    """Return how many characters two texts have in common, from the first one on."""
    common = 0
    for character, other_character in zip(one, other, strict=False):
        if character != other_character:
            break
        common += 1
    return common
