"""The page about outcomes, made of what a run of the suite has found."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from tests.outcome_matrix.channels import Way
from tests.outcome_matrix.expectations import on
from tests.outcome_matrix.records import Found, Record, Results
from tests.outcome_matrix.scenarios import BREAKDOWNS, SITUATIONS
from tests.support.harness.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.outcome_matrix.expectations import Situation

PAGE = REPOSITORY / "docs" / "outcomes.md"

ALL = [*SITUATIONS, *BREAKDOWNS]

_TEXT = """# Outcomes

How a DAG run can end, what Airflow {airflow} stores about it, and what AWS Data Pipeline is told by each way of
reporting. Written by `make test-outcomes`, which makes every one of these happen on a real Airflow. A test fails where
this page says anything else than what the suite expects. Other versions of Airflow: [promises.md](promises.md).

{runs}

{summary}

*Right*: the status that follows from Airflow's verdict on the run, in one effective SetTaskStatus. *Silent*: no
report, since Airflow calls nobody; the attempt goes on until its lease or its `attemptTimeout` ends. *Other*: a
status that does not follow from the verdict, marked † below.

{table}

**nothing**: no report. -: does not apply. Of an `errorId` the last part is shown. "Airflow" is the verdict on the run
in the end, without a reporting operator: that one fails a run about which it reports FAILED.

## The rule

What a run means is decided once, for every way of reporting (`airflow_provider_datapipeline/outcome/decision.py`); the
ways differ only in what they can see. A run that failed is FAILED, with the error of the task that failed first. One
that succeeded is FINISHED, unless a precondition was checked and does not hold: then it is FALSE. A precondition holds
where no *leaf* of the DAG, nor any instance of a mapped leaf, was skipped or returned `False`. A leaf is a task behind
which no other follows but teardowns (and, where the operator reports, the operator and what is behind it); a teardown
is none, unless its failure fails the run. Where the kind of the task is not known (an operator with
`pipeline_task_id`) it takes a leaf that returned `False`, or that all of them were skipped. An activity is never FALSE.
A result that is stored but cannot be deserialised is not `False`; if it cannot be read at all, a precondition is
FAILED with `AirflowResultUnknown`.

## What to make of it

- **Task runner**: reads the stored verdict, so nothing escapes it. A run that Airflow leaves `running` for ever (z1)
  needs a limit: `run_timeout`, or an `attemptTimeout` in the pipeline definition. Set one of them.
- **A run without a task** (empty) is a success to Airflow. The task runner reports FAILED: nothing was done, most often
  since each task's `start_date` lies after the run's logical date.
- **Operator**: does not run where the run is ended from outside (8, 9), nor behind a `short_circuit`, unless that has
  `ignore_downstream_trigger_rules=False`. It reports a failure that a later task masks (14b).
- **Callbacks on the DAG**: silent where a run is marked by hand (9), where no task succeeded or failed (4), and where
  the dag-processor dies (l1) or the DAG file is broken (z1). A callback that comes while the dag-processor reads its
  file, for another one as well, waits until the file is read again: `[dag_processor] min_file_process_interval`, 30 s
  by default, so do not raise that by much.
- **A run marked by hand** (9) at the very moment when the scheduler looks at it is ended by the scheduler too, as its
  tasks then are: callbacks on the DAG report that, and a mark may not last. The suite does such a run once more.
- **Callbacks on tasks**: silent where the task's process is killed (7a), where somebody else ends the task (8 to 10,
  11e, 11f), and behind another callback that is slow or leaves (s17, s18), so put ours first. Where ours is first and
  another one slow, Airflow kills the process, forgets that the task had failed for good, and runs it again (n3):
  FAILED has been reported then, whatever the further try does. A failure that a later task masks (14b) is reported
  when it happens, and success (z1) as soon as the task has it.
- **A run cleared after its report** (13) keeps the outcome that was reported, since the service takes one final
  status. A second one changes nothing, and a WARNING says so, in the log of the task (callbacks on the DAG: of the
  dag-processor).
- **Preconditions** (p1 to p8): `report_finished` reports FALSE where the conf's task is one and does not hold. On a
  DAG it sees all leaves (Airflow 3.0: none, and reports FINISHED), on a task that task alone (p7), and nothing where it
  is not called: a check that is skipped needs `DataPipelineNotifier(task_status="FALSE")` on skipping. With
  `pipeline_task_id` given, callbacks do not know that it is a precondition, and report FINISHED.
- Where a report has no exception to tell of, its `errorId` says what ended: `AirflowDagRunFailed`,
  `AirflowTaskFailed`.
"""


@cache
def expected_results(version: str) -> Results:
    """What the suite expects on a version of Airflow; a suite that passes has found this."""
    return {
        (situation.name, way): Found(
            state=situation.state_of(way),
            status=expected.status,
            error_id=expected.error_id,
            accepted=0 if expected.status is None else 1,
        )
        for situation in on(version, ALL)
        for way, expected in situation.expected.items()
    }


def page(record: Record) -> str:
    """Return the page about the version of Airflow that the record is of."""
    runs = "\n".join(dict.fromkeys(f"Found on {run.line}." for run in record.runs))
    situations = on(record.airflow, ALL)
    return _TEXT.format(
        airflow=record.airflow,
        runs=runs,
        summary=_summary(situations, record.found),
        table=_table(situations, record.found),
    )


def _summary(situations: Sequence[Situation], results: Results) -> str:
    lines = ["| | right | silent | other | of |", "|---|---|---|---|---|"]
    for way in Way:
        kinds = Counter(
            kind_of(situation, found)
            for situation in situations
            if (found := results.get((situation.name, way))) is not None
        )
        counts = [str(kinds[kind]) for kind in ("right", "silent", "other")]
        lines.append(f"| {' | '.join([way.label, *counts, str(kinds.total())])} |")
    return "\n".join(lines)


def _table(situations: Sequence[Situation], results: Results) -> str:
    lines = [f"| | situation | Airflow | {' | '.join(way.label for way in Way)} |", "|---|---|---|---|---|---|---|"]
    for situation in situations:
        cells = [_cell(situation, results.get((situation.name, way))) for way in Way]
        lines.append(f"| {' | '.join([situation.name, situation.what, _verdict(situation), *cells])} |")
    return "\n".join(lines)


def _verdict(situation: Situation) -> str:
    return situation.state or "no run"


def _cell(situation: Situation, found: Found | None) -> str:
    if found is None:
        return "-"
    if found["status"] is None:
        return "**nothing**"
    error_class = (found["error_id"] or "").rpartition(".")[2]
    text = found["status"] + (f" `{error_class}`" if error_class else "")
    if found["accepted"] != 1:
        text += f" ({found['accepted']} times)"
    return text + (" †" if kind_of(situation, found) == "other" else "")


def kind_of(situation: Situation, found: Found) -> str:
    """What a report, or its absence, is worth: ``right``, ``silent`` or ``other``."""
    if found["status"] is None:
        return "silent"
    follows: dict[str | None, tuple[str, ...]] = {
        "success": ("FINISHED", "FALSE"),
        "failed": ("FAILED",),
        None: ("FAILED",),
        "running": (),
    }
    verdict = situation.verdict or found["state"]
    # A run without a task is a success to Airflow, and nothing of what was asked for has been done.
    is_right = found["status"] in follows[verdict] or found["error_id"] == "AirflowDagRunEmpty"
    return "right" if is_right and found["accepted"] == 1 else "other"
