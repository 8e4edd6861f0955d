"""Every row of the table of issuers finds the token that it stands for, and no ordinary text."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from airflow_provider_datapipeline.masking.rules.issuers import ISSUERS, SHAPES
from airflow_provider_datapipeline.masking.rules.issuers.rows import SOURCES, Issuer, Shape

# The part of a pattern that looks ahead for a character of some kind; it matches no characters itself.
LOOKS_AHEAD = re.compile(r"\(\?=\[[^]]*\]\{\d+,\d+\}\[[^]]*\]\)")
# A quantifier without an upper bound that is not possessive.
UNBOUNDED = re.compile(r"(?:\*|(?<![*}])\+|\{\d*,\})(?!\+)")
CLASS = re.compile(r"\[[^]]*\]")

ORDINARY = [
    "pip install sk-learn-contrib-estimators-2024-extra",
    "from sk_learn_test_estimator_checks_12345 import x",
    "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "md5 d41d8cd98f00b204e9800998ecf8427e-2",
    "s3://bucket/2024/05/17/key-of-the-report-00000000-0001.parquet",
    "s.some_attribute_of_an_object(b.another_attribute_of_one)",
    "npm_config_user_agent=npm_package_name_and_version",
    "pat.compile(pattern), pat.fullmatch(text_of_the_document)",
    "00000000000000000000000000000000000000000000",
    "A" * 200,
    "EAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "live_migration_of_the_virtual_machine_to_another_host",
    "secret-management-and-rotation-of-access-keys-in-teams",
    "task-runner-2024-11-27T05-36-16-worker-0000000000001.log",
    "napi_create_string_utf8 napi_get_value_string_latin1_of_it",
    "arn:aws:iam::123456789012:role/service-role/AWSDataPipelineDefaultResourceRole",
    "/usr/lib/python3.11/site-packages/airflow/providers/amazon/aws/hooks/base_aws.py",
    "ANY_OTHER_SETTING_OF_AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION=True",
    "module.submod.a_function_with_a_very_long_name_indeed",
]


def expression(row: Issuer | Shape) -> re.Pattern[str]:
    if isinstance(row, Shape):
        return re.compile(row.pattern)
    literal = re.escape(row.prefix)
    return re.compile(f"{literal}(?<![A-Za-z0-9]{literal})[{row.alphabet}]{{{row.min_length},}}+")


ROWS: list[Issuer | Shape] = [*ISSUERS, *SHAPES]
EXPRESSIONS = {row.name: expression(row) for row in ROWS}
each_issuer = pytest.mark.parametrize("row", ISSUERS, ids=lambda row: row.name)
each_shape = pytest.mark.parametrize("row", SHAPES, ids=lambda row: row.name)


def some(row: Issuer, count: int) -> str:
    characters = [chr(code) for code in range(33, 127) if re.match(f"[{row.alphabet}]", chr(code))]
    return "".join(random.Random(row.name).choices(characters, k=count))


@each_issuer
def test_an_issuers_token_is_found_whole(row: Issuer) -> None:
    for more in (0, 1, 40):
        token = row.prefix + some(row, row.min_length + more)
        texts = [token, f"is '{token}'", f"TOKEN={token}\n", f"https://user:{token}@host/", f"a_{token}"]
        if not re.match(f"[{row.alphabet}]", "."):
            texts.append(f"It is {token}. And this is more.")
        for text in texts:
            assert [match[0] for match in EXPRESSIONS[row.name].finditer(text)] == [token]


@each_issuer
def test_a_shorter_text_and_a_part_of_a_word_are_no_tokens(row: Issuer) -> None:
    assert not EXPRESSIONS[row.name].search(f"'{row.prefix}{some(row, row.min_length - 1)}'")
    assert not EXPRESSIONS[row.name].search(f"x{row.prefix}{some(row, row.min_length)}")


@each_shape
@given(data=st.data())
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_a_token_of_a_shape_is_found_whole(row: Shape, data: st.DataObject) -> None:
    pattern = EXPRESSIONS[row.name]
    token = data.draw(st.from_regex(LOOKS_AHEAD.sub("", row.pattern), fullmatch=True).filter(pattern.fullmatch))
    assert row.hint in token
    for text in (token, f"token is '{token}'", f"TOKEN: {token}\n", f"It is {token}. And more."):
        assert [match[0] for match in pattern.finditer(text)] == [token]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_is_no_token(text: str) -> None:
    assert [name for name, pattern in EXPRESSIONS.items() if pattern.search(text)] == []


@each_shape
def test_the_repetitions_of_a_shape_are_bounded_or_possessive(row: Shape) -> None:
    outside_of_classes = re.sub(r"\\.", "", CLASS.sub("C", row.pattern))
    assert not UNBOUNDED.search(outside_of_classes)
    assert set(EXPRESSIONS[row.name].groupindex) <= {"secret"}


def test_every_row_says_where_it_is_documented() -> None:
    assert [row for row in ROWS if row.source not in SOURCES and not row.source.startswith("https://")] == []


def test_no_row_occurs_twice() -> None:
    names = Counter(row.name for row in ROWS)
    prefixes = Counter(issuer.prefix for issuer in ISSUERS)
    patterns = Counter(shape.pattern for shape in SHAPES)
    assert [key for count in (names, prefixes, patterns) for key, times in count.items() if times > 1] == []


def test_the_table_is_long_and_its_prefixes_are_not_short() -> None:
    assert len(ROWS) >= 130
    assert [issuer.prefix for issuer in ISSUERS if len(issuer.prefix) < 3] == []
    assert [issuer.prefix for issuer in ISSUERS if issuer.min_length < 10] == []


def test_every_source_is_used() -> None:
    assert set(SOURCES) - {row.source for row in ROWS} == set()
    assert all(address.startswith("https://") for address in SOURCES.values())
