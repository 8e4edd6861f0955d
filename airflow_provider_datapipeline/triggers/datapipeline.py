"""The triggers of the task runner: one polls for tasks, one supervises a task's target run until it is reported."""

from __future__ import annotations

import json
import logging
import socket
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow.detail import error_detail
from airflow_provider_datapipeline._airflow.names import (
    BaseTrigger,
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)
from airflow_provider_datapipeline._task_runner.airflow_client import TriggererAirflow
from airflow_provider_datapipeline._task_runner.assignment import Assignment
from airflow_provider_datapipeline._task_runner.polling import CannotPollError, Poller, event_payload
from airflow_provider_datapipeline._task_runner.supervision import Ending, Supervision
from airflow_provider_datapipeline._task_runner.watcher import shared_watcher
from airflow_provider_datapipeline.exceptions import DataPipelineError
from airflow_provider_datapipeline.hooks.parameters import DataPipelineHookMixin
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.reporting.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable

    from airflow_provider_datapipeline._task_runner.airflow_client import AirflowClient

log = logging.getLogger(__name__)


class _DataPipelineTrigger(DataPipelineHookMixin, BaseTrigger):
    """The base of both triggers: the four AWS parameters and the connection to Airflow."""

    def __init__(
        self,
        *,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        airflow_conn_id: str | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self.airflow_conn_id = airflow_conn_id

    async def _account(self) -> Hashable:
        """Return the key of the rates that the calls share: the account, or the connection if it is of no use now."""
        hook = await self.ahook()
        try:
            return await hook.aaccount()
        except DataPipelineError as error:
            log.warning("Could not find out the AWS account; each call will say more. %s", without_secrets(error))
            return self.aws_conn_id, self.region_name

    def _airflow_client(self) -> AirflowClient:
        """Return what the trigger asks about DAG runs."""
        return TriggererAirflow(self.airflow_conn_id)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the public path of the class and its parameters, which are all JSON values."""
        return f"{__name__}.{type(self).__name__}", {
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
            "airflow_conn_id": self.airflow_conn_id,
            **self._own_parameters(),
        }

    def _own_parameters(self) -> dict[str, Any]:
        raise NotImplementedError


class PollForTaskTrigger(_DataPipelineTrigger):
    """
    Polls a worker group, and fires with a batch of tasks when no further task has come for a second.

    The event's payload: ``{"tasks": [{"conf": PipelineTask.to_conf(), "at": seconds since 1970}, ...]}``. The tasks are
    not acknowledged yet, so the service hands out again after 2 minutes what is lost on the way. Without a task for 10
    minutes, or while the poller is paused, the trigger ends its Airflow task.

    :param worker_group: exactly as in the pipeline definition
    :param poller_dag_id: the DAG that polls; while it is paused nothing is polled, if ``airflow_conn_id`` is given
    :param runner_dag_id: the DAG whose runs supervise the tasks
    :param max_active_tasks: how many tasks may be held at once; each has an unfinished run of the runner DAG
    :param batch_size: how many tasks one event may have
    :param hostname: shown on the attempts; None: the name of this machine
    :param leaves_batch: whether the trigger ends its Airflow task with the payload as XComs, instead of resuming it
    """

    def __init__(
        self,
        *,
        worker_group: str,
        poller_dag_id: str,
        runner_dag_id: str,
        max_active_tasks: int,
        batch_size: int,
        hostname: str | None,
        leaves_batch: bool = False,
        **aws: Any,
    ) -> None:
        super().__init__(**aws)
        self.worker_group = worker_group
        self.poller_dag_id = poller_dag_id
        self.runner_dag_id = runner_dag_id
        self.max_active_tasks = max_active_tasks
        self.batch_size = batch_size
        self.hostname = hostname
        self.leaves_batch = leaves_batch

    def _own_parameters(self) -> dict[str, Any]:
        return {
            "worker_group": self.worker_group,
            "poller_dag_id": self.poller_dag_id,
            "runner_dag_id": self.runner_dag_id,
            "max_active_tasks": self.max_active_tasks,
            "batch_size": self.batch_size,
            "hostname": self.hostname,
            "leaves_batch": self.leaves_batch,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until there are tasks."""
        poller = Poller(
            hook=await self.ahook(),
            account=await self._account(),
            airflow=self._airflow_client(),
            worker_group=self.worker_group,
            poller_dag_id=self.poller_dag_id,
            runner_dag_id=self.runner_dag_id,
            max_active_tasks=self.max_active_tasks,
            batch_size=self.batch_size,
            hostname=self.hostname or socket.gethostname(),
        )
        try:
            batch = await poller.batch()
        except CannotPollError:
            yield TaskFailedEvent()
            return
        if not batch:
            yield TaskSkippedEvent() if self.leaves_batch else TaskSuccessEvent()
        elif self.leaves_batch:
            yield TaskSuccessEvent(xcoms=event_payload(batch))  # type: ignore[arg-type]  # JSON, all of it
        else:
            yield TriggerEvent(event_payload(batch))  # type: ignore[no-untyped-call]  # Airflow's


class SuperviseDagRunTrigger(_DataPipelineTrigger):
    """
    Supervises the target run of one Data Pipeline task, reports its outcome, and ends the Airflow task it runs for.

    The Airflow task is a success after FINISHED and FALSE, and failed after FAILED. It is skipped if the Data Pipeline
    task was canceled or lost.

    :param conf: the conf of the runner run, as JSON
    :param runner_dag_id: the DAG of the runner run
    :param run_id: of the runner run and of the target run
    :param beat: seconds between two ReportTaskProgress, the operator's ``heartbeat``
    :param run_timeout: seconds from the poll in which the target run must end; None: no limit
    :param error_detail: ``full``, or ``type``: no text of an exception leaves Airflow; None: Airflow's option
        ``[datapipeline] error_detail`` decides. Any other value counts as ``type``, so that it does not cost the report
    """

    def __init__(
        self,
        *,
        conf: str,
        runner_dag_id: str,
        run_id: str,
        beat: float,  # its name is stored in serialized DAGs, which triggerers of other versions read
        run_timeout: float | None,
        error_detail: str | None = None,  # triggers that version 0.2.0 stored do not have it
        **aws: Any,
    ) -> None:
        super().__init__(**aws)
        self.conf = conf
        self.runner_dag_id = runner_dag_id
        self.run_id = run_id
        self.beat = beat
        self.run_timeout = run_timeout
        self.error_detail = error_detail

    def _own_parameters(self) -> dict[str, Any]:
        return {
            "conf": self.conf,
            "runner_dag_id": self.runner_dag_id,
            "run_id": self.run_id,
            "beat": self.beat,
            "run_timeout": self.run_timeout,
            "error_detail": self.error_detail,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Supervise the target run and report its outcome."""
        try:
            assignment = Assignment.from_conf(json.loads(self.conf))
        except ValueError as error:
            log.error("Nothing to supervise: %s", without_secrets(error))  # noqa: TRY400  # a traceback may hold a secret
            yield TaskFailedEvent()
            return
        airflow = self._airflow_client()
        supervision = Supervision(
            assignment=assignment,
            runner_dag_id=self.runner_dag_id,
            run_id=self.run_id,
            hook=await self.ahook(),
            account=await self._account(),
            heartbeat_seconds=self.beat,
            run_timeout=self.run_timeout,
            detail=error_detail(self.error_detail),
            airflow=airflow,
            watcher=shared_watcher(airflow),
        )
        result = await supervision.run()
        if result.ending is Ending.LOST:
            yield TaskSkippedEvent()
        elif result.ending is Ending.REPORTED and result.status is not TaskStatus.FAILED:
            yield TaskSuccessEvent()
        else:
            yield TaskFailedEvent()
