"""The three texts of a report: made from what is known of an error, masked, and brought within the limits."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.masker import SCAN_LIMIT, Masker
from airflow_provider_datapipeline.masking.safe_text import class_name, safe_str
from airflow_provider_datapipeline.masking.text import clip, clip_middle, one_line, utf8_length, utf16_length
from airflow_provider_datapipeline.masking.whole_text import WITHHELD
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
_MAX_LINES_MASKED = 100
_SCAN_LIMIT_OF_LINE = 4_096
_MAX_CHARACTERS_IN_TRACE = 1_100  # of one text: more than the trace has room for, so that a longer text is clipped
# The texts of a stack trace are scanned less far than the message, which stands in errorMessage as a whole.
_MAX_SCANNED_IN_TRACE = SCAN_LIMIT // 4
_MIN_SCANNED_IN_TRACE = 4_096

Error = BaseException | str | None

_TRACEBACK_TITLE = "Traceback (most recent call last)"
_TRACE_TAIL_SHARE = 0.7  # a traceback ends with the frames near the raising end
_TRACE_BORDERS = ('\n  File "', "\n")


def entries_of(error: Error) -> tuple[ExceptionEntry, ...]:
    """Return the entries of an exception, none for a text. Call it once a report: the class may be slow to answer."""
    return flatten_exception(error) if isinstance(error, BaseException) else ()


def own_message(error: Error, entries: Sequence[ExceptionEntry]) -> str:
    """Return the text of an error before it is masked; the class name of an exception without one, "" for None."""
    if isinstance(error, BaseException):
        return next((entry.message for entry in entries if entry.importance == 0), class_name(type(error)))
    return error or ""


def all_texts(message: str | None, entries: Sequence[ExceptionEntry], *others: str | None) -> Iterator[tuple[str, int]]:
    """
    Return each text of a report before it is masked, and how many of its characters are scanned.

    :param message: what :func:`own_message` returned
    """
    yield from ((text, SCAN_LIMIT) for text in (message, *others) if text)
    scan_limit = _scan_limit_in_trace(entries)
    yield from ((text, scan_limit) for entry in entries for text in (entry.headline, *entry.notes))


def error_id(explicit: str | None, error: Error, masker: Masker) -> str:
    """Return the explicit id, or else the class name of an exception, or else :data:`DEFAULT_ERROR_ID`."""
    derived = class_name(type(error)) if isinstance(error, BaseException) else None
    for candidate in (explicit, derived):
        text = one_line(masker(candidate or ""))
        masked = masker.mask_within_limit(text, partial(id_within, text), id_within, ERROR_ID_MAX_UTF16)
        if masked.strip() and WITHHELD not in (text, masked) and not masked.startswith(RESERVED_ERROR_ID_PREFIX):
            return masked
    return DEFAULT_ERROR_ID


def error_message(body: str, lines: Sequence[str], fact_lines: Sequence[str], masker: Masker) -> str:
    """
    Return the body, then the lines, then the facts; of a long body its beginning and its end.

    :param body: the text before it is masked; may have many lines
    :param lines: texts before they are masked; each becomes one line
    :param fact_lines: lines that are already masked and within bounds
    """
    body = masker(body).strip()
    lines = (lines,) if isinstance(lines, str) else lines
    masked_lines = [one_line(masker(safe_str(line), _SCAN_LIMIT_OF_LINE)) for line in lines[:_MAX_LINES_MASKED]]
    left_out = len(lines) - len(masked_lines)

    def fit(room: int) -> str:
        rest = _joined(*_lines_within_bounds(masked_lines, left_out), *fact_lines)
        return _joined(clip_middle(body, room - utf8_length(rest) - 1, utf8_length), rest)

    return masker.mask_within_limit(
        _joined(body, *masked_lines, *fact_lines), fit, message_within, ERROR_MESSAGE_MAX_UTF8, utf8_length
    )


def derived_message(error: Error, message: str, masker: Masker, detail: ErrorDetail) -> str:
    """
    Return the body of ``errorMessage`` for an error: its text, or only its class and place; the caller masks it.

    Of a formatted traceback that is the last line.

    :param message: what :func:`own_message` returned
    """
    if detail is ErrorDetail.TYPE and error is not None:
        return typed_message(error)
    if isinstance(error, BaseException):
        return message
    if _is_traceback(message):
        # Masked before the last line is taken, as that line may be the end of a secret that began before it.
        return masker(message).rstrip().rpartition("\n")[2]
    return message if message.strip() else NO_ERROR_KNOWN


def error_stack_trace(error: Error, entries: Sequence[ExceptionEntry], masker: Masker, detail: ErrorDetail) -> str:
    """
    Return the stack trace of an exception, or of a formatted traceback; empty if the error is neither.

    :param detail: ``TYPE`` leaves out the texts of exceptions, and the whole of a formatted traceback
    """
    is_full = detail is ErrorDetail.FULL
    if isinstance(error, BaseException):
        scan_limit = _scan_limit_in_trace(entries)

        def mask(text: str) -> str:
            return clip(masker(text, scan_limit), _MAX_CHARACTERS_IN_TRACE, len)

        masked = tuple((entry if is_full else without_text(entry)).masked(mask) for entry in entries)
        return masker.mask_within_limit(
            stack_layout.lay_out(masked),
            partial(stack_layout.fit, masked),
            trace_within,
            ERROR_STACK_TRACE_MAX_UTF16,
        )
    return stack_trace_from_text(error, masker) if is_full and error and _is_traceback(error) else ""


def stack_trace_from_text(trace: str, masker: Masker) -> str:
    """Return a stack trace that is a text, masked and within its limit."""
    text = masker(trace).strip()
    return masker.mask_within_limit(text, partial(trace_within, text), trace_within, ERROR_STACK_TRACE_MAX_UTF16)


def _scan_limit_in_trace(entries: Sequence[ExceptionEntry]) -> int:
    """Return how far each text of a stack trace is scanned; the more texts, the less, so that all take little time."""
    return max(_MIN_SCANNED_IN_TRACE, _MAX_SCANNED_IN_TRACE // max(1, len(entries)))


def id_within(text: str, room: int = ERROR_ID_MAX_UTF16) -> str:
    """Shorten an id; another prefix is put before an id that starts with the reserved one."""
    return clip(f"Airflow.{text}" if text.startswith(RESERVED_ERROR_ID_PREFIX) else text, room)


def message_within(text: str, room: int = ERROR_MESSAGE_MAX_UTF8) -> str:
    """Shorten a message whose parts are not known, to its beginning and its end, where the facts are."""
    return clip_middle(text, room, utf8_length)


def trace_within(text: str, room: int = ERROR_STACK_TRACE_MAX_UTF16) -> str:
    """Shorten a stack trace whose parts are not known."""
    return clip_middle(text, room, utf16_length, tail_share=_TRACE_TAIL_SHARE, borders=_TRACE_BORDERS)


def _lines_within_bounds(lines: Sequence[str], left_out: int) -> list[str]:
    """
    Return as many lines as there is room for, each shortened, and a line that counts the others.

    :param left_out: how many further lines are counted
    """
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
