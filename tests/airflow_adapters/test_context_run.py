"""How callbacks read the outcome of a run from a fake Airflow. Other tests use a real one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.context_run import dag_run_of, run_by_task
from airflow_provider_datapipeline.outcome.decision import EndedRun, status_of
from airflow_provider_datapipeline.pipeline_task import Asked

TASKS = {
    task_id: SimpleNamespace(downstream_task_ids=behind, is_teardown=task_id == "teardown")
    for task_id, behind in {"ask": {"check"}, "check": {"teardown"}, "teardown": set()}.items()
}


class Airflow:
    """The states and results that Airflow has stored for a run; it counts the reads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.states: dict[str, str | None] = {}
        self.returned: dict[tuple[str, int], object] = {}
        self.succeeded: set[int] = set()
        self.is_away = False
        self.asked = 0
        monkeypatch.setattr(compat, "read_task_states", lambda *_: self._answer(self.states))
        monkeypatch.setattr(compat, "read_xcom", self._xcom)
        monkeypatch.setattr(compat, "succeeded_instances", lambda ti: self.succeeded | {ti.map_index})

    def _answer(self, value: Any) -> Any:
        self.asked += 1
        if self.is_away:
            raise ConnectionError("the API server is gone")
        return value

    def _xcom(self, _dag_id: str, _run_id: str, task_id: str, map_index: int, key: str) -> Any:
        return self._answer(self.returned.get((task_id, map_index)) if key == "return_value" else None)


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Airflow:
    return Airflow(monkeypatch)


def context(**entries: Any) -> dict[str, Any]:
    return {"dag": SimpleNamespace(dag_id="nightly", task_dict=TASKS), "run_id": "run_1", **entries}


def of_task(task_id: str, map_index: int = -1, state: str = "success") -> dict[str, Any]:
    return context(ti=SimpleNamespace(task_id=task_id, map_index=map_index, state=state))


def status(run: EndedRun | None, asked: Asked = Asked.PRECONDITION) -> str | None:
    assert run is not None
    return status_of(run, asked)


@pytest.mark.parametrize("asked", [Asked.ACTIVITY, Asked.UNKNOWN])
def test_nothing_is_read_of_a_success_unless_the_task_is_a_precondition(airflow: Airflow, asked: Asked) -> None:
    assert status(dag_run_of(context(reason="success"), asked, failed=False), asked) == "FINISHED"
    assert status(run_by_task(of_task("check"), asked), asked) == "FINISHED"
    assert airflow.asked == 0


@pytest.mark.parametrize(("returned", "expected"), [(True, "FINISHED"), (None, "FINISHED"), (False, "FALSE")])
def test_the_result_of_a_leaf_decides_whether_a_precondition_holds(
    airflow: Airflow, returned: object, expected: str
) -> None:
    airflow.states = {"ask": "success", "check": "success", "teardown": "success"}
    airflow.returned = {("check", -1): returned, ("ask", -1): False}

    assert status(dag_run_of(context(reason="success"), Asked.PRECONDITION, failed=False)) == expected
    assert status(run_by_task(of_task("check"), Asked.PRECONDITION)) == expected
    assert status(run_by_task(of_task("ask"), Asked.PRECONDITION)) == "FINISHED", (
        "the result of a task that is not a leaf was read"
    )


def test_without_the_states_a_precondition_is_unknown_and_a_failure_has_no_details(airflow: Airflow) -> None:
    airflow.is_away = True

    assert status(dag_run_of(context(reason="success"), Asked.PRECONDITION, failed=False)) is None
    assert status(run_by_task(of_task("check"), Asked.PRECONDITION)) is None
    failed = dag_run_of(context(reason="task_failure"), Asked.ACTIVITY, failed=True)
    assert "the API server is gone" in failed.unread


def test_where_a_callback_cannot_read_states_a_success_is_reported_as_finished(
    airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the dag-processor of Airflow 3.0 a callback that reads states waits forever."""
    monkeypatch.setattr(compat, "dag_callbacks_can_ask", lambda: False)

    assert status(dag_run_of(context(reason="success"), Asked.PRECONDITION, failed=False)) == "FINISHED"
    assert dag_run_of(context(reason="timed_out"), Asked.ACTIVITY, failed=True) == EndedRun(
        failed=True, reason="timed_out"
    )
    assert airflow.asked == 0


def test_the_last_instance_of_a_mapped_check_reports_for_all_instances(airflow: Airflow) -> None:
    airflow.states = {"check_0": "success", "check_1": "success"}
    airflow.returned = {("check", 0): False}

    assert status(run_by_task(of_task("check", 1), Asked.PRECONDITION)) == "FALSE"


def test_of_instances_that_end_at_once_one_reports(airflow: Airflow) -> None:
    """Airflow 2 has not stored the success of the other instance yet, but its event in the audit log says so."""
    airflow.states = {"check_0": "running", "check_1": "running", "check_2": "skipped"}

    assert run_by_task(of_task("check", 1), Asked.ACTIVITY) is None
    airflow.succeeded = {0}
    assert status(run_by_task(of_task("check", 1), Asked.ACTIVITY)) == "FINISHED"


def test_the_event_of_a_success_does_not_hide_a_failure(airflow: Airflow) -> None:
    """The stored state is newer than the event, so it counts."""
    airflow.states = {"check_0": "failed", "check_1": "running"}
    airflow.succeeded = {0}

    assert run_by_task(of_task("check", 1), Asked.ACTIVITY) is None


def test_a_skipped_task_reports_nothing(airflow: Airflow) -> None:
    """Airflow 2 calls its success callback too."""
    assert run_by_task(of_task("check", state="skipped"), Asked.PRECONDITION) is None
