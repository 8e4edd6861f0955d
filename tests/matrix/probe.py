"""A plugin for the cell's Airflow: each process that starts a job records whether the package's plugin is loaded."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from airflow.listeners.listener import get_listener_manager

from airflow_provider_datapipeline._airflow.names import AirflowPlugin, hookimpl


@hookimpl
def on_starting(component: Any) -> None:  # Airflow's signature
    """Write whether the plugin is loaded to a file with the name of the command, ``scheduler`` for example."""
    has_ours = get_listener_manager().pm.is_registered(import_module("airflow_provider_datapipeline.plugins.listener"))
    folder = Path(os.environ["AIRFLOW_HOME"]) / "probe"
    folder.mkdir(exist_ok=True)
    (folder / sys.argv[1]).write_text("loaded" if has_ours else "missing")


class ProbePlugin(AirflowPlugin):
    """Registers the listener of this module."""

    name = "probe"
    listeners = [sys.modules[__name__]]  # noqa: RUF012  # as Airflow declares it
