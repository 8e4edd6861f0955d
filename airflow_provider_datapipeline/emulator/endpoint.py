"""Turns the bytes of an HTTP request into the bytes of its answer. The server and moto's mock both use it."""

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
from airflow_provider_datapipeline.emulator.wire import CONTENT_TYPE, has_answer_body, operation_name, parse, validate

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_provider_datapipeline.emulator.credentials import Credentials
    from airflow_provider_datapipeline.emulator.service import Service
    from airflow_provider_datapipeline.emulator.signature import Headers, Signer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was checked and may be executed."""

    record: RequestRecord
    operation: str
    request: dict[str, Any]
    region: str
    fault: Fault | None = None
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. Its body is JSON or empty."""

    status: int
    headers: dict[str, str]
    body: bytes


class Endpoint:
    """
    Checks requests, executes them and builds the answers.

    :param service: executes the requests
    :param credentials: the accepted access keys with their policies; None checks neither signatures nor policies
    :param regions: the regions for which requests may be signed; None allows all regions
    """

    def __init__(
        self, service: Service, credentials: Credentials | None, regions: Collection[str] | None = None
    ) -> None:
        self._service = service
        self._credentials = credentials
        self._regions = regions

    def authenticate(
        self, method: str, path: str, headers: Headers, body: bytes, region: str = DEFAULT_REGION
    ) -> Call | Answer:
        """
        Check a request, and return the call to execute or the answer with the error. The service records the request.

        The checks are the signature, an injected ``fail`` fault, the call rates, the limits of the parameters and the
        policies of the signer.

        :param region: the region of the request, if signatures are not checked; otherwise the signature names it
        """
        record = RequestRecord(self._service.clock(), method, path, tuple(headers), body)
        self._service.record(record)
        try:
            return self._checked_call(record, region)
        except ServiceError as error:
            return self.error_answer(record, error)

    def execute(self, call: Call) -> dict[str, Any] | Answer:
        """Execute a call, and return the members of its answer or the answer with the error."""
        try:
            return self._service.call(call.operation, call.request, call.region, user_id=call.user_id)
        except ServiceError as error:
            return self.error_answer(call.record, error)
        except Exception:  # the client must receive a bug of the emulator as a JSON error of the service, not as HTML
            log.exception("%s failed in the emulator", call.operation)
            internal_error = ServiceError("InternalServiceError", "The emulator failed; see its log.")
            return self.error_answer(call.record, internal_error)

    def success_answer(self, call: Call, members: dict[str, Any]) -> Answer:
        """Build the answer of a call that succeeded."""
        if call.operation == "PollForTask" and not members and self._service.settings.empty_poll_body == "null":
            members = {"taskObject": None}
        body = json.dumps(members).encode() if has_answer_body(call.operation) else b""
        return _record_answer(call.record, 200, body)

    def error_answer(self, record: RequestRecord, error: ServiceError) -> Answer:
        """Build the answer of a request that failed, in the format of the service."""
        record.error_code = error.code
        body = json.dumps({"__type": error.code, "message": error.message}).encode()
        return _record_answer(record, error.status, body)

    def _checked_call(self, record: RequestRecord, region: str) -> Call:
        signer = self._verified_signer(record)
        if signer:
            region = signer.region
        record.region = region
        if record.method != "POST":
            raise ServiceError("UnknownOperationException", f"The method {record.method} is not supported.")
        operation = record.operation = operation_name(record.header("X-Amz-Target"))
        record.parameters = parse(record.body)
        fault = self._service.faults.next(operation)
        record.fault = fault.kind if fault else None
        if fault and fault.kind == "fail":
            raise ServiceError(fault.code, fault.message, status=fault.status)
        settings = self._service.settings
        if settings.enforce_rates and not self._service.allows(operation):
            raise ServiceError("ThrottlingException", "Rate exceeded")
        request = validate(operation, record.parameters, settings)
        if signer:
            self._service.authorize(signer.identity, operation, request, region)
        user_id = signer.identity.user_id if signer else ""
        return Call(record, operation, request, region, fault, user_id)

    def _verified_signer(self, record: RequestRecord) -> Signer | None:
        if self._credentials is None:
            return None
        record.signature_verified = False
        signer = verify(
            record.method, record.path, record.headers, record.body, self._credentials, regions=self._regions
        )
        record.signature_verified = True
        record.signer = signer.identity.arn
        return signer


def _record_answer(record: RequestRecord, status: int, body: bytes) -> Answer:
    record.status = status
    record.answer = body
    return Answer(status, {"Content-Type": CONTENT_TYPE, "x-amzn-RequestId": str(uuid4())}, body)
