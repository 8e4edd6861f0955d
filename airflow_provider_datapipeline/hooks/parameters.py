"""The four AWS parameters that every surface has, and the hook that they make."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_datapipeline._airflow.threads import in_thread

if TYPE_CHECKING:
    from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook


class DataPipelineHookMixin:
    """
    For a class that keeps ``aws_conn_id``, ``region_name``, ``verify`` and ``botocore_config``.

    The amazon provider has such a class, but importing it imports boto3: a DAG file that merely names an operator or a
    notifier would pay for that each time it is parsed.
    """

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, Any] | None

    @cached_property
    def hook(self) -> DataPipelineHook:
        """The hook, imported when first needed; equal hooks share their clients in a process."""
        from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook

        return DataPipelineHook(
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            config=self.botocore_config,
        )

    async def ahook(self) -> DataPipelineHook:
        """
        Return :attr:`hook`; in an event loop this comes first.

        In a thread, because the import of boto3 and of the amazon provider that goes with it takes half a second and
        more, in which no trigger would run.
        """
        if "hook" not in vars(self):
            await in_thread(lambda: self.hook)
        return self.hook
