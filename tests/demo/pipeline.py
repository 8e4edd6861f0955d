"""The user's side of AWS Data Pipeline: signed calls of the real API that define, activate and read a pipeline."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import boto3  # type: ignore[import-untyped]  # ships no types
from botocore.config import Config  # type: ignore[import-untyped]  # ships no types

from airflow_provider_datapipeline.emulator.definition import wire_from_file
from tests.support.account import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

DESCRIBED_AT_ONCE = 25  # DescribeObjects, API reference


def client(url: str) -> Any:
    """
    Return a client for the emulator.

    The client sends each request once, and waits longer for the answer than the service holds a poll. With botocore's
    defaults, polled tasks get lost.
    """
    return boto3.client(
        "datapipeline",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(read_timeout=100, retries={"total_max_attempts": 1}, proxies={}),
    )


class Pipeline:
    """A pipeline that is created from a definition, and activated."""

    def __init__(self, service: Any, name: str, definition: Mapping[str, Any]):
        self._service = service
        self.id: str = service.create_pipeline(name=name, uniqueId=uuid.uuid4().hex)["pipelineId"]
        answer = service.put_pipeline_definition(pipelineId=self.id, **wire_from_file(dict(definition)))
        if answer["errored"]:
            raise ValueError(f"the pipeline definition has errors: {answer['validationErrors']}")
        service.activate_pipeline(pipelineId=self.id)

    def runs(self) -> list[dict[str, Any]]:
        """Return every instance and every attempt, as DescribeObjects returns them."""
        ids = [
            found
            for sphere in ("INSTANCE", "ATTEMPT")
            for page in self._service.get_paginator("query_objects").paginate(pipelineId=self.id, sphere=sphere)
            for found in page["ids"]
        ]
        return [
            described
            for start in range(0, len(ids), DESCRIBED_AT_ONCE)
            for page in self._service.get_paginator("describe_objects").paginate(
                pipelineId=self.id, objectIds=ids[start : start + DESCRIBED_AT_ONCE]
            )
            for described in page["pipelineObjects"]
        ]

    def cancel(self, instance_id: str) -> None:
        """Cancel an instance."""
        self._service.set_status(pipelineId=self.id, objectIds=[instance_id], status="TRY_CANCEL")
