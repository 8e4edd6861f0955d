"""Makes calls: reads the connection, uses the client that the process shares, and raises this package's errors."""

from __future__ import annotations

import inspect
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import botocore.session  # type: ignore[import-untyped]  # ships no types
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore import xform_name

from airflow_provider_datapipeline._airflow.metrics import count
from airflow_provider_datapipeline._airflow.names import AirflowNotFoundException
from airflow_provider_datapipeline._airflow.threads import in_thread
from airflow_provider_datapipeline._sans_io import aconverse, converse
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
from airflow_provider_datapipeline.hooks._bundle import check_bundles, is_tls_error
from airflow_provider_datapipeline.hooks._clients import ClientKey, Opener, use_async_client, use_client
from airflow_provider_datapipeline.hooks._config import Purpose, client_config
from airflow_provider_datapipeline.hooks._errors import (
    configuration_error,
    error_kind,
    from_aws_error,
    from_other_error,
    is_aws_error,
    remember_uncertainty,
)
from airflow_provider_datapipeline.telemetry.metrics import ERRORS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from airflow_provider_datapipeline.hooks._open_clients import ClientInUse
    from airflow_provider_datapipeline.hooks._requests import Call, Exchange

T = TypeVar("T")

SERVICE = "datapipeline"
_BUILDING = "the service"  # named in an error where a client was built, but no operation was asked for
EVERY_TRY = "response-received.data-pipeline"  # the event after each try; botocore hyphenates the id "Data Pipeline"


class DataPipelineCaller(AwsBaseHook):
    """Makes calls of AWS Data Pipeline. The subclass says which calls there are."""

    @classmethod
    def get_connection(cls, conn_id: str) -> Any:
        """Return the Airflow connection; raise ``ConnectionMissingError`` instead of using other credentials."""
        try:
            return super().get_connection(conn_id)
        except AirflowNotFoundException as err:
            raise _connection_missing(conn_id) from err

    @property
    def conn(self) -> Any:
        """
        The process's boto3 client for everything but PollForTask; the errors of its calls are botocore's own.

        Its connections are closed when AWS refuses the client's credentials. A call that is made with it later opens
        new ones, with the same credentials.
        """
        with self._use(Purpose.CALL, _BUILDING) as (used, _):
            return used.client

    def account(self) -> Account:
        """
        Return the account whose rates the calls count against: two connections to one account and region share them.

        The account is known from the client, which is built if there is none yet; AWS is not asked.

        :raises DataPipelineError: no client can be made
        """
        with self._use(Purpose.CALL, _BUILDING) as (used, _):
            return account_of(used.client, self.aws_conn_id)

    async def aaccount(self) -> Account:
        """Do what :meth:`account` does, without blocking."""
        async with self._ause(Purpose.CALL, _BUILDING) as (used, _):
            return account_of(used.client, self.aws_conn_id)

    def _run(self, exchange: Exchange[T]) -> T:
        """Make the calls of an exchange, and return its result."""
        return converse(exchange, self._call)

    async def _arun(self, exchange: Exchange[T]) -> T:
        """Do what :meth:`_run` does, without blocking."""
        return await aconverse(exchange, self._acall)

    def _call(self, call: Call) -> dict[str, Any]:
        """Make a call, and once more if others may have renewed its credentials."""
        tries = _Tries(call)
        while True:
            try:
                with self._use(call.purpose, call.operation) as (used, is_new):
                    try:
                        response: dict[str, Any] = getattr(used.client, xform_name(call.operation))(**call.parameters)
                    except DataPipelineError:
                        raise
                    except Exception as err:
                        if (error := tries.error_after(err, used, is_new=is_new)) is not None:
                            raise (self._missing_bundle(err) or error) from err
                    else:
                        return response
            except DataPipelineError as error:
                tries.count(error)
                raise

    async def _acall(self, call: Call) -> dict[str, Any]:
        """Do what :meth:`_call` does, without blocking."""
        tries = _Tries(call)
        while True:
            try:
                async with self._ause(call.purpose, call.operation) as (used, is_new):
                    try:
                        operation = getattr(used.client, xform_name(call.operation))
                        response: dict[str, Any] = await operation(**call.parameters)
                    except DataPipelineError:
                        raise
                    except Exception as err:
                        if (error := tries.error_after(err, used, is_new=is_new)) is not None:
                            missing = await in_thread(self._missing_bundle, err) if is_tls_error(err) else None
                            raise (missing or error) from err
                    else:
                        return response
            except DataPipelineError as error:
                tries.count(error)
                raise

    @contextmanager
    def _use(self, purpose: Purpose, operation: str) -> Iterator[tuple[ClientInUse[Any], bool]]:
        """Return the client, and whether this very call had to build it."""
        built: list[Purpose] = []
        with ExitStack() as stack:
            try:
                used = stack.enter_context(use_client(self._key(purpose), partial(self._build, purpose, built)))
            except DataPipelineError:
                raise
            except Exception as err:
                raise _package_error(operation, err, maybe_sent=False) from err
            yield used, bool(built)

    @asynccontextmanager
    async def _ause(self, purpose: Purpose, operation: str) -> AsyncIterator[tuple[ClientInUse[Any], bool]]:
        """Do what :meth:`_use` does, without blocking."""
        built: list[Purpose] = []
        # Not in the one thread that all share, because building a client may wait for STS.
        prepare = partial(in_thread, self._prepare, purpose, built)
        async with AsyncExitStack() as stack:
            try:
                used = await stack.enter_async_context(use_async_client(self._key(purpose), prepare))
            except DataPipelineError:
                raise
            except Exception as err:
                raise _package_error(operation, err, maybe_sent=False) from err
            yield used, bool(built)

    def _key(self, purpose: Purpose) -> ClientKey:
        settings = "" if self._config is None else repr(sorted(vars(self._config).items()))
        return ClientKey(self.aws_conn_id, self._region_name, self._verify, settings, purpose)

    def _build(self, purpose: Purpose, built: list[Purpose]) -> Any:
        built.append(purpose)
        session = self._session(deferrable=False)
        client = session.client(**self._client_parameters(purpose))
        client.meta.events.register(EVERY_TRY, remember_uncertainty)
        return client

    def _prepare(self, purpose: Purpose, built: list[Purpose]) -> Opener:
        built.append(purpose)
        session = self._session(deferrable=True)
        session.register(EVERY_TRY, remember_uncertainty)
        _refresh_in_a_thread(session)
        _load_models(session)
        return partial(session.create_client, **self._client_parameters(purpose))

    def _session(self, *, deferrable: bool) -> Any:
        if self.aws_conn_id == "":  # the base class would treat it as None
            raise _connection_missing(self.aws_conn_id)
        self.__dict__.pop("conn_config", None)  # so that the connection is read again, with renewed credentials
        check_bundles(self.conn_config)
        return self.get_session(region_name=self.region_name, deferrable=deferrable)

    def _missing_bundle(self, err: Exception) -> ConfigurationError | None:
        """Return the error for a bundle that has gone since the client was made, if that is why a call failed."""
        if is_tls_error(err):
            try:
                check_bundles(self.conn_config)
            except ConfigurationError as found:
                return found
            except Exception:  # noqa: BLE001 - the connection cannot be read; the error of the call says more
                return None
        return None

    def _client_parameters(self, purpose: Purpose) -> dict[str, Any]:
        return {
            "service_name": SERVICE,
            "endpoint_url": self.conn_config.get_service_endpoint_url(service_name=SERVICE),
            "config": self._get_config(client_config(purpose, self.config)),
            "verify": self.verify,
        }


class _Tries:
    """
    What the tries of one call have come to.

    A call whose credentials are refused is made once more, because others may have renewed them since the client was
    built. That is safe: the call was refused before it had any effect.
    """

    def __init__(self, call: Call) -> None:
        self._operation = call.operation
        self._refused: CredentialsError | None = None

    def error_after(self, err: Exception, used: ClientInUse[Any], *, is_new: bool) -> DataPipelineError | None:
        """
        Return the error that ends the call, or None if the call is to be made once more.

        A client whose credentials are refused, or do not suffice, is discarded.

        :param is_new: whether the client was built for this very call, so that its credentials are the newest
        """
        error = _package_error(self._operation, err, maybe_sent=True)
        if isinstance(error, AccessDeniedError):
            used.discard()
        if isinstance(error, CredentialsError) and self._refused is None and not is_new:
            self._refused = error
            return None
        return error

    def count(self, error: DataPipelineError) -> None:
        """Count the error that ends the call, and have it say whether the try before it may have taken effect."""
        if isinstance(error, ServiceError) and self._refused is not None:
            error.maybe_delivered = error.maybe_delivered or self._refused.maybe_delivered
        count(ERRORS[error_kind(error)], operation=self._operation)


def _package_error(operation: str, err: Exception, *, maybe_sent: bool) -> DataPipelineError:
    """
    Return this package's error for any error that an operation ended with.

    :param maybe_sent: whether there was a client, and so perhaps a request
    """
    if not is_aws_error(err):
        return from_other_error(operation, err, maybe_sent=maybe_sent)
    error = from_aws_error(operation, err)
    if isinstance(error, InvalidRequestError) and (not maybe_sent or error.operation != operation):
        # AWS has refused the role that the connection names, not the operation.
        return configuration_error(error.operation, error.code, error.detail)
    return error


def _load_models(session: Any) -> None:
    """Read the service's models into the session's cache, which takes up to 150 ms, outside of the event loop."""
    reader = botocore.session.get_session()
    reader.register_component("data_loader", session.get_component("data_loader"))
    # These keys sign nothing. Without them botocore would look for credentials.
    unused_keys = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}
    reader.create_client(SERVICE, region_name="us-east-1", **unused_keys)


def _refresh_in_a_thread(session: Any) -> None:
    """
    Have the amazon provider assume a role again, as it does every hour or so, in a thread.

    It asks STS with a blocking client, which would block the event loop. There is no public way to change that: the
    provider sets ``_credentials`` itself, and takes no factory for them. Remove this function when the provider's
    ``create_session(deferrable=True)`` refreshes asynchronously.
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
