"""
The one place where texts are masked: mask, scrub, mask again; a text that cannot be masked is withheld.

Two masks in one: the caller's, which knows certain secrets, and the patterns of
:mod:`~airflow_provider_datapipeline.masking.finder`, which know what secrets look like.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from airflow_provider_datapipeline.masking.control_characters import CONTROL, STAGES, Stage, join_surrogates, scrub
from airflow_provider_datapipeline.masking.finder import distinctive_secrets, find_secrets, hide_secrets, is_distinctive
from airflow_provider_datapipeline.masking.safe_text import attempt, plain_str, safe_str
from airflow_provider_datapipeline.masking.spans import HIDDEN, Span, mask_spans, merge_spans
from airflow_provider_datapipeline.masking.text import Measure, elided, utf16_length

Mask = Callable[[str], str]

WITHHELD = "[withheld: this text could not be masked]"

REACH = 40_960
"""Characters of a text that are looked at: far more than is ever sent, and few enough to cost no time."""

_PART_KEPT = 8
_LINE_BETWEEN = 50
_ROUNDS = 5  # masking and scrubbing normally settle in the second round
_SHARES = (1.0, 0.9, 0.75, 0.5, 0.25)


class _NotMaskedError(Exception):
    """A text has to be withheld."""


@dataclass(frozen=True, slots=True)
class Masker:
    """
    Masks whole texts.

    :param mask: replaces every secret that it knows in a text; must be idempotent. What shows as a secret is replaced
        in any case. If it raises, returns anything but a ``str``, or never settles, the text is replaced by
        :data:`WITHHELD`.
    :param known_secrets: further secrets, found in other texts of the same report
    """

    mask: Mask
    known_secrets: tuple[str, ...] = ()
    _found: dict[str, list[Span]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def knowing(cls, mask: Mask, texts: Iterable[tuple[str, int]]) -> Masker:
        """
        Make one that knows what some texts of a report tell to be secret, since others may show it without saying so.

        :param texts: each as it came, and how far it is looked into
        """
        found: dict[str, list[Span]] = {}
        first = cls(mask, _found=found)
        readings = [scrub(part) for text, reach in texts for part in _within_reach(text, reach)]
        announced = [secret for reading in readings for secret in distinctive_secrets(reading, first._find(reading))]
        return cls(mask, tuple(dict.fromkeys(announced)), _found=found)

    def __call__(self, text: str, reach: int = REACH) -> str:
        """
        Return the text masked, scrubbed and masked again; doing it once more would change nothing.

        The second masking finds the secrets that control characters or escape sequences had cut in two. Where an
        escape sequence can be read in two ways and a secret shows only in the reading not taken, the text is withheld:
        the reading taken would show that secret with a letter missing.

        :param reach: how many characters are looked at. Of a text longer than an eighth of these, only as many of its
            beginning and its end are returned, with a line between them that counts the characters left out. What is
            looked at and not returned is the margin for secrets that the border cuts: none is shown in part unless it
            is longer than a quarter of ``reach``.
        """
        most = reach // _PART_KEPT
        if len(text) <= most:
            return self._protected(text)
        room = (most - _LINE_BETWEEN) // 2
        parts = _within_reach(text, reach)
        once = [self._protected(part, rounds=1) for part in parts]
        if len(parts) == 1:
            shown = once[0]
            head, tail = (shown, "") if len(shown) <= most else (shown[:room], shown[-room:])
        else:
            margin = reach // 4
            head = self._beginning(parts[0], once[0], room, margin)
            tail = self._beginning(parts[1][::-1], once[1][::-1], room, margin, backwards=True)[::-1]
        left_out = len(text) - sum(map(len, parts)) + sum(map(len, once)) - len(head) - len(tail)
        return self._protected(head + elided(left_out) + tail if left_out else head)

    def _beginning(self, part: str, shown: str, most: int, margin: int, *, backwards: bool = False) -> str:
        """Return of a part as it is shown what a secret that is cut at the end of the part cannot be in."""
        order = -1 if backwards else 1
        if WITHHELD in (shown, shown[::order]):
            return shown
        if len(shown) - margin >= most:
            return shown[:most]
        # Much was hidden, or was no text. What does not depend on the margin is from before it.
        without_margin = self._protected(part[: len(part) - margin][::order], rounds=1)[::order]
        pairs = zip(shown, without_margin, strict=False)
        return shown[: next((at for at, (one, other) in enumerate(pairs) if one != other), len(without_margin))][:most]

    def _protected(self, text: str, rounds: int = _ROUNDS) -> str:
        try:
            reading = scrub(text)
            # The caller's mask may replace the word by which a pattern would have known another secret: "password" is
            # a password, too.
            repeats = self._repeats(reading)
            current = self._hidden_as_read(join_surrogates(self._known(text)))
            for stage in STAGES:
                current = self._through(stage, join_surrogates(current))
            if rounds == 1 and (known := self._known(current)) == reading:
                return self._without(
                    mask_spans(known, merge_spans(self._find(known))), repeats
                )  # what is found is known by now
            for _ in range(rounds):
                # The caller's mask first: it knows where its secrets end.
                masked = self._hidden(self._without(self._known(current), repeats))
                if masked == current:
                    return current
                current = scrub(masked)
            if rounds == 1:
                return current
        except _NotMaskedError:
            pass
        return WITHHELD

    @staticmethod
    def _without(text: str, secrets: Iterable[str]) -> str:
        for secret in sorted(secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text

    def _repeats(self, reading: str) -> set[str]:
        secrets = {*distinctive_secrets(reading, self._find(reading)), *self.known_secrets}
        # As the caller's mask leaves them, if it knows a part of one.
        left = (self._known(secret).split(HIDDEN) for secret in secrets)
        return secrets | {piece for pieces in left for piece in pieces if is_distinctive(piece)}

    def _hidden_as_read(self, text: str) -> str:
        """
        Hide what shows as a secret once the escape sequences are gone, and with it those in and around it.

        Coloured output (``ESC[36mpassword ESC[0m=...``) would otherwise be withheld: name and value of a secret are
        together only in the reading that is taken, and in the others what is left of the sequences joins the value.
        """
        reading, positions = _as_read(text)
        if reading == text or self._known(reading) != reading:
            return text
        spans = self._find(reading)
        return mask_spans(
            text, merge_spans((positions[start - 1] + 1 if start else 0, positions[end]) for start, end in spans)
        )

    def _through(self, stage: Stage, text: str) -> str:
        cleaned = stage.unwanted.sub(stage.kept, text)
        if cleaned == text:
            return text
        for less in stage.less:
            reading = less.sub("", text)
            if self._hidden(self._known(reading)) != reading:
                raise _NotMaskedError
        # Without the patterns: until everything is removed, one may match a part of a secret that the caller's mask
        # will then not know any more.
        return self._known(cleaned)

    def mask_within_limit(
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
        protected = self._protected(whole)
        for share in _SHARES:
            room = int(limit * share)
            shortened = fit(room) if protected == whole else opaque(protected, room)
            settled = self(shortened)
            if measure(settled) <= limit:
                return settled
        return WITHHELD

    def _hidden(self, known: str) -> str:
        hidden = attempt(lambda: hide_secrets(known, self._find), None)
        if hidden is None:
            raise _NotMaskedError
        return hidden

    def _find(self, text: str) -> list[Span]:
        # One text is looked at several times, until masking it again changes nothing.
        if text not in self._found:
            self._found[text] = find_secrets(text)
        return self._found[text]

    def _known(self, text: str) -> str:
        masked = attempt(lambda: plain_str(self.mask(text)), None)
        if masked is None:
            raise _NotMaskedError
        return masked


def _within_reach(text: str, reach: int) -> tuple[str, ...]:
    """Return a text, or its beginning and its end where it is longer than ``reach``."""
    half = reach // 2
    return (text,) if len(text) <= reach else (text[:half], text[len(text) - half :])


def without_secrets(value: object, mask: Mask = plain_str) -> str:
    """Return the text of anything, an error say, masked as in a report: for log lines, and for what others store."""
    return Masker(mask)(safe_str(value))


def _as_read(text: str) -> tuple[str, array[int]]:
    """Return a text without what :func:`scrub` removes; and where its characters, and its end, were before."""
    if not CONTROL.search(text):
        return text, array("L")
    positions = array("L", range(len(text) + 1))
    for stage in STAGES:
        removed = [one.span() for one in stage.unwanted.finditer(text) if not (stage.kept and one[1])]
        if not removed:
            continue
        kept = array("L")
        pieces: list[str] = []
        position = 0
        for start, end in (*removed, (len(text), len(text))):
            kept += positions[position:start]
            pieces.append(text[position:start])
            position = end
        kept.append(positions[-1])
        text, positions = "".join(pieces), kept
    return text, positions
