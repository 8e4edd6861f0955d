r"""
What a row of the table of phrases is, and the pieces that many rows share.

Every pattern takes time in proportion to the length of the text: all its repetitions have an upper bound, except the
last one. Sources: the errors that the libraries raise, and the grammars of the statements.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_datapipeline.masking.randomness import Randomness


@dataclass(frozen=True, slots=True)
class Phrase:
    """
    A text around a secret.

    :param about: which library, statement or sentence shows the secret so, and what it shows
    :param hints: texts of which at least one is part of everything that the pattern matches. They are searched for
        first, because that is fast.
    :param pattern: a regular expression. The group ``secret`` is masked, and so are ``secret2`` and ``secret3``, which
        are needed where a value can be quoted in several ways. If there is a group ``name``, it has to be a name that
        marks its value as secret; of a group ``names``, one name has to.
    :param randomness: how random the value must look to be a secret, where its place alone does not prove that
    """

    about: str
    hints: tuple[str, ...]
    pattern: str
    randomness: Randomness = Randomness.ANY


# A text in quotation marks, as SQL and source code write it. The closing mark may be missing where the text was cut.
QUOTED = r"(?:'(?P<secret>(?:[^'\\]|''|\\.){0,2000}+)|\"(?P<secret2>(?:[^\"\\]|\"\"|\\.){0,2000}+))"
NAME = r"(?P<name>[A-Za-z0-9_.$-]{2,80})"
_OPENING_MARK = "[\"'`\u2018\u201c]"
IN_QUOTES = rf"{_OPENING_MARK}(?P<secret>[^\"'`\u2019\u201d\r\n]{{6,300}}+)[\"'`\u2019\u201d]"
