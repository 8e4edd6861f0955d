"""How a call is made: the connection, the client shared by the process, and errors told in this package's terms."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import botocore.session  # type: ignore[import-untyped]  # ships no types
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore import xform_name

from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline._airflow.names import AirflowNotFoundException
from airflow_provider_datapipeline._airflow.threads import in_thread
from airflow_provider_datapipeline.exceptions import (
    AccessDeniedError,
    ConfigurationError,
    ConnectionMissingError,
    CredentialsError,
    DataPipelineError,
    InvalidRequestError,
    ServiceError,
)
from airflow_provider_datapipeline.hooks._account import Account, account_of
from airflow_provider_datapipeline.hooks._bundle import check_bundles, is_of_tls
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
from airflow_provider_datapipeline.hooks._errors import foreign, is_of_aws, kind_of, note_attempt, translated, unusable
from airflow_provider_datapipeline.telemetry.metrics import ERRORS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from airflow_provider_datapipeline.hooks._requests import Call

SERVICE = "datapipeline"
_BUILDING = "the service"  # in an error, where no operation was asked for
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
        """The process's boto3 client for everything but PollForTask; the errors of its calls are botocore's own."""
        return self._shared(Purpose.CALL, _BUILDING)[0]

    def account(self) -> Account:
        """
        Return whose rates the calls count against: two connections to one account and region share them.

        Known from the client, which is built if there is none yet; AWS is not asked.

        :raises DataPipelineError: no client can be made
        """
        return account_of(self._shared(Purpose.CALL, _BUILDING)[0], self.aws_conn_id)

    async def aaccount(self) -> Account:
        """Do what :meth:`account` does, without blocking."""
        shared, _ = await self._ashared(Purpose.CALL, _BUILDING)
        return account_of(shared.client, self.aws_conn_id)

    def _shared(self, purpose: Purpose, operation: str) -> tuple[Any, bool]:
        """Return the client, and whether this very call had to build it."""
        built: list[Purpose] = []
        try:
            return shared_client(self._key(purpose), partial(self._build, purpose, built)), bool(built)
        except DataPipelineError:
            raise
        except Exception as err:
            raise _told(operation, err, maybe_sent=False) from err

    async def _ashared(self, purpose: Purpose, operation: str) -> tuple[AsyncClient, bool]:
        built: list[Purpose] = []
        # Not in the one thread that all share, because building may wait for STS.
        prepare = partial(in_thread, self._prepare, purpose, built)
        try:
            return await shared_async_client(self._key(purpose), prepare), bool(built)
        except DataPipelineError:
            raise
        except Exception as err:
            raise _told(operation, err, maybe_sent=False) from err

    def _key(self, purpose: Purpose) -> ClientKey:
        settings = "" if self._config is None else repr(sorted(vars(self._config).items()))
        return ClientKey(self.aws_conn_id, self._region_name, self._verify, settings, purpose)

    def _call(self, call: Call, earlier: CredentialsError | None = None) -> dict[str, Any]:
        client, is_new = None, True
        try:
            client, is_new = self._shared(call.purpose, call.operation)
            response: dict[str, Any] = getattr(client, xform_name(call.operation))(**call.parameters)
        except DataPipelineError as err:  # there is no client
            _counted(call, _after(earlier, err))
            raise
        except Exception as err:
            if client is not None and isinstance(_error(call, err), AccessDeniedError):
                discard(self._key(call.purpose), client)
            outdated = None if is_new or earlier else _outdated(call, err)
            if outdated is None:
                raise _counted(call, self._missing_bundle(err) or _error(call, err, earlier)) from err
        else:
            return response
        del client
        return self._call(call, outdated)

    async def _acall(self, call: Call, earlier: CredentialsError | None = None) -> dict[str, Any]:
        shared, is_new = None, True
        try:
            shared, is_new = await self._ashared(call.purpose, call.operation)
            response: dict[str, Any] = await getattr(shared.client, xform_name(call.operation))(**call.parameters)
        except DataPipelineError as err:  # there is no client
            _counted(call, _after(earlier, err))
            raise
        except Exception as err:
            if shared is not None and isinstance(_error(call, err), AccessDeniedError):
                discard_async(self._key(call.purpose), shared)
            # Whoever keeps the error keeps the frames of its traceback, and these the client, which closes when nobody
            # has it any more.
            err.__traceback__ = shared = None
            outdated = None if is_new or earlier else _outdated(call, err)
            if outdated is None:
                # In no variable: that would make a cycle with the traceback, and Python collects what is in a cycle,
                # here the client with its open connections, before it is closed.
                missing = in_thread(self._missing_bundle, err) if is_of_tls(err) else None
                raise _counted(call, (missing and await missing) or _error(call, err, earlier)) from err
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
        session = self._session(deferrable=False)
        client = session.client(**self._client_parameters(purpose))
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
        check_bundles(self.conn_config)
        return self.get_session(region_name=self.region_name, deferrable=deferrable)

    def _missing_bundle(self, err: Exception) -> ConfigurationError | None:
        """Return what is wrong with a bundle if that is why a call failed: it may go after the client was made."""
        if is_of_tls(err):
            try:
                check_bundles(self.conn_config)
            except ConfigurationError as found:
                return found
            except Exception:  # noqa: BLE001 - of the connection: the error of the call tells more
                return None
        return None

    def _client_parameters(self, purpose: Purpose) -> dict[str, Any]:
        return {
            "service_name": SERVICE,
            "endpoint_url": self.conn_config.get_service_endpoint_url(service_name=SERVICE),
            "config": self._get_config(client_config(purpose, self.config)),
            "verify": self.verify,
        }


def _told(operation: str, err: Exception, *, maybe_sent: bool) -> DataPipelineError:
    if not is_of_aws(err):
        return foreign(operation, err, maybe_sent=maybe_sent)
    error = translated(operation, err)
    if isinstance(error, InvalidRequestError) and (not maybe_sent or error.operation != operation):
        # Not of the call: of what the connection says of its role.
        return unusable(error.operation, error.code, error.detail)
    return error


def _error(call: Call, err: Exception, earlier: CredentialsError | None = None) -> DataPipelineError:
    """Return the error of a call."""
    return _after(earlier, _told(call.operation, err, maybe_sent=True))


def _after(earlier: CredentialsError | None, error: DataPipelineError) -> DataPipelineError:
    """Have an error know of the try before it, if there was one."""
    if isinstance(error, ServiceError) and earlier is not None:
        error.maybe_delivered = error.maybe_delivered or earlier.maybe_delivered
    return error


def _outdated(call: Call, err: Exception) -> CredentialsError | None:
    """
    Return the error if it is one of credentials, which others may have replaced since the client was built.

    Such a call is made once more with the credentials that the connection has now, at no risk: it was refused before it
    had any effect.
    """
    error = _error(call, err)
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
        credentials._refresh_using = partial(in_thread, refresh)  # noqa: SLF001  # no other seam


def _connection_missing(conn_id: str) -> ConnectionMissingError:
    return ConnectionMissingError(
        f"The Airflow connection {conn_id!r} (aws_conn_id) does not exist, or could not be read. Create it, for "
        f"example with: airflow connections add {conn_id or 'aws_default'} --conn-type aws; or pass aws_conn_id=None "
        "to use the ambient AWS credentials (environment, instance role, ...)."
    )
