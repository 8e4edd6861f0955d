"""The task runner's calls of AWS Data Pipeline, synchronous and asynchronous."""

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

    Every method has an asynchronous twin of the same name with the prefix ``a``. All raise the errors of
    :mod:`airflow_provider_datapipeline.exceptions`, and no others: ``ServiceError`` and its subclasses for
    what the service or the network says, ``InvalidReportError`` for a value outside the service's limits (before
    anything is sent), ``ConnectionMissingError`` for a connection that does not exist, ``ConfigurationError`` for one
    that cannot be used.

    Hooks are cheap: in one process (and event loop), all hooks with the same parameters share their clients, so the
    connection is looked up once. A client whose credentials are refused is dropped, and the call is made once more with
    those that the connection has by then, so that renewed credentials are used without a failure or a restart.

    :param aws_conn_id: the Airflow connection; None: the ambient credentials (environment, instance role, ...)
    :param region_name: AWS region; default: the connection's
    :param verify: whether to verify TLS certificates, or the path of a CA bundle; default: the connection's
    :param config: botocore's settings, over this package's and instead of the connection's ``config_kwargs``.
        This package's: PollForTask 10 s to connect, 100 s to read, one try; every other call 2 s to connect, 7 s to
        read, three tries in mode ``standard``, so at most 30 s (name resolution apart). PollForTask is never tried more
        than once, and never reads for less than 95 s, because a task handed to a poll that was given up is lost for
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
        Wait for a task, for up to 90 seconds; None when none came.

        A task that is returned must be acknowledged (``report_task_progress``) within 2 minutes, or the service hands
        it out again; the same goes for a task that was handed to a poll which was canceled or lost its connection.
        The account may poll twice a second.

        :param worker_group: exactly as in the pipeline definition, case included; an unknown one just never has work
        :param hostname: shown on the attempt
        """
        return self._run(requests.poll_for_task(worker_group, hostname))

    async def apoll_for_task(self, worker_group: str, *, hostname: str | None = None) -> PipelineTask | None:
        """Do what :meth:`poll_for_task` does, without blocking."""
        return await self._arun(requests.poll_for_task(worker_group, hostname))

    def report_task_progress(self, pipeline_task_id: str, fields: Mapping[str, str] | None = None) -> bool:
        """
        Acknowledge a task, or say that it is still worked on; return whether it was canceled.

        A canceled task needs no final report. The account may report ten times a second.

        :param pipeline_task_id: the ``taskId`` of the poll, 1 to 2048 characters
        :param fields: shown on the attempt, e.g. ``{"percentComplete": "50"}``; names of 1 to 256 characters, values of
            at most 10,240
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
        Report how a task ended. What is None is not sent; lengths count UTF-16 units.

        :param pipeline_task_id: the ``taskId`` of the poll, 1 to 2048 characters
        :param task_status: ``FINISHED``, ``FAILED``, or ``FALSE`` (a precondition that does not hold)
        :param error_id: at most 1024 characters, not starting with ``Service_``
        :param error_message: no limit of its own, but the attempt as a whole has one of 15,360 bytes
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
        Say that a task runner lives, every 15 minutes; return whether it should terminate.

        :param task_runner_id: 1 to 1024 characters, unique in the account
        """
        return self._run(requests.report_task_runner_heartbeat(task_runner_id, worker_group, hostname))

    async def areport_task_runner_heartbeat(
        self, task_runner_id: str, *, worker_group: str | None = None, hostname: str | None = None
    ) -> bool:
        """Do what :meth:`report_task_runner_heartbeat` does, without blocking."""
        return await self._arun(requests.report_task_runner_heartbeat(task_runner_id, worker_group, hostname))

    def evaluate_expression(self, pipeline_id: str, object_id: str, expression: str) -> str:
        """Return ``expression`` with every ``#{...}`` in it evaluated in the context of an object."""
        return self._run(requests.evaluate_expression(pipeline_id, object_id, expression))

    async def aevaluate_expression(self, pipeline_id: str, object_id: str, expression: str) -> str:
        """Do what :meth:`evaluate_expression` does, without blocking."""
        return await self._arun(requests.evaluate_expression(pipeline_id, object_id, expression))

    def describe_objects(
        self, pipeline_id: str, object_ids: Sequence[str], *, evaluate_expressions: bool = False
    ) -> list[dict[str, Any]]:
        """
        Return objects as the service does: ``{"id", "name", "fields": [{"key", "stringValue" or "refValue"}, ...]}``.

        One request for every 25 ids, each bounded by the timeouts on its own.

        :param evaluate_expressions: whether ``#{...}`` is evaluated; the service refuses it for components
        """
        return self._run(requests.describe_objects(pipeline_id, object_ids, evaluate_expressions))

    async def adescribe_objects(
        self, pipeline_id: str, object_ids: Sequence[str], *, evaluate_expressions: bool = False
    ) -> list[dict[str, Any]]:
        """Do what :meth:`describe_objects` does, without blocking."""
        return await self._arun(requests.describe_objects(pipeline_id, object_ids, evaluate_expressions))

    def query_objects(self, pipeline_id: str, sphere: str, *, query: Mapping[str, Any] | None = None) -> list[str]:
        """
        Return the ids of all objects that match, page after page.

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

        Components and instances must not be mixed. The service acts on it later.
        """
        self._run(requests.set_status(pipeline_id, object_ids, status))

    async def aset_status(self, pipeline_id: str, object_ids: Sequence[str], status: str) -> None:
        """Do what :meth:`set_status` does, without blocking."""
        await self._arun(requests.set_status(pipeline_id, object_ids, status))
