"""The page on masking has the present rules."""

from __future__ import annotations

import pytest

from airflow_provider_datapipeline.masking.randomness import Randomness
from airflow_provider_datapipeline.masking.rules import names
from tests.masking import rules, tables


def test_the_page_has_the_tables_of_the_rules() -> None:
    """If it fails, ``python -m tests.masking --page`` writes the tables anew."""
    page = tables.PAGE.read_text(encoding="utf-8")

    assert tables.part_of(page, rules.PART) == rules.tables().strip()


def test_each_randomness_and_each_table_of_names_is_shown() -> None:
    tuples = {name for name, value in vars(names).items() if isinstance(value, tuple)}

    assert set(rules.RANDOMNESS) == set(Randomness)
    assert tuples - {"SECRET_WORDS", "SIGNATURE_WORDS", "AMBIGUOUS_WORDS"} == {
        name for name, value in vars(names).items() if value in rules.WORDS.values()
    }
    assert {*names.SIGNATURE_WORDS, *names.AMBIGUOUS_WORDS} <= set(rules.WORDS[rules.AMBIGUOUS])


@pytest.mark.parametrize("marker", tables.markers(rules.PART))
def test_the_page_says_where_the_tables_come_from(marker: str) -> None:
    assert tables.PAGE.read_text(encoding="utf-8").count(marker) == 1
