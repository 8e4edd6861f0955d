"""The ``key=value`` pairs after the first words of a log line, in one form everywhere, for a person with grep."""

from __future__ import annotations

import json

from airflow_provider_datapipeline.pipeline_task import PipelineTask, shorten


def format_fields(about: PipelineTask | str, **more: str | None) -> str:
    """
    Return ``more`` and the ids of a task as fields: pipeline, attempt, and the task id shortened.

    Values that are None or empty are left out. A value with blanks, quotes or control characters is quoted as in JSON,
    so that it cannot break the line.

    :param about: the task, or its task id alone
    """
    if isinstance(about, str):
        ids = {"task": shorten(about)}
    else:
        ids = {"pipeline": about.pipeline_id, "attempt": about.attempt_id, "task": about.short_id}
    return " ".join(f"{key}={_quote_if_needed(value)}" for key, value in {**more, **ids}.items() if value)


def _quote_if_needed(value: str) -> str:
    if value.isprintable() and not {" ", '"'} & set(value):
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())
