"""The page about outcomes says what the suite expects, and so what it finds when it passes."""

from __future__ import annotations

from tests.outcomes.table import PAGE, RUN_LINE, expected_results, page, without_run_line
from tests.outcomes.ways import Way


def test_the_page_says_what_the_suite_expects() -> None:
    """``make test-outcomes`` writes it anew."""
    committed = PAGE.read_text(encoding="utf-8")

    assert without_run_line(committed) == without_run_line(page(expected_results(), RUN_LINE))


def test_a_changed_outcome_changes_the_page() -> None:
    results = expected_results()
    found = results["1", Way.RUNNER]
    results["1", Way.RUNNER] = {**found, "status": "FINISHED", "error_id": None}

    assert page(results, "") != page(expected_results(), "")
    assert "FINISHED †" in page(results, "")


def test_the_task_runner_is_never_silent_and_never_wrong() -> None:
    """Whatever else the page may come to say."""
    (line,) = [line for line in page(expected_results(), "").splitlines() if line.startswith("| task runner |")]

    _, right, silent, other, total = [cell.strip() for cell in line.strip("|").split("|")]
    assert (right, silent, other) == (total, "0", "0")
