"""From the bytes of a request to the bytes of its answer, whatever carries them."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow_provider_datapipeline.emulator.errors import ServiceError
from airflow_provider_datapipeline.emulator.records import Fault, RequestRecord
from airflow_provider_datapipeline.emulator.service import DEFAULT_REGION
from airflow_provider_datapipeline.emulator.signature import verify
from airflow_provider_datapipeline.emulator.wire import CONTENT_TYPE, has_answer_body, operation_of, parse, validated

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_provider_datapipeline.emulator.credentials import Credentials
    from airflow_provider_datapipeline.emulator.service import Service
    from airflow_provider_datapipeline.emulator.signature import Headers, Signer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that may be carried out."""

    record: RequestRecord
    operation: str
    request: dict[str, Any]
    region: str
    fault: Fault | None = None
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: always JSON, or empty."""

    status: int
    headers: dict[str, str]
    body: bytes


class Endpoint:
    """
    Checks requests, carries them out and writes the answers.

    :param service: what carries them out
    :param credentials: who may do what; None when neither signatures nor rights are checked
    :param regions: those that requests may be signed for; None: any
    """

    def __init__(
        self, service: Service, credentials: Credentials | None, regions: Collection[str] | None = None
    ) -> None:
        self._service = service
        self._credentials = credentials
        self._regions = regions

    def admit(
        self, method: str, path: str, headers: Headers, body: bytes, region: str = DEFAULT_REGION
    ) -> Call | Answer:
        """
        What to carry out, or the error to answer at once. The request is recorded either way.

        :param region: where signatures do not say
        """
        record = RequestRecord(self._service.clock(), method, path, tuple(headers), body)
        self._service.record(record)
        try:
            return self._admitted(record, region)
        except ServiceError as error:
            return self.refuse(record, error)

    def carry_out(self, call: Call) -> dict[str, Any] | Answer:
        """The members of the answer, or the error to answer."""
        try:
            return self._service.call(call.operation, call.request, call.region, user_id=call.user_id)
        except ServiceError as error:
            return self.refuse(call.record, error)
        except Exception:  # a defect of the emulator must reach the client as the service's error, not as HTML
            log.exception("%s failed in the emulator", call.operation)
            return self.refuse(call.record, ServiceError("InternalServiceError", "The emulator failed; see its log."))

    def answer(self, call: Call, members: dict[str, Any]) -> Answer:
        """A successful answer."""
        if call.operation == "PollForTask" and not members and self._service.settings.empty_poll_body == "null":
            members = {"taskObject": None}
        body = json.dumps(members).encode() if has_answer_body(call.operation) else b""
        return _recorded(call.record, 200, body)

    def refuse(self, record: RequestRecord, error: ServiceError) -> Answer:
        """An error as the service writes it."""
        record.error_code = error.code
        body = json.dumps({"__type": error.code, "message": error.message}).encode()
        return _recorded(record, error.status, body)

    def _admitted(self, record: RequestRecord, region: str) -> Call:
        signer = self._signer(record)
        if signer:
            region = signer.region
        record.region = region
        if record.method != "POST":
            raise ServiceError("UnknownOperationException", f"The method {record.method} is not supported.")
        operation = record.operation = operation_of(record.header("X-Amz-Target"))
        record.parameters = parse(record.body)
        fault = self._service.faults.next(operation)
        record.fault = fault.kind if fault else None
        if fault and fault.kind == "fail":
            raise ServiceError(fault.code, fault.message, status=fault.status)
        settings = self._service.settings
        if settings.enforce_rates and not self._service.allows(operation):
            raise ServiceError("ThrottlingException", "Rate exceeded")
        request = validated(operation, record.parameters, settings)
        if signer:
            self._service.authorize(signer.identity, operation, request, region)
        return Call(record, operation, request, region, fault, signer.identity.user_id if signer else "")

    def _signer(self, record: RequestRecord) -> Signer | None:
        if self._credentials is None:
            return None
        record.signature_verified = False
        request = (record.method, record.path, record.headers, record.body)
        signer = verify(*request, self._credentials, regions=self._regions)
        record.signature_verified = True
        record.signer = signer.identity.arn
        return signer


def _recorded(record: RequestRecord, status: int, body: bytes) -> Answer:
    record.status = status
    record.answer = body
    return Answer(status, {"Content-Type": CONTENT_TYPE, "x-amzn-RequestId": str(uuid4())}, body)
