"""
Copies the runs of a task in Airflow's database: a process of its own, in the environment of the deployment.

Every line of its input is a request, ``{"runner": [dag id, run id], "target": [dag id, run id], "copies": [...]}``; a
copy is ``{"run_id": ..., "runner_conf": ..., "target_conf": ...}``. It answers each with one line, the number of
copies. Whatever else is printed here goes to the standard error.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.orm import Session

Row = dict[str, Any]


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow logs to the standard output
    from airflow.utils.session import create_session

    for line in sys.stdin:
        with create_session() as session:
            copied = copy_runs(session, json.loads(line))
        print(copied, file=answers, flush=True)


def copy_runs(session: Session, request: dict[str, Any]) -> int:
    """Insert the copies of both runs, with all that belongs to them; return how many tasks that makes."""
    copies: list[Row] = request["copies"]
    for run in ("runner", "target"):
        dag_id, run_id = request[run]
        _copy_run(session, dag_id, run_id, [(each["run_id"], each[f"{run}_conf"]) for each in copies])
    return len(copies)


def _copy_run(session: Session, dag_id: str, run_id: str, copies: list[tuple[str, Row]]) -> None:
    from airflow.models.dagrun import DagRun, DagRunNote
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import insert, select

    runs: Table = DagRun.__table__
    (run,) = _rows(session, runs, dag_id, run_id)
    # Only one run of a DAG may have a logical date.
    apart = {"logical_date": None, "data_interval_start": None, "data_interval_end": None}
    copied_runs = [{**_without_id(run), **apart, "run_id": new, "conf": conf} for new, conf in copies]
    _insert(session, runs, copied_runs)
    for task in _rows(session, TaskInstance.__table__, dag_id, run_id):
        # A task without a heartbeat is not one whose heartbeats have ceased: the scheduler lets it be.
        template = {**_without_id(task), "last_heartbeat_at": None}
        triggers = _copy_triggers(session, task["trigger_id"], run_id, run["conf"], copies)
        instances = [
            {**template, "run_id": new, "trigger_id": trigger}
            for (new, _), trigger in zip(copies, triggers, strict=True)
        ]
        _insert(session, TaskInstance.__table__, instances)
    for fields in _rows(session, RenderedTaskInstanceFields.__table__, dag_id, run_id):
        _insert(session, RenderedTaskInstanceFields.__table__, [{**fields, "run_id": new} for new, _ in copies])
    notes = session.execute(select(DagRunNote.__table__).where(DagRunNote.dag_run_id == run["id"])).mappings().all()
    if notes:
        ids = session.execute(
            select(runs.c.run_id, runs.c.id).where(
                runs.c.dag_id == dag_id, runs.c.run_id.in_([new for new, _ in copies])
            )
        )
        numbers = {row.run_id: row.id for row in ids}
        for note in notes:
            copied = [{**note, "dag_run_id": numbers[new]} for new, _ in copies]
            session.execute(insert(DagRunNote.__table__), copied)


def _copy_triggers(
    session: Session, trigger_id: int | None, run_id: str, conf: Row, copies: list[tuple[str, Row]]
) -> list[int | None]:
    from airflow.models.trigger import Trigger

    if trigger_id is None:
        return [None] * len(copies)
    trigger = session.get_one(Trigger, trigger_id)
    kwargs = trigger.kwargs
    new = [
        Trigger(
            classpath=trigger.classpath,
            kwargs={name: of_copy(value, (run_id, conf), copy) for name, value in kwargs.items()},
            queue=trigger.queue,
        )
        for copy in copies
    ]
    session.add_all(new)
    session.flush()
    return [each.id for each in new]


def of_copy(value: object, original: tuple[str, Row], copy: tuple[str, Row]) -> object:
    """What an argument of the original's trigger is for the copy; a template, which Airflow renders, stays as it is."""
    if value == original[0]:
        return copy[0]
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.dumps(copy[1]) if json.loads(value) == original[1] else value
        except ValueError:
            return value
    return value


def _rows(session: Session, table: Table, dag_id: str, run_id: str) -> list[Row]:
    from sqlalchemy import select

    found = session.execute(select(table).where(table.c.dag_id == dag_id, table.c.run_id == run_id)).mappings()
    return [dict(row) for row in found]


def _insert(session: Session, table: Table, rows: list[Row]) -> None:
    from sqlalchemy import insert

    session.execute(insert(table), rows)


def _without_id(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "id"}


if __name__ == "__main__":
    main()
