"""Scrubbing and clipping."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st

from airflow_provider_datapipeline.masking import control_characters, text as texts

any_text = st.text(st.characters(codec=None, categories=None), max_size=60) | st.lists(
    st.sampled_from(
        ["\x1b", "[", "31m", "]", "\x07", "\x9b", "\x9d", "\x9c", "\\", "(B", "a", "\ud83d", "\ude00", "\n", "\x00"]
    )
).map("".join)


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("plain\ttext\r\nof two lines", "plain\ttext\r\nof two lines"),
        ("\x00nul \x08backspace \x7fdel \ufffenon-character\uffff", "nul backspace del non-character"),
        ("\x1b[1;31merror\x1b[0m", "error"),
        ("\x9b1;31merror\x9bm", "error"),
        ("\x1b[?25l\x1b[2Kdone\x1b[38;2;1;2;3m!", "done!"),
        ("\x1b]0;window title\x07text", "text"),
        ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9d0;title\x9ctext", "text"),
        ("\x1bPdevice\x1b\\ \x1b_application\x1b\\ \x1b^private\x1b\\ \x1bXstring\x1b\\end", "   end"),
        ("\x1b(Bcharset \x1b7saved\x1b8 \x1bMreverse \x1bcreset", "charset saved reverse reset"),
        ("\x85next line \x8dreverse", "next line reverse"),
        ("unfinished \x1b[31", "unfinished "),
        ("unterminated \x1b]0;title", "unterminated 0;title"),
        ("\x1b]one\x1b]two\x07three", "onethree"),
        ("\x1b\x1b[31mtwice", "twice"),
        ("last \x1b", "last "),
        ("lone \ud800 and \udc00", "lone \ufffd and \ufffd"),
        ("pair \ud83d\ude00", "pair 😀"),
        ("kept \ufffd 😀 \ue000 \ud7ff", "kept \ufffd 😀 \ue000 \ud7ff"),
    ],
)
def test_scrub_keeps_what_the_service_accepts(text: str, scrubbed: str) -> None:
    assert control_characters.scrub(text) == scrubbed


@given(any_text)
def test_a_scrubbed_text_is_acceptable_and_scrubbing_it_again_changes_nothing(text: str) -> None:
    scrubbed = control_characters.scrub(text)

    assert re.fullmatch("[\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff\r\n\t]*", scrubbed)
    assert control_characters.scrub(scrubbed) == scrubbed


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")))
def test_scrub_leaves_an_acceptable_text_alone(text: str) -> None:
    assert control_characters.scrub(text) == text


@pytest.mark.parametrize("introducer", ["\x1b]", "\x1b[", "\x1b[1;", "\x90", "\x9d", "\x1bP0", "\x1b", "\x1b "])
def test_scrub_is_linear_in_hostile_texts(introducer: str) -> None:
    """Quadratic work would take minutes here."""
    assert "\x1b" not in control_characters.scrub(introducer * 300_000)


@pytest.mark.parametrize(
    ("text", "utf16", "utf8"), [("", 0, 0), ("abc", 3, 3), ("é", 1, 2), ("…", 1, 3), ("😀", 2, 4), ("\ud800", 1, 3)]
)
def test_lengths(text: str, utf16: int, utf8: int) -> None:
    assert (texts.utf16_length(text), texts.utf8_length(text)) == (utf16, utf8)


@pytest.mark.parametrize(
    ("text", "limit", "clipped"),
    [
        ("fits", 4, "fits"),
        ("does not fit", 8, "does no…"),
        ("ab😀cd", 4, "ab…"),
        ("ab😀cd", 5, "ab😀…"),
        ("ae\u0301x", 3, "a…"),
        ("👩\u200d🚀 up", 5, "…"),
        ("👍🏽 ok", 4, "…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("abc", -5, ""),
    ],
)
def test_clip_splits_no_character(text: str, limit: int, clipped: str) -> None:
    assert texts.clip(text, limit) == clipped


def test_clip_measures_in_the_unit_of_its_measure() -> None:
    assert texts.clip("éééé", 6, texts.utf8_length) == "é…"


def test_endless_combining_marks_do_not_remove_the_text_before_them() -> None:
    assert texts.utf16_length(texts.clip("a" + "\u0301" * 5000, 1024)) > 900


@pytest.mark.parametrize("measure", [texts.utf16_length, texts.utf8_length])
@given(text=st.text(max_size=200), limit=st.integers(-3, 120))
def test_no_clipped_text_is_longer_than_its_limit(measure: texts.Measure, text: str, limit: int) -> None:
    for clipped in (texts.clip(text, limit, measure), texts.clip_middle(text, limit, measure)):
        assert clipped == text or measure(clipped) <= max(limit, 0)
        clipped.encode()


def test_clip_middle_keeps_both_ends_and_counts_the_rest() -> None:
    text = "\n".join(f"line {number}" for number in range(100))

    clipped = texts.clip_middle(text, 110)

    assert clipped == (
        "line 0\nline 1\nline 2\nline 3\nline 4\n"
        "... 716 characters elided ...\nline 95\nline 96\nline 97\nline 98\nline 99"
    )
    kept = clipped.replace("\n... 716 characters elided ...\n", "")
    assert len(kept) + 716 == len(text)
