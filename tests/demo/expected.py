"""How each object of ``pipeline.json`` has to end."""

from __future__ import annotations

from tests.demo.table import Expectation

EXPECTED = {
    "DailyOrders": Expectation("FINISHED"),
    "FlakySource": Expectation("FINISHED", airflow_tries=2),
    "DayWithoutOrders": Expectation(
        "FAILED",
        error_id="ValueError",
        contains={
            "errorMessage": "There are no orders of 2026-11-29; was the export run?",
            "errorStackTrace": "ZeroDivisionError: division by zero",
        },
    ),
    "ListFiles": Expectation("FINISHED"),
    "Killed": Expectation(
        "FAILED",
        error_id="AirflowDagRunFailed",
        contains={"errorMessage": "The DAG run failed and no task left an exception: killed"},
    ),
    "LongWork": Expectation("FINISHED", contains={"percentComplete": "100"}),
    "ExportIsThere": Expectation("FAILED (FALSE)", contains={"errorMessage": "The precondition is not met."}),
    "LoadExport": Expectation("CASCADE_FAILED", attempts=0),
}
