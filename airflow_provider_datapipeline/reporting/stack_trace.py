"""
Takes an exception apart into texts: its chain, its groups, its frames and its notes.

Only the exception itself is read: no source files, no local variables and no environment. A source line would take the
room of a frame, and source code must not leave the company.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.masking.safe_text import attempt, class_name, safe_str
from airflow_provider_datapipeline.masking.text import one_line
from airflow_provider_datapipeline.reporting.frames import Frame, frames_of, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable

# Far more than fit into 1,024 characters. These numbers bound the work for chains and groups of any size.
CHAIN_ENDS_KEPT = 4
EXCEPTIONS_KEPT = 40
MEMBERS_KEPT = 8
NESTING_KEPT = 4
NOTES_KEPT = 8
ARGUMENTS_KEPT = 1_000

_LEAST_IMPORTANT = 100

CAUSE = "It was the cause of:"
CONTEXT = "While it was handled:"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionEntry:
    """
    One exception of a chain or group, in the order in which it is printed: causes first, a group before its members.

    :param frames: outermost first, raising end last
    :param message: the text of the exception, or its class name if the text is empty. The text of a ``KeyError`` is
        only the key, which explains nothing; so the class name stands before it.
    :param headline: class and message, as in the last line of a traceback
    :param name: the class name
    :param link: a line that says how this exception and the one before it are connected
    :param depth: how many groups the exception is nested in
    :param importance: 0 for the exception that was raised, 1 for the root of its chain, 2 and 3 likewise for members of
        its groups, and so on by depth; a large number for every exception in the middle of a chain
    :param left_out_before: how many exceptions are left out between the previous entry and this one
    :param left_out_after: how many exceptions are left out after this one (members of a group)
    """

    frames: tuple[Frame, ...]
    message: str
    headline: str
    notes: tuple[str, ...] = ()
    link: str = ""
    depth: int = 0
    importance: int = 0
    left_out_before: int = 0
    left_out_after: int = 0
    name: str = ""

    def masked(self, mask: Callable[[str], str]) -> ExceptionEntry:
        """Return a copy in which ``mask`` was applied to every text, before any of them is laid out or shortened."""
        return replace(
            self,
            frames=tuple(
                replace(frame, text=_indented_line(mask(frame.text)) if frame.text else "") for frame in self.frames
            ),
            headline=mask(self.headline).rstrip(),
            notes=tuple(mask(note).rstrip() for note in self.notes),
        )


def flatten_exception(error: BaseException) -> tuple[ExceptionEntry, ...]:
    """Return the entries of an exception. Never raises, whatever its class does; stops at cycles and in long chains."""
    collected = _Collection()
    # Even asking a foreign object for its class can raise. What was collected until then is returned.
    attempt(lambda: collected.add_chain(error, depth=0, heading=""), None)
    name = class_name(type(error))
    return tuple(collected.entries) or (ExceptionEntry(frames=(), message=name, headline=name, name=name),)


@dataclass(slots=True)
class _Collection:
    entries: list[ExceptionEntry] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def add_chain(self, error: BaseException, *, depth: int, heading: str) -> None:
        """Add an exception and its causes, the root cause first, with the members of each group among them."""
        chain = self._chain(error)  # the exception raised first, the root cause last
        kept = chain[:CHAIN_ENDS_KEPT] + chain[max(CHAIN_ENDS_KEPT, len(chain) - CHAIN_ENDS_KEPT) :]
        left_out = len(chain) - len(kept)
        for position, (exception, link) in reversed(tuple(enumerate(kept))):
            is_raised = position == 0
            is_root = position == len(kept) - 1
            if is_raised:
                importance = 2 * depth
            elif is_root:
                importance = 2 * depth + 1
            else:
                importance = _LEAST_IMPORTANT
            self.entries.append(
                _entry(
                    exception,
                    link=heading if is_root else link,
                    depth=depth,
                    importance=importance,
                    left_out_before=left_out if position == CHAIN_ENDS_KEPT - 1 else 0,
                )
            )
            if _is_a(exception, BaseExceptionGroup):
                self._add_members(exception, depth=depth + 1)

    def _add_members(self, group: BaseException, *, depth: int) -> None:
        members = BaseExceptionGroup.__dict__["exceptions"].__get__(group)
        shown = 0
        for number, member in enumerate(members[:MEMBERS_KEPT], start=1):
            if depth <= NESTING_KEPT and len(self.entries) < EXCEPTIONS_KEPT and id(member) not in self.seen:
                self.add_chain(member, depth=depth, heading=f"Exception {number} of {len(members)}:")
                shown += 1
        last = self.entries[-1]
        self.entries[-1] = replace(last, left_out_after=last.left_out_after + len(members) - shown)

    def _chain(self, error: BaseException) -> list[tuple[BaseException, str]]:
        """Return every exception from this one to its root, each with the line that connects the next one to it."""
        chain = []
        current: BaseException | None = error
        while current is not None and id(current) not in self.seen:
            self.seen.add(id(current))
            following, link = _predecessor(current)
            chain.append((current, link))
            current = following
        return chain


def _predecessor(error: BaseException) -> tuple[BaseException | None, str]:
    cause = _stored_attribute(error, "__cause__")
    if isinstance(cause, BaseException):
        return cause, CAUSE
    context = None if _stored_attribute(error, "__suppress_context__") else _stored_attribute(error, "__context__")
    return (context, CONTEXT) if isinstance(context, BaseException) else (None, "")


def _is_a(error: BaseException, cls: type[BaseException]) -> bool:
    """Do the same as ``isinstance`` without reading ``__class__``, which may be a property that raises."""
    return issubclass(type(error), cls)


def _stored_attribute(error: BaseException, name: str) -> object:
    """Read an attribute as the interpreter stored it, even if the class defines another one of the same name."""
    value: object = BaseException.__dict__[name].__get__(error)
    return value


def _entry(error: BaseException, *, link: str, depth: int, importance: int, left_out_before: int) -> ExceptionEntry:
    frames = frames_of(_stored_attribute(error, "__traceback__"))
    name = class_name(type(error))
    text = attempt(lambda: _text_of(error), "")
    message = (f"{name}: {text}" if _is_a(error, KeyError) else text) if text.strip() else name
    if _is_a(error, SyntaxError):
        # Its text ends with a part of the file name and with the line number. They are shown as a frame instead, which
        # is easier to read; also, a part of a file name may be a part of a secret.
        frames += _syntax_error_frame(error)
        if attempt(lambda: type(error).__str__, None) is SyntaxError.__str__:
            text = _attribute(error, "msg")
            message = text if text.strip() else name
    return ExceptionEntry(
        frames=frames,
        message=message,
        headline=f"{name}: {text}" if text.strip() else name,
        notes=attempt(lambda: _notes(error), ()),
        link=link,
        depth=depth,
        importance=importance,
        left_out_before=left_out_before,
        name=name,
    )


def _syntax_error_frame(error: BaseException) -> tuple[Frame, ...]:
    line, filename = _attribute(error, "lineno"), _attribute(error, "filename") or "<string>"
    return (Frame(f'File "{filename}", line {line}', origin=origin_of(filename)),) if line else ()


def _text_of(error: BaseException) -> str:
    """
    Return ``str(error)``, but with arguments as they are where Python shows their ``repr``.

    ``repr`` escapes control characters and line ends. Masking would then miss a secret that contains them, or that they
    cut in two.
    """
    args = _stored_attribute(error, "args")
    assert isinstance(args, tuple)
    method = attempt(lambda: type(error).__str__, None)
    shows_repr = len(args) > 1 if method is BaseException.__str__ else len(args) > 0 and method is KeyError.__str__
    if not shows_repr:
        return safe_str(error)
    quoted = [f"'{safe_str(one)}'" if isinstance(one, str) else safe_str(one) for one in args[:ARGUMENTS_KEPT]]
    if len(args) > ARGUMENTS_KEPT:
        quoted.append(f"... {len(args) - ARGUMENTS_KEPT} more ...")
    return quoted[0] if len(args) == 1 else f"({', '.join(quoted)})"


def _notes(error: BaseException) -> tuple[str, ...]:
    notes: object = getattr(error, "__notes__", ())
    if not isinstance(notes, list | tuple):
        return (safe_str(notes),)
    return tuple(safe_str(note) for note in islice(notes, NOTES_KEPT))


def _attribute(error: BaseException, name: str) -> str:
    value: object = attempt(lambda: getattr(error, name), None)
    return "" if value is None else safe_str(value)


def _indented_line(text: str) -> str:
    return f"  {one_line(text)}"
