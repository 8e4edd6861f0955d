"""The service's view of a pipeline as a table, and what in it is not as expected. Nothing is called here."""

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
    How an attempt, or an object that is never started, has to end.

    :param status: as :attr:`Row.status` shows it
    :param error_id: empty: there must be none
    :param contains: by field of the attempt, a text that must be in it; a field not named here may hold anything, but
        an ``errorMessage`` that is not named must be absent
    :param started: False: there must be no attempt
    :param progress: the least ``percentComplete`` that the service must have heard of
    :param reports: SetTaskStatus requests about the attempt
    :param airflow_tries: of the task that Airflow tried most often; 0: no DAG run
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
    """An attempt, or an instance that has none."""

    component_id: str
    number: int | None
    fields: Mapping[str, str]

    @property
    def name(self) -> str:
        """The object and, after its first, the attempt."""
        return self.component_id if self.number in (None, 1) else f"{self.component_id} #{self.number}"

    @property
    def status(self) -> str:
        """The service's status; it has none for a precondition that does not hold, so what was reported is added."""
        unmet = self.fields.get("attemptStatus") == "FALSE" and self.fields["@status"] != "FALSE"
        return f"{self.fields['@status']} (FALSE)" if unmet else self.fields["@status"]

    @property
    def has_ended(self) -> bool:
        """Whether the status is final."""
        return self.fields["@status"] in ENDED

    @property
    def error_id(self) -> str:
        """Empty if there is none."""
        return self.fields.get("errorId", "")

    @property
    def message(self) -> str:
        """First line of the error message."""
        return next(iter(self.fields.get("errorMessage", "").splitlines()), "")

    @property
    def progress(self) -> int:
        """What was reported last of it in percent; 0 before."""
        return int(self.fields.get("percentComplete", 0))

    @property
    def seconds(self) -> int | None:
        """From the hand-out to the end, as whole as the service's own times; None before the end, or never begun."""
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
    What else is known of an attempt.

    :param start: seconds from WAITING_FOR_RUNNER to the acknowledgement
    :param report: seconds from the end of the DAG run to the final status; None where one of them has not been
    :param reports: SetTaskStatus requests about it
    :param airflow_tries: of the task that Airflow tried most often; 0: no DAG run
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
    """Say in a sentence each what is not as expected, by the names of the rows; empty if everything is."""
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
    """Lay out rows, those of ``order`` first and in that order, in lines of at most ``width`` characters."""
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
