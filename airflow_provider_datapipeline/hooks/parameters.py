"""The four AWS parameters of operators, notifiers and triggers, and the hook that is made from them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow.threads import in_thread

if TYPE_CHECKING:
    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook


class DataPipelineHookMixin:
    """
    Gives a hook to a class that has ``aws_conn_id``, ``region_name``, ``verify`` and ``botocore_config``.

    The amazon provider has such a class, but importing it imports boto3. A DAG file that only names an operator or a
    notifier would pay for that whenever it is parsed.
    """

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, Any] | None

    @cached_property
    def hook(self) -> DataPipelineHook:
        """The hook, whose module is imported on first use. Equal hooks share their clients in a process."""
        from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

        return DataPipelineHook(
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            config=self.botocore_config,
        )

    async def ahook(self) -> DataPipelineHook:
        """
        Return :attr:`hook`. Code in an event loop calls this before it uses :attr:`hook`.

        The hook is made in a thread, because importing boto3 and the amazon provider takes half a second or more,
        during which no trigger would run.
        """
        if "hook" not in vars(self):
            await in_thread(lambda: self.hook)
        return self.hook
