"""The facts about a task that Airflow knows: DAG, run, task, try and log URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.safe_text import safe_str
from airflow_provider_datapipeline.masking.text import clip, one_line, utf8_length

if TYPE_CHECKING:
    from collections.abc import Callable

# An id of Airflow has at most 250 characters. A log URL holds three ids, percent-encoded.
ID_MAX_UTF8 = 256
LOG_URL_MAX_UTF8 = 1536
_NUMBERS_MAX_UTF8 = 64

_FACT_LINE = re.compile(r"(DAG|Run|Task|Log): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """
    Where a failure happened; a fact that is not known is None.

    :param try_number: number of the try that ended, from 1
    :param max_tries: how many tries are allowed in all (retries plus one)
    :param map_index: index of a mapped task; None and -1 mean that it is not mapped
    """

    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    try_number: int | None = None
    max_tries: int | None = None
    map_index: int | None = None
    log_url: str | None = None

    def lines(self, mask: Callable[[str], str] = str) -> tuple[str, ...]:
        """
        Return one line for each fact; together they have less than 2,500 UTF-8 bytes, line ends included.

        :param mask: applied to every value before it is shortened, and to the finished line
        """

        def value(label: str, fact: object, limit: int) -> str:
            if fact is None or not (text := safe_str(fact)).strip():
                return ""
            # Masked together with its label. An id may look like a token, and the label shows that it is an id.
            text = one_line(mask(f"{label}: {text}"))
            return clip(text.partition(": ")[2] or text, limit, utf8_length)

        task = value("Task", self.task_id, ID_MAX_UTF8)
        facts = (
            ("DAG", value("DAG", self.dag_id, ID_MAX_UTF8), ID_MAX_UTF8),
            ("Run", value("Run", self.run_id, ID_MAX_UTF8), ID_MAX_UTF8),
            ("Task", task and task + clip(self._numbers(), _NUMBERS_MAX_UTF8), ID_MAX_UTF8 + _NUMBERS_MAX_UTF8),
            ("Log", value("Log", self.log_url, LOG_URL_MAX_UTF8), LOG_URL_MAX_UTF8),
        )
        return tuple(
            clip(one_line(mask(f"{label}: {fact}")), len(f"{label}: ") + limit, utf8_length)
            for label, fact, limit in facts
            if fact
        )

    def _numbers(self) -> str:
        text = "" if self.map_index is None or self.map_index < 0 else f" (map index {safe_str(self.map_index)})"
        if self.try_number is None or self.try_number < 1:
            return text
        # After a task was cleared, the number of its try may exceed the number of tries that it was allowed at first.
        limited = self.max_tries is not None and self.max_tries >= self.try_number
        return f"{text}, try {safe_str(self.try_number)}" + (f" of {safe_str(self.max_tries)}" if limited else "")


def split_facts(message: str) -> tuple[str, tuple[str, ...]]:
    """Split a message into its body and the lines of :meth:`TaskFacts.lines` at its end."""
    lines = message.split("\n")
    border = len(lines)
    while border > 0 and _FACT_LINE.match(lines[border - 1]):
        border -= 1
    return "\n".join(lines[:border]), tuple(lines[border:])
