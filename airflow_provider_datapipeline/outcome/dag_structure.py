"""
Which tasks of a DAG, and which instances of them, the outcome of a run depends on.

A task is an object of Airflow's, of which a few attributes are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

FAILED_STATES = frozenset({"failed", "upstream_failed"})
FINISHED_STATES = FAILED_STATES | {"success", "skipped", "removed"}


def leaves_of(tasks: Mapping[str, Any], without: Collection[str] = ()) -> frozenset[str]:
    """
    Return the tasks whose results a DAG run is for: those behind which no task follows, or only teardowns.

    A teardown itself is none, unless its failure fails the run.

    :param tasks: by task id
    :param without: tasks that are taken for not being there
    """
    behind = {task_id: set(task.downstream_task_ids) & tasks.keys() - set(without) for task_id, task in tasks.items()}
    looked_through = {task_id for task_id, task in tasks.items() if getattr(task, "is_teardown", False)}
    # A teardown with work behind it is no mere end; which of them are is found from the ends upwards.
    while blocked := {task_id for task_id in looked_through if not behind[task_id] <= looked_through}:
        looked_through -= blocked
    return frozenset(
        task_id
        for task_id, task in tasks.items()
        if task_id not in without and behind[task_id] <= looked_through and not is_ignored_teardown(task)
    )


def is_ignored_teardown(task: Any) -> bool:
    """Tell whether a task's failure leaves its DAG run as it is."""
    return bool(getattr(task, "is_teardown", False) and not getattr(task, "on_failure_fail_dagrun", False))


def tasks_fail_run(states: Mapping[str, str | None], tasks: Mapping[str, Any]) -> bool:
    """Tell whether a task fails its DAG run by its state; a failed teardown does only where its author says so."""
    failed = (split_key(key, tasks)[0] for key, state in states.items() if state in FAILED_STATES)
    return any(task_id in tasks and not is_ignored_teardown(tasks[task_id]) for task_id in failed)


def split_key(key: str, task_ids: Collection[str]) -> tuple[str, int]:
    """Return task id and map index of a key of the stored states; -1 for an unmapped task."""
    if key not in task_ids:
        task_id, _, index = key.rpartition("_")
        if task_id in task_ids and index.isdecimal():
            return task_id, int(index)
    return key, -1


def is_last_to_succeed(
    states: Mapping[str, str | None], task_ids: Collection[str], task_id: str, map_index: int
) -> bool:
    """Tell whether a task instance that has succeeded leaves no other instance of its mapped task to do so."""
    others = [
        state
        for key, state in states.items()
        if (place := split_key(key, task_ids))[0] == task_id and place != (task_id, map_index)
    ]
    return all(state in FINISHED_STATES - FAILED_STATES for state in others)
