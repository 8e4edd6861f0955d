"""The records for tests: the received requests, the stored attempts, and the faults to inject."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_provider_datapipeline.emulator.model import Attempt


@dataclass(slots=True)
class RequestRecord:
    """
    One received request and its answer.

    ``status`` and ``answer`` are None until the request is answered. ``error_code`` is None unless the answer is an
    error. ``signature_verified`` is None if signatures are not checked, as in moto's mock. ``signer`` is the ARN of the
    identity whose key signed the request, or None if the signature was not verified. ``fault`` is the kind of the
    injected fault, or None.
    """

    received: datetime
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    operation: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    region: str | None = None
    signature_verified: bool | None = None
    signer: str | None = None
    status: int | None = None
    error_code: str | None = None
    answer: bytes | None = None
    fault: str | None = None

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None. The case of the name does not matter."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class AttemptView:
    """
    A snapshot of one attempt as the service stores it.

    ``reported_status`` is the status that the task runner reported (FINISHED, FAILED or FALSE), or None before the
    report. ``accepted_reports`` counts the reports that changed the attempt, which is at most one.
    ``repeated_reports`` counts the later reports with the same status.
    """

    region: str
    pipeline_id: str
    component_id: str
    instance_id: str
    attempt_id: str
    status: str
    reported_status: str | None
    error_id: str | None
    error_message: str | None
    error_stack_trace: str | None
    hostname: str | None
    progress: dict[str, str]
    pipeline_task_id: str | None
    created: datetime
    handed_out: datetime | None
    acknowledged: datetime | None
    ended: datetime | None
    accepted_reports: int
    repeated_reports: int

    @property
    def seconds(self) -> float | None:
        """The seconds from the creation of the attempt to its end, or None until it has ended."""
        return (self.ended - self.created).total_seconds() if self.ended else None

    @classmethod
    def of(cls, attempt: Attempt, region: str) -> AttemptView:
        """Return the snapshot of an attempt."""
        instance = attempt.instance
        return cls(
            region=region,
            pipeline_id=instance.pipeline.id,
            component_id=instance.component.id,
            instance_id=instance.id,
            attempt_id=attempt.id,
            status=attempt.status.value,
            reported_status=attempt.reported_status,
            error_id=attempt.error_id,
            error_message=attempt.error_message,
            error_stack_trace=attempt.error_stack_trace,
            hostname=attempt.hostname,
            progress={key: each.value for key, each in attempt.progress.items()},
            pipeline_task_id=attempt.pipeline_task_id,
            created=attempt.created,
            handed_out=attempt.handed_out,
            acknowledged=attempt.acknowledged,
            ended=attempt.ended,
            accepted_reports=attempt.accepted_reports,
            repeated_reports=attempt.repeated_reports,
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """
    A failure to inject into one request.

    ``fail``: the service answers the error ``code`` and does not execute the request.
    ``drop``: the server does not execute the request and closes the connection.
    ``swallow``: as ``drop``, but the server closes the connection only after ``seconds``.
    ``lose_answer``: the server executes the request, then closes the connection without an answer.
    ``delay``: the server executes the request at once and answers ``seconds`` later.
    """

    kind: Literal["fail", "drop", "swallow", "lose_answer", "delay"]
    code: str = ""
    message: str = ""
    status: int | None = None
    seconds: float = 0.0


class Faults:
    """The faults to inject into the next requests of each operation, in order. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[Fault]] = {}

    def add(self, operation: str, faults: Iterable[Fault]) -> None:
        """Inject these faults into the next requests of the operation, one fault into each request."""
        with self._lock:
            self._waiting.setdefault(operation, deque()).extend(faults)

    def next(self, operation: str) -> Fault | None:
        """Remove and return the fault for the current request of the operation, or None."""
        with self._lock:
            waiting = self._waiting.get(operation)
            return waiting.popleft() if waiting else None

    def clear(self) -> None:
        """Remove the faults that were not injected yet."""
        with self._lock:
            self._waiting.clear()
