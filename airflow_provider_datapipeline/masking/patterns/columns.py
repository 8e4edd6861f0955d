"""Secrets in tables of text: what stands below a column whose name announces a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.patterns.looks import Look
from airflow_provider_datapipeline.masking.patterns.names import announces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.spans import Span

_SEPARATORS = "|,;\t"
_ROWS = 50  # below one line of names
_HEADER = re.compile(
    r"^(?:[^\n|,;]{0,120}: )?[ \t]*(?P<names>[|'\"A-Za-z_](?=[^\n]{0,400}[|,;\t])[\w |,;\t'\"`-]{3,400})$", re.MULTILINE
)
_NAME = re.compile(r"[A-Za-z_][\w ]{0,40}", re.ASCII)
_AROUND = " '\"`\r"


def find_columns(text: str) -> Iterator[Span]:
    """Find the cells of columns that are named for a secret, in rows of as many cells as the line of names has."""
    for header in _HEADER.finditer(text):
        for separator in _SEPARATORS:
            names = [cell.strip(_AROUND) for cell in header["names"].split(separator)]
            if len(names) == 1 or not all(not name or _NAME.fullmatch(name) for name in names):
                continue
            secret = {number for number, name in enumerate(names) if name and announces(name) is Look.ANY}
            if secret:
                yield from _cells(text, header.end() + 1, separator, len(names), secret)


def _cells(text: str, start: int, separator: str, count: int, secret: set[int]) -> Iterator[Span]:
    for _ in range(_ROWS):
        end = text.find("\n", start)
        end = end if end >= 0 else len(text)
        cells = text[start : min(end, start + 4_000)].split(separator)
        if start >= len(text) or (len(cells) != count and set(text[start:end]) - set("-+| \r")):
            return
        if {number for number, cell in enumerate(cells) if announces(cell.strip(_AROUND)) is Look.ANY} & secret:
            return  # another line of names
        position = start
        for number, cell in enumerate(cells if len(cells) == count else []):
            value = cell.strip(_AROUND)
            if number in secret and Look.LOOSE.is_worn_by(value):
                at = position + cell.index(value)
                yield at, at + len(value)
            position += len(cell) + 1
        start = end + 1
