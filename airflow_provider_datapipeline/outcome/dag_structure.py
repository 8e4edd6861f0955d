"""
Finds the tasks of a DAG, and their instances, on which the outcome of a run depends.

A task is one of Airflow's objects, of which only a few attributes are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

FAILED_STATES = frozenset({"failed", "upstream_failed"})
FINISHED_STATES = FAILED_STATES | {"success", "skipped", "removed"}


def leaves_of(tasks: Mapping[str, Any], without: Collection[str] = ()) -> frozenset[str]:
    """
    Return the leaves of a DAG: the tasks that no other task follows, or only teardowns.

    Their results decide the outcome of a run. A teardown is a leaf only if its failure fails the run.

    :param tasks: the tasks by their ids
    :param without: ids of tasks that are treated as if they did not exist
    """
    downstream = {
        task_id: set(task.downstream_task_ids) & tasks.keys() - set(without) for task_id, task in tasks.items()
    }
    # Final teardowns are those that only final teardowns follow. Each round removes the teardowns that others follow.
    final_teardowns = {task_id for task_id, task in tasks.items() if getattr(task, "is_teardown", False)}
    while followed := {task_id for task_id in final_teardowns if not downstream[task_id] <= final_teardowns}:
        final_teardowns -= followed
    return frozenset(
        task_id
        for task_id, task in tasks.items()
        if task_id not in without and downstream[task_id] <= final_teardowns and not is_ignored_teardown(task)
    )


def is_ignored_teardown(task: Any) -> bool:
    """Return whether a task is a teardown whose failure does not fail its DAG run."""
    return bool(getattr(task, "is_teardown", False) and not getattr(task, "on_failure_fail_dagrun", False))


def tasks_fail_run(states: Mapping[str, str | None], tasks: Mapping[str, Any]) -> bool:
    """Return whether any task fails its DAG run; a failed teardown does so only with ``on_failure_fail_dagrun``."""
    failed = (split_key(key, tasks)[0] for key, state in states.items() if state in FAILED_STATES)
    return any(task_id in tasks and not is_ignored_teardown(tasks[task_id]) for task_id in failed)


def split_key(key: str, task_ids: Collection[str]) -> tuple[str, int]:
    """Return the task id and the map index that a key of the stored states means; the index is -1 if unmapped."""
    if key not in task_ids:
        task_id, _, index = key.rpartition("_")
        if task_id in task_ids and index.isdecimal():
            return task_id, int(index)
    return key, -1


def is_last_to_succeed(
    states: Mapping[str, str | None], task_ids: Collection[str], task_id: str, map_index: int
) -> bool:
    """Return whether all other instances of a mapped task have succeeded or were skipped or removed."""
    for key, state in states.items():
        other_id, other_index = split_key(key, task_ids)
        is_other_instance = other_id == task_id and other_index != map_index
        if is_other_instance and state not in FINISHED_STATES - FAILED_STATES:
            return False
    return True
