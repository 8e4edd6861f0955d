"""A real Airflow, started from the running interpreter's environment, for tests and for the demo."""

from tests.real.harness.deployment import Deployment
from tests.real.harness.processes import Component, TaskProcess
from tests.real.harness.waiting import DeploymentError

__all__ = ["Component", "Deployment", "DeploymentError", "TaskProcess"]
