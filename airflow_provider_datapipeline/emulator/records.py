"""What tests see and steer: the requests received, the attempts, and faults to inject."""

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
    One request as it arrived, and what became of it.

    ``status`` and ``answer`` are None until it was answered; ``error_code`` is None unless it was refused.
    ``signature_verified`` is None where signatures are not checked (in moto's mock). ``signer`` is the ARN of whose key
    signed it, None where that is not known.
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
        """The value of a header, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class AttemptView:
    """
    One attempt as the service stores it, at the moment of asking.

    ``reported_status`` is what its task runner reported (FINISHED, FAILED, FALSE) or None; ``accepted_reports`` is
    how many reports changed it, which is never more than one; ``repeated_reports`` how many said the same again.
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
        """From waiting for a runner to the end; None while it is open."""
        return (self.ended - self.created).total_seconds() if self.ended else None

    @classmethod
    def of(cls, attempt: Attempt, region: str) -> AttemptView:
        """The view of an attempt."""
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
    Something that goes wrong with one request.

    ``fail``: refused with ``code``. ``drop``: the connection is closed before anything happened; ``swallow``: likewise,
    but after ``seconds`` of silence. ``lose_answer``: it takes effect, then the connection is closed. ``delay``: it
    takes effect, the answer comes ``seconds`` later.
    """

    kind: Literal["fail", "drop", "swallow", "lose_answer", "delay"]
    code: str = ""
    message: str = ""
    status: int | None = None
    seconds: float = 0.0


class Faults:
    """Faults waiting for requests, per operation, first in first out. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[Fault]] = {}

    def add(self, operation: str, faults: Iterable[Fault]) -> None:
        """Let the operation's next requests meet these faults, one each."""
        with self._lock:
            self._waiting.setdefault(operation, deque()).extend(faults)

    def next(self, operation: str) -> Fault | None:
        """The fault that the request that just came in meets, or None."""
        with self._lock:
            waiting = self._waiting.get(operation)
            return waiting.popleft() if waiting else None

    def clear(self) -> None:
        """Forget the faults that no request has met."""
        with self._lock:
            self._waiting.clear()
