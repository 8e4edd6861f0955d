"""Stack traces of what Python can raise, in full and shortened."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_datapipeline.masking.text import utf16_length
from airflow_provider_datapipeline.reporting import stack_layout
from airflow_provider_datapipeline.reporting.frames import FRAMES_KEPT, Frame, Origin, origin_of
from airflow_provider_datapipeline.reporting.stack_trace import ExceptionEntry, flatten_exception

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LIMIT = 1024


def code(text: str, filename: str) -> dict[str, Callable[..., None]]:
    """Return functions with a chosen file name and chosen line numbers."""
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
    """Return the exception of a call, without the frame of this test."""
    try:
        function(*args)
    except BaseException as error:  # noqa: BLE001 - whatever it is
        trace = sys.exc_info()[2]
        assert trace is not None
        return BaseException.with_traceback(error, trace.tb_next)
    raise AssertionError("nothing was raised")


def shown(error: BaseException) -> Sequence[ExceptionEntry]:
    return [entry.masked(str) for entry in flatten_exception(error)]


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
    """Every method and property raises that a report could call or read."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    @property
    def broken(self) -> object:
        raise RuntimeError("no value")

    __notes__ = __cause__ = __context__ = __traceback__ = __suppress_context__ = args = broken  # type: ignore[assignment]


class UntypedError(BrokenError):
    """Even reading its class raises."""

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


def test_the_name_of_a_broken_class_is_shown() -> None:
    """A broken property does not matter, because attributes are read where the interpreter stored them."""
    name = f"{BrokenError.__module__}.BrokenError"
    said = f"<{name} that cannot be shown as text>"

    assert flatten_exception(BrokenError())[-1].message == said
    assert in_full(raised(LOADER["fail"], BrokenError())) == (
        f'Traceback (most recent call last):\n  File "/dags/loader.py", line 32, in fail\n{name}: {said}'
    )


@pytest.mark.parametrize("broken", [UntypedError, NoTextError, EndlessChainError, NoNotesError, BrokenError])
def test_no_broken_class_raises(broken: type[BaseException]) -> None:
    assert broken.__name__ in in_full(broken("x"))
    assert flatten_exception(broken("x"))[-1].message


def test_frames_are_shown_though_the_class_cannot_be_read() -> None:
    assert "line 32, in fail" in in_full(raised(LOADER["fail"], UntypedError()))


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
    assert flatten_exception(error)[-1].message == message


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


SITE = "/home/airflow/.local/lib/python3.12/site-packages"
TASK_RUNNER = (  # what Airflow 3.3 puts before the user's function
    *[f"{SITE}/airflow/sdk/execution_time/task_runner.py"] * 5,
    f"{SITE}/airflow/sdk/bases/operator.py",
    f"{SITE}/airflow/sdk/bases/decorator.py",
    f"{SITE}/airflow/sdk/bases/operator.py",
    *[f"{SITE}/airflow/providers/standard/operators/python.py"] * 2,
    f"{SITE}/airflow/sdk/execution_time/callback_runner.py",
)
DAG_FILE = "/opt/airflow/dags/orders/load.py"
PANDAS = f"{SITE}/pandas/core/frame.py"


def raised_through(*filenames: str) -> BaseException:
    """Return an exception with one frame in each of these files; the functions are ``step`` and a number."""
    following: Callable[..., None] | None = None
    for number, filename in reversed(list(enumerate(filenames))):
        body = "raise ValueError('no rows')" if following is None else "following()"
        space: dict[str, Any] = {"following": following}
        exec(compile(f"def step_{number}():\n    {body}", filename, "exec"), space)
        following = space[f"step_{number}"]
    assert following is not None
    return raised(following)


def files_shown(error: BaseException) -> list[str]:
    return re.findall(r'File "(.*?)"', shortened(error))


def test_the_users_frames_are_preferred_to_airflows() -> None:
    """Where there is little room: the user's frames come after eleven frames of Airflow."""
    error = raised_through(*TASK_RUNNER, *[DAG_FILE] * 10, *TASK_RUNNER[:4], PANDAS)

    files = files_shown(error)

    assert [file for file in files if file != PANDAS][:10] == [DAG_FILE] * 10
    assert files[-1] == PANDAS
    assert re.match(r"Traceback .*\n  \.\.\. \d+ frames elided \.\.\.\n", shortened(error))


def test_airflows_frames_stay_where_there_is_room() -> None:
    error = raised_through(*TASK_RUNNER[:6], DAG_FILE)

    assert files_shown(error) == [*TASK_RUNNER[:6], DAG_FILE]


def test_of_airflows_frames_the_innermost_fill_the_room_that_is_left() -> None:
    files = files_shown(raised_through(*TASK_RUNNER, *TASK_RUNNER, DAG_FILE))

    assert 1 < len(files) < 22
    assert files == [*TASK_RUNNER, *TASK_RUNNER, DAG_FILE][-len(files) :]


def test_the_frame_that_raised_is_shown_though_it_is_airflows() -> None:
    """For example where a connection does not exist."""
    raising = f"{SITE}/airflow/sdk/execution_time/context.py"

    files = files_shown(raised_through(*TASK_RUNNER, *[DAG_FILE] * 30, *TASK_RUNNER, raising))

    assert files[-1] == raising
    assert set(files[:-1]) == {DAG_FILE}


def test_the_users_frames_are_preferred_to_those_of_libraries() -> None:
    """The frame that raised, deep in a library, says what failed; the user's frame says where to repair it."""
    files = files_shown(raised_through(*TASK_RUNNER, DAG_FILE, *[PANDAS] * 30))

    assert files[0] == DAG_FILE
    assert set(files[1:]) == {PANDAS}


def test_the_users_frame_is_shown_before_notes_and_other_exceptions() -> None:
    error = raised_through(*TASK_RUNNER, DAG_FILE, *[PANDAS] * 30)
    for number in range(3):
        error.add_note(f"note {number} " + "x" * 240)

    assert files_shown(error)[0] == DAG_FILE


def test_the_users_frames_are_kept_if_there_are_too_many() -> None:
    """This is decided before the layout, so that the work for a trace of any length is bounded."""
    error = raised_through(*TASK_RUNNER * 3, DAG_FILE, *[PANDAS, f"{SITE}/numpy/core.py"] * 40, *TASK_RUNNER)

    (entry,) = flatten_exception(error)
    kept = [frame.origin for frame in entry.frames if frame.text]

    assert len(kept) == FRAMES_KEPT
    assert kept[0] is Origin.USER
    assert kept[-1] is Origin.AIRFLOW
    assert set(kept[1:-1]) == {Origin.LIBRARY}
    assert sum(frame.count for frame in entry.frames) == 33 + 1 + 80 + 11


@pytest.mark.parametrize(
    ("filename", "origin"),
    [
        (f"{SITE}/airflow/models/taskinstance.py", Origin.AIRFLOW),
        (f"{SITE}/airflow/decorators/base.py", Origin.AIRFLOW),
        (f"{SITE}/airflow/providers/acme/hooks/acme.py", Origin.AIRFLOW),
        ("/usr/lib/python3/dist-packages/airflow/utils/operator_helpers.py", Origin.AIRFLOW),
        ("C:\\venv\\Lib\\site-packages\\airflow\\sdk\\bases\\operator.py", Origin.AIRFLOW),
        ("/opt/airflow/airflow-core/src/airflow/models/dagrun.py", Origin.AIRFLOW),
        ("/opt/airflow/task-sdk/src/airflow/sdk/bases/operator.py", Origin.AIRFLOW),
        ("/opt/airflow/providers/standard/src/airflow/providers/standard/operators/python.py", Origin.AIRFLOW),
        (f"{SITE}/airflow_provider_datapipeline/operators/datapipeline.py", Origin.AIRFLOW),
        ("/src/airflow_provider_datapipeline/operators/datapipeline.py", Origin.AIRFLOW),
        ("/opt/airflow/dags/load.py", Origin.USER),
        ("/opt/airflow/plugins/operators/load.py", Origin.USER),
        ("/usr/local/airflow/dags/utils/load.py", Origin.USER),
        ("/home/airflow/models/train.py", Origin.USER),
        ("/home/airflow/airflow/dags/load.py", Origin.USER),
        ("/opt/airflow/dags/repo/src/airflow/dags/load.py", Origin.USER),
        ("/tmp/airflow/dag_bundles/main/tracking_repo/dags/load.py", Origin.USER),
        ("/opt/airflow/dags/packed.zip/load.py", Origin.USER),
        ("<string>", Origin.USER),
        ("", Origin.USER),
        (f"{SITE}/airflow_client/client/api_client.py", Origin.LIBRARY),
        (f"{SITE}/airflow_dbt/operators/dbt_operator.py", Origin.LIBRARY),
        (f"{SITE}/tenacity/__init__.py", Origin.LIBRARY),
        ("/usr/lib/python3.12/contextlib.py", Origin.LIBRARY),
        ("/usr/local/lib/python3.14t/json/decoder.py", Origin.LIBRARY),
        ("<frozen importlib._bootstrap>", Origin.LIBRARY),
    ],
)
def test_the_origin_of_a_file(filename: str, origin: Origin) -> None:
    assert origin_of(filename) is origin


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

    assert stack_layout.fit([ExceptionEntry(frames=frames, message="E", headline="E").masked(str)], LIMIT) == (
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


def test_a_thousand_arguments_of_an_exception_are_shown_and_the_others_counted() -> None:
    """Each argument takes time to convert to a text."""
    (entry,) = flatten_exception(ValueError(*range(1_200)))

    assert entry.message.startswith("(0, 1, 2, ")
    assert entry.message.endswith(", 998, 999, ... 200 more ...)")


def test_a_syntax_error_may_have_a_text_of_its_own() -> None:
    """Its place in the file is shown as a frame all the same."""

    class TemplateSyntaxError(SyntaxError):
        def __str__(self) -> str:
            return "unknown tag 'iff'"

    (entry,) = flatten_exception(TemplateSyntaxError("ignored", ("/opt/dags/orders.sql", 42, 9, "x", 42, 10)))

    assert entry.message == "unknown tag 'iff'"
    assert [frame.text for frame in entry.frames] == ['File "/opt/dags/orders.sql", line 42']


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
