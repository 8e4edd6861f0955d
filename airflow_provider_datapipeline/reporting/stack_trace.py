"""
What an exception tells, as parts of text: its chain, its groups, its frames, its notes.

Reads nothing but the exception: no source files (a source line would cost the room of a frame, and leave the company),
no local variables, no environment.
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

# Far more than 1,024 characters can show; they bound the work for chains and recursions of any length.
CHAIN_ENDS_KEPT = 4
EXCEPTIONS_KEPT = 40
MEMBERS_KEPT = 8
NESTING_KEPT = 4
NOTES_KEPT = 8
ARGUMENTS_KEPT = 1_000

_LEAST = 100

CAUSE = "It was the cause of:"
CONTEXT = "While it was handled:"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionEntry:
    """
    One exception of a chain or group, in the order in which it is printed: causes first, a group before its members.

    :param frames: outermost first, raising end last
    :param message: what the exception says of itself, or its class name if it says nothing. A KeyError says only the
        key, which explains nothing alone: its class name is put before that.
    :param headline: class and message, as the last line of a traceback
    :param name: the class alone
    :param link: how it follows from the exception before it
    :param depth: how many groups it is nested in
    :param importance: 0 for the exception raised, 1 for the root of its chain, then likewise for the members of
        groups by depth, a large number for what lies between
    :param left_out_before: exceptions between the previous entry and this one that are not exhibited
    :param left_out_after: likewise after this one (members of a group)
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

    def protected(self, protect: Callable[[str], str]) -> ExceptionEntry:
        """Return a copy with ``protect`` applied to every text, before any of them is laid out or shortened."""
        return replace(
            self,
            frames=tuple(
                replace(frame, text=_indented_line(protect(frame.text)) if frame.text else "") for frame in self.frames
            ),
            headline=protect(self.headline).rstrip(),
            notes=tuple(protect(note).rstrip() for note in self.notes),
        )


def flatten_exception(error: BaseException) -> tuple[ExceptionEntry, ...]:
    """Take an exception apart; never raises for what its class does, and ends for cycles and for any length."""
    collected = _Collection()
    # Even to ask a foreign object for its class can raise; what was collected until then is shown.
    attempt(lambda: collected.add_chain(error, depth=0, heading=""), None)
    name = class_name(type(error))
    return tuple(collected.entries) or (ExceptionEntry(frames=(), message=name, headline=name, name=name),)


@dataclass(slots=True)
class _Collection:
    entries: list[ExceptionEntry] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def add_chain(self, error: BaseException, *, depth: int, heading: str) -> None:
        """Add an exception and what led to it, root cause first, and the members of each group among them."""
        chain = self._chain(error)  # the exception raised first, the root cause last
        kept = chain[:CHAIN_ENDS_KEPT] + chain[max(CHAIN_ENDS_KEPT, len(chain) - CHAIN_ENDS_KEPT) :]
        left_out = len(chain) - len(kept)
        for position, (link_to, link) in reversed(tuple(enumerate(kept))):
            first = position == len(kept) - 1
            importance = 2 * depth if position == 0 else 2 * depth + 1 if first else _LEAST
            self.entries.append(
                _entry(
                    link_to,
                    link=heading if first else link,
                    depth=depth,
                    importance=importance,
                    left_out_before=left_out if position == CHAIN_ENDS_KEPT - 1 else 0,
                )
            )
            if _is_a(link_to, BaseExceptionGroup):
                self._add_members(link_to, depth=depth + 1)

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
        """Every exception from this one to its root, each with the link from the next one to it."""
        chain = []
        current: BaseException | None = error
        while current is not None and id(current) not in self.seen:
            self.seen.add(id(current))
            following, link = _predecessor(current)
            chain.append((current, link))
            current = following
        return chain


def _predecessor(error: BaseException) -> tuple[BaseException | None, str]:
    cause = _own(error, "__cause__")
    if isinstance(cause, BaseException):
        return cause, CAUSE
    context = None if _own(error, "__suppress_context__") else _own(error, "__context__")
    return (context, CONTEXT) if isinstance(context, BaseException) else (None, "")


def _is_a(error: BaseException, cls: type[BaseException]) -> bool:
    """Do what ``isinstance`` does, without asking ``__class__``, which may be a property that raises."""
    return issubclass(type(error), cls)


def _own(error: BaseException, name: str) -> object:
    """Read what the interpreter stored, past whatever a class defines under that name (endless chains, say)."""
    value: object = BaseException.__dict__[name].__get__(error)
    return value


def _entry(error: BaseException, *, link: str, depth: int, importance: int, left_out_before: int) -> ExceptionEntry:
    frames = frames_of(_own(error, "__traceback__"))
    name = class_name(type(error))
    said = attempt(lambda: _said(error), "")
    message = (f"{name}: {said}" if _is_a(error, KeyError) else said) if said.strip() else name
    if _is_a(error, SyntaxError):
        # Its own text ends with a part of the file's name and the line, which read better as the frame that they are;
        # and a part of a name may be a part of a secret.
        frames += _syntax_error_frame(error)
        if attempt(lambda: type(error).__str__, None) is SyntaxError.__str__:
            said = _attribute(error, "msg")
            message = said if said.strip() else name
    return ExceptionEntry(
        frames=frames,
        message=message,
        headline=f"{name}: {said}" if said.strip() else name,
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


def _said(error: BaseException) -> str:
    """
    Return ``str(error)``, but with its texts as they are where Python shows their repr.

    Escapes would hide from masking what control characters or line ends are part of, or stand between.
    """
    args = _own(error, "args")
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
