"""Secrets in tables of text: the cells below a column whose name marks its values as secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.patterns.names import required_randomness
from airflow_provider_datapipeline.masking.randomness import Randomness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.masking.spans import Span

_SEPARATORS = "|,;\t"
_MAX_ROWS = 50  # below one header
_MAX_ROW_LENGTH = 4_000
_HEADER = re.compile(
    r"^(?:[^\n|,;]{0,120}: )?[ \t]*(?P<names>[|'\"A-Za-z_](?=[^\n]{0,400}[|,;\t])[\w |,;\t'\"`-]{3,400})$", re.MULTILINE
)
_NAME = re.compile(r"[A-Za-z_][\w ]{0,40}", re.ASCII)
_AROUND_CELL = " '\"`\r"
_LINE_OF_TABLE = frozenset("-+| \r")


def find_columns(text: str) -> Iterator[Span]:
    """Find the cells of secret columns, in the rows that have as many cells as the header above them has names."""
    for header in _HEADER.finditer(text):
        for separator in _SEPARATORS:
            names = [cell.strip(_AROUND_CELL) for cell in header["names"].split(separator)]
            if len(names) == 1 or not all(not name or _NAME.fullmatch(name) for name in names):
                continue
            secret_columns = {number for number, name in enumerate(names) if name and _is_secret_name(name)}
            if secret_columns:
                yield from _find_cells(text, header.end() + 1, separator, len(names), secret_columns)


def _find_cells(text: str, start: int, separator: str, count: int, secret_columns: set[int]) -> Iterator[Span]:
    """Find the secret cells of the rows from ``start`` on, each of which has ``count`` cells."""
    for _ in range(_MAX_ROWS):
        end = text.find("\n", start)
        end = end if end >= 0 else len(text)
        cells = text[start : min(end, start + _MAX_ROW_LENGTH)].split(separator)
        if start >= len(text) or (len(cells) != count and set(text[start:end]) - _LINE_OF_TABLE):
            return
        if any(
            number in secret_columns and _is_secret_name(cell.strip(_AROUND_CELL)) for number, cell in enumerate(cells)
        ):
            return  # another header
        position = start
        for number, cell in enumerate(cells if len(cells) == count else []):
            value = cell.strip(_AROUND_CELL)
            if number in secret_columns and Randomness.LOW.is_met_by(value):
                value_start = position + cell.index(value)
                yield value_start, value_start + len(value)
            position += len(cell) + 1
        start = end + 1


def _is_secret_name(name: str) -> bool:
    return required_randomness(name) is Randomness.ANY
