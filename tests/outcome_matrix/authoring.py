"""What the author of a DAG writes for each way of reporting, and the DAGs that come of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.callbacks import report_failed, report_finished
from airflow_provider_datapipeline.operators.datapipeline import DataPipelineSetTaskStatusOperator
from tests.outcome_matrix.channels import Way
from tests.outcome_matrix.names import DAG, get_parsing_context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SOON = timedelta(seconds=1)

# Seconds, instead of 10: with so much at once, Airflow answers late. A task's callbacks may take [core]
# task_success_overtime, those of a DAG what the dag-processor grants them.
OF_TASK = {"timeout": 18}
OF_DAG = {"timeout": 40}

FINISHED_BY_TEMPLATE = report_finished(pipeline_task_id="{{ dag_run.conf.datapipeline.taskId }}")
FAILED_BY_TEMPLATE = report_failed(
    pipeline_task_id="{{ dag_run.conf.datapipeline.taskId }}", error_message="{{ run_id }} failed"
)


@dataclass(frozen=True)
class Reporting:
    """What the author of a DAG writes for one way of reporting."""

    way: Way
    templates: bool = False

    @property
    def finished(self) -> Any:
        return FINISHED_BY_TEMPLATE if self.templates else report_finished

    @property
    def failed(self) -> Any:
        return FAILED_BY_TEMPLATE if self.templates else report_failed

    def step(
        self,
        *,
        on_failure: Sequence[Any] = (),
        on_success: Sequence[Any] = (),
        last: bool = False,
        on_retry: bool = False,
    ) -> dict[str, Any]:
        """The callbacks of a task: the author's own first, which is the harder order."""
        by_task = self.way is Way.TASK
        return {
            "on_failure_callback": [*on_failure, *([self.failed(**OF_TASK)] if by_task else [])],
            "on_success_callback": [*on_success, *([self.finished(**OF_TASK)] if by_task and last else [])],
            "on_retry_callback": [self.failed(**OF_TASK)] if by_task and on_retry else [],
        }

    def last(self, **callbacks: Any) -> dict[str, Any]:
        """The callbacks of the last task, which reports success too."""
        return self.step(last=True, **callbacks)

    def of_dag(self, *, on_success: Sequence[Any] = ()) -> dict[str, Any]:
        """The callbacks of a DAG."""
        if self.way is not Way.DAG:
            return {}
        return {
            "on_success_callback": [*on_success, self.finished(**OF_DAG)],
            "on_failure_callback": [self.failed(**OF_DAG)],
        }


@dataclass(frozen=True)
class Target:
    """How to make a DAG."""

    build: Callable[[Reporting], None]
    arguments: dict[str, Any]
    templates: bool
    on_dag_success: Sequence[Any]

    def make(self, dag_id: str, way: Way) -> DAG:
        reporting = Reporting(way, self.templates)
        callbacks = reporting.of_dag(on_success=self.on_dag_success)
        with DAG(dag_id, schedule=None, max_active_runs=100, **callbacks, **self.arguments) as dag:
            self.build(reporting)
            if way is Way.OPERATOR:
                leaves = [each for each in dag.tasks if not each.downstream_task_ids]
                leaves >> DataPipelineSetTaskStatusOperator(task_id="report", retries=3, retry_delay=SOON)
        return dag


TARGETS: dict[str, Target] = {}


def target(
    *, templates: bool = False, on_dag_success: Sequence[Any] = (), **arguments: Any
) -> Callable[[Callable[[Reporting], None]], Callable[[Reporting], None]]:
    """Add what the function builds to the targets, under its name; with these arguments of the DAG."""

    def add(build: Callable[[Reporting], None]) -> Callable[[Reporting], None]:
        TARGETS[build.__name__] = Target(build, arguments, templates, on_dag_success)
        return build

    return add


def dag_id_of(name: str, way: Way) -> str:
    return f"{name}__{way}"


def dags_of(way: Way, *, only: Sequence[str] = (), without: Sequence[str] = ()) -> dict[str, DAG]:
    """Make the DAGs for a way; in a task's process, its own DAG alone."""
    wanted = get_parsing_context().dag_id
    made = {}
    for name in only or TARGETS.keys() - set(without):
        dag_id = dag_id_of(name, way)
        if wanted in (None, dag_id):
            made[dag_id] = TARGETS[name].make(dag_id, way)
    return made
