"""Parameters of the public API that have a new name; the old name works for one more minor version."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow.names import AirflowProviderDeprecationWarning

if TYPE_CHECKING:
    from collections.abc import Mapping


def value_of_renamed(
    name: str,
    value: Any,
    *,
    old_name: str,
    old_value: Any,
    dropped_in: str,
    default_args: Mapping[str, Any] | None = None,
    stacklevel: int = 3,
) -> Any:
    """
    Return the value of a renamed parameter, and warn if it was given by the old name.

    A value that stands at the operator itself wins over one from ``default_args``, whichever name each has.

    :param value: given by the new name; None: not given
    :param old_value: given by the old name; None: not given
    :param dropped_in: the version of this package that will not know the old name
    :param default_args: of an operator; Airflow has passed values from it to the operator as if they had been written
        there
    :param stacklevel: as for ``warnings.warn``; 3 is the caller of the function that calls this one
    :return: None if neither name was given
    :raises ValueError: both names were given
    """
    if old_value is None:
        return value
    if value is not None:
        defaults = default_args or {}
        if (name in defaults) == (old_name in defaults):
            raise ValueError(f"{name} and {old_name} are the same parameter: give {name} alone.")
        if old_name in defaults:
            return value
    warnings.warn(
        f"The parameter {old_name} has a new name, {name}; version {dropped_in} drops the old one.",
        AirflowProviderDeprecationWarning,
        stacklevel=stacklevel,
    )
    return old_value
