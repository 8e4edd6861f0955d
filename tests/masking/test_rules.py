"""The page on masking has the rules as they are."""

from __future__ import annotations

import pytest

from airflow_provider_datapipeline.masking.patterns.looks import Look
from airflow_provider_datapipeline.masking.rules import names
from tests.masking import rules, tables


def test_the_page_has_the_tables_of_the_rules() -> None:
    """Mended by ``python -m tests.masking --page``."""
    page = tables.PAGE.read_text(encoding="utf-8")

    assert tables.part_of(page, rules.PART) == rules.tables().strip()


def test_each_look_and_each_table_of_names_is_shown() -> None:
    tuples = {name for name, value in vars(names).items() if isinstance(value, tuple)}

    assert set(rules.LOOKS) == set(Look)
    assert tuples - {"SECRETS", "SIGNATURES", "IN_DOUBT"} == {
        name for name, value in vars(names).items() if value in rules.WORDS.values()
    }
    assert {*names.SIGNATURES, *names.IN_DOUBT} <= set(rules.WORDS["announce what is `RANDOM`"])


@pytest.mark.parametrize("marker", tables.markers(rules.PART))
def test_the_page_says_where_the_tables_come_from(marker: str) -> None:
    assert tables.PAGE.read_text(encoding="utf-8").count(marker) == 1
