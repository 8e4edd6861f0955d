"""The notifier that reports the outcome of a task or of a DAG run."""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any, Self, overload

from airflow_provider_datapipeline._airflow import compat, context as callback, deadline_context
from airflow_provider_datapipeline._airflow.bounded import run_bounded
from airflow_provider_datapipeline._airflow.context_run import dag_run_of, run_by_task
from airflow_provider_datapipeline._airflow.detail import error_detail
from airflow_provider_datapipeline._airflow.error_text import read_error
from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline._airflow.names import BaseNotifier
from airflow_provider_datapipeline.exceptions import NoPipelineTaskError
from airflow_provider_datapipeline.hooks.parameters import DataPipelineHookMixin
from airflow_provider_datapipeline.masking.masker import without_secrets
from airflow_provider_datapipeline.notifications._deadline import DeadlineCallbackMixin
from airflow_provider_datapipeline.outcome import dag_structure, decision
from airflow_provider_datapipeline.pipeline_task import Asked
from airflow_provider_datapipeline.reporting.detail import ErrorDetail
from airflow_provider_datapipeline.reporting.report import TaskReport
from airflow_provider_datapipeline.reporting.status import TaskStatus
from airflow_provider_datapipeline.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import jinja2

    from airflow_provider_datapipeline.pipeline_task import PipelineTask
    from airflow_provider_datapipeline.reporting.facts import TaskFacts

log = logging.getLogger(__name__)


class DataPipelineNotifier(DeadlineCallbackMixin, DataPipelineHookMixin, BaseNotifier):
    """
    Reports the outcome of the task or the DAG run that it is a callback of to AWS Data Pipeline.

    One instance may serve any number of tasks, DAGs and runs. FAILED is sent only if Airflow will not run the task
    again. An error while reporting is logged with its remedy, and does not affect the task or the run.

    A report needs a callback from Airflow. In some cases Airflow never calls back: for a run marked by hand, or for a
    killed task with no tries left. ``DataPipelineSetTaskStatusOperator`` covers more cases.

    An instance that is called with keyword arguments only returns a copy with these parameters:
    ``report_failed(error_id="Nightly")``. If ``context`` is one of them, the copy reports.

    From Airflow 3.1 on, the notifier also serves as the callback of a deadline:
    ``AsyncCallback(DataPipelineNotifier, {"error_id": "TooLate"})``, and from 3.3 on ``SyncCallback`` too. It then
    reports while the DAG run continues, and the first report counts. An error that prevents this report is logged and
    also raised, so that Airflow shows the callback as failed.

    :param task_status: ``FINISHED``, ``FAILED`` or ``FALSE``. The callback of a deadline may omit it, which means
        ``FAILED``. ``FINISHED`` becomes ``FALSE`` if the task in the conf is a precondition and does not hold. On a
        task, the result of the task decides this, and on a DAG, the results of its leaves.
    :param pipeline_task_id: the id of the Data Pipeline task, 1 to 2,048 characters; by default the id in the DAG run's
        conf (templated)
    :param error_id: at most 1,024 characters; by default the class of the exception (templated)
    :param error_message: by default the text of the exception (templated)
    :param error_detail: ``full``, or ``type`` to send no text of an exception, but only its class, where it was raised,
        and the frames of its whole chain; by default the value of Airflow's option ``[datapipeline] error_detail``.
        ``error_id`` and ``error_message`` are always sent, with everything that their templates show
    :param aws_conn_id: the Airflow connection; None uses the credentials that boto3 finds by itself (templated)
    :param region_name: the region, if the connection does not name it (templated)
    :param verify: whether TLS certificates are verified, or the path of the CA bundle to use (templated)
    :param botocore_config: settings of the botocore client
    :param timeout: the most seconds that the whole callback may take. Reading the text of an exception takes at most
        half of them. Airflow kills a task whose callbacks take longer than ``[core] task_success_overtime``, by
        default 20 s
    :raises TypeError: ``task_status`` is missing, or a parameter is unknown
    :raises ValueError: ``task_status`` or ``error_detail`` has an invalid value
    """

    template_fields: Sequence[str] = (
        "pipeline_task_id", "error_id", "error_message", "aws_conn_id", "region_name", "verify",
    )  # fmt: skip

    def __init__(
        self,
        *,
        task_status: TaskStatus | str | None = None,
        pipeline_task_id: str | None = None,
        error_id: str | None = None,
        error_message: str | None = None,
        error_detail: str | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        timeout: float = 10,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if task_status is None:
            if kwargs.get("context") is None:  # only the callback of a deadline is created with its context
                raise TypeError("task_status is missing: FINISHED, FAILED or FALSE.")
            task_status = TaskStatus.FAILED
        self.task_status = TaskStatus(task_status)
        self.pipeline_task_id = pipeline_task_id
        self.error_id = error_id
        self.error_message = error_message
        self.error_detail = ErrorDetail.checked(error_detail)
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self.timeout = timeout

    @overload
    def __call__(self, context: Mapping[str, Any], /) -> None: ...

    @overload
    def __call__(self, *, context: Mapping[str, Any], **parameters: Any) -> DataPipelineNotifier | None: ...

    @overload
    def __call__(self, **parameters: Any) -> DataPipelineNotifier: ...

    def __call__(self, *args: Any, **parameters: Any) -> DataPipelineNotifier | None:
        """Report if a context is given; otherwise return a copy with the given parameters."""
        if args:
            self.notify(*args, **parameters)
            return None
        if "context" in parameters:
            return self._call_with_context(**parameters)
        return self._copy_with(**parameters)

    def _copy_with(self, **parameters: Any) -> Self:
        return type(self)(**{**self._parameters, **parameters})

    @property
    def _parameters(self) -> dict[str, Any]:
        names = ("task_status", *self.template_fields, "error_detail", "botocore_config", "timeout")
        return {name: getattr(self, name) for name in names}

    def notify(self, context: Mapping[str, Any]) -> None:
        """Report the outcome that ``context`` is about. An error is logged, and raised only for a deadline."""
        if deadline_context.is_about_deadline(context):
            self._notify_of_deadline(context)
            return
        try:
            run_bounded(lambda: self._report(context), self.timeout)
        except Exception as error:  # a report never changes the outcome of the user's task
            log.error(  # noqa: TRY400  # one line for the person on call; the traceback is there at DEBUG
                "AWS Data Pipeline was not told that DAG run %s is %s. %s: %s",
                context.get("run_id"),
                self.task_status,
                type(error).__name__,
                without_secrets(error, compat.mask),
            )
            log.debug("The traceback of the error above", exc_info=True)
            count(metrics.CALLBACK_ERRORS, dag_id=str(callback.run_fields(context)["dag"]))

    def _report(self, context: Mapping[str, Any]) -> None:
        notifier = self._rendered(context)
        target = notifier._target(context)  # noqa: SLF001  # a copy of this instance
        if target is None:
            log.warning(
                "DAG run %s was not started for a Data Pipeline task (its conf has none): nothing is reported.",
                context.get("run_id"),
            )
            return
        report = notifier._task_report(context, target[1])  # noqa: SLF001  # likewise
        if report is not None:
            notifier._deliver(*target, report, context)  # noqa: SLF001  # likewise

    def _rendered(self, context: Mapping[str, Any]) -> Self:
        """
        Return a copy with rendered templates.

        Airflow uses one instance for many DAG runs, so rendering must not change the instance itself.
        """
        notifier = copy.copy(self)
        env = self._jinja_env(context)
        for name in self.template_fields:
            if isinstance(template := getattr(self, name), str):
                setattr(notifier, name, env.from_string(template).render(context))
        return notifier

    def _jinja_env(self, context: Mapping[str, Any]) -> jinja2.Environment:
        """
        Return a Jinja environment with the macros and filters of the DAG.

        The DAG's own environment cannot be used: in ``dag.test()`` the context has a serialized DAG, which has none,
        and a DAG may render to native objects, while an error message must be a text. An undefined name is an error, as
        in the DAG's own environment.
        """
        from jinja2 import StrictUndefined

        env: jinja2.Environment = self.get_template_env(dag=None)
        env.undefined = StrictUndefined
        dag = context.get("dag")
        env.globals.update(getattr(dag, "user_defined_macros", None) or {})
        env.filters.update(getattr(dag, "user_defined_filters", None) or {})
        return env

    def _target(self, context: Mapping[str, Any]) -> tuple[str, PipelineTask | None] | None:
        """Return the id of the Data Pipeline task and, if known, the polled task; None if there is no task."""
        if self.pipeline_task_id is None:
            task = callback.pipeline_task(context)
            return None if task is None else (task.task_id, task)
        if not self.pipeline_task_id:
            raise NoPipelineTaskError(
                "The template of pipeline_task_id renders to nothing; check what the DAG run's conf holds."
            )
        return self.pipeline_task_id, None

    def _task_report(self, context: Mapping[str, Any], task: PipelineTask | None = None) -> TaskReport | None:
        """
        Return the report to send, or None if nothing may be reported.

        :param task: the polled task, if known
        """
        about_dag_run = callback.is_about_dag_run(context)
        facts = callback.run_facts(context) if about_dag_run else callback.task_facts(context["ti"])
        if self.task_status is TaskStatus.FALSE:
            return TaskReport.precondition_false(self.error_message, facts, mask=compat.mask)
        failed = self.task_status is TaskStatus.FAILED
        if failed and not about_dag_run:
            return self._failed_task(context, facts)
        asked = Asked.UNKNOWN if task is None else task.asked
        run = dag_run_of(context, asked, failed=failed) if about_dag_run else run_by_task(context, asked)
        if run is None:
            return None
        return decision.report_on(
            run,
            asked,
            facts,
            mask=compat.mask,
            error_id=self.error_id,
            error_message=self.error_message,
            detail=error_detail(self.error_detail),
        )

    def _failed_task(self, context: Mapping[str, Any], facts: TaskFacts) -> TaskReport | None:
        if dag_structure.is_ignored_teardown(context.get("task")):
            log.info("The failure of a teardown does not fail the DAG run: nothing is reported.")
            return None
        if callback.retry_will_follow(context):
            log.info("Airflow will run the task again: nothing is reported yet.")
            return None
        error = callback.error_of(context)
        detail = error_detail(self.error_detail)

        def report(error_id: str | None, error_message: str | None, error: BaseException | str | None) -> TaskReport:
            return TaskReport.failed(
                error, facts, mask=compat.mask, error_id=error_id, error_message=error_message, detail=detail
            )

        if not isinstance(error, BaseException):
            message = decision.NO_EXCEPTION if error is None else None
            return report(self.error_id, self.error_message or message, error)
        return read_error(
            error,
            context["ti"].task_id,
            lambda: report(self.error_id, self.error_message, error),
            lambda name, message: report(self.error_id or name, self.error_message or message, None),
            at_most=self.timeout / 2,  # the other half is for the delivery
        )

    def _deliver(
        self, pipeline_task_id: str, task: PipelineTask | None, report: TaskReport, context: Mapping[str, Any]
    ) -> None:
        # Imported here, because this imports boto3, and a DAG file that names the notifier must be quick to parse.
        from airflow_provider_datapipeline.delivery.sender import CLEARED, deliver

        deliver(
            self.hook,
            pipeline_task_id,
            report,
            task=task,
            about=callback.run_fields(context),
            look_first=CLEARED if callback.was_cleared(context) else None,
        )
