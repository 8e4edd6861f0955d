"""
A local AWS Data Pipeline with the task-runner half: for tests, demonstrations and development without AWS.

It shares no code with the rest of the package and needs no Airflow. ``EmulatorServer`` is the service over HTTP;
``emulator.moto_backend`` puts the same service behind moto's ``mock_aws``; ``EmulatorSettings`` holds every switch.
"""

from airflow_provider_datapipeline.emulator.credentials import Credentials
from airflow_provider_datapipeline.emulator.records import AttemptView, RequestRecord
from airflow_provider_datapipeline.emulator.server import EmulatorServer
from airflow_provider_datapipeline.emulator.service import Service
from airflow_provider_datapipeline.emulator.settings import EmulatorSettings

__all__ = ["AttemptView", "Credentials", "EmulatorServer", "EmulatorSettings", "RequestRecord", "Service"]
