"""No secret in texts of real libraries and services leaks, whole or cut, although nobody registered it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.masking.finder import mask_secrets
from airflow_provider_datapipeline.masking.masker import Masker
from airflow_provider_datapipeline.masking.whole_text import WITHHELD
from airflow_provider_datapipeline.reporting import TaskFacts, TaskReport, TaskStatus
from tests.reporting.corpus import cloud, databases, harmless, web
from tests.reporting.corpus.raised import RAISED
from tests.reporting.corpus.secret_fixtures import Maker, Planted, plant
from tests.support.reports import wire_fields

if TYPE_CHECKING:
    from collections.abc import Callable

WRITTEN = [plant(text, stays) for text, stays in (*databases.TEXTS, *web.TEXTS, *cloud.TEXTS)]


def mask_nothing(text: str) -> str:
    """Do what Airflow's masker does if no secret is registered."""
    return text


def all_text(report: TaskReport) -> str:
    """Return every text of a report."""
    return "\n".join(wire_fields(report).values())


def as_message(text: str) -> TaskReport:
    return TaskReport.failed(RuntimeError(text), mask=mask_nothing)


def as_cause(text: str) -> TaskReport:
    error = RuntimeError("the load failed")
    error.__cause__ = ValueError(text)
    return TaskReport.failed(error, mask=mask_nothing)


def as_note(text: str) -> TaskReport:
    error = RuntimeError("the load failed")
    error.add_note(text)
    return TaskReport.failed(error, mask=mask_nothing)


def in_a_group(text: str) -> TaskReport:
    return TaskReport.failed(ExceptionGroup("two failed", [KeyError(text), ValueError("x", text)]), mask=mask_nothing)


def as_text(text: str) -> TaskReport:
    return TaskReport.failed(text, mask=mask_nothing)


def as_traceback(text: str) -> TaskReport:
    return TaskReport.failed(f"Traceback (most recent call last):\nValueError: {text}", mask=mask_nothing)


def as_explicit_texts(text: str) -> TaskReport:
    return TaskReport.explicit(
        TaskStatus.FAILED, error_id=text, error_message=text, error_stack_trace=text, mask=mask_nothing
    )


def as_reason_and_facts(text: str) -> TaskReport:
    facts = TaskFacts(dag_id=text, run_id=text, task_id=text, log_url=text)
    return TaskReport.precondition_false(text, facts, mask=mask_nothing).with_lines([text], mask=mask_nothing)


def from_a_record(text: str) -> TaskReport:
    report = TaskReport.from_record({"status": "FAILED", "error_message": text, "error_id": text})
    assert report is not None
    return report


FORMS = [
    as_message, as_cause, as_note, in_a_group, as_text, as_traceback, as_explicit_texts, as_reason_and_facts,
    from_a_record,
]  # fmt: skip


def name(planted: Planted) -> str:
    return "".join(character if character.isalnum() else "-" for character in planted.text[:40])


def test_the_corpus_is_large() -> None:
    assert len({planted.text for planted in WRITTEN}) >= 200
    assert all(planted.secrets for planted in WRITTEN)


@pytest.mark.parametrize("planted", WRITTEN, ids=name)
def test_no_secret_leaks_and_the_words_around_it_stay(planted: Planted) -> None:
    shown = mask_secrets(planted.text)

    assert planted.leaks(shown) == []
    assert planted.lost(shown) == []
    assert mask_secrets(shown) == shown


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_no_secret_leaks_into_any_part_of_a_report(form: Callable[[str], TaskReport]) -> None:
    leaks = [planted.text for planted in WRITTEN if planted.leaks(all_text(form(planted.text)))]

    assert leaks == []


@pytest.mark.parametrize("cut", ["\x1b[31m", "\x1b[0;1m", "\x00", "\x07", "\x9b1m", "\x1b]8;;x\x1b\\", "\ufffe"])
def test_no_secret_leaks_that_control_characters_cut(cut: str) -> None:
    shown = {planted: Masker(mask_nothing)(planted.cut_by(cut)) for planted in WRITTEN}

    assert [planted.text for planted, text in shown.items() if planted.leaks(text)] == []
    assert [planted.text for planted, text in shown.items() if planted.lost(text)] == []
    assert WITHHELD not in shown.values()


@pytest.mark.parametrize("cut", ["\x1b", "\x1b[", "\x9b"])
def test_no_secret_leaks_that_a_broken_sequence_cuts(cut: str) -> None:
    """It is not certain which letters belong to the sequence, so the text may be withheld."""
    shown = {planted: Masker(mask_nothing)(planted.cut_by(cut)) for planted in WRITTEN}

    assert [planted.text for planted, text in shown.items() if planted.leaks(text)] == []


def clipped(planted: Planted, limit: int) -> str:
    """Return the text with so many characters before it that a limit is within its first secret."""
    middle = planted.text.index(planted.secrets[0]) + len(planted.secrets[0]) // 2
    return "-" * (limit - 2 - middle) + " " + planted.text + " " + "-" * 2048


def test_no_secret_leaks_where_a_text_is_cut() -> None:
    """Texts are cut at the end of an id and of a line, and in the middle of a stack trace and of a message."""
    limits = itertools.cycle((1024, 512, 2048, 256))
    leaks = [
        one.text
        for one, limit in zip(WRITTEN, limits, strict=False)
        if one.leaks(all_text(as_explicit_texts(clipped(one, limit))))
    ]

    assert leaks == []


@pytest.mark.parametrize("raises", RAISED, ids=lambda raises: raises.__name__)
def test_no_secret_leaks_with_an_exception_of_a_library(raises: Callable[[Maker], None]) -> None:
    make = Maker(raises.__name__)
    with pytest.raises(Exception) as caught:  # noqa: PT011  # each library raises another one
        raises(make)
    planted = Planted("", tuple(make.made), tuple(RAISED[raises].split()))

    shown = all_text(TaskReport.failed(caught.value, mask=mask_nothing))

    assert planted.secrets
    assert planted.leaks(shown) == []
    assert planted.lost(shown) == []


@pytest.mark.parametrize("text", harmless.TEXTS)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert mask_secrets(text) == text
