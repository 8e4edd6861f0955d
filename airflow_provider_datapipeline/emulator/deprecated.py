"""The warning for names of version 0.2 that still work in version 0.3 and are dropped in version 0.4."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator.settings import EmulatorSettings


def warn_renamed(old: str, new: str, *, stacklevel: int) -> None:
    """
    Warn that ``old`` is now ``new``.

    :param stacklevel: which caller the warning names: 2 is the caller of this function, 3 is the caller's caller
    """
    warnings.warn(f"{old} is now {new}. Version 0.4 drops the old name.", DeprecationWarning, stacklevel=stacklevel)


def settings_from_keywords(
    settings: EmulatorSettings | None, behaviour: EmulatorSettings | None
) -> EmulatorSettings | None:
    """
    Return the settings, which a caller may still pass by the old keyword ``behaviour``.

    :raises TypeError: both keywords were given
    """
    if behaviour is None:
        return settings
    if settings is not None:
        raise TypeError("Give settings or behaviour, its old name, not both.")
    warn_renamed("The keyword behaviour", "settings", stacklevel=4)
    return behaviour
