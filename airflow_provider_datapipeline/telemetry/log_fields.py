"""What a line of the log says after its first words: ``key=value`` pairs, alike everywhere, for a person with grep."""

from __future__ import annotations

import json

from airflow_provider_datapipeline.pipeline_task import PipelineTask, shorten


def format_fields(about: PipelineTask | str, **more: str | None) -> str:
    """
    Return ``more``, without what is None or empty, and the ids of a task: pipeline, attempt, and the task id shortened.

    A value with blanks, quotes or control characters is quoted as in JSON, so that a line stays a line.

    :param about: the task, or its task id alone
    """
    if isinstance(about, str):
        ids = {"task": shorten(about)}
    else:
        ids = {"pipeline": about.pipeline_id, "attempt": about.attempt_id, "task": about.short_id}
    return " ".join(f"{key}={_plain(value)}" for key, value in {**more, **ids}.items() if value)


def _plain(value: str) -> str:
    if value.isprintable() and not {" ", '"'} & set(value):
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())
