"""Generators that decide, and what calls for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline._sans_io import aconverse, converse

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


def sum_of_halves(numbers: list[int], cleaned: list[str]) -> Generator[int, float, float]:
    """Ask for the half of each number; one that cannot be halved counts as nothing."""
    total = 0.0
    try:
        for number in numbers:
            try:
                total += yield number
            except ValueError:
                continue
    finally:
        cleaned.append("done")
    return total


def half_of(number: int) -> float:
    if number == 13:
        raise ValueError
    if number == 99:
        raise asyncio.CancelledError
    return number / 2


@pytest.fixture(params=["blocking", "asynchronous"])
def run(request: pytest.FixtureRequest) -> Callable[[Generator[int, float, float]], float]:
    async def ahalf_of(number: int) -> float:
        await asyncio.sleep(0)
        return half_of(number)

    if request.param == "blocking":
        return lambda conversation: converse(conversation, half_of)
    return lambda conversation: asyncio.run(aconverse(conversation, ahalf_of))


def test_each_request_gets_its_answer_or_its_error(run: Callable[..., float]) -> None:
    assert run(sum_of_halves([1, 13, 4], [])) == 2.5


def test_a_generator_that_asks_nothing_has_its_result(run: Callable[..., float]) -> None:
    assert run(sum_of_halves([], [])) == 0


def test_what_the_generator_does_not_catch_is_raised_after_it_has_cleaned_up(run: Callable[..., float]) -> None:
    cleaned: list[str] = []

    with pytest.raises(asyncio.CancelledError):
        run(sum_of_halves([1, 99, 4], cleaned))

    assert cleaned == ["done"]
