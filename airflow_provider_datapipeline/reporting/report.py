"""The report of how a task ended, with the texts that SetTaskStatus accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.control_characters import scrub
from airflow_provider_datapipeline.masking.masker import Masker
from airflow_provider_datapipeline.masking.text import utf8_length, utf16_length
from airflow_provider_datapipeline.reporting import limits, texts
from airflow_provider_datapipeline.reporting.detail import ErrorDetail
from airflow_provider_datapipeline.reporting.facts import TaskFacts, split_facts
from airflow_provider_datapipeline.reporting.status import TaskStatus

if TYPE_CHECKING:
    from airflow_provider_datapipeline.masking.whole_text import Mask

NOT_MET = "The precondition is not met."

_NO_FACTS = TaskFacts()
_TEXTS = ("error_id", "error_message", "error_stack_trace")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """
    How a task ended, always within the limits of :mod:`~airflow_provider_datapipeline.reporting.limits`.

    :meth:`finished`, :meth:`failed`, :meth:`precondition_false` and :meth:`explicit` make a report of any input: they
    mask the texts and bring them within the limits. Their parameter ``mask`` is a function that replaces the secrets
    that it knows in a text (in Airflow: ``redact``); it must be idempotent. The patterns of the package mask further
    secrets. Both read whole texts, before anything is cut. A text that cannot be masked is replaced by a note that
    says so.

    The constructor takes texts as they are, and neither masks nor shortens them.

    :raises ValueError: if a text is outside the limits, is empty, or has characters that the service refuses
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
        Report a failure. Never raises because of its arguments, whatever the methods of an exception do.

        :param error: the error. If it is a text that is a formatted traceback, it becomes the stack trace, and its last
            line the message. Any other text becomes the message.
        :param facts: where the failure happened
        :param error_id: takes the place of the qualified class name of the exception
            (``AirflowTaskFailed`` if there is no exception)
        :param error_message: takes the place of the message of the exception; the facts follow in any case
        :param lines: further facts, which stand between the message and ``facts``. Each is one line of 256 bytes at
            most. As many are shown as fit into 1,024 bytes; the others are counted.
        :param detail: with ``TYPE`` the report has the classes and frames of the whole chain of ``error``, but no text
            of it: no messages, no notes, and nothing of an error that is itself a text. The other parameters are
            reported in any case.
        """
        entries = texts.entries_of(error)
        own_message = texts.own_message(error, entries)
        masker = Masker.for_texts(mask, texts.all_texts(own_message, entries, error_id, error_message))
        explicit = error_message if error_message and error_message.strip() else None
        body = explicit or texts.derived_message(error, own_message, masker, detail)
        return cls(
            status=TaskStatus.FAILED,
            error_id=texts.error_id(error_id, error, masker),
            error_message=texts.error_message(body, lines, facts.lines(masker), masker) or None,
            error_stack_trace=texts.error_stack_trace(error, entries, masker, detail) or None,
        )

    @classmethod
    def precondition_false(cls, reason: str | None = None, facts: TaskFacts = _NO_FACTS, *, mask: Mask) -> TaskReport:
        """Report that a precondition was checked and is not met, with the reason if there is one."""
        masker = Masker(mask)
        body = reason if reason and reason.strip() else NOT_MET
        message = texts.error_message(body, (), facts.lines(masker), masker)
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
        """Report exactly what the caller passes; texts are masked and brought within the limits."""
        masker = Masker.for_texts(mask, texts.all_texts(None, (), error_id, error_message, error_stack_trace))
        return cls(
            status=status,
            error_id=texts.error_id(error_id, None, masker) if error_id and error_id.strip() else None,
            error_message=texts.error_message(error_message or "", (), (), masker) or None,
            error_stack_trace=texts.stack_trace_from_text(error_stack_trace or "", masker) or None,
        )

    @classmethod
    def from_record(cls, record: object) -> TaskReport | None:
        """
        Return the report of a record that :meth:`as_record` made; None for anything that is not such a record.

        Records come from a store that others can write to. So their texts are brought within the limits again, and the
        patterns mask them again. Secrets that only the mask of a caller knows were masked before the record was stored.
        """
        if not isinstance(record, Mapping):
            return None
        status = record.get("status")
        stored = [record.get(name) for name in _TEXTS]
        if not isinstance(status, str) or status not in tuple(TaskStatus):
            return None
        if not all(text is None or isinstance(text, str) for text in stored):
            return None
        masker = Masker(str)
        error_id, message, trace = (masker(text or "") for text in stored)
        return cls(
            status=TaskStatus(status),
            error_id=texts.id_within(error_id) or None,
            error_message=texts.message_within(message) or None,
            error_stack_trace=texts.trace_within(trace) or None,
        )

    @property
    def error_texts(self) -> dict[str, str]:
        """The texts that the report has, by their names in this class and in the hook."""
        known: dict[str, str | None] = {name: getattr(self, name) for name in _TEXTS}
        return {name: text for name, text in known.items() if text is not None}

    def as_record(self) -> dict[str, str]:
        """Return the report as a dictionary of JSON values; it has no keys for texts that the report does not have."""
        return {"status": self.status.value} | self.error_texts

    def with_lines(self, lines: Sequence[str], *, mask: Mask) -> TaskReport:
        """Return a copy with further facts after the message; see the parameter ``lines`` of :meth:`failed`."""
        body, fact_lines = split_facts(self.error_message or "")
        return TaskReport(
            status=self.status,
            error_id=self.error_id,
            error_message=texts.error_message(body, lines, fact_lines, Masker(mask)) or None,
            error_stack_trace=self.error_stack_trace,
        )

    def status_only(self) -> TaskReport:
        """Return a report of the same status without texts, for when the service refuses the texts."""
        return TaskReport(status=self.status)
