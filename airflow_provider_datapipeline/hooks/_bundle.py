"""Looks at a bundle of certificates before botocore does, which would take a missing file for a network that fails."""

from __future__ import annotations

import ssl
from typing import Any

from airflow_provider_datapipeline.exceptions import ConfigurationError


def check_bundle(verify: bool | str | None, session: Any) -> None:
    """
    Check that the bundle which a client would verify certificates with can be read.

    :param verify: of the hook or its connection
    :param session: botocore's, which may name one if ``verify`` does not
    :raises ConfigurationError: it cannot
    """
    bundle = session.get_config_variable("ca_bundle") if verify is None else verify
    if isinstance(bundle, bool) or bundle is None:
        return
    try:
        ssl.create_default_context(cafile=bundle)
    except (OSError, TypeError) as err:
        where = "AWS_CA_BUNDLE or ca_bundle" if verify is None else "verify"
        raise ConfigurationError(
            f"{where} is {bundle!r}, which cannot be read as a file of certificates: {err}. Correct the Airflow "
            "connection or the AWS configuration."
        ) from err
