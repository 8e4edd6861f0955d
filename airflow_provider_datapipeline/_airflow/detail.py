"""What a deployment says about how much of an exception is reported."""

from __future__ import annotations

import logging

from airflow_provider_datapipeline._airflow import names
from airflow_provider_datapipeline.exceptions import ConfigurationError
from airflow_provider_datapipeline.reporting.detail import OPTION, ErrorDetail

log = logging.getLogger(__name__)


def error_detail(given: str | None = None) -> ErrorDetail:
    """
    Return how much of an exception a report may tell: as the parameter says, or else as the deployment does.

    Never raises, since a report must not be lost over it: what cannot be read or makes no sense is logged, and the
    less is told.
    """
    try:
        return configured_error_detail() if given is None else ErrorDetail(given)
    except Exception as error:  # noqa: BLE001  # Airflow's parser raises many kinds for a value that it cannot read
        log.error("No text of an exception is reported until this is corrected. %s", error)  # noqa: TRY400
        return ErrorDetail.TYPE


def configured_error_detail() -> ErrorDetail:
    """
    Return the option of the deployment.

    With a fallback, because not every Airflow process has read what the providers declare.

    :raises ConfigurationError: it has another value
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
