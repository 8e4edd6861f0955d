"""Text of any object, whatever its own methods do when they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def attempt(function: Callable[[], T], fallback: T) -> T:
    """
    Call foreign code; ``fallback`` if it raises.

    Only for code that a user's class brings along (``__str__``, properties, a masker). What is no ``Exception``, such
    as the timeout of a task, passes.
    """
    try:
        return function()
    except Exception:  # noqa: BLE001 - foreign code raises what it likes, and a report must come about all the same
        return fallback


def safe_str(value: object) -> str:
    """``str(value)``, as a plain ``str``; the name of the class between angle brackets if that fails."""
    text = attempt(lambda: plain_str(str(value)), None)
    return text if text is not None else f"<{class_name(type(value))} that cannot be shown as text>"


def class_name(cls: type) -> str:
    """Qualified name of a class: ``module.QualName``, and ``QualName`` alone for builtins."""
    name = attempt(lambda: plain_str(cls.__qualname__), None) or "object"
    module = attempt(lambda: plain_str(cls.__module__), None)
    return name if module in {None, "", "builtins"} else f"{module}.{name}"


def plain_str(text: str) -> str:
    """
    Return the text without the class that it may have: a subclass of ``str`` brings foreign methods along.

    :raises TypeError: if it is no text
    """
    return str.__add__("", text)
