"""Stack traces of what Python can raise, in full and shortened."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.reporting import stack_layout
from airflow_provider_datapipeline.reporting.limits import utf16_length
from airflow_provider_datapipeline.reporting.stack_trace import Exhibit, Frame, exhibits, message_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LIMIT = 1024


def code(text: str, filename: str) -> dict[str, Callable[..., None]]:
    """Functions with a file name and line numbers of our choice."""
    space: dict[str, Callable[..., None]] = {}
    exec(compile(text, filename, "exec"), space)
    return space


LOADER = code(
    """
def read(path):
    raise FileNotFoundError(path)

def load(path):
    try:
        read(path)
    except FileNotFoundError as error:
        raise RuntimeError("nothing to load") from error

def clean_up(path):
    try:
        load(path)
    except RuntimeError:
        read("lock")

def down(depth, error):
    if depth == 0:
        raise error
    down(depth - 1, error)
    depth += 1

def zig(depth, error):
    if depth == 0:
        raise error
    zag(depth - 1, error)

def zag(depth, error):
    zig(depth, error)

def fail(error):
    raise error
""",
    "/dags/loader.py",
)


def raised(function: Callable[..., None], *args: object) -> BaseException:
    """The exception of a call, without the frame of this test."""
    try:
        function(*args)
    except BaseException as error:  # noqa: BLE001 - whatever it is
        trace = sys.exc_info()[2]
        assert trace is not None
        return BaseException.with_traceback(error, trace.tb_next)
    raise AssertionError("nothing was raised")


def shown(error: BaseException) -> Sequence[Exhibit]:
    return [exhibit.protected(str) for exhibit in exhibits(error)]


def in_full(error: BaseException) -> str:
    return stack_layout.lay_out(shown(error))


def shortened(error: BaseException) -> str:
    text = stack_layout.fit(shown(error), LIMIT)
    assert utf16_length(text) <= LIMIT
    return text


def test_a_chain_begins_with_its_root_cause() -> None:
    assert in_full(raised(LOADER["clean_up"], "orders.csv")) == (
        "Traceback (most recent call last):\n"
        '  File "/dags/loader.py", line 7, in load\n'
        '  File "/dags/loader.py", line 3, in read\n'
        "FileNotFoundError: orders.csv\n"
        "It was the cause of:\n"
        '  File "/dags/loader.py", line 13, in clean_up\n'
        '  File "/dags/loader.py", line 9, in load\n'
        "RuntimeError: nothing to load\n"
        "While it was handled:\n"
        '  File "/dags/loader.py", line 15, in clean_up\n'
        '  File "/dags/loader.py", line 3, in read\n'
        "FileNotFoundError: lock"
    )


def test_a_suppressed_context_is_not_shown() -> None:
    error = ValueError("shown")
    error.__context__ = KeyError("hidden")
    error.__suppress_context__ = True

    assert in_full(error) == "ValueError: shown"


def test_a_group_shows_each_member_with_its_own_chain() -> None:
    inner = BaseExceptionGroup(
        "inner", [TypeError("one line\nanother"), raised(LOADER["down"], 0, KeyError("customer"))]
    )
    group = BaseExceptionGroup("outer", [raised(LOADER["load"], "a.csv"), inner])

    assert in_full(group) == (
        "Traceback (most recent call last):\n"
        "ExceptionGroup: outer (2 sub-exceptions)\n"
        "  Exception 1 of 2:\n"
        '    File "/dags/loader.py", line 7, in load\n'
        '    File "/dags/loader.py", line 3, in read\n'
        "  FileNotFoundError: a.csv\n"
        "  It was the cause of:\n"
        '    File "/dags/loader.py", line 9, in load\n'
        "  RuntimeError: nothing to load\n"
        "  Exception 2 of 2:\n"
        "  ExceptionGroup: inner (2 sub-exceptions)\n"
        "    Exception 1 of 2:\n"
        "    TypeError: one line\n"
        "    another\n"
        "    Exception 2 of 2:\n"
        '      File "/dags/loader.py", line 19, in down\n'
        "    KeyError: 'customer'"
    )


def test_notes_follow_the_message() -> None:
    error = ValueError("bad row")
    error.add_note("in file orders.csv")
    error.add_note("row 17")

    assert in_full(error) == "ValueError: bad row\nin file orders.csv\nrow 17"


def test_a_syntax_error_names_its_place_and_shows_no_source() -> None:
    error = raised(compile, "password = 'hunter2' 'unfinished", "/dags/broken.py", "exec")

    assert in_full(error) == (
        "Traceback (most recent call last):\n"
        '  File "/dags/broken.py", line 1\n'
        "SyntaxError: unterminated string literal (detected at line 1)"
    )


def test_local_variables_and_source_lines_are_not_shown() -> None:
    def fails() -> None:
        password = "hunter2"
        raise ValueError(f"{len(password)} letters")

    text = in_full(raised(fails))

    assert "ValueError: 7 letters" in text
    assert "in fails" in text
    assert "hunter2" not in text
    assert "raise" not in text


class BrokenError(Exception):
    """Every method and property that a report could ask for raises."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    @property
    def broken(self) -> object:
        raise RuntimeError("no value")

    __notes__ = __cause__ = __context__ = __traceback__ = __suppress_context__ = args = broken  # type: ignore[assignment]


class UntypedError(BrokenError):
    """Even its class cannot be asked for."""

    __class__ = BrokenError.broken  # type: ignore[assignment]


class NoTextError(Exception):
    def __str__(self) -> str:
        return None  # type: ignore[return-value]  # noqa: PLE0307 - the point of the class


class EndlessChainError(Exception):
    @property
    def __cause__(self) -> BaseException:  # type: ignore[override]
        return EndlessChainError()


class NoNotesError(Exception):
    __notes__ = 17  # type: ignore[assignment]


def test_a_broken_class_still_says_its_name() -> None:
    """A broken property hides what a working one would; what the interpreter stored is read past them."""
    name = f"{BrokenError.__module__}.BrokenError"
    said = f"<{name} that cannot be shown as text>"

    assert message_of(BrokenError()) == said
    assert in_full(raised(LOADER["fail"], BrokenError())) == (
        f'Traceback (most recent call last):\n  File "/dags/loader.py", line 32, in fail\n{name}: {said}'
    )


@pytest.mark.parametrize("broken", [UntypedError, NoTextError, EndlessChainError, NoNotesError, BrokenError])
def test_no_class_is_broken_enough_to_raise(broken: type[BaseException]) -> None:
    assert broken.__name__ in in_full(broken("x"))
    assert message_of(broken("x"))


def test_a_cycle_ends() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first

    assert in_full(first) == "ValueError: second\nIt was the cause of:\nValueError: first"


def test_a_group_within_its_own_chain_ends() -> None:
    member = ValueError("member")
    group = ExceptionGroup("group", [member])
    member.__cause__ = group

    assert in_full(group) == ("ExceptionGroup: group (1 sub-exception)\n  Exception 1 of 1:\n  ValueError: member")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("bad row"), "bad row"),
        (ValueError(), "ValueError"),
        (ValueError(" \n"), "ValueError"),
        (ValueError("two", "args\n", 3), "('two', 'args\n', 3)"),
        (KeyError("customer"), "KeyError: 'customer'"),
        (KeyError(17), "KeyError: 17"),
        (KeyError(), "KeyError"),
        (re.error("pattern"), "pattern"),
    ],
)
def test_the_message_of_an_exception(error: BaseException, message: str) -> None:
    assert message_of(error) == message


def test_a_short_stack_trace_is_not_shortened() -> None:
    error = raised(LOADER["clean_up"], "orders.csv")

    assert shortened(error) == in_full(error)


def test_a_deep_stack_trace_keeps_whole_frames_at_the_raising_end() -> None:
    text = shortened(raised(LOADER["zig"], 60, ValueError("too deep")))

    lines = text.split("\n")
    assert lines[0] == "Traceback (most recent call last):"
    elided = re.fullmatch(r"  \.\.\. (\d+) frames elided \.\.\.", lines[1])
    assert elided is not None
    assert all(re.fullmatch(r'  File "/dags/loader.py", line \d+, in z[ia]g', line) for line in lines[2:-1])
    assert int(elided[1]) + len(lines[2:-1]) == 121
    assert lines[-2:] == ['  File "/dags/loader.py", line 25, in zig', "ValueError: too deep"]
    assert utf16_length(text) > LIMIT - 60


def test_a_recursion_is_one_line() -> None:
    assert shortened(raised(LOADER["down"], 500, ValueError("too deep"))) == (
        "Traceback (most recent call last):\n"
        '  File "/dags/loader.py", line 20, in down (repeated 500 times)\n'
        '  File "/dags/loader.py", line 19, in down\n'
        "ValueError: too deep"
    )


def test_a_shortened_chain_shows_the_root_cause_and_the_error_raised() -> None:
    root = raised(LOADER["zig"], 50, ConnectionError("the database is away, " * 50))
    middle = raised(LOADER["zig"], 50, RuntimeError("no rows"))
    last = raised(LOADER["zig"], 50, ValueError("no report"))
    middle.__cause__, last.__context__ = root, middle

    lines = shortened(last).split("\n")

    assert lines[-1] == "ValueError: no report"
    assert lines[-2] == '  File "/dags/loader.py", line 25, in zig'
    assert "RuntimeError: no rows" in lines
    root_line = next(
        number for number, line in enumerate(lines) if line.startswith("ConnectionError: the database is away,")
    )
    assert lines[root_line].endswith("…")
    assert lines[root_line - 1] == '  File "/dags/loader.py", line 25, in zig'
    assert sum("frames elided" in line for line in lines) == 3


def test_a_frame_too_long_to_show_is_counted() -> None:
    frames = (Frame("a" * 2000), Frame("b", 2), Frame("", 5), Frame("c"), Frame("d" * 2000))

    assert stack_layout.fit([Exhibit(frames=frames, headline="E").protected(str)], LIMIT) == (
        "Traceback (most recent call last):\n"
        "  ... 1 frame elided ...\n"
        "  b\n"
        "  ... 5 frames elided ...\n"
        "  c\n"
        "  ... 1 frame elided ...\n"
        "E"
    )


def test_a_long_chain_keeps_both_ends() -> None:
    error = None
    for number in range(5000):
        error, cause = ValueError(f"error {number}"), error
        error.__cause__ = cause

    assert error is not None
    assert shortened(error).split("\n")[::2] == [
        "ValueError: error 0",
        "ValueError: error 1",
        "ValueError: error 2",
        "ValueError: error 3",
        "It was the cause of:",
        "It was the cause of:",
        "It was the cause of:",
        "It was the cause of:",
    ]
    assert "... 4992 exceptions elided ..." in shortened(error)
    assert shortened(error).endswith("ValueError: error 4999")


def test_a_wide_and_deep_group_is_counted() -> None:
    group: ExceptionGroup[Exception] = ExceptionGroup("leaf", [ValueError(str(number)) for number in range(1000)])
    for depth in range(200):
        group = ExceptionGroup(f"depth {depth}", [group, *(TypeError(f"{depth} {number}") for number in range(20))])

    text = shortened(group)

    assert text.startswith(
        "ExceptionGroup: depth 199 (21 sub-exceptions)\n  Exception 1 of 21:\n  ExceptionGroup: depth 198"
    )
    assert text.endswith(" exceptions elided ...")


def test_the_worst_cases_are_quick() -> None:
    """Ten thousand frames, and as many causes with a thousand characters each; in the processor's time."""
    error: BaseException = RecursionError("deep")
    for _ in range(10_000 // 250):
        for _ in range(250 // 125):
            error = raised(LOADER["zig"], 62, error)
    for number in range(10_000):
        following = ValueError(f"{number} " * 200)
        following.__cause__, error = error, following

    started = time.process_time()
    text = shortened(error)

    assert time.process_time() - started < 2
    assert "RecursionError: deep" in text
