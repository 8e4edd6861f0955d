"""How much of an exception a report tells: all of it, or what comes from code alone."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.safe_text import attempt, class_name

if TYPE_CHECKING:
    from airflow_provider_datapipeline.reporting.stack_trace import ExceptionEntry

OPTION = "[datapipeline] error_detail"
"""Where a deployment says it, as Airflow writes its options."""

TEXT_STAYS = "its text stays in Airflow's log."
A_TEXT_STAYS = "The task failed; what Airflow knows of the error is a text, which stays in Airflow's log."


class ErrorDetail(StrEnum):
    """How much of an exception is reported, spelled as in the option and in the parameters."""

    FULL = "full"
    """Class, message, notes and frames of the whole chain, without what is masked."""
    TYPE = "type"
    """Classes and frames of the whole chain: what stands in code, and nothing that was made up while it ran."""

    @classmethod
    def checked(cls, value: str | None) -> str | None:
        """
        Return the value of a parameter as plain text, None for None.

        :raises ValueError: it is neither
        """
        if value is None:
            return None
        if value not in tuple(cls):
            raise ValueError(
                f"error_detail is {value!r}; it must be {' or '.join(cls)}, or None for Airflow's option {OPTION}."
            )
        return cls(value).value


def typed_message(error: BaseException | str | None) -> str:
    """
    Say of an error what it is and where it was raised, without anything that it says of itself.

    Of an error that is a text nothing is told: a formatted traceback may have source lines and messages anywhere.
    """
    if not isinstance(error, BaseException):
        return A_TEXT_STAYS
    name, place = class_name(type(error)), attempt(lambda: _place(error), "")
    return f"{name}{place and f' at {place}'}; {TEXT_STAYS}"


def without_text(entry: ExceptionEntry) -> ExceptionEntry:
    """Return a copy with the class alone instead of the message, and without notes."""
    return replace(entry, headline=entry.name, notes=())


def _place(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and isinstance(error.filename, str) and isinstance(error.lineno, int):
        return f"{_file_name(error.filename)}:{error.lineno}"  # what raised it was Python's own parser
    trace: object = BaseException.__dict__["__traceback__"].__get__(error)
    if not isinstance(trace, TracebackType):
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{_file_name(code.co_filename)}:{trace.tb_lineno}, in {code.co_name}"


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
