"""Writes the tables of the counts, for the terminal and for ``docs/masking.md``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.masking.counting import PIECE, Planted, percent
from tests.masking.unsolved import UNSOLVED

if TYPE_CHECKING:
    from tests.masking.counting import Case, Counts

PAGE = Path(__file__).parents[2] / "docs" / "masking.md"
COUNTS = "counts"
"""The name of the part of the page that holds the counts."""

LEAKS_AT_FIRST, MASKS_AT_FIRST = (12, 191), (3, 296)
"""How many of the texts that were written blind were wrong when they were first counted, and of how many."""

_TEXT = """**Leaks.** Each text is the message of an error, which is reported with a mask that knows no secret.
The text leaks if {piece} characters in a row of its secret are in any text of the report. {leaks}

{leak_table}

**Needless masks.** A text without a secret is masked needlessly if any part of it is replaced. Most of these texts have
words that sound like a secret. {masks}

{mask_table}

### What is not solved

These kinds of texts still leak, or are masked though nothing in them is secret. A test fails when one of them is
solved.

{unsolved}"""


def part(leaks: Counts, masks: Counts) -> str:
    """Return the part of the page that holds the counts."""
    return _TEXT.format(
        piece=PIECE,
        leaks=_at_first(leaks, *LEAKS_AT_FIRST, "leaked"),
        leak_table=table(leaks, "Secret", "leak"),
        masks=_at_first(masks, *MASKS_AT_FIRST, "were masked"),
        mask_table=table(masks, "Text", "masked"),
        unsolved=unsolved_table(),
    )


def summary(counts: Counts) -> str:
    """Return the totals in a sentence."""
    return f"{_share(*counts.total)} of {counts.total[1]} texts."


def _at_first(counts: Counts, wrong: int, of: int, what: str) -> str:
    """Return the totals, and the first count of the texts that were written blind."""
    return (
        f"These are {summary(counts)} {of} of the texts were written by somebody who had not seen the rules. When "
        f"these were first counted, {_share(wrong, of)} {what}; since then the rules were improved by them."
    )


def table(counts: Counts, what: str, wrong: str) -> str:
    """Return a table by kind, and the total."""
    rows = [*((kind, *numbers) for kind, numbers in counts.kinds.items()), ("**All**", *counts.total)]
    lines = [f"| {kind} | {number} | {of} | {percent(number, of):.1f} |" for kind, number, of in rows]
    return "\n".join([f"| {what} | {wrong} | of | percent |", "|---|---:|---:|---:|", *lines])


def unsolved_table() -> str:
    """Return the table of the texts that are not solved."""
    lines = [
        f"| {'leaks' if case.generator else 'masked'} | {case.kind} | {_code(case.text)} | {case.why} |"
        for case in UNSOLVED
    ]
    return "\n".join(["| | Kind | Example | Why |", "|---|---|---|---|", *lines])


def for_terminal(counts: Counts, what: str, wrong: str, seed: object | None = None) -> str:
    """
    Return a table, in columns.

    :param seed: if not None, the texts that are counted are listed, with the secrets drawn by this seed
    """
    lines = [f"{what}: {summary(counts)}", ""]
    for kind, (number, of) in counts.kinds.items():
        lines.append(f"  {kind:<32} {number:>4} of {of:>4} {percent(number, of):>5.1f} %")
    number, of = counts.total
    lines.append(f"  {'all, ' + wrong:<32} {number:>4} of {of:>4} {percent(number, of):>5.1f} %")
    if seed is not None and counts.wrong:
        lines.append("")
        lines += (f"  {case.kind}: {_as_met(case, seed)!r}" for case in counts.in_order())
    return "\n".join(lines)


def _as_met(case: Case, seed: object) -> str:
    return case.with_secret(case.secret(seed)) if isinstance(case, Planted) else case.text


def write(text: str, name: str = COUNTS, page: Path = PAGE) -> None:
    """
    Replace one part of a page and leave the rest alone. If there is no page, one is made that has only this part.

    :raises ValueError: the page does not have each marker of the part exactly once, in order
    """
    stub = "\n".join(["# Masking", "", *markers(name), ""])
    before = page.read_text(encoding="utf-8") if page.exists() else stub
    page.write_text(with_part(before, text, name), encoding="utf-8")


def markers(name: str) -> tuple[str, str]:
    """Return the lines that mark the beginning and the end of a part of a page."""
    return f"<!-- {name} -->", f"<!-- /{name} -->"


def with_part(page: str, text: str, name: str = COUNTS) -> str:
    """
    Return a page with another text between two markers.

    :raises ValueError: the page does not have each of them exactly once, in order
    """
    begin, end = markers(name)
    before, _, after = _cut(page, name)
    return f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}"


def part_of(page: str, name: str = COUNTS) -> str:
    """
    Return the text between two markers of a page.

    :raises ValueError: the page does not have each of them exactly once, in order
    """
    return _cut(page, name)[1].strip()


def _cut(page: str, name: str) -> list[str]:
    begin, end = markers(name)
    pieces = re.split(f"({re.escape(begin)}|{re.escape(end)})", page)
    if pieces[1::2] != [begin, end]:
        raise ValueError(f"The page has to have {begin} and then {end}, each once.")
    return pieces[::2]


def _share(part: int, whole: int) -> str:
    return f"{part} ({percent(part, whole):.1f} %)"


def _code(text: str) -> str:
    escaped = text.replace("|", "\\|").replace("\n", "\\n")
    return f"`{escaped}`"
