"""The old name of the module ``moto_backend``. Version 0.4 drops it."""

from airflow_provider_datapipeline.emulator.deprecated import warn_renamed
from airflow_provider_datapipeline.emulator.moto_backend import install, service_of, uninstall

__all__ = ["install", "service_of", "uninstall"]

warn_renamed(f"The module {__name__}", "moto_backend", stacklevel=3)
