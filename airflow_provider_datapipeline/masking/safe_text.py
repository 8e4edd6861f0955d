"""Gets the text of any object, even if the methods of its class raise or misbehave."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


_FOREIGN = (Exception, SystemExit, KeyboardInterrupt, GeneratorExit)


def attempt(function: Callable[[], T], fallback: T) -> T:
    """
    Call foreign code and return what it returns, or ``fallback`` if it raises.

    Only for code that belongs to a user's class: ``__str__``, a property, a mask. ``SystemExit`` and
    ``KeyboardInterrupt`` count as errors of such a class, because no signal handler of Airflow raises them where
    reports are made. (SIGINT ends a task's process. For SIGTERM, Airflow 2 raises ``AirflowTaskTerminated``, and
    Airflow 3 calls the operator's ``on_kill``.) If somebody who runs ``dag.test()`` interrupts it from the keyboard at
    just this moment, the interrupt is lost. ``GeneratorExit`` is only raised in generators, and there are none here.

    Any other ``BaseException`` that is no ``Exception`` is passed on, because it may be meant for the caller: the
    timeout or the termination of a task, which a signal raises at any moment, or the cancellation of a coroutine.
    """
    try:
        return function()
    except _FOREIGN:  # whatever foreign code raises, the report has to be made
        return fallback


def safe_str(value: object) -> str:
    """Return ``str(value)`` as a plain ``str``; if that fails, the name of the class between angle brackets."""
    text = attempt(lambda: plain_str(str(value)), None)
    return text if text is not None else f"<{class_name(type(value))} that cannot be shown as text>"


def class_name(cls: type) -> str:
    """
    Return the qualified name of a class: ``module.QualName``, or ``QualName`` alone for builtins.

    No foreign code runs: the names are read where the interpreter stored them, because a metaclass may define
    attributes of the same names that make something up, or block.
    """
    name = attempt(lambda: plain_str(type.__dict__["__qualname__"].__get__(cls)), None) or "object"
    module = attempt(lambda: plain_str(type.__dict__["__module__"].__get__(cls)), None)
    return name if module in {None, "", "builtins"} else f"{module}.{name}"


def plain_str(text: str) -> str:
    """
    Return a text as a plain ``str``, since a subclass of ``str`` may have foreign methods.

    :raises TypeError: if the argument is no ``str``
    """
    return str.__add__("", text)
