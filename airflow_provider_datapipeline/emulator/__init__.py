"""
A local AWS Data Pipeline with the task-runner half: for tests, demonstrations and development without AWS.

It shares no code with the rest of the package and needs no Airflow. ``EmulatorServer`` is the service over HTTP;
``emulator.moto_door`` puts the same service behind moto's ``mock_aws``; ``Behaviour`` holds every switch.
"""

from airflow_provider_datapipeline.emulator.behaviour import Behaviour
from airflow_provider_datapipeline.emulator.credentials import Credentials
from airflow_provider_datapipeline.emulator.records import AttemptView, RequestRecord
from airflow_provider_datapipeline.emulator.server import EmulatorServer
from airflow_provider_datapipeline.emulator.service import Service

__all__ = ["AttemptView", "Behaviour", "Credentials", "EmulatorServer", "RequestRecord", "Service"]
