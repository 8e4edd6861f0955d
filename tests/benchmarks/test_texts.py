"""What the benchmark of texts measures, and how it shows it."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.texts import ERRORS, Row, grouped, kinds, source_code, table

KINDS = kinds(Random(1))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 1000, 40_001])
def test_a_text_has_the_size_that_is_asked_for(kind: str, size: int) -> None:
    assert len(KINDS[kind](size)) == size


def test_the_texts_are_the_same_in_each_run() -> None:
    texts, again = ({kind: make(5000) for kind, make in kinds(Random(1)).items()} for _ in range(2))

    assert texts == again
    assert len(set(texts.values())) == len(texts)


def test_there_is_more_source_code_than_the_standard_library_has() -> None:
    assert len(source_code(20_000_000)) == 20_000_000
    assert source_code(1000) == source_code(5000)[:1000]


@pytest.mark.parametrize("size", [ERRORS, 1000, 100_001])
def test_a_group_shares_the_whole_text(size: int) -> None:
    text = KINDS["JSON"](size)

    group = grouped(text)

    assert len(group.exceptions) == ERRORS
    assert "".join(map(str, group.exceptions)) == text


def test_the_table_has_a_line_for_each_row() -> None:
    shown = table([Row("JSON", "12 MB", (1.25, 0.5, 0.0004))]).splitlines()

    assert shown[-1].split() == ["JSON", "12", "MB", "1.250", "0.500", "0.000"]
    assert shown[1].split() == ["rules", "rules,", "redact", "redact"]
