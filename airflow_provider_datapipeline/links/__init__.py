"""Links from a task in Airflow's UI."""

from __future__ import annotations

import warnings
from typing import Any


def __getattr__(name: str) -> Any:
    if name != "DataPipelineTargetRunLink":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        f"{__name__}.{name} has moved to {__name__}.datapipeline.{name}; version 0.4 removes the old path.",
        DeprecationWarning,
        stacklevel=2,
    )
    from airflow_provider_datapipeline.links.datapipeline import DataPipelineTargetRunLink

    return DataPipelineTargetRunLink
