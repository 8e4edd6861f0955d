"""
The time to search a text is in proportion to its length, whatever rule the text is made for.

For every rule, a text is drawn that the rule matches, and a beginning of this text is repeated: a rule that searches
for the rest of a match in vain may do so again from each position. If the search is linear, a text four times as long
takes four times as long. If it goes on to the end of the text from each position, it takes sixteen times as long. The
two times are compared with each other, in processor time, so that a slow or busy machine changes nothing.
"""

from __future__ import annotations

import dataclasses
import gc
import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from random import Random

import pytest

from airflow_provider_datapipeline.masking import control_characters, finder, patterns, randomness, text
from airflow_provider_datapipeline.masking.finder import find_secrets
from airflow_provider_datapipeline.masking.patterns.commands import command_pattern, option_pattern
from airflow_provider_datapipeline.masking.patterns.tokens import compiled, issuer_pattern
from airflow_provider_datapipeline.masking.rules.commands import ARGUMENTS, OPTIONS
from airflow_provider_datapipeline.masking.rules.issuers import ISSUERS, SHAPES
from airflow_provider_datapipeline.masking.rules.phrases import PHRASES
from airflow_provider_datapipeline.reporting import TaskReport
from tests.masking.draw import draw

LONGER = 4
MOST = 9
"""How many times as long a text of four times the length may take: between 4, which is linear, and 16."""
TIMES = 3

BEGINNINGS = (0.3, 0.6, 0.9, 1.0)
ENDS = ("", " ", "\n")

UNITS = [
    "a", "A", " ", "\n", "-", "_", "'", '"', "\\", '\\"', "{", "}}", "(", "[", "<", "@", ":", "=", "%", "***", "\x1b[",
    "password", "password=", 'password="', "password='\\\"", "password: a ", "\npassword: a", "\npassword: |\n x",
    "password\n", "password=a&", "password=a;", ";pwd={", ";pwd=a ", "password%3D%26", "('password', ", "--password ",
    "<password", "<password ", "name='password', value=", "key ", "api_key", "secret_key ", "token: a b ", "://", "://a:",
    "http://a:b@", "a:b@", "%3A%2F%2F", "cookie: a", "authorization: bearer ", "authorization=", "Bearer a.",
    "Basic Aa",
    "eyJ", "eyJ.", "AKIA", "sk-", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "MIIE\\n",
    "A" * 64 + "\n",
    " -p", "mysql -p", "docker -p x ", " -u a:", "sqlplus ", "a/b@", "identified by '", "password(", "[SQL: password",
    "[SQL: ", "\n[parameters: (", "\n[parameters: {}]\n[SQL: UPDATE u SET password_hash=%(p)s]", "input_value=",
    "input_value={...", "\npassword\ninput_value=", "'loc': (password", "On instance['password']:",
    "Failed to parse: a:", "invalid literal for int() with base 10: 'a", "auth=('", "aws_secret_access_key ",
    "login a password ", "Aa1", "Aa1Bb2Cc3Dd4Ee5F ", "secret | token\n", "secret,a\n1,2\n",
]  # fmt: skip
"""Texts to repeat, also some that no single rule is made for."""

BEFORE_UNITS = "x='password' [SQL: token -----BEGIN PRIVATE KEY-----\n"

AROUND = [
    ("password=['", "']"), ("password=('", "')"), ("password={", "}"), ('password="', '"'), ("password=", ""),
    ("password: ", ""), ("x password: ", ""), ("<password>", "</password>"), ("http://a:", "@b"),
]  # fmt: skip
FILLINGS = ("a", "ab ", "a b c ", "a'", "a,", " a", "(a", "get", "\\")
"""Texts to repeat within one value."""

MATCHED_AT_A_POSITION = {
    "assignments": ("_CLASS_NAME",),
    "generated": ("_NAME",),
    "placeholders": ("_PLACEHOLDER", "TWO_WORDS"),
    "randomness": ("NOT_SECRET",),
    "urls": ("_HOST",),
    "values": ("_READS_SECRET",),
}
"""By module: patterns that are only matched at one position, or in a short piece, and never searched for in a text."""


def rules() -> Iterator[tuple[str, str]]:
    """Yield every row of the tables, with a regular expression for everything that it matches."""
    for issuer in ISSUERS:
        yield f"issuer {issuer.name}, {issuer.prefix}", issuer_pattern(issuer)
    yield from other_rules()


def other_rules() -> Iterator[tuple[str, str]]:
    for shape in SHAPES:
        yield f"shape {shape.name}", shape.pattern
    for phrase in PHRASES:
        yield f"phrase {phrase.about}", phrase.pattern
    for argument in ARGUMENTS:
        yield f"argument {argument.pattern}", argument.pattern
    for option in OPTIONS:
        yield f"option of {option.commands}", f"{command_pattern(option)} {option_pattern(option)}"


def single_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield the patterns of the tables as they are searched for."""
    for option in OPTIONS:
        yield f"command {option.commands}", compiled(command_pattern(option))
        yield f"option of {option.commands}", compiled(option_pattern(option))
    yield from ((name, compiled(pattern)) for name, pattern in rules() if not name.startswith("option "))


def module_patterns() -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """Yield every pattern that a module defines, also within dictionaries, tuples and dataclasses."""
    names = [name for _, name, _ in pkgutil.iter_modules(patterns.__path__)]
    modules = [importlib.import_module(f"{patterns.__name__}.{name}") for name in names]
    for module in [*modules, control_characters, text, finder, randomness]:
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            if re.search(rf"^{name}\b[^=\n]*=", source, re.MULTILINE):
                yield from ((module.__name__.rpartition(".")[2], name, pattern) for pattern in patterns_in(value))


def patterns_in(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        yield from (pattern for inner in value.values() for pattern in patterns_in(inner))
    elif isinstance(value, tuple):
        yield from (pattern for inner in value for pattern in patterns_in(inner))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from (
            pattern for field in dataclasses.fields(value) for pattern in patterns_in(getattr(value, field.name))
        )


def beginning(name: str, pattern: str, share: float, flags: int = re.ASCII) -> str:
    """Return the beginning of a match of a rule. Another share draws another match, so that alternatives occur, too."""
    example = draw(pattern, Random(f"{name} {share}"), conditions=False, flags=flags)
    return (
        example[: max(1, round(len(example) * share))] or "a"
    )  # a pattern that matches the empty text matches everywhere


def repeated(unit: str, size: int, before: str = "", after: str = "") -> str:
    return (before + unit * (size // len(unit) + 1))[:size] + after


def seconds(act: Callable[[str], object], text: str) -> float:
    """Return the processor time, without that of a garbage collection which happens to be due."""
    gc.disable()
    try:
        start = time.process_time()
        act(text)
        return time.process_time() - start
    finally:
        gc.enable()


def is_linear(act: Callable[[str], object], make: Callable[[int], str], size: int, slack: float) -> bool:
    """
    Tell whether a text four times as long takes about four times as long.

    :param slack: a difference of so many seconds means nothing
    """
    for _ in range(TIMES):
        long = seconds(act, make(size * LONGER))
        if long <= slack or long <= MOST * seconds(act, make(size)) + slack:
            return True
    return False


def find_all(pattern: re.Pattern[str]) -> Callable[[str], object]:
    return lambda text: sum(1 for _ in pattern.finditer(text))


def slow_unit(name: str, pattern: re.Pattern[str], act: Callable[[str], object], size: int, slack: float) -> str | None:
    """Return the first repeated text for which a pattern takes too long; None if there is none."""
    for share, end in product(BEGINNINGS, ENDS):
        unit = beginning(name, pattern.pattern, share, pattern.flags) + end
        if not is_linear(act, partial(repeated, unit), size, slack):
            return f"{name}: {unit!r}"
    return None


def test_quadratic_patterns_are_recognized() -> None:
    linear, quadratic = re.compile("(?<!a)a++b"), re.compile("a+b")

    assert slow_unit("linear", linear, find_all(linear), 4_000, 0.02) is None
    assert slow_unit("quadratic", quadratic, find_all(quadratic), 4_000, 0.02) is not None


def test_every_pattern_of_the_tables_is_linear() -> None:
    patterns = dict(single_patterns())
    slow = [slow_unit(name, pattern, find_all(pattern), 16_000, 0.03) for name, pattern in patterns.items()]

    assert len(patterns) == len(ISSUERS) + len(SHAPES) + len(PHRASES) + len(ARGUMENTS) + 2 * len(OPTIONS)
    assert [unit for unit in slow if unit] == []


def test_every_issuer_is_linear_in_its_own_prefix_repeated() -> None:
    """Between the prefixes stands a mark that is no letter, so that a token could begin at each of them."""
    slow = [
        (issuer.name, mark)
        for issuer, mark in product(ISSUERS, ("", "-", "_", ".", "/", "+", "="))
        if not is_linear(
            find_all(compiled(issuer_pattern(issuer))), partial(repeated, issuer.prefix + mark), 16_000, 0.03
        )
    ]

    assert slow == []


def test_every_pattern_of_a_module_is_linear() -> None:
    """A pattern that is only matched at a position belongs into `MATCHED_AT_A_POSITION`, and is only matched here."""
    slow = []
    for module, name, pattern in module_patterns():
        act = pattern.match if name in MATCHED_AT_A_POSITION.get(module, ()) else find_all(pattern)
        slow.append(slow_unit(f"{module}.{name}", pattern, act, 8_000, 0.01))

    assert [unit for unit in slow if unit] == []


def test_the_patterns_that_are_only_matched_at_a_position_exist() -> None:
    there = {(module, name) for module, name, _ in module_patterns()}

    assert {(module, name) for module, names in MATCHED_AT_A_POSITION.items() for name in names} <= there
    assert len(there) > 50


def linear_in_all(unit: str, before: str = "", after: str = "") -> bool:
    return is_linear(find_secrets, partial(repeated, unit, before=before, after=after), 8_000, 0.15)


@pytest.mark.long
def test_secrets_are_found_in_linear_time_in_repeated_tokens() -> None:
    slow = [
        name
        for issuer in ISSUERS
        if not linear_in_all(beginning(name := f"{issuer.name}, {issuer.prefix}", issuer_pattern(issuer), 0.9))
    ]

    assert slow == []


@pytest.mark.long
@pytest.mark.parametrize(("share", "end"), [(0.6, "\n"), (0.9, " ")])
def test_secrets_are_found_in_linear_time_in_repeated_matches_of_other_rules(share: float, end: str) -> None:
    slow = [name for name, pattern in other_rules() if not linear_in_all(beginning(name, pattern, share) + end)]

    assert slow == []


def test_secrets_are_found_in_linear_time_in_repeated_units() -> None:
    assert [unit for unit in UNITS if not linear_in_all(unit, BEFORE_UNITS)] == []


@pytest.mark.parametrize(("before", "after"), AROUND)
def test_one_long_value_is_found_in_linear_time(before: str, after: str) -> None:
    assert [unit for unit in FILLINGS if not linear_in_all(unit, before, after)] == []


def test_a_report_of_a_longer_text_takes_no_more_time() -> None:
    """Beyond what is scanned: a text twelve times as long may take 150 ms more, for reading it."""
    prose = "FATAL: password authentication failed for user etl at s3://lake/x, postgresql://etl:hunter2-x@db/orders\n"

    def report(text: str) -> TaskReport:
        return TaskReport.failed(RuntimeError(text), mask=str)

    for unit in (prose, "sk-", "Aa1", "docker -p x ", "password='\\\"", "\x1b["):
        took = [
            (seconds(report, repeated(unit, 1_200_000)), seconds(report, repeated(unit, 100_000))) for _ in range(2)
        ]

        assert min(long - 3 * short for long, short in took) < 0.15, unit
    assert "hunter2" not in str(report(repeated(prose, 1_200_000)))
