"""How much of an exception a deployment lets be reported, and that no mistake in saying so costs a report."""

from __future__ import annotations

import logging

import pytest

from airflow_provider_datapipeline._airflow.detail import configured_error_detail, error_detail
from airflow_provider_datapipeline.exceptions import ConfigurationError
from airflow_provider_datapipeline.reporting.detail import ErrorDetail

VARIABLE = "AIRFLOW__DATAPIPELINE__ERROR_DETAIL"


def test_everything_is_told_unless_the_deployment_says_otherwise() -> None:
    assert error_detail() is ErrorDetail.FULL


@pytest.mark.parametrize(("value", "detail"), [("type", ErrorDetail.TYPE), (" full\n", ErrorDetail.FULL)])
def test_the_deployment_says_it(monkeypatch: pytest.MonkeyPatch, value: str, detail: ErrorDetail) -> None:
    """Airflow hands on an environment variable as it is, white space included."""
    monkeypatch.setenv(VARIABLE, value)

    assert error_detail() is detail


@pytest.mark.parametrize(("option", "given"), [("type", "full"), ("full", "type"), ("nonsense", "full")])
def test_a_parameter_takes_precedence(monkeypatch: pytest.MonkeyPatch, option: str, given: str) -> None:
    monkeypatch.setenv(VARIABLE, option)

    assert error_detail(given) == given


@pytest.mark.parametrize("value", ["Type", "none", ""])
def test_an_option_that_makes_no_sense_is_an_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(VARIABLE, value)

    with pytest.raises(ConfigurationError) as raised:
        configured_error_detail()

    assert str(raised.value) == (
        f"[datapipeline] error_detail is {value!r} in Airflow's configuration; set it to full or type, there or in the "
        f"environment variable {VARIABLE}."
    )


def test_a_report_is_made_all_the_same_with_the_less_in_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VARIABLE, "classes")

    assert error_detail() is ErrorDetail.TYPE

    (line,) = caplog.records
    assert line.levelno == logging.ERROR
    assert "[datapipeline] error_detail is 'classes'" in line.getMessage()


def test_so_it_is_with_a_stored_parameter(caplog: pytest.LogCaptureFixture) -> None:
    """Of a trigger, or in the conf of a run: what is written in a DAG file was checked there."""
    assert error_detail("classes") is ErrorDetail.TYPE
    assert "'classes'" in caplog.text
