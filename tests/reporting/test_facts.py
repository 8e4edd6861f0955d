"""The lines of facts."""

from __future__ import annotations

import pytest

from airflow_provider_datapipeline.masking.masker import Masker
from airflow_provider_datapipeline.masking.text import utf8_length
from airflow_provider_datapipeline.reporting import TaskFacts
from airflow_provider_datapipeline.reporting.facts import split_facts

FULL = TaskFacts(
    dag_id="load_orders",
    run_id="manual__2026-11-22T10:00:00+00:00",
    task_id="copy.to_warehouse",
    try_number=2,
    max_tries=3,
    map_index=3,
    log_url="https://airflow.example.com/dags/load_orders?map_index=3",
)


def test_one_line_per_fact() -> None:
    assert FULL.lines() == (
        "DAG: load_orders",
        "Run: manual__2026-11-22T10:00:00+00:00",
        "Task: copy.to_warehouse (map index 3), try 2 of 3",
        "Log: https://airflow.example.com/dags/load_orders?map_index=3",
    )


@pytest.mark.parametrize(
    ("facts", "lines"),
    [
        (TaskFacts(), ()),
        (TaskFacts(dag_id="d", run_id="r"), ("DAG: d", "Run: r")),
        (TaskFacts(task_id="t", map_index=-1), ("Task: t",)),
        (TaskFacts(task_id="t", map_index=0, try_number=1), ("Task: t (map index 0), try 1",)),
        (TaskFacts(task_id="t", try_number=4, max_tries=3), ("Task: t, try 4",)),
        (TaskFacts(task_id="t", try_number=0, max_tries=3), ("Task: t",)),
        (TaskFacts(task_id="", try_number=1, log_url=" "), ()),
        (TaskFacts(dag_id="two\nlines"), ("DAG: two lines",)),
    ],
)
def test_an_unknown_fact_has_no_line(facts: TaskFacts, lines: tuple[str, ...]) -> None:
    assert facts.lines() == lines


def test_facts_are_bounded() -> None:
    facts = TaskFacts(
        dag_id="é" * 999, run_id="é" * 999, task_id="é" * 999, log_url="é" * 9999, map_index=10**5000, try_number=10**99
    )

    assert sum(utf8_length(line) + 1 for line in facts.lines()) < 2500


def test_a_url_of_three_longest_ids_is_kept_whole() -> None:
    url = "https://airflow.example.com/dags/{0}/runs/{0}/tasks/{0}".format("%3A" * 20 + "i" * 230)

    assert TaskFacts(log_url=url).lines() == (f"Log: {url}",)


def test_facts_are_masked_before_they_are_shortened() -> None:
    facts = TaskFacts(dag_id="x" * 250 + "hunter2", task_id="Task: hunter2")

    shown = facts.lines(lambda text: text.replace("hunter2", "*").replace("Task", "+"))

    assert shown == (f"DAG: {'x' * 250}*", "+: +: *")


def test_a_message_is_split_where_its_facts_begin() -> None:
    body = "Task: is the first word of this message\nand this is its end"

    assert split_facts("\n".join((body, *FULL.lines()))) == (body, FULL.lines())
    assert split_facts("no facts") == ("no facts", ())
    assert split_facts("") == ("", ())


def test_an_id_that_looks_generated_stays() -> None:
    generated_id = "Zq7Rt2Lm9Xw4Kd8Vb3Nc"
    mask = Masker(str)

    assert mask(f"it met {generated_id} there") == "it met *** there"
    assert TaskFacts(dag_id=generated_id, run_id=generated_id, task_id=generated_id).lines(mask) == (
        f"DAG: {generated_id}",
        f"Run: {generated_id}",
        f"Task: {generated_id}",
    )
