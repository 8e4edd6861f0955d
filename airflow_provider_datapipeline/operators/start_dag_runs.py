"""The operator of the task runner that starts the DAG runs of polled tasks, below Airflow 3.3."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow.names import BaseOperator
from airflow_provider_datapipeline._task_runner.batches import BatchStarter
from airflow_provider_datapipeline.hooks.parameters import DataPipelineHookMixin
from airflow_provider_datapipeline.reporting.detail import ErrorDetail

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class DataPipelineStartDagRunsOperator(DataPipelineHookMixin, BaseOperator):
    """
    Starts two DAG runs for each task of a batch: the target run does the work, and the runner run supervises it.

    The batch comes from a ``DataPipelinePollForTaskOperator`` upstream that has no ``target_dag_id``.

    :param batch_from: task id of that operator
    :param runner_dag_id: the DAG whose runs supervise
    :param target_dag_id: the DAG that does the work; a template that sees the task as ``dag_run.conf.datapipeline``
    :param allowed_pipeline_ids: tasks of other pipelines are reported FAILED, because a polled task cannot be handed
        back; None allows all
    :param logical_date: whether target runs get the task's schedule as their logical date, if the task has one
    :param error_detail: ``full``, or ``type``: no text of an exception leaves Airflow; None: Airflow's option
        ``[datapipeline] error_detail`` decides
    :param aws_conn_id: the Airflow connection; None uses the credentials that boto3 finds by itself
    :param region_name: the region, if the connection does not name it
    :param verify: whether, or against which CA bundle, TLS certificates are verified
    :param botocore_config: settings of the botocore client
    :raises ValueError: ``error_detail`` has another value
    """

    ui_color = "#e6f2ff"

    def __init__(
        self,
        *,
        batch_from: str,
        runner_dag_id: str,
        target_dag_id: str,
        allowed_pipeline_ids: Collection[str] | None = None,
        logical_date: bool = True,
        error_detail: str | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.batch_from = batch_from
        self.runner_dag_id = runner_dag_id
        self.target_dag_id = target_dag_id
        self.allowed_pipeline_ids = None if allowed_pipeline_ids is None else sorted(allowed_pipeline_ids)
        self.logical_date = logical_date
        self.error_detail = ErrorDetail.checked(error_detail)
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config

    def execute(self, context: Mapping[str, Any]) -> None:
        """Start the tasks of the batch."""
        stored = context["ti"].xcom_pull(task_ids=self.batch_from, key="tasks")
        # Airflow 3.0 stores an XCom of a trigger as JSON text. This can go when 3.1 is the oldest supported version.
        batch = json.loads(stored) if isinstance(stored, str) else stored
        starter = BatchStarter(
            hook=self.hook,
            runner_dag_id=self.runner_dag_id,
            target_dag_id=self.target_dag_id,
            allowed_pipeline_ids=self.allowed_pipeline_ids,
            logical_date=self.logical_date,
            error_detail=self.error_detail,
        )
        starter.start(batch or (), context)
