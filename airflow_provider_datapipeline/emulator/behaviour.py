"""The old name of the module ``settings`` and of its class. Version 0.4 drops it."""

from airflow_provider_datapipeline.emulator.deprecated import warn_renamed
from airflow_provider_datapipeline.emulator.settings import EmulatorSettings as Behaviour

__all__ = ["Behaviour"]

warn_renamed(f"The module {__name__}", "settings, with the class EmulatorSettings", stacklevel=3)
