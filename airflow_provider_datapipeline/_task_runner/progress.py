"""The content of ReportTaskProgress, and the time that may pass between two calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.masker import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_datapipeline.masking.whole_text import Mask
    from airflow_provider_datapipeline.pipeline_task import PipelineTask

DEFAULT_TIMEOUT = 900.0
"""In seconds: 15 minutes are AWS's default of ``reportProgressTimeout``."""

_DONE = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
_NAMED_TASKS = 3


def report_progress_timeout(task: PipelineTask) -> float:
    """Return the attempt's ``reportProgressTimeout`` in seconds; AWS's default if it has no readable one."""
    return task.period_seconds("reportProgressTimeout") or DEFAULT_TIMEOUT


def is_waiting(task_states: Mapping[str, str | None]) -> bool:
    """Return whether no task of a run has been scheduled yet, for example because the run itself is queued."""
    return bool(task_states) and not any(task_states.values())


def progress_fields(task_states: Mapping[str, str | None], run_url: str, *, mask: Mask = str) -> dict[str, str]:
    """
    Return the fields of ReportTaskProgress: ``percentComplete`` and a short ``attemptStatus``.

    :param task_states: by task, of a run that has not ended
    :param mask: hides known secrets, as for a report; texts that look like a secret are hidden in any case
    """
    done = sum(state in _DONE for state in task_states.values())
    percent = 100 * done // len(task_states) if task_states else 0
    if is_waiting(task_states):
        status = "waits in Airflow: its DAG is paused, or has as many runs as it may"
    else:
        status = f"{done} of {len(task_states)} tasks done"
        active = sorted(task for task, state in task_states.items() if state in ("running", "deferred"))
        if active:
            more = f" and {len(active) - _NAMED_TASKS} more" if len(active) > _NAMED_TASKS else ""
            status += f", now {', '.join(active[:_NAMED_TASKS])}{more}"
    return {"percentComplete": str(percent), "attemptStatus": without_secrets(f"{status}; {run_url}", mask)}
