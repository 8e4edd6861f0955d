"""Finds out which of many runs of a DAG are in some states, by counting them together."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.masker import without_secrets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient

    Guess = Callable[[Sequence[str]], Awaitable[Collection[str]]]

log = logging.getLogger(__name__)

_FEW = 4  # runs, which halving sorts with fewer questions than a guess costs


@dataclass(eq=False)
class Sorted:
    """
    Runs by what Airflow says of them; of which it says nothing, or only for the moment, they are in none.

    :param found: those in the states
    :param others: those that are not
    :param refused: those of which Airflow refuses to say it, with its words
    """

    found: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, more: Sorted) -> None:
        """Take in what was found of other runs."""
        self.found += more.found
        self.others += more.others
        self.refused |= more.refused


async def sort_runs(
    airflow: AirflowClient, dag_id: str, run_ids: Sequence[str], states: Sequence[str], guess: Guess | None = None
) -> Sorted:
    """
    Sort runs by whether they are in one of the states.

    All are counted in one question. Where some are and some are not, they are parted as guessed, and what is mixed
    still is halved: a good guess saves questions, a wrong one changes no answer.

    :param guess: returns, of these runs, those that are likely to be in one of the states; asked once at the most
    """
    if not run_ids:
        return Sorted()
    try:
        number = await airflow.count_runs(dag_id, run_ids, states)
    except Exception as error:  # noqa: BLE001  # whatever Airflow says now, it may say something else in a moment
        why = without_secrets(error) or type(error).__name__
        if airflow.may_pass(error):
            log.warning("Could not read how runs of DAG %s stand; looking again. %s", dag_id, why)
            return Sorted()
        if len(run_ids) == 1:
            return Sorted(refused={run_ids[0]: why})
        return await _sort_around_refused(airflow, dag_id, run_ids, states)
    if number in (0, len(run_ids)):
        return Sorted(found=list(run_ids)) if number else Sorted(others=list(run_ids))
    return await _sort_parts(airflow, dag_id, await _parts(run_ids, guess), states)


async def _parts(run_ids: Sequence[str], guess: Guess | None) -> list[Sequence[str]]:
    if guess is not None and len(run_ids) > _FEW:
        likely = await guess(run_ids)
        guessed = [run_id for run_id in run_ids if run_id in likely]
        if 0 < len(guessed) < len(run_ids):
            return [guessed, [run_id for run_id in run_ids if run_id not in likely]]
    half = len(run_ids) // 2
    return [run_ids[:half], run_ids[half:]]


async def _sort_parts(
    airflow: AirflowClient, dag_id: str, parts: Sequence[Sequence[str]], states: Sequence[str]
) -> Sorted:
    result = Sorted()
    for part in parts:
        result.add(await sort_runs(airflow, dag_id, part, states))
    return result


async def _sort_around_refused(
    airflow: AirflowClient, dag_id: str, run_ids: Sequence[str], states: Sequence[str]
) -> Sorted:
    """Sort runs that Airflow refuses to count together: for one of them, or for all, if for the first and the last."""
    ends = await _sort_parts(airflow, dag_id, [run_ids[:1], run_ids[-1:]], states)
    if len(ends.refused) > 1:
        return Sorted(refused=dict.fromkeys(run_ids, ends.refused[run_ids[0]]))
    between = run_ids[1:-1]
    half = len(between) // 2
    ends.add(await _sort_parts(airflow, dag_id, [between[:half], between[half:]], states))
    return ends
