"""Parameters of the public API that have a new name; the old name works for one more minor version."""

from __future__ import annotations

import warnings
from typing import TypeVar

from airflow_provider_datapipeline._airflow.names import AirflowProviderDeprecationWarning

T = TypeVar("T")


def value_of_renamed(
    name: str, value: T, default: T, *, old_name: str, old_value: T | None, dropped_in: str, stacklevel: int = 3
) -> T:
    """
    Return the value of a renamed parameter, and warn if it was given by the old name.

    :param value: given by the new name, or the default
    :param old_value: given by the old name; None: not given
    :param dropped_in: the version of this package that will not know the old name
    :param stacklevel: as for ``warnings.warn``; 3 is the caller of the function that calls this one
    :raises ValueError: both names were given
    """
    if old_value is None:
        return value
    if value != default:
        raise ValueError(f"{name} and {old_name} are the same parameter: give {name} alone.")
    warnings.warn(
        f"The parameter {old_name} has a new name, {name}; version {dropped_in} drops the old one.",
        AirflowProviderDeprecationWarning,
        stacklevel=stacklevel,
    )
    return old_value
