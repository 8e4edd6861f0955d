"""The page about promises: what each way of reporting does on each version of Airflow, made of the records alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from tests.outcome_matrix.channels import Way
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
"""The situations that matter to whoever chooses a way, by name."""

_TEXT = """# What each way promises, by version of Airflow

Made by the outcome suite of what it has seen on each version ([how](#how-it-is-made)); a test fails where this page
says anything else than its records in [outcomes/](outcomes). All situations on the newest version, with status and
`errorId`: [outcomes.md](outcomes.md).

{table}

- yes: one report, of the status that follows from Airflow's verdict on the run, with the task's own error if it failed.
- bare: likewise FAILED, without a task's error: there is none, or Airflow does not tell it. The `errorId` is one of
  this package (`AirflowDagRunFailed`, `AirflowDagRunTimedOut`, `AirflowDagRunRefused`, `AirflowTaskFailed`).
- **no**: nothing is reported. Data Pipeline learns of it when the lease or the `attemptTimeout` ends.
- †: a status that does not follow from Airflow's verdict on the run.
- -: does not apply, or the situation does not exist there. ?: was not seen, so that nothing is said.

A DAG file that breaks: the task runner has `run_timeout` set.

## Where versions differ

From what is found on {newest}; in brackets the names of the situations on the [page of all](outcomes.md).

{differences}
- Airflow 3.0, any: a DAG file counts as parsed when a callback has run with it (of a DAG, or of a task that died),
  although its DAGs are not read then. Where callbacks keep coming, the DAGs are "missing", and off until the file is
  parsed again. Raise `[dag_processor] stale_dag_threshold` (50 s by default); the suite has an hour there.

## How it is made

The suite makes every situation happen on a real Airflow, through every way that applies, and fails where an outcome is
not the one expected of that version. `make test-outcomes` is for the newest version. For another one, in an environment
that has it, with the package's extra `emulator`, the `postgres` provider, pytest and pytest-asyncio:

```bash
PYTHONPATH=. path/to/environment/bin/python -m tests.outcome_matrix         # --check only compares with the record
PYTHONPATH=. path/to/environment/bin/python -m tests.outcome_matrix -k task_runner  # a part of it, added to the record
```

Airflow before 3.3 runs on PostgreSQL there, which has to be installed.
What the records are of:

{runs}
"""


def page(records: Sequence[Record]) -> str:
    """Return the page; of the records the newest version is first."""
    return _TEXT.format(
        table=_table(records),
        newest=records[0].airflow,
        differences="\n".join(_differences(records)),
        runs="\n".join(_runs(records)),
    )


def _table(records: Sequence[Record]) -> str:
    columns = [(way, record) for way in Way for record in reversed(records) if _applies(way, record)]
    heads = [f"{way.label}<br>{record.airflow}" for way, record in columns]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (len(columns) + 1) + "|"]
    for name, words in ROWS.items():
        cells = [_cell(name, way, record) for way, record in columns]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _applies(way: Way, record: Record) -> bool:
    return any(each is way for _, each in expected_results(record.airflow))


def _cell(name: str, way: Way, record: Record) -> str:
    if (name, way) not in expected_results(record.airflow):
        return "-"
    found = record.found.get((name, way))
    if found is None:
        return "?"
    (situation,) = [each for each in ALL if each.name == name]
    kind = kind_of(situation, found)
    if kind == "right":
        is_bare = (found["error_id"] or "").startswith(("AirflowDagRun", "AirflowTask"))
        return "bare" if is_bare else "yes"
    return {"silent": "**no**", "other": "†"}[kind]


def _differences(records: Sequence[Record]) -> Iterator[str]:
    """Yield a line for each difference on one of the versions, and its reason."""
    for rule in RULES:
        if _applies_to(rule, records):
            yield f"- {_words(rule.on)}, any: {rule.why}"
    names: dict[tuple[str, str], list[str]] = {}
    for situation in ALL:
        for difference in situation.differs:
            if _applies_to(difference, records):
                names.setdefault((difference.on, difference.why), []).append(situation.name)
    for (versions, why), those in names.items():
        yield f"- {_words(versions)} ({'; '.join(those)}): {why}"


def _applies_to(difference: Difference | Rule, records: Sequence[Record]) -> bool:
    return any(record.airflow in SpecifierSet(difference.on) for record in records)


def _words(versions: str) -> str:
    """A specifier of versions, as a person writes it."""
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
        for way in Way:
            if missing := [name for name, each in expected if each is way and (name, each) not in found]:
                yield f"  Not seen, {way.label}: {'; '.join(missing)}."
