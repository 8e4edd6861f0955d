"""
The part of the notifier that reports a missed deadline of a DAG run (``DeadlineAlert``, Airflow 3.1 and newer).

Airflow imports the callback by its path and calls it with keywords; one of them is ``context``. Then an executor calls
the result again if it is callable, and the triggerer awaits the result.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_datapipeline._airflow import compat, context as callback, deadline_context
from airflow_provider_datapipeline._airflow.bounded import arun_bounded, run_bounded
from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline._airflow.threads import in_thread
from airflow_provider_datapipeline.exceptions import DeadlineNotReportedError
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
    from airflow_provider_datapipeline.pipeline_task import PipelineTask
    from airflow_provider_datapipeline.reporting.report import TaskReport
    from airflow_provider_datapipeline.reporting.status import TaskStatus

log = logging.getLogger(__name__)

_LATE = "The DAG run missed its deadline after its outcome had been reported."
_REFUSED = (
    " Airflow does not let a SyncCallback read a connection that it stores. Use AsyncCallback instead; or give the "
    "workers the connection as an environment variable, or pass aws_conn_id=None for their own credentials."
)
_NO_PATH = (
    "This notifier has no import path, by which Airflow finds the callback of a deadline. Give its parameters in the "
    "second argument: SyncCallback(DataPipelineNotifier, {...}) or AsyncCallback(DataPipelineNotifier, {...}); or "
    "assign the notifier to a name in a module and pass the text 'module.name'."
)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Everything that the delivery of a report needs."""

    hook: DataPipelineHook
    pipeline_task_id: str
    report: TaskReport
    options: dict[str, Any]


class DeadlineCallbackMixin:
    """Reports a missed deadline. The attributes and methods that it needs from the notifier are declared first."""

    task_status: TaskStatus
    error_id: str | None
    error_message: str | None
    timeout: float
    hook: Any

    if TYPE_CHECKING:
        context: Any

        def notify(self, context: Any) -> None: ...

        def _rendered(self, context: Mapping[str, Any]) -> Self: ...

        def _target(self, context: Mapping[str, Any]) -> tuple[str, PipelineTask | None] | None: ...

        def _copy_with(self, **parameters: Any) -> Self: ...

    else:

        def __getattr__(self, name: str) -> Any:
            if name == "__qualname__":
                raise AttributeError(_NO_PATH)
            return object.__getattribute__(self, name)  # raises the AttributeError that made Python call __getattr__

    def __await__(self) -> Generator[Any, Any, None]:
        """Report about the context that the notifier was created with."""
        return self.async_notify(self.context).__await__()

    async def async_notify(self, context: Any) -> None:
        """Do the same as ``notify`` without blocking the event loop."""
        if not deadline_context.is_about_deadline(context):
            await in_thread(self.notify, context)
            return
        callback_context = deadline_context.as_callback_context(context)
        failure: Exception | None = None
        try:
            await arun_bounded(self._areport_deadline(callback_context), self.timeout)
        except Exception as error:  # noqa: BLE001  # raised for Airflow below, without secrets
            failure = error
        self._raise_failure(context, callback_context, failure)

    def _notify_of_deadline(self, context: Mapping[str, Any]) -> None:
        callback_context = deadline_context.as_callback_context(context)
        failure: Exception | None = None
        try:
            run_bounded(lambda: self._report_deadline(callback_context), self.timeout)
        except Exception as error:  # noqa: BLE001  # raised for Airflow below, without secrets
            failure = error
        self._raise_failure(context, callback_context, failure)

    def _call_with_context(self, context: Mapping[str, Any], **parameters: Any) -> Self | None:
        """
        Report about a context that was given by keyword, or return a notifier that does so when it is awaited.

        It is awaited in an event loop. But if the notifier already has a context, an executor calls it, which created
        it with the same keywords before; then the notifier reports at once.
        """
        notifier = self._copy_with(**parameters)
        if _in_event_loop() and not getattr(self, "context", None):
            notifier.context = context
            return notifier
        notifier.notify(context)
        return None

    def _report_deadline(self, callback_context: Mapping[str, Any]) -> None:
        if (prepared := self._prepare(callback_context)) is not None:
            from airflow_provider_datapipeline.delivery.sender import deliver

            deliver(prepared.hook, prepared.pipeline_task_id, prepared.report, **prepared.options)

    async def _areport_deadline(self, callback_context: Mapping[str, Any]) -> None:
        # The preparation runs in a thread: the first hook of a process imports boto3, and masking a long text is slow.
        if (prepared := await in_thread(self._prepare, callback_context)) is not None:
            from airflow_provider_datapipeline.delivery.sender import adeliver

            await adeliver(prepared.hook, prepared.pipeline_task_id, prepared.report, **prepared.options)

    def _prepare(self, callback_context: Mapping[str, Any]) -> _Prepared | None:
        import airflow_provider_datapipeline.delivery.sender  # noqa: F401  # here, because it would block the event loop

        notifier = self._rendered(callback_context)
        target = notifier._target(callback_context)  # noqa: SLF001  # a copy of this instance
        if target is None:
            log.warning(
                "DAG run %s was not started for a Data Pipeline task (its conf has none): its missed deadline is not "
                "reported.",
                callback_context["run_id"],
            )
            return None
        report = deadline_context.missed(
            callback_context, self.task_status, error_id=notifier.error_id, error_message=notifier.error_message
        )
        options = {"task": target[1], "about": callback.run_fields(callback_context), "look_first": _LATE}
        return _Prepared(notifier.hook, target[0], report, options)

    def _raise_failure(
        self, context: Mapping[str, Any], callback_context: Mapping[str, Any], failure: Exception | None
    ) -> None:
        """
        Log the error that prevented the report, if there is one, and raise it, so that Airflow shows a failed callback.

        Errors in the callback of a task or of a DAG run that has ended are not raised. Here they are, because nothing
        else depends on how this callback ends, and Airflow has a state and a metric for it.
        """
        if failure is None:
            return
        reason = f"{type(failure).__name__}: {without_secrets(failure, compat.mask)}"
        if compat.is_refused_connection(failure):
            reason += _REFUSED
        log.error(
            "AWS Data Pipeline was not told that DAG run %s missed its deadline, as %s. %s",
            callback_context["run_id"],
            self.task_status,
            reason,
        )
        log.debug("The traceback of the error above", exc_info=failure)
        count(metrics.CALLBACK_ERRORS, dag_id=str(callback.run_fields(callback_context)["dag"]))
        deadline_context.withhold_conf(context)
        raise DeadlineNotReportedError(f"AWS Data Pipeline was not told of the missed deadline. {reason}")


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
