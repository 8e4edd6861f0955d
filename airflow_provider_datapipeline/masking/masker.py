"""
Masks texts: the one place through which every text of a report goes.

Each text is masked as a whole by :mod:`~airflow_provider_datapipeline.masking.whole_text`. This module bounds how much
of a long text is scanned, and makes sure that no secret shows where a text is cut.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.control_characters import scrub
from airflow_provider_datapipeline.masking.finder import distinctive_secrets
from airflow_provider_datapipeline.masking.safe_text import plain_str, safe_str
from airflow_provider_datapipeline.masking.text import elided, utf16_length
from airflow_provider_datapipeline.masking.whole_text import WITHHELD, WholeTextMasker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_provider_datapipeline.masking.text import Measure
    from airflow_provider_datapipeline.masking.whole_text import Mask

SCAN_LIMIT = 40_960
"""How many characters of a text are scanned: far more than is ever sent, and few enough to take little time."""

_SHARE_RETURNED = 8  # of the scanned characters of a long text, one eighth is returned
_ROOM_FOR_ELISION = 50  # characters of the line between its beginning and its end
_SHARES_OF_LIMIT = (1.0, 0.9, 0.75, 0.5, 0.25)  # tried in turn, as masking can make a shortened text longer again


class Masker:
    """
    Masks texts of any length.

    :param mask: replaces every secret that it knows in a text; must be idempotent. What the patterns find is replaced
        in any case. If the mask raises, returns anything but a ``str``, or changes its own results again and again,
        the text is replaced by :data:`WITHHELD`.
    :param known_secrets: further secrets, found in other texts of the same report
    """

    __slots__ = ("_mask_whole",)

    def __init__(self, mask: Mask, known_secrets: Iterable[str] = ()) -> None:
        self._mask_whole = WholeTextMasker(mask, tuple(known_secrets))

    @classmethod
    def for_texts(cls, mask: Mask, texts: Iterable[tuple[str, int]]) -> Masker:
        """
        Return a masker that knows the secrets of all texts of a report.

        One text may show without any mark what another one marks as secret.

        :param texts: each text before it is masked, and how many of its characters are scanned
        """
        masker = cls(mask)
        find = masker._mask_whole.find
        readings = [scrub(part) for text, scan_limit in texts for part in _scanned_parts(text, scan_limit)]
        secrets = [secret for reading in readings for secret in distinctive_secrets(reading, find(reading))]
        # A copy shares what was found, so the texts are not searched again when they are masked.
        masker._mask_whole = replace(masker._mask_whole, known_secrets=tuple(dict.fromkeys(secrets)))
        return masker

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


def without_secrets(value: object, mask: Mask = plain_str) -> str:
    """Return the text of any object, such as an error, masked as in a report: for log lines, and for texts to store."""
    return Masker(mask)(safe_str(value))


def _scanned_parts(text: str, scan_limit: int) -> tuple[str, ...]:
    """Return a text, or its beginning and its end if it is longer than ``scan_limit``."""
    half = scan_limit // 2
    return (text,) if len(text) <= scan_limit else (text[:half], text[len(text) - half :])


def _common_length(one: Iterable[str], other: Iterable[str]) -> int:
    """Return how many characters two texts have in common, from the first one on."""
    common = 0
    for character, other_character in zip(one, other, strict=False):
        if character != other_character:
            break
        common += 1
    return common
