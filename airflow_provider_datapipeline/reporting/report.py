"""A report of how a task ended, as SetTaskStatus takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airflow_provider_datapipeline.masking.control_characters import scrub
from airflow_provider_datapipeline.masking.masker import Mask, Masker
from airflow_provider_datapipeline.masking.text import utf8_length, utf16_length
from airflow_provider_datapipeline.reporting import limits, texts
from airflow_provider_datapipeline.reporting.detail import ErrorDetail
from airflow_provider_datapipeline.reporting.facts import TaskFacts, split_facts
from airflow_provider_datapipeline.reporting.status import TaskStatus

NOT_MET = "The precondition is not met."

_NO_FACTS = TaskFacts()
_TEXTS = ("error_id", "error_message", "error_stack_trace")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """
    How a task ended, always within the limits of :mod:`~airflow_provider_datapipeline.reporting.limits`.

    Made by :meth:`finished`, :meth:`failed`, :meth:`precondition_false` and :meth:`explicit`, which bring any input
    within the limits and mask it. ``mask`` replaces the secrets that it knows in a text (in Airflow: ``redact``) and
    must be idempotent; what shows as a secret by itself is replaced in addition. Both are given whole texts, before
    anything is cut. A text that cannot be masked is replaced by a note that says so.

    The constructor takes texts as they are.

    :raises ValueError: if a text is outside the limits, or empty
    """

    status: TaskStatus
    error_id: str | None = None
    error_message: str | None = None
    error_stack_trace: str | None = None

    def __post_init__(self) -> None:
        for name, limit, measure, unit in (
            ("error_id", limits.ERROR_ID_MAX_UTF16, utf16_length, "UTF-16 units"),
            ("error_message", limits.ERROR_MESSAGE_MAX_UTF8, utf8_length, "UTF-8 bytes"),
            ("error_stack_trace", limits.ERROR_STACK_TRACE_MAX_UTF16, utf16_length, "UTF-16 units"),
        ):
            text: str | None = getattr(self, name)
            if text is None:
                continue
            if not 0 < measure(text) <= limit:
                raise ValueError(f"{name} has {measure(text)} {unit}; 1 to {limit} are allowed")
            if scrub(text) != text:
                raise ValueError(f"{name} has characters that AWS Data Pipeline refuses: {text!r}")
        if self.error_id is not None and self.error_id.startswith(limits.RESERVED_ERROR_ID_PREFIX):
            raise ValueError(f"error_id {self.error_id!r} starts with a prefix that AWS Data Pipeline reserves")

    @classmethod
    def finished(cls) -> TaskReport:
        """Report a success."""
        return cls(status=TaskStatus.FINISHED)

    @classmethod
    def failed(
        cls,
        error: BaseException | str | None = None,
        facts: TaskFacts = _NO_FACTS,
        *,
        mask: Mask,
        error_id: str | None = None,
        error_message: str | None = None,
        lines: Sequence[str] = (),
        detail: ErrorDetail = ErrorDetail.FULL,
    ) -> TaskReport:
        """
        Report a failure. Never raises for what it is given, whatever methods an exception has.

        :param error: what failed. A text that is a formatted traceback becomes the stack trace, and its last line the
            message; any other text is the message.
        :param facts: where it failed
        :param error_id: instead of the qualified class name of the exception
            (``AirflowTaskFailed`` if there is none)
        :param error_message: instead of the message of the exception; the facts follow all the same
        :param lines: further facts, between the message and where it failed; each is shown on one line of
            256 bytes at most, as many as fit into 1,024 bytes, the others are counted
        :param detail: ``TYPE`` tells of ``error`` the classes and frames of its whole chain, and no text of it: neither
            a message nor a note, and nothing of an error that is itself a text. What is given besides is told.
        """
        told = texts.told_by(error)
        protect = Masker.knowing(mask, texts.all_texts(error, told, error_id, error_message))
        given = error_message if error_message and error_message.strip() else None
        body = given or texts.derived_message(error, told, protect, detail)
        return cls(
            status=TaskStatus.FAILED,
            error_id=texts.error_id(error_id, error, protect),
            error_message=texts.error_message(body, lines, facts.lines(protect), protect) or None,
            error_stack_trace=texts.error_stack_trace(error, told, protect, detail) or None,
        )

    @classmethod
    def precondition_false(cls, reason: str | None = None, facts: TaskFacts = _NO_FACTS, *, mask: Mask) -> TaskReport:
        """Report that a precondition was checked and is not met."""
        protect = Masker(mask)
        body = reason if reason and reason.strip() else NOT_MET
        message = texts.error_message(body, (), facts.lines(protect), protect)
        return cls(status=TaskStatus.FALSE, error_message=message or None)

    @classmethod
    def explicit(
        cls,
        status: TaskStatus,
        *,
        mask: Mask,
        error_id: str | None = None,
        error_message: str | None = None,
        error_stack_trace: str | None = None,
    ) -> TaskReport:
        """Report what the caller says and nothing else; texts are masked and brought within the limits."""
        protect = Masker.knowing(mask, texts.all_texts(None, (), error_id, error_message, error_stack_trace))
        return cls(
            status=status,
            error_id=texts.error_id(error_id, None, protect) if error_id and error_id.strip() else None,
            error_message=texts.error_message(error_message or "", (), (), protect) or None,
            error_stack_trace=texts.given_trace(error_stack_trace or "", protect) or None,
        )

    @classmethod
    def from_record(cls, record: object) -> TaskReport | None:
        """
        Read what :meth:`as_record` wrote; None for anything that is not such a record.

        Records come from a store that others can write to: texts are brought within the limits again, and what shows
        as a secret is masked again. What only the caller's mask knew was masked before they were stored.
        """
        if not isinstance(record, Mapping):
            return None
        status = record.get("status")
        stored = [record.get(name) for name in _TEXTS]
        if not isinstance(status, str) or status not in tuple(TaskStatus):
            return None
        if not all(text is None or isinstance(text, str) for text in stored):
            return None
        protect = Masker(str)
        error_id, message, trace = (protect(text or "") for text in stored)
        return cls(
            status=TaskStatus(status),
            error_id=texts.id_within(error_id) or None,
            error_message=texts.message_within(message) or None,
            error_stack_trace=texts.trace_within(trace) or None,
        )

    @property
    def error_texts(self) -> dict[str, str]:
        """The texts that there are, by the names that this class and the hook have for them."""
        known: dict[str, str | None] = {name: getattr(self, name) for name in _TEXTS}
        return {name: text for name, text in known.items() if text is not None}

    def as_record(self) -> dict[str, str]:
        """Return the report as plain JSON values; absent texts are absent."""
        return {"status": self.status.value} | self.error_texts

    def as_request(self) -> dict[str, str]:
        """Return the parameters of SetTaskStatus but for ``taskId``; absent texts are absent."""
        keys = {"error_id": "errorId", "error_message": "errorMessage", "error_stack_trace": "errorStackTrace"}
        return {"taskStatus": self.status.value} | {keys[name]: text for name, text in self.error_texts.items()}

    def with_lines(self, lines: Sequence[str], *, mask: Mask) -> TaskReport:
        """Return a copy with further facts after the message (see ``lines`` of :meth:`failed`)."""
        body, fact_lines = split_facts(self.error_message or "")
        return TaskReport(
            status=self.status,
            error_id=self.error_id,
            error_message=texts.error_message(body, lines, fact_lines, Masker(mask)) or None,
            error_stack_trace=self.error_stack_trace,
        )

    def status_only(self) -> TaskReport:
        """Return the status alone, for a service that refuses the texts."""
        return TaskReport(status=self.status)
