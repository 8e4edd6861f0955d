"""Looks at bundles of certificates before botocore does, which would take a missing file for a network that fails."""

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
    Check that the bundles which a connection's clients verify certificates with can be read.

    To be called before its session is made: that may assume a role, and so needs them already.

    :raises ConfigurationError: one cannot
    """
    if connection.verify is not None:
        _check("verify (of the hook, or in the connection's extra)", connection.verify)
    if connection.verify is None or connection.role_arn:  # STS is asked without it
        _check(*_ambient(connection.session_kwargs.get("profile_name")))


def is_of_tls(error: Exception) -> bool:
    """Tell whether a call may have ended with this error for want of a bundle."""
    return isinstance(error, SSLError | HTTPClientError)


def _ambient(profile: str | None) -> tuple[str, Any]:
    """Return where botocore finds a bundle that nobody has given to it, and which."""
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
