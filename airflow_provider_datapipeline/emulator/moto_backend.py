"""
The emulator behind moto's ``mock_aws``: ``install()`` gives boto3 in a mock every call that the server has.

State is per account and region, and ends with the mock. Polls answer at once. Signatures are not checked: nothing
in a mock is signed for real. Of the faults only ``fail`` can be injected: a mock has no connection and no delay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import moto.datapipeline.models as moto_models
import moto.datapipeline.responses as moto_responses
import moto.datapipeline.urls as moto_urls
from moto.core.models import DEFAULT_ACCOUNT_ID

from airflow_provider_datapipeline.emulator.endpoint import Answer, Endpoint
from airflow_provider_datapipeline.emulator.service import DEFAULT_REGION, Service
from airflow_provider_datapipeline.emulator.settings import EmulatorSettings

if TYPE_CHECKING:
    from moto.core.common_types import TYPE_RESPONSE
    from moto.core.request import Request

_URL = "{0}/$"
_settings = EmulatorSettings()


class _Backend(moto_models.DataPipelineBackend):
    """What moto makes, keeps and resets per account and region."""

    _url_module = moto_urls  # moto derives the module's name from ours otherwise, and does not find it

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.service = Service(_settings)


class _Response(moto_responses.DataPipelineResponse):
    """
    Hands the request to the emulator as it came.

    moto's own way to parameters is not used: it also reads the JSON body as a form, so that an errorMessage with
    ``&taskStatus=FINISHED&`` in it would turn a failure into a success.
    """

    use_raw_body = True

    def _dispatch(self, request: Request, full_url: str | None = None, headers: Any = None) -> TYPE_RESPONSE:
        self.setup_class(request, full_url, headers)
        service = service_of(self.region, self.current_account)
        endpoint = Endpoint(service, credentials=None)
        received = [(str(name), str(value)) for name, value in self.headers.items()]
        body = self.body if isinstance(self.body, bytes) else self.body.encode()
        admitted = endpoint.admit(self.method, self.path, received, body, self.region)
        if isinstance(admitted, Answer):
            answer = admitted
        else:
            result = endpoint.carry_out(admitted)
            answer = result if isinstance(result, Answer) else endpoint.answer(admitted, result)
        return answer.status, answer.headers, answer.body.decode()


def install(settings: EmulatorSettings | None = None) -> None:
    """
    Let moto answer for AWS Data Pipeline with the emulator, in mocks that begin afterwards and in those that are open.

    :param settings: the switches of every service made from now on
    """
    global _settings  # noqa: PLW0603  # moto constructs backends with a region and an account only
    _settings = settings or EmulatorSettings()
    _replace(_Backend, _Response)


def uninstall() -> None:
    """Let moto answer by itself again."""
    _replace(moto_models.DataPipelineBackend, moto_responses.DataPipelineResponse)


def service_of(region: str = DEFAULT_REGION, account_id: str = DEFAULT_ACCOUNT_ID) -> Service:
    """
    The service that answers for a region and account in the open mock: for its attempts, requests and levers.

    :raises LookupError: ``install()`` was not called
    """
    backend = moto_models.datapipeline_backends[account_id][region]
    if not isinstance(backend, _Backend):
        raise LookupError("moto answers for AWS Data Pipeline by itself: call install() first")  # noqa: TRY004  # nothing is wrong with a type
    return backend.service


def _replace(
    backend: type[moto_models.DataPipelineBackend], response: type[moto_responses.DataPipelineResponse]
) -> None:
    moto_models.datapipeline_backends.backend = backend
    moto_models.datapipeline_backends.clear()
    moto_urls.url_paths[_URL] = response.dispatch
