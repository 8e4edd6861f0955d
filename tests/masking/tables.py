"""The tables of the counts, for the terminal and for ``docs/masking.md``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.masking.counting import PIECE, Planted, percent
from tests.masking.stays import STAYS

if TYPE_CHECKING:
    from tests.masking.counting import Case, Counts

PAGE = Path(__file__).parents[2] / "docs" / "masking.md"
BEGIN, END = "<!-- counts -->", "<!-- /counts -->"

_STUB = f"""# Masking

{BEGIN}
{END}
"""

_TEXT = """## Counts

Texts of errors and logs, made up for this project, of every kind that a task's error was found to have. `python -m
tests.masking` counts them and writes this part with `--page`; a test fails where it says anything else.

**Leaks.** Each text has a secret in it, drawn at random for its form. It leaks where {piece} characters of it in a row
are in any text of the report, of an error that nobody has registered a secret for. {leaks}

{leak_table}

**Needless masks.** Each text has no secret in it, and most have words that sound like one. It is masked needlessly
where anything of it is replaced. {masks}

{mask_table}

## What stays

These are the kinds of texts that still leak, and those that are masked though nothing in them is secret.

{stays}"""


def part(leaks: Counts, masks: Counts) -> str:
    """Return the part of the page that the counts are."""
    return _TEXT.format(
        piece=PIECE,
        leaks=summary(leaks),
        leak_table=table(leaks, "Secret", "leak"),
        masks=summary(masks),
        mask_table=table(masks, "Text", "masked"),
        stays=what_stays(),
    )


def summary(counts: Counts) -> str:
    """Return the totals in a sentence."""
    sentence = f"{_share(*counts.total)} of {counts.total[1]} texts."
    if counts.blind[1]:
        sentence += (
            f" Of {counts.blind[1]} of these, which were written by somebody who had not seen the rules: "
            f"{_share(*counts.blind)}."
        )
    return sentence


def table(counts: Counts, what: str, wrong: str) -> str:
    """Return a table by kind, and the total."""
    rows = [*((kind, *numbers) for kind, numbers in counts.kinds.items()), ("**All**", *counts.total)]
    lines = [f"| {kind} | {number} | {of} | {percent(number, of):.1f} |" for kind, number, of in rows]
    return "\n".join([f"| {what} | {wrong} | of | percent |", "|---|---:|---:|---:|", *lines])


def what_stays() -> str:
    """Return the table of what is not solved."""
    lines = [
        f"| {'leaks' if stay.generator else 'masked'} | {stay.kind} | {_code(stay.text)} | {stay.why} |"
        for stay in STAYS
    ]
    return "\n".join(["| | Kind | Example | Why |", "|---|---|---|---|", *lines])


def for_terminal(counts: Counts, what: str, wrong: str, seed: object | None = None) -> str:
    """
    Return a table, in columns.

    :param seed: lists the texts that are counted, too, with the secrets of this seed
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


def write_page(text: str, page: Path = PAGE) -> None:
    """
    Replace what is between the two markers of a page, and nothing else; without a page, make one.

    :raises ValueError: the page has not each of the markers once, in order
    """
    page.write_text(with_part(page.read_text(encoding="utf-8") if page.exists() else _STUB, text), encoding="utf-8")


def with_part(page: str, text: str) -> str:
    """
    Return a page with another text between its markers.

    :raises ValueError: the page has not each of the markers once, in order
    """
    pieces = re.split(f"({re.escape(BEGIN)}|{re.escape(END)})", page)
    if pieces[1::2] != [BEGIN, END]:
        raise ValueError(f"The page has to have {BEGIN} and then {END}, each once.")
    before, begin, _, end, after = pieces
    return f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}"


def part_of(page: str) -> str:
    """Return what is between the markers of a page."""
    return page.partition(BEGIN)[2].partition(END)[0].strip()


def _share(part: int, whole: int) -> str:
    return f"{part} ({percent(part, whole):.1f} %)"


def _code(text: str) -> str:
    escaped = text.replace("|", "\\|").replace("\n", "\\n")
    return f"`{escaped}`"
