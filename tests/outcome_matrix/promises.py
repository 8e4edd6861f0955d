"""Makes the page about promises from the records: what each channel reports on each version of Airflow."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from tests.outcome_matrix.channels import Channel
from tests.outcome_matrix.expectations import RULES
from tests.outcome_matrix.table import ALL, expected_results, kind_of
from tests.support.harness.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.outcome_matrix.expectations import Difference, Rule
    from tests.outcome_matrix.records import Record

PAGE = REPOSITORY / "docs" / "promises.md"

ROWS = {
    "3": "the run succeeds",
    "1": "a task fails",
    "2'": "a task fails, its retry succeeds",
    "7a'": "a task's process is killed, its retry succeeds",
    "6": "`execution_timeout` of a task",
    "7a": "a task's process is killed, no tries left",
    "7c": "a worker node is lost, no tries left",
    "10a": "a task is marked failed by hand",
    "9a": "the run is marked failed by hand",
    "9b": "the run is marked success by hand",
    "8": "`dagrun_timeout`",
    "4": "every task is skipped",
    "empty": "the DAG has no task",
    "short": "`short_circuit` skips the rest",
    "11a": "a trigger raises",
    "11e": "a trigger ends its task (success)",
    "14b, n5": "a later task hides a failure",
    "s19": "the DAG is missing for a moment when its task starts",
    "z1": "the DAG file breaks while the run is active",
    "l1": "the dag-processor is killed in a callback",
    "x1": "the API server is down when a task fails",
    "p2": "a precondition is not met",
    "unknown": "the DAG does not exist",
}
"""The scenarios to compare when choosing a way of reporting: a description by name."""

_TEXT = """# What each way promises, by version of Airflow

Made from what the outcome suite has seen on each version ([how](#how-it-is-made)). A test fails where this page
differs from the suite's records in [outcomes/](outcomes). All scenarios on the newest version, with status and
`errorId`, are in [outcomes.md](outcomes.md).

{table}

- yes: one report, with the status that follows from Airflow's verdict on the run. If the run failed, the report has the
  task's own error.
- generic: one report of FAILED without a task's error, since there is none or Airflow hides it. The `errorId` is
  one of this package (`AirflowDagRunFailed`, `AirflowDagRunTimedOut`, `AirflowDagRunRefused`, `AirflowTaskFailed`).
- **no**: nothing is reported. Data Pipeline learns of the end when the lease or the `attemptTimeout` ends.
- †: a status that does not follow from Airflow's verdict on the run.
- -: does not apply, or the scenario does not exist on that version. ?: was not seen, so that nothing is said.

Where a DAG file breaks, the task runner has `run_timeout` set.

## Where versions differ

The differences from {newest}. The names in brackets are those of the scenarios on the [page of all](outcomes.md).

{differences}
- Airflow 3.0, any: it takes a DAG file for parsed when a callback has run with it (a callback of a DAG, or of a task
  that died), although it has not read the file's DAGs then. Where callbacks keep coming, Airflow takes the DAGs for
  missing, and does not run them until it parses the file again. Raise `[dag_processor] stale_dag_threshold` (50 s by
  default); the suite sets it to an hour.

## How it is made

The suite makes every scenario happen on a real Airflow, through every way that applies, and fails where an outcome is
not the one expected of that version. `make test-outcomes` runs it on the newest version. For another version, prepare
an environment with that Airflow, with the package's extra `emulator`, the `postgres` provider, pytest and
pytest-asyncio:

```bash
PYTHONPATH=. path/to/environment/bin/python -m tests.outcome_matrix         # --check only compares with the record
PYTHONPATH=. path/to/environment/bin/python -m tests.outcome_matrix -k task_runner  # a part of it, added to the record
```

The suite runs Airflow before 3.3 on PostgreSQL, which has to be installed.
The records come from these runs:

{runs}
"""


def page(records: Sequence[Record]) -> str:
    """
    Return the page.

    :param records: one for each version of Airflow, the newest first
    """
    return _TEXT.format(
        table=_table(records),
        newest=records[0].airflow,
        differences="\n".join(_differences(records)),
        runs="\n".join(_runs(records)),
    )


def _table(records: Sequence[Record]) -> str:
    columns = [(channel, record) for channel in Channel for record in reversed(records) if _applies(channel, record)]
    heads = [f"{channel.label}<br>{record.airflow}" for channel, record in columns]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(columns) + 1) + "|"]
    for name, description in ROWS.items():
        cells = [_cell(name, channel, record) for channel, record in columns]
        lines.append(f"| {description} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _applies(channel: Channel, record: Record) -> bool:
    return any(each is channel for _, each in expected_results(record.airflow))


def _cell(name: str, channel: Channel, record: Record) -> str:
    if (name, channel) not in expected_results(record.airflow):
        return "-"
    found = record.found.get((name, channel))
    if found is None:
        return "?"
    (scenario,) = [each for each in ALL if each.name == name]
    kind = kind_of(scenario, found)
    if kind == "right":
        is_generic = (found["error_id"] or "").startswith(("AirflowDagRun", "AirflowTask"))
        return "generic" if is_generic else "yes"
    return {"silent": "**no**", "other": "†"}[kind]


def _differences(records: Sequence[Record]) -> Iterator[str]:
    """Yield a line, with the reason, for each rule or difference that applies to one of the versions."""
    for rule in RULES:
        if _applies_to(rule, records):
            yield f"- {_in_words(rule.on)}, any: {rule.why}"
    names: dict[tuple[str, str], list[str]] = {}
    for scenario in ALL:
        for difference in scenario.differs:
            if _applies_to(difference, records):
                names.setdefault((difference.on, difference.why), []).append(scenario.name)
    for (versions, why), scenarios in names.items():
        yield f"- {_in_words(versions)} ({'; '.join(scenarios)}): {why}"


def _applies_to(difference: Difference | Rule, records: Sequence[Record]) -> bool:
    return any(record.airflow in SpecifierSet(difference.on) for record in records)


def _in_words(versions: str) -> str:
    """Return a specifier of versions in words."""
    operator, version = versions[:-1].rstrip("0123456789."), versions.lstrip("<=>!~").removesuffix(".*")
    if versions == "<3":
        return "Airflow 2"
    return f"Airflow {version}" if operator == "==" else f"Airflow before {version}"


def _runs(records: Sequence[Record]) -> Iterator[str]:
    for record in records:
        expected, found = expected_results(record.airflow), record.found
        yield f"- **Airflow {record.airflow}**: {len(found)} of {len(expected)} outcomes seen."
        alike: Counter[str] = Counter()
        for run in record.runs:
            alike[run.line] += len(run.found)
        for line, outcomes in alike.items():
            yield f"  {outcomes} on {line}."
        for channel in Channel:
            if missing := [name for name, each in expected if each is channel and (name, each) not in found]:
                yield f"  Not seen, {channel.label}: {'; '.join(missing)}."
