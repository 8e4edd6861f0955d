"""
Offers the emulator inside moto's ``mock_aws``. After ``install()``, boto3 in a mock can make every call of the server.

Each account and region has its own state, which ends with the mock. PollForTask answers at once. Signatures are not
checked, because a mock uses no real credentials. The only fault that can be injected is ``fail``, because a mock has
neither connections nor delays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import moto.datapipeline.models as moto_models
import moto.datapipeline.responses as moto_responses
import moto.datapipeline.urls as moto_urls
from moto.core.models import DEFAULT_ACCOUNT_ID

from airflow_provider_datapipeline.emulator.deprecated import settings_from_keywords
from airflow_provider_datapipeline.emulator.endpoint import Answer, Endpoint
from airflow_provider_datapipeline.emulator.service import DEFAULT_REGION, Service
from airflow_provider_datapipeline.emulator.settings import EmulatorSettings

if TYPE_CHECKING:
    from moto.core.common_types import TYPE_RESPONSE
    from moto.core.request import Request

_URL = "{0}/$"
_settings = EmulatorSettings()


class _Backend(moto_models.DataPipelineBackend):
    """The state of one account and region. moto creates it and resets it."""

    _url_module = moto_urls  # otherwise moto derives the name of this module from our module's name and finds none

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.service = Service(_settings)


class _Response(moto_responses.DataPipelineResponse):
    """
    Passes the unparsed request to the emulator.

    This does not use the parameters that moto parses. moto also parses the JSON body as a form, and then an
    errorMessage that contains ``&taskStatus=FINISHED&`` would turn a failure into a success.
    """

    use_raw_body = True

    def _dispatch(self, request: Request, full_url: str | None = None, headers: Any = None) -> TYPE_RESPONSE:
        self.setup_class(request, full_url, headers)
        service = service_of(self.region, self.current_account)
        endpoint = Endpoint(service, credentials=None)
        received = [(str(name), str(value)) for name, value in self.headers.items()]
        body = self.body if isinstance(self.body, bytes) else self.body.encode()
        call = endpoint.authenticate(self.method, self.path, received, body, self.region)
        if isinstance(call, Answer):
            answer = call
        else:
            result = endpoint.execute(call)
            answer = result if isinstance(result, Answer) else endpoint.success_answer(call, result)
        return answer.status, answer.headers, answer.body.decode()


def install(settings: EmulatorSettings | None = None, *, behaviour: EmulatorSettings | None = None) -> None:
    """
    Let moto use the emulator for AWS Data Pipeline, in mocks that are open now and in mocks that start later.

    :param settings: the settings of every service that is created from now on
    :param behaviour: the old name of ``settings``; version 0.4 drops it
    """
    global _settings  # noqa: PLW0603  # moto constructs backends with a region and an account only
    _settings = settings_from_keywords(settings, behaviour) or EmulatorSettings()
    _replace(_Backend, _Response)


def uninstall() -> None:
    """Let moto use its own implementation again."""
    _replace(moto_models.DataPipelineBackend, moto_responses.DataPipelineResponse)


def service_of(region: str = DEFAULT_REGION, account_id: str = DEFAULT_ACCOUNT_ID) -> Service:
    """
    Return the service of an account and region in the open mock, to read its attempts and requests or inject faults.

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
