"""The two DAG runs of a Data Pipeline task: how they are named, and what they are given."""

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
"""The entry of a run's conf beside the task itself: which run belongs to it on the other side."""

TARGET_RUN_LINK_KEY = "_link_DataPipelineTargetRunLink"
"""The XCom in which Airflow looks for the address that the link to the target run leads to."""

_DETAIL_KEY = "error_detail"

_ILLEGAL = re.compile(r"[^A-Za-z0-9_.~:+-]+")  # Airflow: [core] allowed_run_id_pattern, at its default
_READABLE = 180  # with the digest well below the 250 characters that Airflow allows
_DIGEST = 12
_DOTS = re.compile(r"\.{2,}")  # Airflow from 3.3 on: no run id may have two in a row

_DATES = 3
_MOST_MICROSECONDS = 999_999
_FUTURE_SECONDS = 60.0  # by which the clock of the service may be ahead of ours


def run_id_of(task: PipelineTask) -> str:
    """
    Return the run id of both runs: readable, legal in Airflow, and different for each hand-out of an attempt.

    The task id, which alone tells two hand-outs apart, is in it as a digest: it is opaque and 1,000 characters long.
    """
    readable = _ILLEGAL.sub("-", f"{task.pipeline_id}.{task.attempt_id}").replace(".-", ".")[:_READABLE]
    # Done last, so that an id which has been legal all along stays the same over an upgrade of this package.
    readable = _DOTS.sub(".", readable).rstrip(".")
    return f"{readable}.{_digest(task).hex()[:_DIGEST]}"


def logical_dates_of(task: PipelineTask, now: float) -> tuple[datetime, ...]:
    """
    Return the logical dates that the target run of a task may have, the preferred one first; none without a schedule.

    ``@scheduledStartTime``, and some microseconds that come from the task id: Airflow lets no two runs of a DAG have
    the same date, but two attempts of one instance, or two activities that one DAG works for, have the same schedule.
    The DAG's own scheduled run of that time is left its date.

    :param now: seconds since 1970. A schedule that lies ahead gives no date: Airflow would keep the run waiting for it.
    """
    start = task.scheduled_start_time
    if start is None or start.timestamp() > now + _FUTURE_SECONDS:
        return ()
    whole = datetime.fromtimestamp(start.timestamp(), UTC)
    digest = _digest(task)
    parts = (int.from_bytes(digest[4 * number : 4 * number + 4]) for number in range(1, _DATES + 1))
    return tuple(whole + timedelta(microseconds=1 + part % _MOST_MICROSECONDS) for part in parts)


def _digest(task: PipelineTask) -> bytes:
    return hashlib.sha256(task.task_id.encode()).digest()


def error_detail_of(conf: Mapping[str, Any] | None) -> str | None:
    """Return the ``error_detail`` of the task runner that made a target run; None if it, or the run, has none."""
    about = (conf or {}).get(RUNNER_KEY)
    detail = about.get(_DETAIL_KEY) if isinstance(about, Mapping) else None
    return None if detail is None else str(detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """
    What a runner run is about, as its conf says.

    :param target_dag_id: the DAG whose run of the same run id does the work
    :param refusal: why there is no such run: the task is to be reported FAILED with this text
    :param polled_at: when the task was received, in seconds since 1970; None if that is not known
    :param poller: DAG id, run id and task id of the poller's task that keeps what Airflow said against a target run
    :param error_detail: the task runner's parameter, for the target run; None: what the deployment says holds
    """

    task: PipelineTask
    target_dag_id: str = ""
    refusal: str = ""
    polled_at: float | None = None
    poller: tuple[str, str, str] = ("", "", "")
    error_detail: str | None = None

    def runner_conf(self) -> dict[str, Any]:
        """The conf of the runner run."""
        about = {
            "target_dag_id": self.target_dag_id,
            "refusal": self.refusal,
            "polled_at": self.polled_at,
            "poller": list(self.poller),
        }
        return {**self.task.to_conf(), RUNNER_KEY: about}

    def target_conf(self, runner_dag_id: str) -> dict[str, Any]:
        """The conf of the target run: the task, and who reports about it."""
        detail = {} if self.error_detail is None else {_DETAIL_KEY: self.error_detail}
        return {**self.task.to_conf(), RUNNER_KEY: {"dag_id": runner_dag_id, **detail}}

    def reportable_refusal(self, refusal: str, detail: ErrorDetail) -> str:
        """Return what may be reported of a refusal, which may quote Airflow or a template that failed."""
        if detail is ErrorDetail.FULL:
            return refusal
        dag_id, run_id, task_id = self.poller
        what = f"run of DAG {self.target_dag_id!r}" if self.target_dag_id else "DAG run"
        where = (
            f"log of task {task_id!r} in run {run_id} of DAG {dag_id!r}" if dag_id else "log of the task that polled"
        )
        return f"No {what} was started. Why, says the {where}."

    @classmethod
    def from_conf(cls, conf: Mapping[str, Any] | None) -> Assignment:
        """
        Read :meth:`runner_conf`; a run may have none.

        :raises ValueError: the conf is that of a run which the poller did not make
        """
        conf = conf or {}
        about = conf.get(RUNNER_KEY)
        if not isinstance(about, Mapping) or not (about.get("target_dag_id") or about.get("refusal")):
            raise ValueError(
                "this DAG run was not started by the task runner's poller; its runs cannot be triggered by hand"
            )
        # Runs that version 0.1.0 made have no task id there: it had but one task in the poller.
        dag_id, run_id, task_id = (*(about.get("poller") or ("", "", "")), "poll")[:3]
        polled_at = about.get("polled_at")
        return cls(
            task=PipelineTask.from_conf(conf),
            target_dag_id=str(about.get("target_dag_id", "")),
            refusal=str(about.get("refusal", "")),
            polled_at=float(polled_at) if isinstance(polled_at, int | float) else None,
            poller=(str(dag_id), str(run_id), str(task_id)),
        )
