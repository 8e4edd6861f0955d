"""How much of an exception a report may contain, and that a wrong setting never prevents a report."""

from __future__ import annotations

import logging

import pytest

from airflow_provider_datapipeline._airflow.detail import configured_error_detail, error_detail
from airflow_provider_datapipeline.exceptions import ConfigurationError
from airflow_provider_datapipeline.reporting.detail import ErrorDetail

VARIABLE = "AIRFLOW__DATAPIPELINE__ERROR_DETAIL"


def test_by_default_a_report_contains_the_whole_exception() -> None:
    assert error_detail() is ErrorDetail.FULL


@pytest.mark.parametrize(("value", "detail"), [("type", ErrorDetail.TYPE), (" full\n", ErrorDetail.FULL)])
def test_the_deployment_can_set_the_detail(monkeypatch: pytest.MonkeyPatch, value: str, detail: ErrorDetail) -> None:
    """Airflow does not strip white space from an environment variable."""
    monkeypatch.setenv(VARIABLE, value)

    assert error_detail() is detail


@pytest.mark.parametrize(("option", "given"), [("type", "full"), ("full", "type"), ("nonsense", "full")])
def test_a_parameter_takes_precedence(monkeypatch: pytest.MonkeyPatch, option: str, given: str) -> None:
    monkeypatch.setenv(VARIABLE, option)

    assert error_detail(given) == given


@pytest.mark.parametrize("value", ["Type", "none", ""])
def test_an_invalid_option_is_an_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(VARIABLE, value)

    with pytest.raises(ConfigurationError) as raised:
        configured_error_detail()

    assert str(raised.value) == (
        f"[datapipeline] error_detail is {value!r} in Airflow's configuration; set it to full or type, there or in the "
        f"environment variable {VARIABLE}."
    )


def test_an_invalid_option_does_not_prevent_a_report_which_then_has_less_detail(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VARIABLE, "classes")

    assert error_detail() is ErrorDetail.TYPE

    (line,) = caplog.records
    assert line.levelno == logging.ERROR
    assert "[datapipeline] error_detail is 'classes'" in line.getMessage()


def test_an_invalid_stored_parameter_does_not_prevent_a_report_either(caplog: pytest.LogCaptureFixture) -> None:
    """Triggers and the confs of runs store parameters; a parameter in a DAG file is checked when the file is parsed."""
    assert error_detail("classes") is ErrorDetail.TYPE
    assert "'classes'" in caplog.text
