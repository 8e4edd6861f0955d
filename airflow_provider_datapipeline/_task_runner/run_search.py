"""Finds out which of many runs of a DAG are in given states, by counting many runs in one question."""

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

_FEW = 4  # runs; for so few, halving needs fewer questions than a guess


@dataclass(eq=False)
class SearchResult:
    """
    Runs by what Airflow says about them. A run that Airflow cannot tell anything about at the moment is in no list.

    :param matching: the runs in the states
    :param others: the runs that are not in the states
    :param refused: the runs whose state Airflow refuses to tell, each with the text of the refusal
    """

    matching: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, more: SearchResult) -> None:
        """Add the result for other runs."""
        self.matching += more.matching
        self.others += more.others
        self.refused |= more.refused


async def search_runs(
    airflow: AirflowClient, dag_id: str, run_ids: Sequence[str], states: Sequence[str], guess: Guess | None = None
) -> SearchResult:
    """
    Find out which runs are in one of the states.

    One question counts all of them. If some are in the states and some are not, the runs are divided as guessed; a part
    that is still mixed is halved, again and again. A good guess saves questions, and a wrong one changes no answer.

    :param guess: is called once at most; returns which of these runs are likely to be in one of the states
    """
    if not run_ids:
        return SearchResult()
    try:
        number = await airflow.count_runs(dag_id, run_ids, states)
    except Exception as error:  # noqa: BLE001  # Airflow may answer the next time
        why = without_secrets(error) or type(error).__name__
        if airflow.may_pass(error):
            log.warning("Could not read how runs of DAG %s stand; looking again. %s", dag_id, why)
            return SearchResult()
        if len(run_ids) == 1:
            return SearchResult(refused={run_ids[0]: why})
        return await _search_around_refused(airflow, dag_id, run_ids, states)
    if number in (0, len(run_ids)):
        return SearchResult(matching=list(run_ids)) if number else SearchResult(others=list(run_ids))
    return await _search_parts(airflow, dag_id, await _divide(run_ids, guess), states)


async def _divide(run_ids: Sequence[str], guess: Guess | None) -> list[Sequence[str]]:
    if guess is not None and len(run_ids) > _FEW:
        likely = await guess(run_ids)
        guessed = [run_id for run_id in run_ids if run_id in likely]
        if 0 < len(guessed) < len(run_ids):
            return [guessed, [run_id for run_id in run_ids if run_id not in likely]]
    half = len(run_ids) // 2
    return [run_ids[:half], run_ids[half:]]


async def _search_parts(
    airflow: AirflowClient, dag_id: str, parts: Sequence[Sequence[str]], states: Sequence[str]
) -> SearchResult:
    result = SearchResult()
    for part in parts:
        result.add(await search_runs(airflow, dag_id, part, states))
    return result


async def _search_around_refused(
    airflow: AirflowClient, dag_id: str, run_ids: Sequence[str], states: Sequence[str]
) -> SearchResult:
    """
    Search runs that Airflow refuses to count together.

    If Airflow refuses the first run as well as the last one, it is taken to refuse all of them.
    """
    ends = await _search_parts(airflow, dag_id, [run_ids[:1], run_ids[-1:]], states)
    if len(ends.refused) > 1:
        return SearchResult(refused=dict.fromkeys(run_ids, ends.refused[run_ids[0]]))
    between = run_ids[1:-1]
    half = len(between) // 2
    ends.add(await _search_parts(airflow, dag_id, [between[:half], between[half:]], states))
    return ends
