"""How a call is made: the connection, the client shared by the process, and errors told in this package's terms."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import botocore.session  # type: ignore[import-untyped]  # ships no types
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from asgiref.sync import sync_to_async
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # ships no types

from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline._airflow.names import AirflowNotFoundException
from airflow_provider_datapipeline.exceptions import (
    AccessDeniedError,
    ConfigurationError,
    ConnectionMissingError,
    CredentialsError,
    DataPipelineError,
    ServiceError,
)
from airflow_provider_datapipeline.hooks._clients import (
    AsyncClient,
    ClientKey,
    Opener,
    discard,
    discard_async,
    shared_async_client,
    shared_client,
)
from airflow_provider_datapipeline.hooks._config import Purpose, client_config
from airflow_provider_datapipeline.hooks._errors import is_of_aws, kind_of, note_attempt, translated
from airflow_provider_datapipeline.metrics import ERRORS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from airflow_provider_datapipeline.hooks._requests import Call

SERVICE = "datapipeline"
EVERY_TRY = "response-received.data-pipeline"  # botocore's event; the service id "Data Pipeline", hyphenized


class DataPipelineCaller(AwsBaseHook):
    """Makes calls of AWS Data Pipeline; which calls there are is the subclass's business."""

    @classmethod
    def get_connection(cls, conn_id: str) -> Any:
        """Return the Airflow connection; ``ConnectionMissingError`` if there is none, never other credentials."""
        try:
            return super().get_connection(conn_id)
        except AirflowNotFoundException as err:
            raise _connection_missing(conn_id) from err

    @property
    def conn(self) -> Any:
        """The process's boto3 client for everything but PollForTask; its errors are botocore's own."""
        return self._shared(Purpose.CALL)[0]

    def _shared(self, purpose: Purpose) -> tuple[Any, bool]:
        """Return the client, and whether this very call had to build it."""
        built: list[Purpose] = []
        try:
            return shared_client(self._key(purpose), partial(self._build, purpose, built)), bool(built)
        except (ValueError, NotImplementedError) as err:
            raise _unusable(err) from err

    async def _ashared(self, purpose: Purpose) -> tuple[AsyncClient, bool]:
        built: list[Purpose] = []
        # A thread of asgiref, because up to Airflow 3.2 only those may ask the triggerer for a connection; not its one
        # thread for everybody, because building may wait for STS.
        prepare = sync_to_async(partial(self._prepare, purpose, built), thread_sensitive=False)
        try:
            return await shared_async_client(self._key(purpose), prepare), bool(built)
        except (ValueError, NotImplementedError) as err:
            raise _unusable(err) from err

    def _key(self, purpose: Purpose) -> ClientKey:
        settings = "" if self._config is None else repr(sorted(vars(self._config).items()))
        return ClientKey(self.aws_conn_id, self._region_name, self._verify, settings, purpose)

    def _call(self, call: Call, earlier: CredentialsError | None = None) -> dict[str, Any]:
        client, is_new = None, True
        try:
            client, is_new = self._shared(call.purpose)
            response: dict[str, Any] = getattr(client, xform_name(call.operation))(**call.parameters)
        except (BotoCoreError, ClientError, RuntimeError) as err:
            if not is_of_aws(err):
                raise
            if client is not None and isinstance(_error(call, err), AccessDeniedError):
                discard(self._key(call.purpose), client)
            outdated = None if is_new or earlier else _outdated(call, err)
            if outdated is None:
                raise _counted(call, _error(call, err, earlier)) from err
        except DataPipelineError as err:  # there is no client
            _counted(call, err)
            raise
        else:
            return response
        del client
        return self._call(call, outdated)

    async def _acall(self, call: Call, earlier: CredentialsError | None = None) -> dict[str, Any]:
        shared, is_new = None, True
        try:
            shared, is_new = await self._ashared(call.purpose)
            response: dict[str, Any] = await getattr(shared.client, xform_name(call.operation))(**call.parameters)
        except (BotoCoreError, ClientError, RuntimeError) as err:
            if not is_of_aws(err):
                raise
            if shared is not None and isinstance(_error(call, err), AccessDeniedError):
                discard_async(self._key(call.purpose), shared)
            # Whoever keeps the error keeps the frames of its traceback, and these the client, which closes when nobody
            # has it any more.
            err.__traceback__ = shared = None
            outdated = None if is_new or earlier else _outdated(call, err)
            if outdated is None:
                # In no variable: that would make a cycle with the traceback, and Python collects what is in a cycle,
                # here the client with its open connections, before it is closed.
                raise _counted(call, _error(call, err, earlier)) from err
        except DataPipelineError as err:  # there is no client
            _counted(call, err)
            raise
        else:
            return response
        del shared  # not held for as long as the second try takes
        return await self._acall(call, outdated)

    def _pages(self, call: Call | None) -> Iterator[dict[str, Any]]:
        while call is not None:
            response = self._call(call)
            yield response
            call = call.next_page(response)

    async def _apages(self, call: Call | None) -> AsyncIterator[dict[str, Any]]:
        while call is not None:
            response = await self._acall(call)
            yield response
            call = call.next_page(response)

    def _build(self, purpose: Purpose, built: list[Purpose]) -> Any:
        built.append(purpose)
        client = self._session(deferrable=False).client(**self._client_parameters(purpose))
        client.meta.events.register(EVERY_TRY, note_attempt)
        return client

    def _prepare(self, purpose: Purpose, built: list[Purpose]) -> Opener:
        built.append(purpose)
        session = self._session(deferrable=True)
        session.register(EVERY_TRY, note_attempt)
        _refresh_in_a_thread(session)
        _load_models(session)
        return partial(session.create_client, **self._client_parameters(purpose))

    def _session(self, *, deferrable: bool) -> Any:
        if self.aws_conn_id == "":  # the base class would take it for None
            raise _connection_missing(self.aws_conn_id)
        self.__dict__.pop("conn_config", None)  # read anew: a kept hook may need the credentials that were rotated in
        return self.get_session(region_name=self.region_name, deferrable=deferrable)

    def _client_parameters(self, purpose: Purpose) -> dict[str, Any]:
        return {
            "service_name": SERVICE,
            "endpoint_url": self.conn_config.get_service_endpoint_url(service_name=SERVICE),
            "config": self._get_config(client_config(purpose, self.config)),
            "verify": self.verify,
        }


def _error(call: Call, err: Exception, earlier: CredentialsError | None = None) -> DataPipelineError:
    """Return the error of a call, which knows of the try before it, if there was one."""
    error = translated(call.operation, err)
    if isinstance(error, ServiceError) and earlier is not None:
        error.maybe_delivered = error.maybe_delivered or earlier.maybe_delivered
    return error


def _outdated(call: Call, err: Exception) -> CredentialsError | None:
    """
    Return the error if it is one of credentials, which others may have replaced since the client was built.

    Such a call is made once more with the credentials that the connection has now, at no risk: it was refused before it
    had any effect.
    """
    error = translated(call.operation, err)
    return error if isinstance(error, CredentialsError) else None


def _counted(call: Call, error: DataPipelineError) -> DataPipelineError:
    count(ERRORS[kind_of(error)], operation=call.operation)
    return error


def _load_models(session: Any) -> None:
    """Read the service's models into the session's cache: up to 150 ms that would else hold up the event loop."""
    reader = botocore.session.get_session()
    reader.register_component("data_loader", session.get_component("data_loader"))
    never_sent = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}  # or botocore would go and look for some
    reader.create_client(SERVICE, region_name="us-east-1", **never_sent)


def _refresh_in_a_thread(session: Any) -> None:
    """
    Keep what the amazon provider does to assume a role anew, every hour or so, out of the event loop.

    It asks STS with a blocking client. No other seam: the provider sets ``_credentials`` itself, and takes no factory
    for them. Remove when its ``create_session(deferrable=True)`` refreshes asynchronously.
    """
    credentials = getattr(session, "_credentials", None)
    refresh = getattr(credentials, "_refresh_using", None)
    if credentials is not None and refresh is not None and not inspect.iscoroutinefunction(refresh):
        credentials._refresh_using = sync_to_async(refresh, thread_sensitive=False)  # noqa: SLF001


def _connection_missing(conn_id: str) -> ConnectionMissingError:
    return ConnectionMissingError(
        f"The Airflow connection {conn_id!r} (aws_conn_id) does not exist, or could not be read. Create it, for "
        f"example with: airflow connections add {conn_id or 'aws_default'} --conn-type aws; or pass aws_conn_id=None "
        "to use the ambient AWS credentials (environment, instance role, ...)."
    )


def _unusable(err: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"No AWS client can be made: {err} Correct the Airflow connection or the AWS configuration."
    )
