"""The hook for AWS Data Pipeline, with the calls that a task runner makes, synchronous and asynchronous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

from airflow_provider_datapipeline.hooks import _requests as requests
from airflow_provider_datapipeline.hooks._caller import SERVICE, DataPipelineCaller
from airflow_provider_datapipeline.hooks._config import checked_config

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.config import Config  # type: ignore[import-untyped]  # ships no types

    from airflow_provider_datapipeline.pipeline_task import PipelineTask
    from airflow_provider_datapipeline.reporting.status import TaskStatus


class DataPipelineHook(DataPipelineCaller):
    """
    Calls AWS Data Pipeline as a task runner does, through an Airflow connection of type ``aws``.

    Every method has an asynchronous form with the same name and the prefix ``a``. All of them raise only the errors of
    :mod:`airflow_provider_datapipeline.exceptions`: ``ServiceError`` and its subclasses if the service refuses the call
    or cannot be reached, ``InvalidReportError`` for a value outside the service's limits (before anything is sent),
    ``ConnectionMissingError`` for a connection that does not exist, ``ConfigurationError`` for a connection that cannot
    be used.

    Hooks are cheap: in one process (and event loop), all hooks with the same parameters share their clients, so the
    connection is looked up once. A client whose credentials are refused is discarded, and the call is made once more
    with the credentials that the connection has by then. So renewed credentials are used without a failed call and
    without a restart.

    :param aws_conn_id: the Airflow connection; None: the ambient credentials (environment, instance role, ...)
    :param region_name: AWS region; default: the connection's
    :param verify: whether to verify TLS certificates, or the path of a CA bundle; default: the connection's
    :param config: botocore's settings, over this package's and instead of the connection's ``config_kwargs``.
        This package's: PollForTask 10 s to connect, 100 s to read, one try; every other call 2 s to connect, 7 s to
        read, three tries in mode ``standard``, so at most 30 s (name resolution apart). PollForTask is never tried more
        than once, and never reads for less than 95 s, because a task that is handed to an abandoned poll is lost for
        two minutes.
    """

    def __init__(
        self,
        aws_conn_id: str | None = AwsBaseHook.default_conn_name,
        *,
        region_name: str | None = None,
        verify: bool | str | None = None,
        config: Config | dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            verify=verify,
            client_type=SERVICE,
            config=checked_config(config),
        )

    def poll_for_task(self, worker_group: str, *, hostname: str | None = None) -> PipelineTask | None:
        """
        Wait up to 90 seconds for a task, and return it; return None if no task came.

        The caller acknowledges a task (``report_task_progress``) within 2 minutes, or the service hands it out again.
        The service also hands out again a task that went to a poll which was canceled or had lost its connection. An
        account may poll twice a second.

        :param worker_group: exactly as in the pipeline definition, case included; an unknown group never has a task
        :param hostname: the name of this machine, which the service shows on the attempt
        """
        return self._run(requests.poll_for_task(worker_group, hostname))

    async def apoll_for_task(self, worker_group: str, *, hostname: str | None = None) -> PipelineTask | None:
        """Do what :meth:`poll_for_task` does, without blocking."""
        return await self._arun(requests.poll_for_task(worker_group, hostname))

    def report_task_progress(self, pipeline_task_id: str, fields: Mapping[str, str] | None = None) -> bool:
        """
        Acknowledge a task, or report that the work on it continues; return whether the task was canceled.

        A canceled task needs no final report. An account may report ten times a second.

        :param pipeline_task_id: the ``taskId`` of the poll, 1 to 2048 characters
        :param fields: fields that the service shows on the attempt, e.g. ``{"percentComplete": "50"}``; names have 1 to
            256 characters, values at most 10,240
        """
        return self._run(requests.report_task_progress(pipeline_task_id, fields))

    async def areport_task_progress(self, pipeline_task_id: str, fields: Mapping[str, str] | None = None) -> bool:
        """Do what :meth:`report_task_progress` does, without blocking."""
        return await self._arun(requests.report_task_progress(pipeline_task_id, fields))

    def set_task_status(
        self,
        pipeline_task_id: str,
        task_status: TaskStatus | str,
        *,
        error_id: str | None = None,
        error_message: str | None = None,
        error_stack_trace: str | None = None,
    ) -> None:
        """
        Report how a task ended. A parameter that is None is not sent. Lengths are counted in UTF-16 units.

        :param pipeline_task_id: the ``taskId`` of the poll, 1 to 2048 characters
        :param task_status: ``FINISHED``, ``FAILED``, or ``FALSE`` (a precondition that does not hold)
        :param error_id: at most 1024 characters, not starting with ``Service_``
        :param error_message: has no limit of its own, but the whole attempt has a limit of 15,360 bytes
        :param error_stack_trace: at most 1024 characters
        """
        self._run(requests.set_task_status(pipeline_task_id, task_status, error_id, error_message, error_stack_trace))

    async def aset_task_status(
        self,
        pipeline_task_id: str,
        task_status: TaskStatus | str,
        *,
        error_id: str | None = None,
        error_message: str | None = None,
        error_stack_trace: str | None = None,
    ) -> None:
        """Do what :meth:`set_task_status` does, without blocking."""
        await self._arun(
            requests.set_task_status(pipeline_task_id, task_status, error_id, error_message, error_stack_trace)
        )

    def report_task_runner_heartbeat(
        self, task_runner_id: str, *, worker_group: str | None = None, hostname: str | None = None
    ) -> bool:
        """
        Tell the service that a task runner is alive; return whether the task runner should terminate.

        A task runner calls this every 15 minutes.

        :param task_runner_id: 1 to 1024 characters, unique in the account
        """
        return self._run(requests.report_task_runner_heartbeat(task_runner_id, worker_group, hostname))

    async def areport_task_runner_heartbeat(
        self, task_runner_id: str, *, worker_group: str | None = None, hostname: str | None = None
    ) -> bool:
        """Do what :meth:`report_task_runner_heartbeat` does, without blocking."""
        return await self._arun(requests.report_task_runner_heartbeat(task_runner_id, worker_group, hostname))

    def evaluate_expression(self, pipeline_id: str, object_id: str, expression: str) -> str:
        """Return ``expression`` after every ``#{...}`` in it was evaluated in the context of an object."""
        return self._run(requests.evaluate_expression(pipeline_id, object_id, expression))

    async def aevaluate_expression(self, pipeline_id: str, object_id: str, expression: str) -> str:
        """Do what :meth:`evaluate_expression` does, without blocking."""
        return await self._arun(requests.evaluate_expression(pipeline_id, object_id, expression))

    def describe_objects(
        self, pipeline_id: str, object_ids: Sequence[str], *, evaluate_expressions: bool = False
    ) -> list[dict[str, Any]]:
        """
        Return objects as the service does: ``{"id", "name", "fields": [{"key", "stringValue" or "refValue"}, ...]}``.

        There is one request for every 25 ids. The timeouts apply to each request.

        :param evaluate_expressions: whether the service evaluates ``#{...}``; it refuses to do so for components
        """
        return self._run(requests.describe_objects(pipeline_id, object_ids, evaluate_expressions))

    async def adescribe_objects(
        self, pipeline_id: str, object_ids: Sequence[str], *, evaluate_expressions: bool = False
    ) -> list[dict[str, Any]]:
        """Do what :meth:`describe_objects` does, without blocking."""
        return await self._arun(requests.describe_objects(pipeline_id, object_ids, evaluate_expressions))

    def query_objects(self, pipeline_id: str, sphere: str, *, query: Mapping[str, Any] | None = None) -> list[str]:
        """
        Return the ids of all objects that match; there is one request for each page of them.

        :param sphere: ``COMPONENT``, ``INSTANCE`` or ``ATTEMPT``
        :param query: ``{"selectors": [{"fieldName": ..., "operator": {"type": ..., "values": [...]}}]}``
        """
        return self._run(requests.query_objects(pipeline_id, sphere, query))

    async def aquery_objects(
        self, pipeline_id: str, sphere: str, *, query: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Do what :meth:`query_objects` does, without blocking."""
        return await self._arun(requests.query_objects(pipeline_id, sphere, query))

    def set_status(self, pipeline_id: str, object_ids: Sequence[str], status: str) -> None:
        """
        Request a status of objects: ``PAUSE``, ``RESUME``, ``TRY_CANCEL``, ``RERUN`` or ``MARK_FINISHED``.

        Components and instances must not be mixed in one call. The service carries out the request later.
        """
        self._run(requests.set_status(pipeline_id, object_ids, status))

    async def aset_status(self, pipeline_id: str, object_ids: Sequence[str], status: str) -> None:
        """Do what :meth:`set_status` does, without blocking."""
        await self._arun(requests.set_status(pipeline_id, object_ids, status))
