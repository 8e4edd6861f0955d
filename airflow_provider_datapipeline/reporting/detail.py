"""How much of an exception a report contains: all of it, or only what stands in source code."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.safe_text import attempt, class_name

if TYPE_CHECKING:
    from airflow_provider_datapipeline.reporting.stack_trace import ExceptionEntry

OPTION = "[datapipeline] error_detail"
"""The option of Airflow's configuration that chooses this for a deployment, as error messages name it."""

TEXT_STAYS = "its text stays in Airflow's log."
A_TEXT_STAYS = "The task failed; what Airflow knows of the error is a text, which stays in Airflow's log."


class ErrorDetail(StrEnum):
    """How much of an exception is reported, spelled as in the option and in the parameters."""

    FULL = "full"
    """Classes, messages, notes and frames of the whole chain; secrets are masked."""
    TYPE = "type"
    """Classes and frames of the whole chain: only what stands in source code, no text that was made at run time."""

    @classmethod
    def checked(cls, value: str | None) -> str | None:
        """
        Return the value of a parameter as a plain ``str``, and None for None.

        :raises ValueError: the value is neither ``full`` nor ``type``
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
    Return the class of an error and where it was raised, without any text of the error.

    Of an error that is a text nothing is returned, since a formatted traceback may contain source lines and messages
    anywhere.
    """
    if not isinstance(error, BaseException):
        return A_TEXT_STAYS
    name, place = class_name(type(error)), attempt(lambda: _place(error), "")
    return f"{name}{place and f' at {place}'}; {TEXT_STAYS}"


def without_text(entry: ExceptionEntry) -> ExceptionEntry:
    """Return a copy that has the class instead of the message, and no notes."""
    return replace(entry, headline=entry.name, notes=())


def _place(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and isinstance(error.filename, str) and isinstance(error.lineno, int):
        return f"{_file_name(error.filename)}:{error.lineno}"  # its frames are those of Python's parser
    trace: object = BaseException.__dict__["__traceback__"].__get__(error)
    if not isinstance(trace, TracebackType):
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{_file_name(code.co_filename)}:{trace.tb_lineno}, in {code.co_name}"


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
