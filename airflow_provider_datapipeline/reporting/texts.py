"""The three texts of a report: from what is known of an error to what may be sent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.masker import REACH, WITHHELD, Masker
from airflow_provider_datapipeline.masking.safe_text import class_name, safe_str
from airflow_provider_datapipeline.masking.text import clip, clip_middle, one_line, utf8_length, utf16_length
from airflow_provider_datapipeline.reporting import stack_layout
from airflow_provider_datapipeline.reporting.detail import ErrorDetail, typed_message, without_text
from airflow_provider_datapipeline.reporting.limits import (
    ERROR_ID_MAX_UTF16,
    ERROR_MESSAGE_MAX_UTF8,
    ERROR_STACK_TRACE_MAX_UTF16,
    RESERVED_ERROR_ID_PREFIX,
)
from airflow_provider_datapipeline.reporting.stack_trace import flatten_exception

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_datapipeline.reporting.stack_trace import ExceptionEntry

DEFAULT_ERROR_ID = "AirflowTaskFailed"
"""``errorId`` where no exception is known."""

NO_ERROR_KNOWN = "The task failed; Airflow passed on no error."

LINE_MAX_UTF8 = 256
LINES_MAX_UTF8 = 1024
_LINES_CONSIDERED = 100
_LINE_REACH = 4_096
_PART_OF_TRACE = 1_100  # of a message in a stack trace: more than fits, so that what is longer is seen to be
# The message is looked into as far as it is in the errorMessage.
_MOST_IN_TRACE = REACH // 4
_LEAST_IN_TRACE = 4_096

_TRACEBACK_TITLE = "Traceback (most recent call last)"
_TRACE_TAIL_SHARE = 0.7  # the raising end of a traceback is its last part
_TRACE_BORDERS = ('\n  File "', "\n")

Error = BaseException | str | None


def told_by(error: Error) -> tuple[ExceptionEntry, ...]:
    """Return what an exception tells, asked for once, since its class may take long to say it; of a text, nothing."""
    return flatten_exception(error) if isinstance(error, BaseException) else ()


def all_texts(error: Error, told: Sequence[ExceptionEntry], *others: str | None) -> Iterator[tuple[str, int]]:
    """Return each text of a report as it came, and how far it is looked into where it is shown."""
    if not told and isinstance(error, str):  # asked of no exception: its class may raise for that
        yield error, REACH
    for entry in told:
        if entry.importance == 0:
            yield entry.message, REACH
        yield from ((text, _reach_in_trace(told)) for text in (entry.headline, *entry.notes))
    yield from ((text, REACH) for text in others if text)


def error_id(given: str | None, error: Error, protect: Masker) -> str:
    """Return the id given, or else the class name of an exception, or else :data:`DEFAULT_ERROR_ID`."""
    derived = class_name(type(error)) if isinstance(error, BaseException) else None
    for candidate in (given, derived):
        text = one_line(protect(candidate or ""))
        settled = protect.mask_within_limit(text, partial(id_within, text), id_within, ERROR_ID_MAX_UTF16)
        if settled.strip() and WITHHELD not in (text, settled) and not settled.startswith(RESERVED_ERROR_ID_PREFIX):
            return settled
    return DEFAULT_ERROR_ID


def error_message(body: str, lines: Sequence[str], fact_lines: Sequence[str], protect: Masker) -> str:
    """
    Return the body, then the lines, then the facts; of a long body the beginning and the end.

    :param body: as it came; may have many lines
    :param lines: as they came; each becomes one line
    :param fact_lines: already protected and within bounds
    """
    body = protect(body).strip()
    lines = (lines,) if isinstance(lines, str) else lines
    considered = [one_line(protect(safe_str(line), _LINE_REACH)) for line in lines[:_LINES_CONSIDERED]]
    left_out = len(lines) - len(considered)

    def fit(room: int) -> str:
        rest = _joined(*_lines_within_bounds(considered, left_out), *fact_lines)
        return _joined(clip_middle(body, room - utf8_length(rest) - 1, utf8_length), rest)

    return protect.mask_within_limit(
        _joined(body, *considered, *fact_lines), fit, message_within, ERROR_MESSAGE_MAX_UTF8, utf8_length
    )


def derived_message(error: Error, told: Sequence[ExceptionEntry], protect: Masker, detail: ErrorDetail) -> str:
    """Return what an error says of itself, or what is told without that; of a formatted traceback, the last line."""
    if detail is ErrorDetail.TYPE and error is not None:
        return typed_message(error)
    if isinstance(error, BaseException):
        return next((entry.message for entry in told if entry.importance == 0), class_name(type(error)))
    text = error or ""
    if _is_traceback(text):
        # Masked before a line is taken from it: the line may end a secret that began before.
        return protect(text).rstrip().rpartition("\n")[2]
    return text if text.strip() else NO_ERROR_KNOWN


def error_stack_trace(error: Error, told: Sequence[ExceptionEntry], protect: Masker, detail: ErrorDetail) -> str:
    """
    Return the stack trace of an exception, or of a formatted traceback; empty if there is neither.

    :param detail: ``TYPE`` leaves out what exceptions say, and with a formatted traceback all of it
    """
    whole = detail is ErrorDetail.FULL
    if isinstance(error, BaseException):
        reach = _reach_in_trace(told)
        shown = tuple(
            (entry if whole else without_text(entry)).protected(
                lambda text: clip(protect(text, reach), _PART_OF_TRACE, len)
            )
            for entry in told
        )
        return protect.mask_within_limit(
            stack_layout.lay_out(shown),
            partial(stack_layout.fit, shown),
            trace_within,
            ERROR_STACK_TRACE_MAX_UTF16,
        )
    return given_trace(error, protect) if whole and error and _is_traceback(error) else ""


def given_trace(trace: str, protect: Masker) -> str:
    """Return a stack trace that came as a text."""
    text = protect(trace).strip()
    return protect.mask_within_limit(text, partial(trace_within, text), trace_within, ERROR_STACK_TRACE_MAX_UTF16)


def _reach_in_trace(told: Sequence[ExceptionEntry]) -> int:
    """Return how far each text of a stack trace is looked into, so that many of them cost little more than one."""
    return max(_LEAST_IN_TRACE, _MOST_IN_TRACE // max(1, len(told)))


def id_within(text: str, room: int = ERROR_ID_MAX_UTF16) -> str:
    """Shorten an id; one that starts with the reserved prefix gets another before it."""
    return clip(f"Airflow.{text}" if text.startswith(RESERVED_ERROR_ID_PREFIX) else text, room)


def message_within(text: str, room: int = ERROR_MESSAGE_MAX_UTF8) -> str:
    """Shorten a message whose parts are not known: its beginning, and its end with the facts."""
    return clip_middle(text, room, utf8_length)


def trace_within(text: str, room: int = ERROR_STACK_TRACE_MAX_UTF16) -> str:
    """Shorten a stack trace whose parts are not known."""
    return clip_middle(text, room, utf16_length, tail_share=_TRACE_TAIL_SHARE, borders=_TRACE_BORDERS)


def _lines_within_bounds(lines: Sequence[str], left_out: int) -> list[str]:
    shown: list[str] = []
    room = LINES_MAX_UTF8
    for line in lines:
        short = clip(line, LINE_MAX_UTF8, utf8_length)
        room -= utf8_length(short) + 1
        if room < 0:
            break
        shown.append(short)
    left_out += len(lines) - len(shown)
    return [*shown, f"... and {left_out} more"] if left_out else shown


def _joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _is_traceback(text: str) -> bool:
    return text.lstrip().startswith(_TRACEBACK_TITLE)
