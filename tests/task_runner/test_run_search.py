"""The search for runs in given states, and the number of questions it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from airflow_provider_datapipeline._airflow import compat

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

from airflow_provider_datapipeline._airflow.triggerer import TERMINAL
from airflow_provider_datapipeline._task_runner.run_search import SearchResult, search_runs
from tests.task_runner.fake_airflow import FakeAirflow, NoSenseError
from tests.task_runner.fake_time import run

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

DAG = "nightly"
ALL = [f"run_{number}" for number in range(100)]


class Guess:
    """A guess that is always the same, and records its calls."""

    def __init__(self, likely: Collection[str]) -> None:
        self._likely = likely
        self.asked: list[list[str]] = []

    async def __call__(self, run_ids: Sequence[str]) -> Collection[str]:
        self.asked.append(list(run_ids))
        return self._likely


def ended(run_ids: Collection[str], of: Sequence[str] = ALL) -> FakeAirflow:
    """An Airflow in which some runs have ended."""
    airflow = FakeAirflow()
    airflow.runs = {(DAG, run_id): "success" if run_id in run_ids else "running" for run_id in of}
    return airflow


def search(airflow: FakeAirflow, run_ids: Sequence[str] = ALL, guess: Guess | None = None) -> tuple[SearchResult, int]:
    """Search runs; return the result and the number of questions."""
    found = run(search_runs(airflow, DAG, run_ids, TERMINAL, guess))
    return found, len(airflow.calls)


@pytest.mark.parametrize("of_them", [ALL, []])
def test_runs_that_stand_alike_cost_one_question(of_them: list[str]) -> None:
    guess = Guess(ALL[:50])
    found, asked = search(ended(of_them), guess=guess)

    assert (found.matching, found.others, asked) == (of_them, [each for each in ALL if each not in of_them], 1)
    assert not guess.asked


def test_no_run_costs_nothing() -> None:
    found, asked = search(ended([]), [])

    assert (found.matching, found.others, found.refused, asked) == ([], [], {}, 0)


@pytest.mark.parametrize("wrongly_guessed", [(), ("run_50",)])
def test_a_good_guess_parts_a_mixed_hundred_in_a_handful_of_questions(wrongly_guessed: tuple[str, ...]) -> None:
    """Every second run: halving alone would have to ask about almost each."""
    of_them = ALL[::2]
    guess = Guess({*of_them} - {*wrongly_guessed})
    found, asked = search(ended(of_them), guess=guess)

    assert sorted(found.matching) == sorted(of_them)
    assert sorted(found.others) == sorted(ALL[1::2])
    # One that was guessed wrongly is looked for among fifty.
    assert asked <= (3 if not wrongly_guessed else 3 + 2 * 6)
    assert guess.asked == [ALL]
    assert search(ended(of_them))[1] > 100


run_sets = st.sets(st.sampled_from(ALL[:30]))


@pytest.mark.parametrize("likely", [[], ALL])
def test_a_guess_that_parts_nothing_costs_nothing(likely: list[str]) -> None:
    guess = Guess(likely)

    assert search(ended(ALL[:50]), guess=guess)[1] == search(ended(ALL[:50]))[1] == 3
    assert guess.asked == [ALL]


@given(run_sets, st.none() | run_sets, run_sets)
def test_no_guess_changes_an_answer_and_each_refused_run_is_told(
    of_them: set[str], likely: set[str] | None, refused: set[str]
) -> None:
    run_ids = ALL[:30]
    airflow = ended(of_them, run_ids)
    airflow.fail("count_runs", lambda _, ids, __: NoSenseError("422") if refused.intersection(ids) else None)
    found, _ = search(airflow, run_ids, None if likely is None else Guess(likely))

    # Where the first and the last are refused, it is said of all without asking more.
    gone = set(found.refused)
    assert gone >= refused
    assert set(found.matching) == of_them - gone
    assert set(found.others) == set(run_ids) - of_them - gone
    assert len(found.matching) + len(found.others) + len(gone) == len(run_ids)


@pytest.mark.parametrize("refused", [("run_0",), ("run_33",), ("run_99",), ("run_20", "run_77")])
def test_a_refused_run_is_parted_from_the_others(refused: tuple[str, ...]) -> None:
    airflow = ended(ALL[:10])
    airflow.fail("count_runs", lambda _, ids, __: NoSenseError("422") if set(refused) & set(ids) else None)
    found, asked = search(airflow)

    assert found.refused == dict.fromkeys(refused, "422")
    assert sorted([*found.matching, *found.others, *refused]) == sorted(ALL)
    assert asked < 60


@pytest.mark.parametrize("number", [2, 100])
def test_a_refusal_of_everything_costs_three_questions(number: int) -> None:
    airflow = ended([])
    airflow.fail("count_runs", NoSenseError("404"))
    found, asked = search(airflow, ALL[:number])

    assert (found.matching, found.others, found.refused) == ([], [], dict.fromkeys(ALL[:number], "404"))
    assert asked == 3


def test_an_error_that_may_pass_leaves_all_undecided(caplog: pytest.LogCaptureFixture) -> None:
    airflow = ended(ALL[:10])
    airflow.fail("count_runs", ConnectionError("away"))
    found, asked = search(airflow)

    assert (found.matching, found.others, found.refused, asked) == ([], [], {}, 1)
    assert "looking again. away" in caplog.text


def test_an_error_that_may_pass_leaves_only_those_undecided_that_were_asked_for() -> None:
    def away(_: str, ids: tuple[str, ...], __: Any) -> ConnectionError | None:
        return ConnectionError("away") if len(ids) < len(ALL) and "run_99" in ids else None

    airflow = ended(ALL[:50])
    airflow.fail("count_runs", away)
    found, _ = search(airflow)

    assert (found.matching, found.others, found.refused) == (ALL[:50], [], {})
