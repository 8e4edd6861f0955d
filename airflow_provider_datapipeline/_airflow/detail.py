"""Reads the deployment's option for how much of an exception a report contains."""

from __future__ import annotations

import logging

from airflow_provider_datapipeline._airflow import names
from airflow_provider_datapipeline.exceptions import ConfigurationError
from airflow_provider_datapipeline.reporting.detail import OPTION, ErrorDetail

log = logging.getLogger(__name__)


def error_detail(parameter: str | None = None) -> ErrorDetail:
    """
    Return how much of an exception a report may contain: the parameter decides, or else the deployment's option.

    This never raises, because a wrong setting must not prevent a report. A setting that cannot be read or is invalid is
    logged, and the report then has less detail.
    """
    try:
        return configured_error_detail() if parameter is None else ErrorDetail(parameter)
    except Exception as error:  # noqa: BLE001  # Airflow raises errors of many classes for a value that it cannot read
        log.error("No text of an exception is reported until this is corrected. %s", error)  # noqa: TRY400
        return ErrorDetail.TYPE


def configured_error_detail() -> ErrorDetail:
    """
    Return the deployment's option.

    The fallback is needed because not every Airflow process has read which options the providers declare.

    :raises ConfigurationError: the option has an invalid value
    """
    section, _, option = OPTION.strip("[").partition("] ")
    value = str(names.conf.get(section, option, fallback=ErrorDetail.FULL.value)).strip()
    if value not in tuple(ErrorDetail):
        variable = f"AIRFLOW__{section}__{option}".upper()
        raise ConfigurationError(
            f"{OPTION} is {value!r} in Airflow's configuration; set it to {' or '.join(ErrorDetail)}, there or in the "
            f"environment variable {variable}."
        )
    return ErrorDetail(value)
