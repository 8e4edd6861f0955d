"""
Airflow's names that this package uses. This is the only module that imports from Airflow.

Almost every release of Airflow has moved some of these names. The common-compat provider knows the new modules, but
some platforms pin an old common-compat (Amazon MWAA 2.10.3, 2.11.0 and 3.0.6), which lacks a module or a name. So each
name comes from common-compat if that has the name, and otherwise from one of Airflow's own modules.

A name is imported when it is first used, so that parsing a DAG file does not import what the file does not use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import airflow

# ruff: noqa: PLC0414  # "X as X" tells the type checker that other modules may import X from here

if TYPE_CHECKING:
    from airflow.exceptions import AirflowProviderDeprecationWarning as AirflowProviderDeprecationWarning
    from airflow.providers.common.compat.sdk import (
        DAG as DAG,
        AirflowFailException as AirflowFailException,
        AirflowNotFoundException as AirflowNotFoundException,
        AirflowPlugin as AirflowPlugin,
        BaseHook as BaseHook,
        BaseNotifier as BaseNotifier,
        BaseOperator as BaseOperator,
        BaseOperatorLink as BaseOperatorLink,
        Stats as Stats,
        TaskDeferred as TaskDeferred,
        TriggerRule as TriggerRule,
        XCom as XCom,
        conf as conf,
        hookimpl as hookimpl,
        redact as redact,
    )
    from airflow.sdk.exceptions import AirflowRuntimeError as AirflowRuntimeError, ErrorType as ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse as ErrorResponse, TriggerDagRun as TriggerDagRun
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance as RuntimeTaskInstance
    from airflow.triggers.base import (
        BaseTrigger as BaseTrigger,
        StartTriggerArgs as StartTriggerArgs,
        TaskFailedEvent as TaskFailedEvent,
        TaskSkippedEvent as TaskSkippedEvent,
        TaskSuccessEvent as TaskSuccessEvent,
        TriggerEvent as TriggerEvent,
    )

AIRFLOW_VERSION: str = airflow.__version__

_COMPAT = "airflow.providers.common.compat.sdk"
_TRIGGERS = ("airflow.triggers.base",)

# The newest module comes first: an older one may still have the name, but warn about its use.
PLACES: dict[str, tuple[str, ...]] = {
    "AirflowFailException": (_COMPAT, "airflow.sdk.exceptions", "airflow.exceptions"),
    "AirflowNotFoundException": (_COMPAT, "airflow.sdk.exceptions", "airflow.exceptions"),
    "AirflowPlugin": (_COMPAT, "airflow.sdk.plugins_manager", "airflow.plugins_manager"),
    "AirflowProviderDeprecationWarning": (_COMPAT, "airflow.exceptions"),
    "BaseHook": (_COMPAT, "airflow.sdk", "airflow.hooks.base"),
    "BaseNotifier": (_COMPAT, "airflow.sdk", "airflow.notifications.basenotifier"),
    "BaseOperator": (_COMPAT, "airflow.sdk", "airflow.models.baseoperator"),
    "BaseOperatorLink": (_COMPAT, "airflow.sdk", "airflow.models.baseoperatorlink"),
    "BaseTrigger": _TRIGGERS,
    "DAG": (_COMPAT, "airflow.sdk", "airflow.models.dag"),
    "StartTriggerArgs": _TRIGGERS,
    "Stats": (_COMPAT, "airflow.sdk.observability.stats", "airflow.stats"),
    "TaskDeferred": (_COMPAT, "airflow.sdk.exceptions", "airflow.exceptions"),
    "TaskFailedEvent": _TRIGGERS,
    "TaskSkippedEvent": _TRIGGERS,
    "TaskSuccessEvent": _TRIGGERS,
    "TriggerEvent": _TRIGGERS,
    "TriggerRule": (_COMPAT, "airflow.sdk", "airflow.utils.trigger_rule"),
    "XCom": (_COMPAT, "airflow.sdk.execution_time.xcom", "airflow.models.xcom"),
    "conf": (_COMPAT, "airflow.sdk.configuration", "airflow.configuration"),
    "hookimpl": (_COMPAT, "airflow.sdk._shared.listeners", "airflow.listeners"),
    "redact": (
        _COMPAT,
        "airflow.sdk.log",
        "airflow.sdk.execution_time.secrets_masker",
        "airflow.utils.log.secrets_masker",
    ),
}
"""Names that every supported Airflow has, and the modules that may have them."""

PLACES_OF_AIRFLOW_3: dict[str, tuple[str, ...]] = {
    "AirflowRuntimeError": ("airflow.sdk.exceptions",),
    "ErrorResponse": ("airflow.sdk.execution_time.comms",),
    "ErrorType": ("airflow.sdk.exceptions",),
    "RuntimeTaskInstance": ("airflow.sdk.execution_time.task_runner",),
    "TriggerDagRun": ("airflow.sdk.execution_time.comms",),
}
"""Names that only Airflow 3 has. All of them are private; compat says at each use what would replace them."""

PLACES_OF_AIRFLOW_2: dict[str, tuple[str, ...]] = {
    "Log": ("airflow.models.log",),
}
"""Names that the package uses on Airflow 2 only."""

PLACES_OF_DATABASE: dict[str, tuple[str, ...]] = {
    "TaskInstance": ("airflow.models.taskinstance",),
    "XComModel": ("airflow.models.xcom",),  # only Airflow 3 has it
    "create_session": ("airflow.utils.session",),
}
"""Names for reading the database directly: Airflow 2 always does so, Airflow 3 only in ``dag.test()``."""

COPIES_OF_STATS = ("airflow.sdk._shared.observability.metrics.stats", "airflow._shared.observability.metrics.stats")
"""From Airflow 3.3 on, the two modules that may have been configured with the destination of metrics."""

DAG_PROCESSOR = "airflow.dag_processing.processor"
"""The module of Airflow 3 whose ``ToManager`` lists the requests that a callback in the dag-processor can make."""


def has_supervisor() -> bool:
    """Return whether a supervisor can be asked. Between the tasks of ``dag.test()`` there is none."""
    return hasattr(import_module("airflow.sdk.execution_time.task_runner"), "SUPERVISOR_COMMS")


def supervisor() -> Any:
    """
    Return the connection of a task of Airflow 3 to its supervisor.

    Airflow sets it when the task starts, so it is read at each call and never stored.
    """
    return import_module("airflow.sdk.execution_time.task_runner").SUPERVISOR_COMMS


def __getattr__(name: str) -> Any:
    places = (PLACES | PLACES_OF_AIRFLOW_3 | PLACES_OF_AIRFLOW_2 | PLACES_OF_DATABASE).get(name)
    if places is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for place in places:
        try:
            value = getattr(import_module(place), name)
        except (ImportError, AttributeError):
            continue
        globals()[name] = value
        return value
    raise ImportError(f"Airflow {AIRFLOW_VERSION} has no {name} in any of {', '.join(places)}.")
