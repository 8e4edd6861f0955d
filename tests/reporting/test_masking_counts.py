"""Few secrets of the known kinds leak, and few ordinary texts are masked; the page says how many."""

from __future__ import annotations

import pytest

from airflow_provider_datapipeline.masking.patterns.tokens import find_tokens
from tests.masking import tables
from tests.masking.counting import (
    CORPUS,
    Counts,
    Planted,
    count_leaks,
    count_masked,
    ordinary,
    percent,
    pieces,
    planted,
)
from tests.masking.unsolved import UNSOLVED, Unsolved

MAX_PERCENT = 5.0
MAX_PERCENT_OF_A_KIND = 25.0

# Texts and generators may have these first characters of tokens: they are Base64 of what is the same in every token.
BEGINNINGS_ONLY = ("eyJ", "ewog", "ew0K")


@pytest.fixture(scope="module")
def leaks() -> Counts:
    return count_leaks(planted())


@pytest.fixture(scope="module")
def masks() -> Counts:
    return count_masked(ordinary())


def test_few_secrets_leak(leaks: Counts) -> None:
    assert percent(*leaks.total) <= MAX_PERCENT, leaks.in_order()


def test_of_no_kind_many_secrets_leak(leaks: Counts) -> None:
    assert {kind: numbers for kind, numbers in leaks.kinds.items() if percent(*numbers) >= MAX_PERCENT_OF_A_KIND} == {}


def test_few_ordinary_texts_are_masked(masks: Counts) -> None:
    assert percent(*masks.total) <= MAX_PERCENT, masks.in_order()


def test_the_page_has_the_counts(leaks: Counts, masks: Counts) -> None:
    """`python -m tests.masking --page` writes them."""
    assert tables.part_of(tables.PAGE.read_text(encoding="utf-8")) == tables.part(leaks, masks)


@pytest.mark.parametrize("case", UNSOLVED, ids=lambda case: case.kind)
def test_what_is_said_to_be_unsolved_is_not_solved(case: Unsolved) -> None:
    assert bool(case.generator) == ("{SECRET}" in case.text)
    assert not case.is_solved()


def test_the_corpus_is_large_and_has_no_text_twice() -> None:
    for cases in (planted(), ordinary()):
        assert len(cases) > 750
        assert len({case.text for case in cases}) == len(cases)
        assert sum(case.blind for case in cases) > 150
    assert {case.text.count("{SECRET}") for case in planted()} == {1}
    assert not any("{SECRET}" in case.text for case in ordinary())


@pytest.mark.parametrize("name", ["planted.jsonl", "ordinary.jsonl"])
def test_nothing_in_the_corpus_looks_like_a_token(name: str) -> None:
    """Code hosting services refuse files with a token in them, whatever its purpose."""
    text = (CORPUS / name).read_text(encoding="utf-8")
    tokens = [text[start:end] for start, end in find_tokens(text)]

    assert [token for token in tokens if not token.startswith(BEGINNINGS_ONLY) or token.count(".") > 1] == []


CASE = Planted("user etl, password={SECRET}, host etlhost1", "[A-Z]{4}[0-9]{6}", "k")


def test_a_seed_always_draws_the_same_secret() -> None:
    assert CASE.secret(1) == CASE.secret(1) != CASE.secret(2)


def test_a_part_of_a_secret_is_a_leak_and_the_text_around_it_is_not() -> None:
    assert CASE.shows("ABCD123456", "the end of it is CD123456")
    assert not CASE.shows("ABCD123456", "the end of it is D123456")
    assert not CASE.shows("etlhost1", CASE.text)
    assert pieces("short") == {"short"}


def test_leaks_and_masks_are_counted_by_kind() -> None:
    leaking = Planted("I say {SECRET}", "[a-z]{9}", "other", blind=True)
    counts = count_leaks([CASE, leaking, Planted("token={SECRET}", "[a-z]{9}[0-9]{9}", "k")])

    assert counts.kinds == {"k": (0, 2), "other": (1, 1)}
    assert counts.total == (1, 3)
    assert counts.blind == (1, 1)
    assert counts.in_order() == [leaking]
    shown = tables.for_terminal(counts, "Leaks", "leak", seed=1)
    assert "1 (33.3 %) of 3 texts" in shown
    assert leaking.with_secret(leaking.secret(1)) in shown
    assert "I say" not in tables.for_terminal(counts, "Leaks", "leak")


def test_only_one_part_of_a_page_is_replaced() -> None:
    begin, end = tables.markers("counts")
    page = f"# Title\n\nAbove.\n\n{begin}\nold\n{end}\n\n<!-- rules -->\n<!-- /rules -->\n\nBelow.\n"

    written = tables.with_part(page, "new\n")

    assert written == page.replace("\nold\n", "\n\nnew\n\n")
    assert tables.with_part(written, "new") == written
    assert tables.part_of(written) == "new"
    assert tables.part_of(tables.with_part(written, "some", "rules"), "rules") == "some"


@pytest.mark.parametrize("page", ["", "<!-- counts -->", "<!-- /counts --><!-- counts -->", "<!-- counts -->" * 2])
def test_a_page_without_the_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="each once"):
        tables.with_part(page, "new")
