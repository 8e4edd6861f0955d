"""
A local AWS Data Pipeline with its task-runner API, for tests, demonstrations and development without AWS.

It shares no code with the rest of the package and does not need Airflow. ``EmulatorServer`` offers the service over
HTTP. The module ``moto_backend`` offers the same service inside moto's ``mock_aws``. ``EmulatorSettings`` has every
setting.
"""

from airflow_provider_datapipeline.emulator.credentials import Credentials
from airflow_provider_datapipeline.emulator.deprecated import warn_renamed
from airflow_provider_datapipeline.emulator.records import AttemptView, RequestRecord
from airflow_provider_datapipeline.emulator.server import EmulatorServer
from airflow_provider_datapipeline.emulator.service import Service
from airflow_provider_datapipeline.emulator.settings import EmulatorSettings

__all__ = ["AttemptView", "Credentials", "EmulatorServer", "EmulatorSettings", "RequestRecord", "Service"]


def __getattr__(name: str) -> type[EmulatorSettings]:
    """Return ``EmulatorSettings`` for its old name ``Behaviour``."""
    if name == "Behaviour":
        warn_renamed("Behaviour", "EmulatorSettings", stacklevel=3)
        return EmulatorSettings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
