"""Checks bundles of certificates before botocore reads them: it reports a missing file as a failure of the network."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, Any

import botocore.session  # type: ignore[import-untyped]  # ships no types
from botocore.exceptions import HTTPClientError, SSLError  # type: ignore[import-untyped]  # ships no types

from airflow_provider_datapipeline.exceptions import ConfigurationError

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper


def check_bundles(connection: AwsConnectionWrapper) -> None:
    """
    Check that the bundles with which a connection's clients verify certificates can be read.

    Call this before the connection's session is made, because making it may assume a role, which needs the bundles.

    :raises ConfigurationError: a bundle cannot be read
    """
    if connection.verify is not None:
        _check("verify (of the hook, or in the connection's extra)", connection.verify)
    if connection.verify is None or connection.role_arn:  # a role is assumed with the ambient bundle
        _check(*_ambient(connection.session_kwargs.get("profile_name")))


def is_tls_error(error: Exception) -> bool:
    """Tell whether a missing bundle may be the reason for an error."""
    return isinstance(error, SSLError | HTTPClientError)


def _ambient(profile: str | None) -> tuple[str, Any]:
    """Return the name of the setting from which botocore takes its default bundle, and the bundle."""
    bundle = botocore.session.Session(profile=profile).get_config_variable("ca_bundle")
    if bundle is None:
        return "REQUESTS_CA_BUNDLE", os.environ.get("REQUESTS_CA_BUNDLE")
    return "AWS_CA_BUNDLE" if os.environ.get("AWS_CA_BUNDLE") else "ca_bundle (in the AWS configuration)", bundle


def _check(where: str, bundle: Any) -> None:
    if isinstance(bundle, bool) or bundle is None:
        return
    try:
        ssl.create_default_context(cafile=bundle)
    except (OSError, TypeError) as err:
        raise ConfigurationError(
            f"{where} is {bundle!r}, which cannot be read as a file of certificates: {err}. Name one that is there "
            "wherever Airflow runs. Correct the Airflow connection or the AWS configuration."
        ) from err
