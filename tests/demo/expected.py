"""The expected end of each attempt of ``pipeline.json``, and of each object that is never started."""

from __future__ import annotations

from tests.demo.table import Expectation

EXPECTED = {
    "ListFiles": Expectation("FINISHED"),
    "LoadTotals": Expectation("FINISHED"),
    "WrongTable": Expectation(
        "FAILED", error_id="sqlite3.OperationalError", contains={"errorMessage": "no such table: ordres"}
    ),
    "NoOrders": Expectation(
        "FAILED",
        error_id="ValueError",
        contains={
            "errorMessage": "There are no orders of 2026-11-29; was the export run?",
            "errorStackTrace": "ZeroDivisionError: division by zero",
        },
    ),
    "Flaky": Expectation("FINISHED", airflow_tries=2),
    "SecondTry": Expectation("FAILED", error_id="ConnectionError", contains={"errorMessage": "the database restarts"}),
    "SecondTry #2": Expectation("FINISHED"),
    "Killed": Expectation(
        "FAILED",
        error_id="AirflowDagRunFailed",
        contains={"errorMessage": "The DAG run failed and no task left an exception: killed"},
    ),
    "Canceled": Expectation("CANCELED", reports=0),
    "LongWork": Expectation("FINISHED", progress=50),
    "NoSuchDag": Expectation(
        "FAILED",
        error_id="AirflowDagRunRefused",
        contains={"errorMessage": "No run of DAG 'no_such_dag' can be started"},
        airflow_tries=0,
    ),
    "IsThere": Expectation("FINISHED"),
    "LoadIt": Expectation("FINISHED"),
    "IsNotThere": Expectation("FAILED (FALSE)", contains={"errorMessage": "The precondition is not met."}),
    "NeverLoaded": Expectation("CASCADE_FAILED", started=False, reports=0, airflow_tries=0),
}
