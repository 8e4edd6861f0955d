"""No input of any kind makes a report that a strict server refuses, and no secret leaks, whole or cut."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, strategies as st

from airflow_provider_datapipeline.reporting import TaskFacts, TaskReport, TaskStatus
from tests.support.reports import wire_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.reporting.conftest import StrictServer


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise self.args[0] if self.args and isinstance(self.args[0], Exception) else RuntimeError


class NamedError(Exception):
    """Each test gives its class a name that it draws."""


def _descend(depth: int, error: BaseException) -> None:
    if depth:
        _descend(depth - 1, error)
    raise error


def _raised(depth: int, error: BaseException) -> BaseException:
    try:
        _descend(depth, error)
    except BaseException as caught:  # noqa: BLE001 - whatever was drawn
        return caught
    return error


def _class_named(name: str, module: str) -> type[Exception]:
    # The name of a class can have neither NUL nor a lone surrogate.
    return type(name.replace("\0", "").encode("utf-8", "ignore").decode(), (NamedError,), {"__module__": module})


def errors(
    texts: st.SearchStrategy[str], names: st.SearchStrategy[str] | None = None
) -> st.SearchStrategy[BaseException]:
    """
    Exceptions of every kind that say the texts drawn: chained, grouped, with notes, frames and odd class names.

    :param names: of classes and files; by default texts like the others
    """
    names = texts if names is None else names

    def syntax_error(text: str, filename: str) -> BaseException:
        return SyntaxError(text, (filename, 3, 1, text, 3, 2))

    plain = st.one_of(
        st.builds(ValueError, texts),
        st.builds(KeyError, texts),
        st.builds(RuntimeError, texts, texts),
        st.builds(syntax_error, texts, names),
        st.builds(lambda name, module, text: _class_named(name, module)(text), names, names, texts),
        st.just(UnprintableError()),
        st.builds(KeyboardInterrupt, texts),
    )

    def noted(error: BaseException, notes: list[str], depth: int) -> BaseException:
        error.__notes__ = list(notes)
        return _raised(depth, error)

    leaves = st.builds(noted, plain, st.lists(texts, max_size=3), st.integers(0, 30))

    def chained(error: BaseException, other: BaseException, how: str) -> BaseException:
        setattr(error, how, other)
        return error

    def grouped(text: str, members: list[BaseException]) -> BaseException:
        return BaseExceptionGroup(text, members)

    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(chained, leaves, inner, st.sampled_from(["__cause__", "__context__"]))
            | st.builds(grouped, texts, st.lists(inner, min_size=1, max_size=3))
        ),
        max_leaves=6,
    )


def facts(texts: st.SearchStrategy[str]) -> st.SearchStrategy[TaskFacts]:
    text = st.none() | texts
    number = st.none() | st.integers(-2, 5) | st.integers()
    return st.builds(
        TaskFacts,
        dag_id=text,
        run_id=text,
        task_id=text,
        log_url=text,
        try_number=number,
        max_tries=number,
        map_index=number,
    )


def reports(texts: st.SearchStrategy[str], mask: Callable[[str], str]) -> st.SearchStrategy[TaskReport]:
    """Return reports that were made in every possible way, of texts with any characters."""
    tracebacks = texts.map(lambda text: f"Traceback (most recent call last):\n{text}")
    lines = st.lists(texts, max_size=4)
    failed = st.builds(
        TaskReport.failed,
        st.none() | texts | tracebacks | errors(texts),
        facts(texts),
        mask=st.just(mask),
        error_id=st.none() | texts,
        error_message=st.none() | texts,
        lines=lines,
    )
    given_texts = st.none() | texts
    as_given = st.builds(
        TaskReport.explicit,
        st.sampled_from(TaskStatus),
        mask=st.just(mask),
        error_id=given_texts,
        error_message=given_texts,
        error_stack_trace=given_texts | tracebacks,
    )
    made = failed | as_given | st.builds(TaskReport.precondition_false, given_texts, facts(texts), mask=st.just(mask))
    return made | st.builds(lambda report, more: report.with_lines(more, mask=mask), made, lines)


_pieces = st.text(st.characters(codec=None, categories=None), max_size=30) | st.sampled_from(
    [
        "Service_",
        " Service_",
        "\x1b[31m",
        "\x1b]0;",
        "\x07",
        "\ud83d",
        "\ude00",
        "😀",
        "a\u0301",
        "\r\n",
        "Log: x",
        "\x00",
        "\uffff",
    ]
)
any_text = st.builds(
    lambda pieces, times: "".join(pieces) * times,
    st.lists(_pieces, max_size=4),
    st.sampled_from([1, 1, 1, 40, 700]),
)


def mask_nothing(text: str) -> str:
    return text


def mask_clumsily(text: str) -> str:
    """An idempotent mask that adds characters which the service refuses, and the prefix that it reserves."""
    return text.replace("e", "\x1b[7m\x00\ud800").replace("a", "Service_")


@pytest.mark.parametrize("mask", [mask_nothing, mask_clumsily])
@given(data=st.data())
def test_a_strict_server_accepts_every_report(
    strict_server: StrictServer, mask: Callable[[str], str], data: st.DataObject
) -> None:
    report = data.draw(reports(any_text, mask))

    strict_server(wire_fields(report))
    assert TaskReport.from_record(json.loads(json.dumps(report.as_record()))) == report


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=5,
)
record_like = st.fixed_dictionaries(
    {"status": st.sampled_from(["FINISHED", "FAILED", "FALSE"]) | json_values},
    optional=dict.fromkeys(("error_id", "error_message", "error_stack_trace", "other"), any_text | json_values),
)


@given(record=json_values | record_like)
def test_a_strict_server_accepts_a_report_of_any_record(strict_server: StrictServer, record: object) -> None:
    report = TaskReport.from_record(record)

    if report is not None:
        strict_server(wire_fields(report))


# A secret consists of letters that occur nowhere else: neither in the texts around it nor in the report's own words. So
# a single such letter in a report is a leak, however the secret was cut.
LETTERS = "QXZJ"
secrets = st.builds(
    "".join,
    st.tuples(st.sampled_from(LETTERS), st.text(LETTERS + "\n :", min_size=2, max_size=12), st.sampled_from(LETTERS)),
)
harmless = st.text("abc \n:…é😀", max_size=20)
plain_controls = ["\x00", "\x08", "\x07", "\x7f", "\ufffe", "\x84", "\x9d", "\x9c"]
whole_sequences = [
    "\x1b[31m",
    "\x1b[0;1m",
    "\x9b1m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://a\x1b\\",
    "\x1b(B",
    "\x1bPa\x9c",
]
CUTS = {
    "whole": [""],
    "control characters": plain_controls,
    "escape sequences": [*whole_sequences, "\x00", "\x07", "\x84", "\x1bM", "\x1b7"],
    "lone escapes": ["\x1b", *plain_controls],
    "lone escapes among sequences": ["\x1b", "\x1b[31m", "\x1b]0;title\x07", "\x9b1m"],
    "unfinished sequences": ["\x1b[", "\x9b", "\x00"],
}


def _cut(secret: str, cuts: Sequence[str]) -> str:
    return "".join(letter + cut for letter, cut in zip(secret, [*cuts, *[""] * len(secret)], strict=False))


@st.composite
def texts_with(draw: st.DrawFn, secret: str, cuts: Sequence[str]) -> str:
    """Return texts with the secret, whole or cut, where the text will be shortened, and elsewhere."""
    between = st.lists(st.lists(st.sampled_from(cuts), max_size=2).map("".join), max_size=len(secret) - 1)
    said = st.builds(_cut, st.just(secret), between)
    pieces = draw(st.lists(harmless | said, max_size=4))
    # Separated, because a secret could begin with the end of another one: then no mask knows which of them was meant.
    text = "|".join(pieces)
    size = draw(st.sampled_from([1, 1, 1, 2, 30, 400]))
    padding = "-" * draw(st.sampled_from([0, 0, 200, 500, 980, 1010, 2010, 4000]))
    return padding + "|".join([text] * size)


@pytest.mark.parametrize("kind", CUTS)
@given(data=st.data())
def test_no_secret_leaks_whole_or_cut(strict_server: StrictServer, kind: str, data: st.DataObject) -> None:
    secret = data.draw(secrets, label="secret")
    report = data.draw(
        reports(texts_with(secret, CUTS[kind]), lambda text: text.replace(secret, "***")), label="report"
    )

    request = wire_fields(report)
    strict_server(request)
    assert not set(LETTERS) & set("".join(request.values()))


@given(
    secret=secrets, spare=st.integers(-40, 40), budget=st.sampled_from([256, 1024, 4096]), unit=st.sampled_from("-é😀")
)
@example(secret="QXZJ", spare=0, budget=1024, unit="😀")
def test_no_secret_leaks_at_the_border_of_a_limit(secret: str, spare: int, budget: int, unit: str) -> None:
    text = unit * (budget // len(unit.encode()) + spare) + secret + unit * 5000
    facts_of = TaskFacts(dag_id=text, run_id=text, task_id=text, log_url=text)

    report = TaskReport.failed(
        ValueError(text), facts_of, mask=lambda text: text.replace(secret, "***"), error_id=text, lines=[text] * 3
    )

    assert not set(LETTERS) & set("".join(wire_fields(report).values()))


@pytest.mark.parametrize(
    "secret",
    [
        "Q\nDAG: X",  # the end of a message and the first fact
        "Q\nX",  # two lines
        "Q\nZ: X",  # a message and a line
        "Error: Q",  # a class and its message
    ],
)
def test_no_secret_is_put_together_from_parts(secret: str) -> None:
    report = TaskReport.failed(
        ValueError("Q"),
        TaskFacts(dag_id="X", run_id="X"),
        mask=lambda text: text.replace(secret, "***"),
        lines=["Q", "X", "Q", "Z: X", "Q"],
    )

    texts = wire_fields(report)
    assert not [text for text in texts.values() if secret in text]


@given(error=errors(st.text("abc QX", max_size=900)), long=st.booleans())
def test_every_text_was_masked_last(error: BaseException, long: bool) -> None:
    """The mask knows every pair of letters, and shortening and layout make new pairs."""

    def mask(text: str) -> str:
        for pair in ("QX", "XQ", "d:", "s e"):
            text = text.replace(pair, "*")
        return text

    request = wire_fields(TaskReport.failed(error, TaskFacts(dag_id="abc" * (900 if long else 1)), mask=mask))

    assert {key: mask(text) for key, text in request.items()} == request
