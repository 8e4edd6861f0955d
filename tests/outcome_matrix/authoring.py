"""What the author of a DAG writes for each channel, and how the suite makes DAGs from that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline.callbacks import report_failed, report_finished
from airflow_provider_datapipeline.operators.datapipeline import DataPipelineSetTaskStatusOperator
from tests.outcome_matrix.channels import Channel
from tests.outcome_matrix.names import DAG, get_parsing_context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SOON = timedelta(seconds=1)

# Longer than the default of 10 s, since Airflow answers late with so many runs at once. Airflow lets the callbacks of a
# task take [core] task_success_overtime, and those of a DAG [dag_processor] dag_file_processor_timeout.
IN_TASK = {"timeout": 18}
IN_DAG = {"timeout": 40}

FINISHED_BY_TEMPLATE = report_finished(pipeline_task_id="{{ dag_run.conf.datapipeline.taskId }}")
FAILED_BY_TEMPLATE = report_failed(
    pipeline_task_id="{{ dag_run.conf.datapipeline.taskId }}", error_message="{{ run_id }} failed"
)


@dataclass(frozen=True)
class Reporting:
    """The callbacks that the author of a DAG writes for one channel."""

    channel: Channel
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
        """Return the callbacks of a task. The author's own come before ours, which is the harder order for us."""
        by_task = self.channel is Channel.TASK
        return {
            "on_failure_callback": [*on_failure, *([self.failed(**IN_TASK)] if by_task else [])],
            "on_success_callback": [*on_success, *([self.finished(**IN_TASK)] if by_task and last else [])],
            "on_retry_callback": [self.failed(**IN_TASK)] if by_task and on_retry else [],
        }

    def last(self, **callbacks: Any) -> dict[str, Any]:
        """Return the callbacks of the last task, which also reports success."""
        return self.step(last=True, **callbacks)

    def of_dag(self, *, on_success: Sequence[Any] = ()) -> dict[str, Any]:
        """Return the callbacks of a DAG."""
        if self.channel is not Channel.DAG:
            return {}
        return {
            "on_success_callback": [*on_success, self.finished(**IN_DAG)],
            "on_failure_callback": [self.failed(**IN_DAG)],
        }


@dataclass(frozen=True)
class Target:
    """How to make a DAG."""

    build: Callable[[Reporting], None]
    arguments: dict[str, Any]
    templates: bool
    on_dag_success: Sequence[Any]

    def make(self, dag_id: str, channel: Channel) -> DAG:
        reporting = Reporting(channel, self.templates)
        callbacks = reporting.of_dag(on_success=self.on_dag_success)
        with DAG(dag_id, schedule=None, max_active_runs=100, **callbacks, **self.arguments) as dag:
            self.build(reporting)
            if channel is Channel.OPERATOR:
                leaves = [each for each in dag.tasks if not each.downstream_task_ids]
                leaves >> DataPipelineSetTaskStatusOperator(task_id="report", retries=3, retry_delay=SOON)
        return dag


TARGETS: dict[str, Target] = {}


def target(
    *, templates: bool = False, on_dag_success: Sequence[Any] = (), **arguments: Any
) -> Callable[[Callable[[Reporting], None]], Callable[[Reporting], None]]:
    """
    Add a target, under the name of the decorated function, which builds the tasks.

    :param templates: whether the callbacks have templates as parameters
    :param on_dag_success: the author's own callbacks on the success of the DAG
    :param arguments: arguments of the DAG
    """

    def add(build: Callable[[Reporting], None]) -> Callable[[Reporting], None]:
        TARGETS[build.__name__] = Target(build, arguments, templates, on_dag_success)
        return build

    return add


def dag_id_of(name: str, channel: Channel) -> str:
    return f"{name}__{channel}"


def dags_of(channel: Channel, *, only: Sequence[str] = (), without: Sequence[str] = ()) -> dict[str, DAG]:
    """Make the DAGs for a channel; in the process of a task, make only the DAG of that task."""
    wanted = get_parsing_context().dag_id
    made = {}
    for name in only or TARGETS.keys() - set(without):
        dag_id = dag_id_of(name, channel)
        if wanted in (None, dag_id):
            made[dag_id] = TARGETS[name].make(dag_id, channel)
    return made
