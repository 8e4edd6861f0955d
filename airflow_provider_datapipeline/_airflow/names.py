"""
Where Airflow keeps the names that this package uses: the only module that looks for them.

They have moved with almost every release, and the common-compat provider, which knows where to, is missing a module or
a name where the platform pins an old one (Amazon MWAA 2.10.3, 2.11.0 and 3.0.6). So each name is taken from
common-compat if it has it, and from Airflow's own places otherwise.

A name is looked up when it is first asked for, so that a DAG file pays for nothing that it does not use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import airflow

# ruff: noqa: PLC0414  # "X as X" says to the type checker that X is for others

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

# Newest place first: an older one may still answer, with a warning.
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
"""Names that every supported Airflow has, and the modules that may hold them."""

PLACES_OF_AIRFLOW_3: dict[str, tuple[str, ...]] = {
    "AirflowRuntimeError": ("airflow.sdk.exceptions",),
    "ErrorResponse": ("airflow.sdk.execution_time.comms",),
    "ErrorType": ("airflow.sdk.exceptions",),
    "RuntimeTaskInstance": ("airflow.sdk.execution_time.task_runner",),
    "TriggerDagRun": ("airflow.sdk.execution_time.comms",),
}
"""Names of Airflow 3 alone. All are private: compat says at each use what would replace them."""

PLACES_OF_AIRFLOW_2: dict[str, tuple[str, ...]] = {
    "Log": ("airflow.models.log",),
}
"""Names that are used on Airflow 2 alone."""

PLACES_OF_DATABASE: dict[str, tuple[str, ...]] = {
    "TaskInstance": ("airflow.models.taskinstance",),
    "XComModel": ("airflow.models.xcom",),  # of Airflow 3
    "create_session": ("airflow.utils.session",),
}
"""What reads the database itself: everything on Airflow 2, and on Airflow 3 ``dag.test()`` alone."""

COPIES_OF_STATS = ("airflow.sdk._shared.observability.metrics.stats", "airflow._shared.observability.metrics.stats")
"""From Airflow 3.3 on, the two modules that may have been told where metrics go."""

DAG_PROCESSOR = "airflow.dag_processing.processor"
"""The module of Airflow 3 that says, in ``ToManager``, what a callback in the dag-processor can ask for."""


def has_supervisor() -> bool:
    """Tell whether there is anybody to ask: not in ``dag.test()``, between its tasks."""
    return hasattr(import_module("airflow.sdk.execution_time.task_runner"), "SUPERVISOR_COMMS")


def supervisor() -> Any:
    """Return what a task of Airflow 3 talks to; there is none before the task has started, so it is never kept."""
    return import_module("airflow.sdk.execution_time.task_runner").SUPERVISOR_COMMS


def __getattr__(name: str) -> Any:
    places = (PLACES | PLACES_OF_AIRFLOW_3 | PLACES_OF_AIRFLOW_2 | PLACES_OF_DATABASE).get(name)
    if places is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for place in places:
        try:
            found = getattr(import_module(place), name)
        except (ImportError, AttributeError):
            continue
        globals()[name] = found
        return found
    raise ImportError(f"Airflow {AIRFLOW_VERSION} has no {name} in any of {', '.join(places)}.")
