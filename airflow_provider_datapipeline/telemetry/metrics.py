"""Every metric that this package sends; docs/monitoring.md has the same list, and a test compares the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

PREFIX: Final = "datapipeline."
"""Airflow puts its own prefix before this one: ``[metrics] statsd_prefix``, ``airflow`` by default."""


@dataclass(frozen=True, slots=True)
class Metric:
    """
    A metric by its name, without Airflow's prefix.

    :param sent_by: the processes of Airflow that send it
    :param meaning: what it counts or measures, as Markdown
    :param tag: the key of its one tag, where the destination has tags
    :param formerly: its name in earlier versions, under which it is sent as well; empty: it had no other name
    """

    name: str
    kind: Literal["counter", "gauge", "timer"]
    sent_by: str
    meaning: str
    tag: Literal["dag_id", "operation"] = "dag_id"
    formerly: str = ""


METRICS: Final[list[Metric]] = []
"""All metrics, in the order in which a task meets them."""


def _declared(metric: Metric) -> Metric:
    METRICS.append(metric)
    return metric


def _counter(
    name: str, sent_by: str, meaning: str, tag: Literal["dag_id", "operation"] = "dag_id", *, formerly: str = ""
) -> Metric:
    return _declared(Metric(PREFIX + name, "counter", sent_by, meaning, tag, formerly and PREFIX + formerly))


_WAYS = "whoever reports"

POLLS = _counter("polls", "triggerer", "PollForTask calls that were answered, with a task or without")
POLLED = _counter("polled", "triggerer", "tasks handed out to the task runner")
HELD = _declared(
    Metric(
        f"{PREFIX}held",
        "gauge",
        "triggerer",
        "unfinished runs of the runner DAG, as counted before each poll: tasks held, up to `max_active_tasks`",
    )
)
LATE = _counter(
    "late", "triggerer, worker", "tasks that were too old to be started when their turn came; handed out again"
)
DUPLICATES = _counter("duplicates", "worker", "tasks whose runner run existed already; no second one is made")
REFUSED = _counter("refused", "worker", "tasks that get no target run: no such DAG, or not allowed; reported FAILED")
NOT_STARTED = _counter("not_started", "worker", "tasks that could not be started or acknowledged; handed out again")
ACKNOWLEDGED = _counter("acknowledged", "worker", "tasks acknowledged, with both runs created before")
# The old names go with version 0.4.
HEARTBEATS = _counter(
    "heartbeats",
    "triggerer",
    "ReportTaskProgress calls accepted, the acknowledgement not included",
    formerly="beats",
)
HEARTBEATS_FAILED = _counter(
    "heartbeats_failed",
    "triggerer",
    "ReportTaskProgress calls that failed; tried again after 15 s",
    formerly="beats_failed",
)
WAITING = _counter(
    "waiting",
    "triggerer",
    "heartbeats of tasks whose target run is queued: its DAG is paused, or at its `max_active_runs`",
)
CANCELED = _counter("canceled", "triggerer", "tasks that AWS Data Pipeline canceled; nothing is reported about them")
LOST = _counter(
    "lost",
    "triggerer",
    "tasks that AWS Data Pipeline did not know any more at a heartbeat: canceled, deleted, given to another runner",
)
TIMED_OUT = _counter(
    "timed_out", "triggerer", "target runs over `run_timeout` or the attempt's `attemptTimeout`; reported FAILED"
)
STOPPED = _counter("stopped", "triggerer", "target runs stopped: canceled, lost or timed out")
NOT_STOPPED = _counter(
    "not_stopped",
    "triggerer",
    "target runs that should have been stopped and go on: no `airflow_conn_id`, or the API server refused",
)
REPORTED: Final = {
    status: _counter(f"reported.{status.lower()}", _WAYS, f"tasks that AWS Data Pipeline has as {status} from here")
    for status in ("FINISHED", "FAILED", "FALSE")
}
REPEATED = _counter(
    "repeated", _WAYS, "reports that an earlier try had delivered though its answer was lost; in `reported.*` too"
)
GONE = _counter("gone", _WAYS, "reports about a task that is not known any more; nothing was reported")
TEXTS_REFUSED = _counter("texts_refused", _WAYS, "reports taken only without their error texts; in `reported.*` too")
DELIVERY_ERRORS = _counter(
    "delivery_errors", _WAYS, "tries to report that failed; task runner and operator try again, callbacks do not"
)
REPORT_DELAY = _declared(
    Metric(
        f"{PREFIX}report_delay",
        "timer",
        "triggerer",
        "from the moment the target run was seen to have ended (3 s after its end at most, while the triggerer runs) "
        "until AWS Data Pipeline took the report",
    )
)
UNDELIVERED = _counter(
    "undelivered", "triggerer", "tasks given up without a report: refused, or the lease ended first; `supervise` is red"
)
CALLBACK_ERRORS = _counter(
    "callback_errors", "worker, dag-processor, triggerer", "callbacks that could not report; logged there"
)

_ANY = "whoever calls"
ERRORS: Final = {
    kind: _counter(f"errors.{kind}", _ANY, f"calls that ended, botocore's retries included, with {what}", "operation")
    for kind, what in {
        "access_denied": "a refusal of the credentials: missing, expired or not allowed to",
        "configuration": "an Airflow connection or AWS configuration that cannot be used; nothing was sent",
        "throttled": "throttling: the account's rate is exceeded",
        "unavailable": "a fault of the service, or of the network before it",
        "refused": "an invalid request",
        "not_found": "a task or a pipeline that is not known (any more)",
        "other": "any other error",
    }.items()
}
"""By kind; ``airflow_provider_datapipeline.hooks._errors.error_kind`` says which error is of which."""
