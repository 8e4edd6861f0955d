"""What is drawn matches its pattern."""

from __future__ import annotations

import re
from random import Random

import pytest

from tests.masking.draw import UnknownPatternError, draw


@pytest.mark.parametrize(
    "pattern",
    [
        "abc",
        "[A-Z]{4}-[0-9a-f]{32}",
        r"s\.[A-Za-z0-9]{24}",
        "(?:ab|cd){3}e?",
        "(a|b[cd]|)x",
        "x{2,}y{0,3}z*",
        r"[^a-y]\d\D\w\W\s\S.",
        "[^\x00-\x1f\x21-\x7f]",
        "[^A-Za-z0-9]",
        "(?>ab|a)c++d*+",
        "(?i:[a-z]+)",
        r"[\d_-]{20}",
    ],
)
def test_a_text_that_is_drawn_matches(pattern: str) -> None:
    for seed in range(50):
        assert re.fullmatch(pattern, draw(pattern, Random(seed)), re.ASCII)


def test_the_same_seed_draws_the_same() -> None:
    drawn = [draw("[a-z]{20}", Random(seed)) for seed in (1, 1, 2)]

    assert drawn[0] == drawn[1] != drawn[2]


def test_every_alternative_and_every_number_is_drawn() -> None:
    assert {draw("a{1,3}|b", Random(seed)) for seed in range(100)} == {"a", "aa", "aaa", "b"}
    assert max(len(draw("a+", Random(seed))) for seed in range(100)) == 9


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", "a(?=b)", "(?<!a)b", r"\bab", "^a", r"a\Z", "(a)?(?(1)b|c)", r"[^\x00-\x7e]"]
)
def test_what_is_not_known_is_refused(pattern: str) -> None:
    with pytest.raises(UnknownPatternError, match=re.escape(repr(pattern))):
        draw(pattern, Random(1))


def test_conditions_can_be_left_out() -> None:
    assert draw(r"(?<![a-z])\bab(?=c)(?!d)\Z", Random(1), conditions=False) == "ab"
    assert draw("[a-z] # a comment", Random(1), flags=re.VERBOSE) in "abcdefghijklmnopqrstuvwxyz"
