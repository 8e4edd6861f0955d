"""What the rules do not solve, with an example each; a test fails where one of them is solved."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stay:
    """
    A kind of texts that leak, or that are masked needlessly.

    :param text: an example, with ``{SECRET}`` in it if it leaks
    :param generator: a regular expression for that secret; none where the text is masked needlessly
    """

    kind: str
    text: str
    why: str
    generator: str = ""


STAYS: tuple[Stay, ...] = ()
