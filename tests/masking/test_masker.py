"""The masker: it masks whole texts, twice, and withholds a text that cannot be masked."""

from __future__ import annotations

import pytest

from airflow_provider_datapipeline.masking.masker import Masker
from airflow_provider_datapipeline.masking.whole_text import WITHHELD


def mask(text: str) -> str:
    return text.replace("hunter2", "***").replace("two\nlines", "***")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("nothing to hide", "nothing to hide"),
        ("password hunter2", "password ***"),
        ("hun\x00ter2 hun\x1b[1;31mter2\x1b[0m hun\x07ter2 hun\x7fter2 hun\ufffeter2", "*** *** *** *** ***"),
        ("hun\x1b]8;;http://x\x1b\\ter2 hun\x1b(Bter2 hun\x9b1mter2", "*** *** ***"),
        ("hun\x1b\x00ter2 hun\x84ter2 hun\x9dter2 \x1bM", "*** *** *** "),
        ("h\x00un\x1b[mter\x00\x002 in two ways at once", "*** in two ways at once"),
        ("hu\x1b[31mnter2 after a colour reset\x1b(B\x1b[m", "*** after a colour reset"),
        ("a two\nlines secret", "a *** secret"),
        ("the sequence \x1bMmoves up", "the sequence moves up"),
    ],
)
def test_secrets_are_masked_whole_or_cut(text: str, masked: str) -> None:
    assert Masker(mask)(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "hun\x1bter2",
        "hun\x1b[ter2",
        "hun\x1b[1;ter2",
        "hun\x9bter2",
        "h\x1b[31mun\x1bter2",
        "\x1b]0;hun\x07ter2",
    ],
)
def test_a_text_is_withheld_if_a_control_character_may_have_eaten_a_letter_of_a_secret(text: str) -> None:
    """For a terminal, ESC and t are a sequence. Without it the text would be "huner2"."""
    assert Masker(mask)(f"see {text}") == WITHHELD


def test_the_text_is_masked_before_it_is_scrubbed() -> None:
    """A secret that has a control character in it is whole only before scrubbing."""
    assert Masker(lambda text: text.replace("pass\x07word", "***"))("the pass\x07word") == "the ***"


def test_control_characters_from_the_mask_are_scrubbed() -> None:
    assert Masker(lambda text: text.replace("hunter2", "\x1b[7m*\x1b[0m\x00"))("hunter2!") == "*!"


def _raises(text: str) -> str:
    raise RuntimeError(text)


@pytest.mark.parametrize(
    "broken",
    [_raises, lambda _: None, lambda text: text.encode(), lambda text: text + "!"],
    ids=["raises", "returns nothing", "returns bytes", "changes its own result"],
)
def test_what_cannot_be_masked_is_withheld(broken: object) -> None:
    assert Masker(broken)("secret") == WITHHELD  # type: ignore[arg-type] # a masker that breaks its contract


def test_a_timeout_while_masking_is_not_swallowed() -> None:
    class TaskTimeout(BaseException):
        pass

    def slow(text: str) -> str:
        raise TaskTimeout

    with pytest.raises(TaskTimeout):
        Masker(slow)("text")


def test_a_secret_put_together_by_shortening_is_masked() -> None:
    shortened = Masker(mask).mask_within_limit("hun and ter2", lambda _: "hunter2", lambda text, _: text, 20)

    assert shortened == "***"


def test_a_secret_across_parts_gives_up_the_structure() -> None:
    shortened = Masker(mask).mask_within_limit(
        "two\nlines", lambda _: "two", lambda text, room: f"opaque {text} {room}", 20
    )

    assert shortened == "opaque *** 20"


def test_a_text_that_cannot_be_kept_short_is_withheld() -> None:
    long = Masker(lambda text: text.replace("x", "*" * 100))

    assert long.mask_within_limit("y", lambda _: "x", lambda text, _: text, 50) == WITHHELD


@pytest.mark.parametrize("length", [1, 20_000, 30_000, 60_000, 400_000])
@pytest.mark.parametrize("unit", ["-", "\x1b[31m*** and more \x00", "two\nlines ", "é\n"])
def test_of_a_long_text_both_ends_are_shown_and_the_rest_is_counted(unit: str, length: int) -> None:
    text = "it began " + unit * (length // len(unit)) + " and this is the end"

    shown = Masker(mask)(text)

    assert shown.startswith("it began ")
    assert shown.endswith(" and this is the end")
    assert len(shown) < 6_200
    assert (" characters elided ...\n" in shown) is (length > 1)
    assert Masker(mask)(shown) == shown


@pytest.mark.parametrize("secret", ["Q" * 20, "Q" * 9_000])
@pytest.mark.parametrize("around", [20_480, 20_470, 2_535, 100_000])
def test_a_secret_that_the_border_cuts_is_not_shown_in_part(secret: str, around: int) -> None:
    """Neither where the scan ends nor where the shown text ends, at the beginning and at the end of a text."""
    known = Masker(lambda text: text.replace(secret, "***"))
    for before in (around - len(secret) // 2, around, max(0, around - len(secret) + 1)):
        text = "-" * before + secret + "-" * 100_000

        assert "Q" not in known(text)
        assert "Q" not in known(text[::-1])
