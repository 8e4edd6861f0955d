"""The run id, the conf and the logical date of the two DAG runs that a Data Pipeline task has."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_datapipeline.pipeline_task import PipelineTask
from airflow_provider_datapipeline.reporting.detail import ErrorDetail

RUNNER_KEY = "task_runner"
"""The entry in the conf of both runs, beside the task: how the runner run and the target run find each other."""

TARGET_RUN_LINK_KEY = "_link_DataPipelineTargetRunLink"
"""The key of the XCom from which Airflow takes the address of the link to the target run."""

_DETAIL_KEY = "error_detail"

_ILLEGAL = re.compile(r"[^A-Za-z0-9_.~:+-]+")  # by the default of Airflow's [core] allowed_run_id_pattern
_READABLE = 180  # characters; with the digest well below the 250 characters that Airflow allows
_DIGEST = 12
_DOTS = re.compile(r"\.{2,}")  # from Airflow 3.3 on a run id may not have two dots in a row

_DATES = 3  # how many logical dates are offered
_MOST_MICROSECONDS = 999_999
_FUTURE_SECONDS = 60.0  # by so much the clock of the service may be ahead of the clock of this machine


def run_id_of(task: PipelineTask) -> str:
    """
    Return the run id of both runs: readable, legal in Airflow, and different each time that an attempt is handed out.

    Only the task id differs between two hand-outs of an attempt. It is opaque and 1,000 characters long, so the run id
    contains a digest of it.
    """
    readable = _ILLEGAL.sub("-", f"{task.pipeline_id}.{task.attempt_id}").replace(".-", ".")[:_READABLE]
    # Last of all, so that ids which were legal before this rule are the same after an upgrade of this package.
    readable = _DOTS.sub(".", readable).rstrip(".")
    return f"{readable}.{_digest(task).hex()[:_DIGEST]}"


def logical_dates_of(task: PipelineTask, now: float) -> tuple[datetime, ...]:
    """
    Return the logical dates that the target run of a task may have, the preferred one first; none without a schedule.

    Each date is ``@scheduledStartTime`` plus some microseconds that are derived from the task id. Two runs of a DAG may
    not have the same date, but two attempts of one instance have the same schedule, and so have two activities with the
    same target DAG. There is always at least one microsecond, so that the date itself is free for the DAG's own
    scheduled run.

    :param now: seconds since 1970. A schedule in the future gives no date, because Airflow would delay the run until
        then
    """
    start = task.scheduled_start_time
    if start is None or start.timestamp() > now + _FUTURE_SECONDS:
        return ()
    whole = datetime.fromtimestamp(start.timestamp(), UTC)
    digest = _digest(task)
    numbers = (int.from_bytes(digest[4 * part : 4 * part + 4]) for part in range(1, _DATES + 1))
    return tuple(whole + timedelta(microseconds=1 + number % _MOST_MICROSECONDS) for number in numbers)


def _digest(task: PipelineTask) -> bytes:
    return hashlib.sha256(task.task_id.encode()).digest()


def error_detail_of(conf: Mapping[str, Any] | None) -> str | None:
    """Return the ``error_detail`` of the task runner that created a target run; None if the conf has none."""
    about = (conf or {}).get(RUNNER_KEY)
    detail = about.get(_DETAIL_KEY) if isinstance(about, Mapping) else None
    return None if detail is None else str(detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """
    The order that a runner run has, as its conf stores it.

    :param target_dag_id: the target DAG; the target run has the same run id as the runner run
    :param refusal: why there is no target run; the task is to be reported FAILED with this text
    :param polled_at: when the task was received, in seconds since 1970; None: not known
    :param poller: DAG id, run id and task id of the poller's task; if Airflow refuses to create the target run, the
        reason is an XCom of this task
    :param error_detail: the task runner's parameter, for the conf of the target run; None: Airflow's option decides
    """

    task: PipelineTask
    target_dag_id: str = ""
    refusal: str = ""
    polled_at: float | None = None
    poller: tuple[str, str, str] = ("", "", "")
    error_detail: str | None = None

    def runner_conf(self) -> dict[str, Any]:
        """Return the conf of the runner run."""
        about = {
            "target_dag_id": self.target_dag_id,
            "refusal": self.refusal,
            "polled_at": self.polled_at,
            "poller": list(self.poller),
        }
        return {**self.task.to_conf(), RUNNER_KEY: about}

    def target_conf(self, runner_dag_id: str) -> dict[str, Any]:
        """Return the conf of the target run: the task, and the DAG whose runs report it."""
        detail = {} if self.error_detail is None else {_DETAIL_KEY: self.error_detail}
        return {**self.task.to_conf(), RUNNER_KEY: {"dag_id": runner_dag_id, **detail}}

    def reportable_refusal(self, refusal: str, detail: ErrorDetail) -> str:
        """
        Return the text to report for a refusal.

        A refusal may quote Airflow, or a template that failed. Where such texts may not be reported, the text says
        which log has them.
        """
        if detail is ErrorDetail.FULL:
            return refusal
        dag_id, run_id, task_id = self.poller
        run = f"run of DAG {self.target_dag_id!r}" if self.target_dag_id else "DAG run"
        log = f"log of task {task_id!r} in run {run_id} of DAG {dag_id!r}" if dag_id else "log of the task that polled"
        return f"No {run} was started. Why, says the {log}."

    @classmethod
    def from_conf(cls, conf: Mapping[str, Any] | None) -> Assignment:
        """
        Read the conf that :meth:`runner_conf` has made.

        :raises ValueError: the poller did not create the run that has this conf
        """
        conf = conf or {}
        about = conf.get(RUNNER_KEY)
        if not isinstance(about, Mapping) or not (about.get("target_dag_id") or about.get("refusal")):
            raise ValueError(
                "this DAG run was not started by the task runner's poller; its runs cannot be triggered by hand"
            )
        # Version 0.1.0 stored no task id here: its poller had only the task "poll".
        dag_id, run_id, task_id = (*(about.get("poller") or ("", "", "")), "poll")[:3]
        polled_at = about.get("polled_at")
        return cls(
            task=PipelineTask.from_conf(conf),
            target_dag_id=str(about.get("target_dag_id", "")),
            refusal=str(about.get("refusal", "")),
            polled_at=float(polled_at) if isinstance(polled_at, int | float) else None,
            poller=(str(dag_id), str(run_id), str(task_id)),
        )
