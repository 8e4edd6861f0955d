"""Makes the page about outcomes from the record of one version of Airflow."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from tests.outcome_matrix.channels import Channel
from tests.outcome_matrix.expectations import on
from tests.outcome_matrix.records import Found, Record, Results
from tests.outcome_matrix.scenarios import BREAKDOWNS, SCENARIOS
from tests.support.harness.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.outcome_matrix.expectations import Scenario

PAGE = REPOSITORY / "docs" / "outcomes.md"

ALL = [*SCENARIOS, *BREAKDOWNS]

_TEXT = """# Outcomes

How a DAG run can end, what Airflow {airflow} stores about it, and what each way of reporting tells AWS Data Pipeline.
`make test-outcomes` writes this page: it makes every one of these scenarios happen on a real Airflow. A test fails
where this page differs from what the suite expects. For other versions of Airflow see [promises.md](promises.md).

{runs}

{summary}

*Right*: one effective SetTaskStatus, with the status that follows from Airflow's verdict on the run. *Silent*: no
report, since Airflow calls nobody; the attempt goes on until its lease or its `attemptTimeout` ends. *Other*: a status
that does not follow from the verdict, marked † below.

{table}

**nothing**: no report. -: does not apply. Only the last part of an `errorId` is shown. The column "Airflow" has the
final verdict on the run where no reporting operator is in it: that operator fails a run about which it reports FAILED.

## The rule

The meaning of a run is decided in one place for every way of reporting
(`airflow_provider_datapipeline/outcome/decision.py`); the ways differ only in what they can see. A run that failed is
FAILED, with the error of the task that failed first. A run that succeeded is FINISHED, unless it checked a
precondition that does not hold: then it is FALSE. A precondition holds if no *leaf* of the DAG, and no instance of a
mapped leaf, was skipped or returned `False`. A leaf is a task that only teardowns follow (and, where the operator
reports, the operator and the tasks behind it). A teardown is not a leaf, unless its failure fails the run. An operator
with `pipeline_task_id` does not know whether the task is a precondition. It reports FALSE if a leaf returned `False`,
or if all leaves were skipped. An activity is never FALSE. A stored result that cannot be deserialised does not count
as `False`. If a result cannot be read at all, a precondition is FAILED with `AirflowResultUnknown`.

## What to make of it

- **Task runner**: it reads the stored verdict, so it misses no end. A run that Airflow leaves `running` for ever (z1)
  needs a limit: set `run_timeout`, or an `attemptTimeout` in the pipeline definition.
- **A run without a task** (empty) is a success to Airflow. The task runner reports FAILED, since nothing was done. The
  most frequent reason is that each task's `start_date` lies after the run's logical date.
- **Operator**: it does not run where something outside the run ends it (8, 9), nor behind a `short_circuit`, unless
  that has `ignore_downstream_trigger_rules=False`. It reports a failure that a later task hides (14b).
- **Callbacks on the DAG**: they are silent where a person marks the run (9), where no task succeeded or failed (4),
  where the dag-processor dies (l1), and where the DAG file is broken (z1). A callback may come while the dag-processor
  reads its file, for example for another callback. It then waits until the file is parsed again, so do not raise
  `[dag_processor] min_file_process_interval` (30 s by default) by much.
- **A run marked by hand** (9): if the scheduler works on the run at that very moment, it ends the run too, according
  to the states of its tasks. Callbacks on the DAG then report that end, and the mark may not last. The suite repeats
  such a run.
- **Callbacks on tasks**: they are silent where the task's process is killed (7a), where something else ends the task
  (8 to 10, 11e, 11f), and behind another callback that is slow or ends the process (s17, s18), so put ours first. If
  ours is first and another one is slow, Airflow kills the process, forgets that the task had failed for good, and runs
  it again (n3): FAILED has been reported by then, whatever the further try does. A failure that a later task hides
  (14b) is reported when it happens, and a success (z1) as soon as the task has it.
- **A run cleared after its report** (13) keeps the outcome that was reported, since the service accepts one final
  status. A second outcome changes nothing. A WARNING says so in the log of the task, for callbacks on the DAG in the
  log of the dag-processor.
- **Preconditions** (p1 to p8): `report_finished` reports FALSE where the conf's task is a precondition that does not
  hold. On a DAG it sees all leaves (on Airflow 3.0 none, so that it reports FINISHED). On a task it sees that task
  alone (p7). It reports nothing where Airflow does not call it: a check that is skipped needs
  `DataPipelineNotifier(task_status="FALSE")` on skipping. With `pipeline_task_id` given, callbacks do not know that
  the task is a precondition, and report FINISHED.
- Where a report has no exception to describe, its `errorId` says what failed: `AirflowDagRunFailed` or
  `AirflowTaskFailed`.
"""


@cache
def expected_results(version: str) -> Results:
    """Return what the suite expects on a version of Airflow; a suite that passes has found exactly this."""
    return {
        (scenario.name, channel): Found(
            state=scenario.state_of(channel),
            status=expected.status,
            error_id=expected.error_id,
            accepted=0 if expected.status is None else 1,
        )
        for scenario in on(version, ALL)
        for channel, expected in scenario.expected.items()
    }


def page(record: Record) -> str:
    """Return the page about the version of Airflow that the record belongs to."""
    runs = "\n".join(dict.fromkeys(f"Found on {run.line}." for run in record.runs))
    scenarios = on(record.airflow, ALL)
    return _TEXT.format(
        airflow=record.airflow,
        runs=runs,
        summary=_summary(scenarios, record.found),
        table=_table(scenarios, record.found),
    )


def _summary(scenarios: Sequence[Scenario], results: Results) -> str:
    lines = ["| | right | silent | other | of |", "|---|---|---|---|---|"]
    for channel in Channel:
        kinds = Counter(
            kind_of(scenario, found)
            for scenario in scenarios
            if (found := results.get((scenario.name, channel))) is not None
        )
        counts = [str(kinds[kind]) for kind in ("right", "silent", "other")]
        lines.append(f"| {' | '.join([channel.label, *counts, str(kinds.total())])} |")
    return "\n".join(lines)


def _table(scenarios: Sequence[Scenario], results: Results) -> str:
    lines = [
        f"| | scenario | Airflow | {' | '.join(channel.label for channel in Channel)} |",
        "|---|---|---|---|---|---|---|",
    ]
    for scenario in scenarios:
        cells = [_cell(scenario, results.get((scenario.name, channel))) for channel in Channel]
        lines.append(f"| {' | '.join([scenario.name, scenario.what, _verdict(scenario), *cells])} |")
    return "\n".join(lines)


def _verdict(scenario: Scenario) -> str:
    return scenario.state or "no run"


def _cell(scenario: Scenario, found: Found | None) -> str:
    if found is None:
        return "-"
    if found["status"] is None:
        return "**nothing**"
    error_class = (found["error_id"] or "").rpartition(".")[2]
    text = found["status"] + (f" `{error_class}`" if error_class else "")
    if found["accepted"] != 1:
        text += f" ({found['accepted']} times)"
    return text + (" †" if kind_of(scenario, found) == "other" else "")


def kind_of(scenario: Scenario, found: Found) -> str:
    """Return how a report, or its absence, compares with Airflow's verdict: ``right``, ``silent`` or ``other``."""
    if found["status"] is None:
        return "silent"
    statuses_by_verdict: dict[str | None, tuple[str, ...]] = {
        "success": ("FINISHED", "FALSE"),
        "failed": ("FAILED",),
        None: ("FAILED",),
        "running": (),
    }
    verdict = scenario.verdict or found["state"]
    # A run without a task is a success to Airflow, although nothing was done. FAILED is right then.
    is_right = found["status"] in statuses_by_verdict[verdict] or found["error_id"] == "AirflowDagRunEmpty"
    return "right" if is_right and found["accepted"] == 1 else "other"
