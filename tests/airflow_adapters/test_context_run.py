"""What a callback concludes from the stored states of a run. The tests on a real Airflow show that it provides them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_datapipeline._airflow.context_run import dag_run_of, run_by_task
from airflow_provider_datapipeline.outcome.decision import EndedRun, status_of
from airflow_provider_datapipeline.pipeline_task import Asked

TASKS = {
    task_id: SimpleNamespace(downstream_task_ids=behind, is_teardown=task_id == "teardown")
    for task_id, behind in {"ask": {"check"}, "check": {"teardown"}, "teardown": set()}.items()
}


class Airflow:
    """Airflow's stored states of a run, and a count of the requests for them."""

    def __init__(self, *, answers_dag_callbacks: bool = True) -> None:
        self.states: dict[str, str | None] = {}
        self.returned: dict[tuple[str, int], object] = {}
        self.succeeded: set[int] = set()
        self.is_away = False
        self.requests = 0
        self._answers_dag_callbacks = answers_dag_callbacks

    def dag_callbacks_can_ask(self) -> bool:
        return self._answers_dag_callbacks

    def read_task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        assert (dag_id, run_id) == ("nightly", "run_1")
        self._count_request()
        return self.states

    def read_xcom(self, dag_id: str, run_id: str, task_id: str, map_index: int, key: str) -> Any:
        assert (dag_id, run_id) == ("nightly", "run_1")
        self._count_request()
        return self.returned.get((task_id, map_index)) if key == "return_value" else None

    def succeeded_instances(self, task_instance: Any) -> set[int]:
        return self.succeeded | {task_instance.map_index}

    def _count_request(self) -> None:
        self.requests += 1
        if self.is_away:
            raise ConnectionError("the API server is gone")


@pytest.fixture
def airflow() -> Airflow:
    return Airflow()


def context(**entries: Any) -> dict[str, Any]:
    return {"dag": SimpleNamespace(dag_id="nightly", task_dict=TASKS), "run_id": "run_1", **entries}


def of_task(task_id: str, map_index: int = -1, state: str = "success") -> dict[str, Any]:
    return context(ti=SimpleNamespace(task_id=task_id, map_index=map_index, state=state))


def status(run: EndedRun | None, asked: Asked = Asked.PRECONDITION) -> str | None:
    assert run is not None
    return status_of(run, asked)


@pytest.mark.parametrize("asked", [Asked.ACTIVITY, Asked.UNKNOWN])
def test_nothing_is_read_of_a_success_unless_the_task_is_a_precondition(airflow: Airflow, asked: Asked) -> None:
    assert status(dag_run_of(context(reason="success"), asked, failed=False, airflow=airflow), asked) == "FINISHED"
    assert status(run_by_task(of_task("check"), asked, airflow), asked) == "FINISHED"
    assert airflow.requests == 0


@pytest.mark.parametrize(("returned", "expected"), [(True, "FINISHED"), (None, "FINISHED"), (False, "FALSE")])
def test_the_result_of_a_leaf_decides_whether_a_precondition_holds(
    airflow: Airflow, returned: object, expected: str
) -> None:
    airflow.states = {"ask": "success", "check": "success", "teardown": "success"}
    airflow.returned = {("check", -1): returned, ("ask", -1): False}

    assert status(dag_run_of(context(reason="success"), Asked.PRECONDITION, failed=False, airflow=airflow)) == expected
    assert status(run_by_task(of_task("check"), Asked.PRECONDITION, airflow)) == expected
    assert status(run_by_task(of_task("ask"), Asked.PRECONDITION, airflow)) == "FINISHED", "not a leaf"


def test_without_the_states_a_precondition_is_unknown_and_a_failure_has_no_details(airflow: Airflow) -> None:
    airflow.is_away = True

    assert status(dag_run_of(context(reason="success"), Asked.PRECONDITION, failed=False, airflow=airflow)) is None
    assert status(run_by_task(of_task("check"), Asked.PRECONDITION, airflow)) is None
    failed = dag_run_of(context(reason="task_failure"), Asked.ACTIVITY, failed=True, airflow=airflow)
    assert "the API server is gone" in failed.unread


def test_where_a_callback_cannot_read_states_a_success_is_reported_as_finished() -> None:
    """The dag-processor of Airflow 3.0 never answers such a request."""
    airflow = Airflow(answers_dag_callbacks=False)

    assert (
        status(dag_run_of(context(reason="success"), Asked.PRECONDITION, failed=False, airflow=airflow)) == "FINISHED"
    )
    assert dag_run_of(context(reason="timed_out"), Asked.ACTIVITY, failed=True, airflow=airflow) == EndedRun(
        failed=True, reason="timed_out"
    )
    assert airflow.requests == 0


def test_the_last_instance_of_a_mapped_check_reports_for_all_instances(airflow: Airflow) -> None:
    airflow.states = {"check_0": "success", "check_1": "success"}
    airflow.returned = {("check", 0): False}

    assert status(run_by_task(of_task("check", 1), Asked.PRECONDITION, airflow)) == "FALSE"


def test_of_instances_that_end_at_once_one_reports(airflow: Airflow) -> None:
    """Airflow 2 has not stored the success of the other instance yet, but its event in the audit log says so."""
    airflow.states = {"check_0": "running", "check_1": "running", "check_2": "skipped"}

    assert run_by_task(of_task("check", 1), Asked.ACTIVITY, airflow) is None
    airflow.succeeded = {0}
    assert status(run_by_task(of_task("check", 1), Asked.ACTIVITY, airflow)) == "FINISHED"


def test_the_event_of_a_success_does_not_hide_a_failure(airflow: Airflow) -> None:
    """The stored state is newer than the event, so it counts."""
    airflow.states = {"check_0": "failed", "check_1": "running"}
    airflow.succeeded = {0}

    assert run_by_task(of_task("check", 1), Asked.ACTIVITY, airflow) is None


def test_a_skipped_task_reports_nothing(airflow: Airflow) -> None:
    """Airflow 2 calls the success callback of a skipped task, too."""
    assert run_by_task(of_task("check", state="skipped"), Asked.PRECONDITION, airflow) is None
