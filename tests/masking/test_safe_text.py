"""Reports of exceptions whose own methods raise, also what is not an ``Exception``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.masking.safe_text import safe_str
from airflow_provider_datapipeline.reporting.report import TaskReport

if TYPE_CHECKING:
    from collections.abc import Iterator


class TaskTimeout(BaseException):
    """Like Airflow's ``AirflowTaskTimeout``, which the handler of SIGALRM raises."""


def hostile_errors(raised: type[BaseException]) -> dict[str, BaseException]:
    """Return exceptions, one for each place in which a class can raise while a report is made of it."""

    def fails(*_: object) -> str:
        raise raised("of the class")

    class Text(str):
        __slots__ = ()
        __add__ = __len__ = __str__ = strip = fails  # type: ignore[assignment]

    class Notes(list[str]):
        __len__ = fails  # type: ignore[assignment]

        def __iter__(self) -> Iterator[str]:
            raise raised("of the notes")

    class Meta(type):
        def __getattribute__(cls, name: str) -> object:
            if name in ("__str__", "__qualname__", "__module__", "__name__"):
                raise raised("of the metaclass")
            return super().__getattribute__(name)

    class Value:
        __str__ = __repr__ = fails

    class StrError(Exception):
        __str__ = fails

    class ReprError(Exception):
        __repr__ = fails

        def __str__(self) -> str:
            return repr(self)

    class TextError(Exception):
        def __str__(self) -> str:
            return Text("x")

    class NotesError(Exception):
        __notes__ = property(fails)

    class ListOfNotesError(Exception):
        __notes__ = Notes(["x"])

    class ClassError(Exception):
        __class__ = property(fails)

    class MetaclassError(Exception, metaclass=Meta):
        pass

    class BadSyntaxError(SyntaxError):
        msg = lineno = filename = property(fails)

    noted = ValueError("x")
    noted.__notes__ = [Value()]  # type: ignore[list-item]
    caused = ValueError("x")
    caused.__cause__ = StrError("x")
    return {
        "__str__": StrError("x"),
        "__repr__": ReprError("x"),
        "text": TextError("x"),
        "__notes__": NotesError("x"),
        "list of notes": ListOfNotesError("x"),
        "note": noted,
        "__class__": ClassError("x"),
        "metaclass": MetaclassError("x"),
        "syntax error": BadSyntaxError("x"),
        "argument": Exception(Value(), 1),
        "key": KeyError(Value()),
        "cause": caused,
        "member": BaseExceptionGroup("x", [StrError("x"), raised("x")]),
    }


def parameters() -> list[object]:
    return [
        pytest.param(error, id=f"{raised.__name__} in {where}")
        for raised in (RuntimeError, SystemExit, KeyboardInterrupt, GeneratorExit)
        for where, error in hostile_errors(raised).items()
    ]


@pytest.mark.parametrize("error", parameters())
def test_whatever_a_class_raises_there_is_a_report(error: BaseException) -> None:
    """The process goes on, because other callbacks and listeners have to be called."""
    report = TaskReport.failed(error, mask=str)

    assert report.error_id
    assert report.error_message
    assert report.error_stack_trace


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt])
def test_a_text_that_cannot_be_made_is_replaced_by_a_note(raised: type[BaseException]) -> None:
    report = TaskReport.failed(hostile_errors(raised)["__str__"], mask=str)

    assert report.error_message is not None
    assert report.error_message.endswith("StrError that cannot be shown as text>")


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt])
def test_what_a_masker_raises_withholds_the_text(raised: type[BaseException]) -> None:
    def mask(_: str) -> str:
        raise raised

    report = TaskReport.failed(ValueError("hunter2"), mask=mask)

    assert "hunter2" not in str(report)


@pytest.mark.parametrize("raised", [TaskTimeout, asyncio.CancelledError])
def test_what_may_be_meant_for_the_caller_passes(raised: type[BaseException]) -> None:
    """The timeout of a task comes by a signal, in the midst of anything, and so may come within a ``__str__``."""

    class Interrupted:
        def __str__(self) -> str:
            raise raised

    with pytest.raises(raised):
        safe_str(Interrupted())
