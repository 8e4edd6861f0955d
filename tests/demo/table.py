"""Shows the service's view of a pipeline as a table, and compares it with what is expected. It calls nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WIDTH = 120
HEADINGS = ("attempt", "status", "start", "lasted", "report", "error id", "message")
NUMBERS = ("start", "lasted", "report")
LEGEND = (
    "Seconds. start: from WAITING_FOR_RUNNER to the acknowledgement; lasted: from the hand-out to the end; "
    "report: from the\nend of the DAG run to the status."
)

ENDED = frozenset({"FINISHED", "FAILED", "CANCELED", "CASCADE_FAILED", "FALSE"})


@dataclass(frozen=True)
class Expectation:
    """
    The expected end of an attempt, or of an object that is never started.

    :param status: the value of :attr:`Row.status`
    :param error_id: the error id; empty: there must be none
    :param contains: a text that a field of the attempt must contain, by the name of the field; other fields may have
        any value, but an attempt may have an ``errorMessage`` only if it is named here
    :param started: whether there must be an attempt
    :param progress: the least ``percentComplete`` that must have been reported
    :param reports: the number of SetTaskStatus requests about the attempt
    :param airflow_tries: the number of tries of the task that Airflow tried most often; 0: no DAG run
    """

    status: str
    error_id: str = ""
    contains: Mapping[str, str] = field(default_factory=dict)
    started: bool = True
    progress: int = 0
    reports: int = 1
    airflow_tries: int = 1


@dataclass(frozen=True)
class Row:
    """An attempt, or an instance without an attempt."""

    component_id: str
    number: int | None
    fields: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name of the object, with the number of the attempt after the first one."""
        return self.component_id if self.number in (None, 1) else f"{self.component_id} #{self.number}"

    @property
    def status(self) -> str:
        """The status in the service, with "(FALSE)" for a precondition that does not hold: the service shows FAILED."""
        is_false = self.fields.get("attemptStatus") == "FALSE" and self.fields["@status"] != "FALSE"
        return f"{self.fields['@status']} (FALSE)" if is_false else self.fields["@status"]

    @property
    def has_ended(self) -> bool:
        """Whether the status is final."""
        return self.fields["@status"] in ENDED

    @property
    def error_id(self) -> str:
        """The error id; empty if there is none."""
        return self.fields.get("errorId", "")

    @property
    def message(self) -> str:
        """The first line of the error message."""
        return next(iter(self.fields.get("errorMessage", "").splitlines()), "")

    @property
    def progress(self) -> int:
        """The progress that was last reported, in percent; 0 before the first report."""
        return int(self.fields.get("percentComplete", 0))

    @property
    def seconds(self) -> int | None:
        """The whole seconds from the hand-out to the end; None if the attempt has not begun or not ended."""
        try:
            start, end = (
                datetime.fromisoformat(f"{self.fields[key]}+00:00") for key in ("@actualStartTime", "@actualEndTime")
            )
        except KeyError:
            return None
        return round((end - start).total_seconds())


@dataclass(frozen=True)
class Measured:
    """
    Measurements of an attempt.

    :param start: seconds from WAITING_FOR_RUNNER to the acknowledgement; None before that
    :param report: seconds from the end of the DAG run to the final status; None before the later of the two
    :param reports: the number of SetTaskStatus requests about the attempt
    :param airflow_tries: the number of tries of the task that Airflow tried most often; 0: no DAG run
    """

    start: float | None = None
    report: float | None = None
    reports: int = 0
    airflow_tries: int = 0


NOTHING_MEASURED = Measured()


def rows(objects: Iterable[Mapping[str, Any]]) -> list[Row]:
    """
    Turn instances and attempts, as DescribeObjects returns them, into rows in the order given.

    An instance is a row only while it has no attempt.
    """
    flat = {each["id"]: _flattened(each["fields"]) for each in objects}
    started = {fields["@instanceParent"] for fields in flat.values() if fields["@sphere"] == "ATTEMPT"}
    return [
        Row(fields["@componentParent"], _attempt_number(object_id), fields)
        for object_id, fields in flat.items()
        if object_id not in started
    ]


def differences(
    found: Sequence[Row], expected: Mapping[str, Expectation], measured: Mapping[str, Measured]
) -> list[str]:
    """Return a sentence about each difference from what is expected of a row, after the name of the row."""
    by_name = {row.name: row for row in found}
    texts = [f"{name}: not expected at all" for name in by_name if name not in expected]
    for name, expectation in expected.items():
        if name not in by_name:
            texts.append(f"{name}: the service has nothing of it")
            continue
        own = _row_differences(by_name[name], expectation)
        own += _measured_differences(measured.get(name, NOTHING_MEASURED), expectation)
        texts += [f"{name}: {text}" for text in own]
    return texts


def table(
    found: Sequence[Row],
    order: Iterable[str] = (),
    measured: Mapping[str, Measured] | None = None,
    width: int = WIDTH,
) -> str:
    """
    Return the rows as a table, in lines of at most ``width`` characters.

    :param order: the names of the rows that come first, in this order
    :param measured: the measurements by the names of the rows
    """
    positions = {name: position for position, name in enumerate(order)}
    cells = []
    for row in sorted(found, key=lambda row: positions.get(row.name, len(positions))):
        own = (measured or {}).get(row.name, NOTHING_MEASURED)
        lasted = "" if row.seconds is None else str(row.seconds)
        cells.append(
            (row.name, row.status, _seconds(own.start), lasted, _seconds(own.report), row.error_id, row.message)
        )
    columns = list(zip(HEADINGS, *cells, strict=True))[:-1]
    widths = [max(map(len, column)) for column in columns]
    lines = [HEADINGS, tuple("-" * size for size in [*widths, len(HEADINGS[-1])]), *cells]
    return "\n".join([*(_clipped(_line(line, widths), width) for line in lines), LEGEND])


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    right = {HEADINGS.index(name) for name in NUMBERS}
    padded = [
        cell.rjust(size) if place in right else cell.ljust(size)
        for place, (cell, size) in enumerate(zip(cells[:-1], widths, strict=True))
    ]
    return "  ".join([*padded, cells[-1]]).rstrip()


def _clipped(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _row_differences(row: Row, expectation: Expectation) -> list[str]:
    texts = []
    if row.status != expectation.status:
        texts.append(f"status {row.status}, expected {expectation.status}")
    if (row.number is not None) != expectation.started:
        texts.append("was never started" if expectation.started else "was started, which it must not be")
    if row.error_id != expectation.error_id:
        texts.append(f"error id {row.error_id or 'none'}, expected {expectation.error_id or 'none'}")
    if row.message and "errorMessage" not in expectation.contains:
        texts.append(f"message {row.message!r}, expected none")
    if row.progress < expectation.progress:
        texts.append(f"{row.progress} % reported, expected {expectation.progress} at least")
    texts += [
        f"{key} is {row.fields.get(key)!r}, expected to contain {text!r}"
        for key, text in expectation.contains.items()
        if text not in row.fields.get(key, "")
    ]
    return texts


def _measured_differences(measured: Measured, expectation: Expectation) -> list[str]:
    texts = []
    if measured.reports != expectation.reports:
        texts.append(f"{measured.reports} SetTaskStatus, expected {expectation.reports}")
    if measured.airflow_tries != expectation.airflow_tries:
        texts.append(f"{measured.airflow_tries} tries in Airflow, expected {expectation.airflow_tries}")
    return texts


def _attempt_number(object_id: str) -> int | None:
    number = object_id.rpartition("_Attempt=")[2]
    return int(number) if number.isdecimal() else None


def _flattened(fields: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {each["key"]: each.get("stringValue") or each.get("refValue") or "" for each in fields}
