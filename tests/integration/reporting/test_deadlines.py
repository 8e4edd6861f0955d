"""What is reported about a missed deadline on a real Airflow, while the DAG run goes on."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.account import REGION
from tests.support.harness.settings import AIRFLOW_VERSION
from tests.support.harness.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.account import Account, Handed
    from tests.support.harness import Deployment

VERSION = tuple(int(part) for part in AIRFLOW_VERSION.split(".")[:2])

pytestmark = [
    pytest.mark.integration,
    pytest.mark.long,
    pytest.mark.skipif(VERSION < (3, 1), reason="deadlines came with Airflow 3.1"),
]

KINDS = [
    pytest.param(
        "sync",
        marks=pytest.mark.skipif(
            VERSION < (3, 3),
            reason="Airflow 3.1 refuses a SyncCallback for a deadline, and the scheduler of 3.2 dies of it on SQLite",
        ),
    ),
    "async",
]


def miss(deployment: Deployment, dag_id: str, handed: Handed, gate: Path) -> str:
    """Start a run that misses its deadline while it waits for a file; return its id."""
    return deployment.trigger(dag_id, conf=handed.conf | {"gate": str(gate)})


def store_connection(deployment: Deployment, account: Account) -> None:
    """Store a connection to the account in Airflow's database."""
    extra = json.dumps({"region_name": REGION, "endpoint_url": account.server.url})
    deployment.set_connection("stored", "aws", login="test", password="test", extra=extra)


def callback_state(deployment: Deployment, run_id: str) -> str:
    """Wait for the final state of the deadline's callback in Airflow's database. No API of Airflow shows it."""
    column, join = ("callback.state", "join callback on callback.id = deadline.callback_id")
    if VERSION < (3, 2):
        column, join = ("deadline.callback_state", "")
    query = f"select {column} from deadline join dag_run on dag_run.id = deadline.dagrun_id {join} where run_id = ?"

    def stored() -> str | None:
        with closing(sqlite3.connect(deployment.home / "airflow.db", timeout=30)) as database:
            ((state,),) = database.execute(query, (run_id,)).fetchall()
        return state if state in ("success", "failed") else None

    return wait_until(stored, f"the end of the callback of {run_id}", timeout=60)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missed_deadline_is_reported_while_the_run_goes_on(
    deployment: Deployment, account: Account, tmp_path: Path, kind: str
) -> None:
    """A class, a path and an object report it. The report of the run's success comes too late then, and is no error."""
    gate = tmp_path / "gate"
    forms = ("class", "path", "object", *(["stored"] if kind == "async" else []))
    store_connection(deployment, account)
    runs = {}
    for form in forms:
        handed = account.hand_out()
        runs[form] = (handed, miss(deployment, f"deadline_{kind}_{form}", handed, gate))

    attempts = {form: handed.wait_for_report() for form, (handed, _) in runs.items()}

    assert {form: deployment.run_state(f"deadline_{kind}_{form}", run_id) for form, (_, run_id) in runs.items()} == (
        dict.fromkeys(forms, "running")
    )
    assert {attempt.reported_status for attempt in attempts.values()} == {"FAILED"}
    assert attempts["class"].error_id == "AirflowDagRunTimedOut"
    assert "missed its deadline: it was to end by 20" in (attempts["class"].error_message or "")
    assert f"Run: {runs['class'][1]}" in (attempts["class"].error_message or "")
    assert attempts["path"].error_id == "TooLate"
    assert (attempts["path"].error_message or "").startswith(f"deadline_{kind}_path was due at 20")
    gate.touch()
    for form, (handed, run_id) in runs.items():
        assert callback_state(deployment, run_id) == "success"
        assert deployment.wait_for_run(f"deadline_{kind}_{form}", run_id) == "success"
        assert (handed.attempt.reported_status, handed.attempt.accepted_reports) == ("FAILED", 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_that_cannot_be_delivered_fails_its_callback_and_nothing_else(
    deployment: Deployment, account: Account, tmp_path: Path, kind: str
) -> None:
    """No log has the fields of the task, although Airflow logs the arguments of a callback that failed."""
    gate = tmp_path / "gate"
    # Airflow refuses a SyncCallback every connection in its database.
    form, remedy = {
        "sync": ("stored", "Use AsyncCallback"),
        "async": ("missing", "airflow connections add no_such_connection"),
    }[kind]
    store_connection(deployment, account)
    handed = account.hand_out(myKey="correct-horse-battery")
    run_id = miss(deployment, f"deadline_{kind}_{form}", handed, gate)

    state = callback_state(deployment, run_id)

    assert state == "failed"
    gate.touch()
    assert deployment.wait_for_run(f"deadline_{kind}_{form}", run_id) == "success"
    logs = [path.read_text(errors="replace") for path in deployment.logs.folder.rglob("*") if path.is_file()]
    assert any(remedy in log for log in logs)
    assert not any("correct-horse-battery" in log for log in logs)
    assert handed.wait_for_report().reported_status == "FINISHED"
