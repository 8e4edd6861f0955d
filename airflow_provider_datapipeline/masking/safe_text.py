"""Text of any object, whatever its own methods do when they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


_FOREIGN = (Exception, SystemExit, KeyboardInterrupt, GeneratorExit)


def attempt(function: Callable[[], T], fallback: T) -> T:
    """
    Call foreign code; ``fallback`` if it raises.

    Only for code that a user's class brings along (``__str__``, properties, a masker). ``SystemExit`` and
    ``KeyboardInterrupt`` are such a class's own as well: where reports are made Airflow has no signal handler that
    raises either. (Its tasks die of SIGINT; of SIGTERM Airflow 2 makes ``AirflowTaskTerminated``, and Airflow 3 a call
    of the operator's ``on_kill``.) An interrupt from the keyboard of somebody who runs ``dag.test()`` is lost in the
    rare case that it hits just here. ``GeneratorExit`` can only come to what yields, and nothing here does.

    What else is no ``Exception`` passes, because it may well be meant for whoever called: the timeout or the
    termination of a task, which a signal raises in the midst of anything, or the cancellation of a coroutine.
    """
    try:
        return function()
    except _FOREIGN:  # foreign code raises what it likes, and a report must come about all the same
        return fallback


def safe_str(value: object) -> str:
    """``str(value)``, as a plain ``str``; the name of the class between angle brackets if that fails."""
    text = attempt(lambda: plain_str(str(value)), None)
    return text if text is not None else f"<{class_name(type(value))} that cannot be shown as text>"


def class_name(cls: type) -> str:
    """
    Qualified name of a class: ``module.QualName``, and ``QualName`` alone for builtins.

    Runs no foreign code: what the interpreter stored is read, past a metaclass that makes up names, or blocks.
    """
    name = attempt(lambda: plain_str(type.__dict__["__qualname__"].__get__(cls)), None) or "object"
    module = attempt(lambda: plain_str(type.__dict__["__module__"].__get__(cls)), None)
    return name if module in {None, "", "builtins"} else f"{module}.{name}"


def plain_str(text: str) -> str:
    """
    Return the text without the class that it may have: a subclass of ``str`` brings foreign methods along.

    :raises TypeError: if it is no text
    """
    return str.__add__("", text)
