"""A real Airflow, started from the running interpreter's environment, for tests and for the demo."""

from tests.support.harness.deployment import Deployment
from tests.support.harness.processes import Component, TaskProcess
from tests.support.harness.waiting import DeploymentError

__all__ = ["Component", "Deployment", "DeploymentError", "TaskProcess"]
