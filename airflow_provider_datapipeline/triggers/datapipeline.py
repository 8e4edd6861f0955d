"""The triggers of the task runner: one polls for tasks, one supervises a task's DAG run until it has been reported."""

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
from airflow_provider_datapipeline._task_runner.polling import CannotPollError, Poller, payload
from airflow_provider_datapipeline._task_runner.supervision import Ending, Supervision
from airflow_provider_datapipeline._task_runner.watcher import shared_watcher
from airflow_provider_datapipeline.exceptions import DataPipelineError
from airflow_provider_datapipeline.hooks.parameters import DataPipelineHookMixin
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.reporting.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable

log = logging.getLogger(__name__)


class _DataPipelineTrigger(DataPipelineHookMixin, BaseTrigger):
    """What both triggers have: the four AWS parameters."""

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
        """Return whose rates the calls share: the account, or the connection where it cannot be used at the moment."""
        hook = await self.ahook()
        try:
            return await hook.aaccount()
        except DataPipelineError as error:
            log.warning("Could not find out the AWS account; each call will say more. %s", without_secrets(error))
            return self.aws_conn_id, self.region_name

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
    Fires with a batch of tasks polled from a worker group, as soon as there is one and nothing more comes.

    The event's payload: ``{"tasks": [{"conf": PipelineTask.to_conf(), "at": seconds since 1970}, ...]}``. Nothing is
    acknowledged: what is lost on the way is handed out again after 2 minutes. Without a task for 10 minutes, or where
    the poller is paused, its task ends.

    :param worker_group: exactly as in the pipeline definition
    :param poller_dag_id: the DAG that polls; while it is paused nothing is polled, where ``airflow_conn_id`` lets that
        be known
    :param runner_dag_id: the DAG whose runs supervise the tasks
    :param max_active_tasks: tasks held at once, which is runs of that DAG
    :param batch_size: tasks in one event at the most
    :param hostname: shown on the attempts; None: that of this machine
    :param leaves_batch: whether the trigger ends its task, with the payload as XComs, instead of resuming it
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
            airflow=TriggererAirflow(self.airflow_conn_id),
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
            yield TaskSuccessEvent(xcoms=payload(batch))  # type: ignore[arg-type]  # JSON, all of it
        else:
            yield TriggerEvent(payload(batch))  # type: ignore[no-untyped-call]  # Airflow's


class SuperviseDagRunTrigger(_DataPipelineTrigger):
    """
    Supervises the target run of one Data Pipeline task, reports its outcome, and ends the task that it belongs to.

    FINISHED and FALSE end it with success, FAILED with failure, a task that was canceled or lost as skipped.

    :param conf: the runner run's conf, as JSON
    :param runner_dag_id: the DAG of the runner run
    :param run_id: of the runner run, and of the target run
    :param beat: seconds between two ReportTaskProgress, the operator's ``heartbeat``
    :param run_timeout: seconds from the poll in which the target run must end, None: as long as it takes
    :param error_detail: ``full``, or ``type``: no text of an exception leaves Airflow; None: what Airflow's option
        ``[datapipeline] error_detail`` says. Anything else counts as ``type``: a report must not be lost over it
    """

    def __init__(
        self,
        *,
        conf: str,
        runner_dag_id: str,
        run_id: str,
        beat: float,  # its name is stored in serialized DAGs, which triggerers of other versions read
        run_timeout: float | None,
        error_detail: str | None = None,  # a trigger that an earlier version stored has none
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
        """Supervise and report."""
        try:
            assignment = Assignment.from_conf(json.loads(self.conf))
        except ValueError as error:
            log.error("Nothing to supervise: %s", without_secrets(error))  # noqa: TRY400  # a traceback may hold a secret
            yield TaskFailedEvent()
            return
        supervision = Supervision(
            assignment=assignment,
            runner_dag_id=self.runner_dag_id,
            run_id=self.run_id,
            hook=await self.ahook(),
            account=await self._account(),
            heartbeat_seconds=self.beat,
            run_timeout=self.run_timeout,
            detail=error_detail(self.error_detail),
            airflow=(airflow := TriggererAirflow(self.airflow_conn_id)),
            watcher=shared_watcher(airflow),
        )
        result = await supervision.run()
        if result.ending is Ending.LOST:
            yield TaskSkippedEvent()
        elif result.ending is Ending.REPORTED and result.status is not TaskStatus.FAILED:
            yield TaskSuccessEvent()
        else:
            yield TaskFailedEvent()
