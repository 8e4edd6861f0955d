"""
Makes Airflow a task runner of AWS Data Pipeline, with two lines of a DAG file.

::

    from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner

    poller, runner = data_pipeline_task_runner(worker_group="airflow")  # two DAGs

The comment matters: Airflow parses a file only if the file contains the words "airflow" and "dag".
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import DAG
from airflow_provider_datapipeline._airflow.renamed import value_of_renamed
from airflow_provider_datapipeline._task_runner.heartbeats import DEFAULT_HEARTBEAT_SECONDS
from airflow_provider_datapipeline.operators.start_dag_runs import DataPipelineStartDagRunsOperator
from airflow_provider_datapipeline.operators.task_runner import (
    DataPipelinePollForTaskOperator,
    DataPipelineSuperviseDagRunOperator,
)
from airflow_provider_datapipeline.reporting.detail import ErrorDetail

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

DEFAULT_TARGET = "{{ dag_run.conf.datapipeline.fields.myDagId }}"

# None means no limit in a DAG file, but a serialized task with None gets [core] default_task_execution_timeout.
_ENDLESS = timedelta(days=3650)

_READABLE = 200  # characters of a worker group in a DAG id; Airflow allows 250 in all


def data_pipeline_task_runner(
    *,
    worker_group: str,
    target_dag_id: str = DEFAULT_TARGET,
    dag_id: str | None = None,
    aws_conn_id: str | None = "aws_default",
    region_name: str | None = None,
    verify: bool | str | None = None,
    botocore_config: dict[str, Any] | None = None,
    airflow_conn_id: str | None = None,
    max_active_tasks: int = 100,
    batch_size: int = 20,
    heartbeat: float | timedelta = DEFAULT_HEARTBEAT_SECONDS,
    allowed_pipeline_ids: Collection[str] | None = None,
    run_timeout: float | timedelta | None = None,
    logical_date: bool = True,
    error_detail: str | None = None,
    hostname: str | None = None,
    tags: Sequence[str] = ("datapipeline",),
    default_args: dict[str, Any] | None = None,
    beat: float | timedelta | None = None,
) -> tuple[DAG, DAG]:
    """
    Make the two DAGs that execute the tasks of a worker group by running other DAGs.

    The first DAG, the poller, runs all the time and waits for tasks in the triggerer. The second DAG, the runner, has a
    run for each task. The only task of such a run supervises the run of the target DAG, and its state shows the
    outcome. The target run and the runner run have the same run id, and the polled task as conf
    (``PipelineTask.to_conf()``).

    Needs Airflow 3.0 or newer. Several task runners work side by side, for several worker groups, accounts and regions.

    :param worker_group: as in the pipeline definition, case included; 1 to 1,024 characters
    :param target_dag_id: the DAG that does the work: an id, or a template that sees the task as
        ``dag_run.conf.datapipeline``. Default: the activity's own field ``myDagId``
    :param dag_id: the id of the runner; the poller's id has ``_poller`` at its end. Default:
        ``datapipeline_<worker group>``, with a digest if the group is long or has characters that an id may not have
    :param aws_conn_id: the AWS connection; None: the credentials that boto3 finds by itself
    :param region_name: the region, if the connection does not name it
    :param verify: whether, or against which CA bundle, TLS certificates are verified
    :param botocore_config: settings of the botocore client
    :param airflow_conn_id: a connection to Airflow's own API, of a user who may edit DAG runs: of type ``http`` to the
        API server, or of type ``aws`` where Airflow is an Amazon MWAA environment, which ``env_name`` in its extra
        names (default: the environment variable AIRFLOW_ENV_NAME, which MWAA sets). Without this connection, the
        target run of a task that AWS Data Pipeline cancels goes on, and an idle poller that is paused goes on to poll
        for up to 10 minutes. Tasks that it receives then are not started, and the service hands them out again
    :param max_active_tasks: how many tasks may be held at once (default 100). By default a triggerer supervises 1,000
        at the most (``[triggerer] capacity``)
    :param batch_size: how many tasks one worker starts at once (default 20)
    :param heartbeat: seconds between two ReportTaskProgress of a task (default 60), or a timedelta; 1 to 300 seconds.
        The interval grows where many tasks share the account's rate. It is a third of the task's
        ``reportProgressTimeout`` at the most, as long as the account's rate is enough for that
    :param allowed_pipeline_ids: tasks of any other pipeline are reported FAILED; default: all are allowed
    :param run_timeout: seconds, or a timedelta, from the poll after which a target run that has not ended is reported
        FAILED, and stopped if ``airflow_conn_id`` allows; default: none. The attempt's own ``attemptTimeout`` always
        holds, if the pipeline definition has one
    :param logical_date: whether a target run gets the task's ``@scheduledStartTime`` as its logical date, plus some
        microseconds that make it unique (default True). Without a logical date ``{{ ds }}`` and similar templates
        fail. Use False for targets with ``depends_on_past``, or with a ``start_date`` after schedules that they work
        for (docs/logical-dates.md)
    :param error_detail: ``full``, or ``type``: no text of an exception leaves Airflow, only its class, the place where
        it was raised, and the frames of its whole chain. Default: Airflow's option ``[datapipeline] error_detail``
        decides (docs/security.md)
    :param hostname: shown on the attempts; default: the name of the triggerer's host
    :param tags: of both DAGs
    :param default_args: of both DAGs. ``retries`` (default 3, 5 seconds apart) has no effect on ``poll`` and
        ``supervise`` from Airflow 3.3 on, because a retry would report again. ``execution_timeout``,
        ``depends_on_past``, ``wait_for_downstream``, ``max_active_tis_per_dag`` and ``max_active_tis_per_dagrun`` have
        no effect, because each would keep tasks from being polled or reported. For other settings of a deployment see
        docs/deployment.md
    :param beat: the old name of ``heartbeat``, which version 0.4 drops
    :raises ValueError: a parameter is outside its limits, or both ``heartbeat`` and ``beat`` are given
    :raises RuntimeError: on Airflow 2
    :return: the poller and the runner; a DAG file must assign both to global names
    """
    if not compat.AIRFLOW_3:
        raise RuntimeError(
            "The task runner needs Airflow 3.0 or newer. On Airflow 2, report by callbacks "
            "(airflow_provider_datapipeline.callbacks) or by DataPipelineSetTaskStatusOperator."
        )
    _check("worker_group", worker_group, 1 <= len(worker_group) <= 1024, "must have 1 to 1,024 characters")  # noqa: PLR2004
    _check("max_active_tasks", max_active_tasks, max_active_tasks >= 1, "must be at least 1")
    _check("batch_size", batch_size, batch_size >= 1, "must be at least 1")
    heartbeat = value_of_renamed(
        "heartbeat", heartbeat, DEFAULT_HEARTBEAT_SECONDS, old_name="beat", old_value=beat, dropped_in="0.4"
    )
    heartbeat_seconds = _seconds(heartbeat)
    is_allowed = 1 <= heartbeat_seconds <= 300  # noqa: PLR2004
    _check("heartbeat", heartbeat, is_allowed, "must be 1 to 300 seconds: a lease lasts 15 minutes by default")
    timeout_seconds = None if run_timeout is None else _seconds(run_timeout)
    _check("run_timeout", run_timeout, timeout_seconds is None or timeout_seconds > 0, "must be above 0")
    error_detail = ErrorDetail.checked(error_detail)
    runner_dag_id = dag_id or _dag_id_of(worker_group)
    aws: dict[str, Any] = {
        "aws_conn_id": aws_conn_id,
        "region_name": region_name,
        "verify": verify,
        "botocore_config": botocore_config,
    }
    # Retries come soon, whatever the deployment's default: meanwhile a task gets no heartbeat, or nothing is polled.
    arguments: dict[str, Any] = {"retries": 3, "retry_delay": timedelta(seconds=5), **(default_args or {})}
    # Given explicitly, so that neither a deployment's defaults nor default_args can end or delay a supervision.
    unlimited: dict[str, Any] = {
        "execution_timeout": _ENDLESS,
        "depends_on_past": False,
        "wait_for_downstream": False,
        "max_active_tis_per_dag": None,
        "max_active_tis_per_dagrun": None,
    }
    never_paused: dict[str, Any] = {"max_consecutive_failed_dag_runs": compat.failed_runs_allowed()}
    # From 3.3 on Airflow retries a task that its trigger fails. Such a retry would supervise and report again, so there
    # must be none. Before 3.3 a worker defers the task, and a retry helps if Airflow loses that worker.
    in_triggerer: dict[str, Any] = {"retries": 0} if compat.START_FROM_TRIGGER else {}
    with DAG(
        runner_dag_id,
        description=f"Supervises the AWS Data Pipeline tasks of worker group {worker_group}",
        schedule=None,
        max_active_runs=max_active_tasks,
        max_active_tasks=max_active_tasks,
        default_args=arguments,
        tags=list(tags),
        **never_paused,
    ) as runner:
        DataPipelineSuperviseDagRunOperator(
            task_id="supervise",
            heartbeat=heartbeat_seconds,
            beat=None,  # so that default_args cannot set it by its old name
            run_timeout=timeout_seconds,
            error_detail=error_detail,
            airflow_conn_id=airflow_conn_id,
            **aws,
            **unlimited,
            **in_triggerer,
        )
    with DAG(
        f"{runner_dag_id}_poller",
        description=f"Polls AWS Data Pipeline for tasks of worker group {worker_group}",
        schedule="@continuous",
        start_date=datetime(2012, 10, 29, tzinfo=UTC),  # any past date; this is the version of the service's API
        catchup=False,
        max_active_runs=1,
        default_args=arguments,
        tags=list(tags),
        **never_paused,
    ) as poller:
        starts: dict[str, Any] = {
            "target_dag_id": target_dag_id,
            "allowed_pipeline_ids": allowed_pipeline_ids,
            "logical_date": logical_date,
            "error_detail": error_detail,
        }
        poll = DataPipelinePollForTaskOperator(
            task_id="poll",
            dag=poller,
            worker_group=worker_group,
            runner_dag_id=runner_dag_id,
            max_active_tasks=max_active_tasks,
            batch_size=batch_size,
            hostname=hostname,
            airflow_conn_id=airflow_conn_id,
            **aws,
            **unlimited,
            **in_triggerer,
            **(starts if compat.START_FROM_TRIGGER else {}),
        )
        if not compat.START_FROM_TRIGGER:
            poll >> DataPipelineStartDagRunsOperator(
                task_id="start", batch_from=poll.task_id, runner_dag_id=runner_dag_id, **starts, **aws, **unlimited
            )
    return poller, runner


def _dag_id_of(worker_group: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "_", worker_group)[:_READABLE]
    if readable != worker_group:  # two groups may have the same readable part
        readable += "_" + hashlib.sha256(worker_group.encode()).hexdigest()[:8]
    return f"datapipeline_{readable}"


def _seconds(value: float | timedelta) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else float(value)


def _check(name: str, value: object, holds: bool, rule: str) -> None:
    if not holds:
        raise ValueError(f"{name} is {value!r}; it {rule}.")
