"""Reports as the service gets them, written down apart from the package's own code for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_datapipeline.reporting.report import TaskReport


def wire_fields(report: TaskReport) -> dict[str, str]:
    """Return what the body of SetTaskStatus has besides ``taskId``; a text that the report lacks is absent."""
    fields = {
        "taskStatus": report.status.value,
        "errorId": report.error_id,
        "errorMessage": report.error_message,
        "errorStackTrace": report.error_stack_trace,
    }
    return {name: value for name, value in fields.items() if value is not None}
