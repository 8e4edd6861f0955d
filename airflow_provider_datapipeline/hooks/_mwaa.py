"""The one call of Amazon MWAA's own API that is made here, and what its refusals mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper

from airflow_provider_datapipeline.exceptions import (
    AccessDeniedError,
    AirflowApiError,
    ConfigurationError,
    CredentialsError,
    DataPipelineError,
    InternalServiceError,
    InvalidRequestError,
    ServiceError,
    ThrottledError,
)
from airflow_provider_datapipeline.hooks._bundle import check_bundles
from airflow_provider_datapipeline.hooks._clients import ClientKey, discard, shared_client
from airflow_provider_datapipeline.hooks._config import Purpose, client_config
from airflow_provider_datapipeline.hooks._errors import foreign, is_of_aws, translated

_OPERATION = "CreateWebLoginToken"
_NOT_FOUND = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class WebLogin:
    """
    What AWS answers to who may log in to an environment.

    :param host: the environment's web server, which speaks https
    :param token: good for one login, within 60 seconds
    :param verify: whether, or against which bundle, the connection wants certificates verified
    """

    host: str
    token: str = field(repr=False)
    verify: bool | str | None


class _MwaaHook(AwsBaseHook):
    """Makes clients for a connection that has been read already."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection.conn_id, client_type="mwaa")
        self._connection = connection

    @cached_property
    def conn_config(self) -> AwsConnectionWrapper:
        return AwsConnectionWrapper(conn=self._connection)

    def build(self, built: list[str]) -> tuple[Any, tuple[Any, ...]]:
        """Return a client and what it was made of."""
        built.append(self._connection.conn_id)
        check_bundles(self.conn_config)
        return self.get_client_type(config=client_config(Purpose.LOGIN, self.config)), _content(self._connection)


def web_login(connection: Any, environment: str) -> WebLogin:
    """
    Ask AWS for a web token of an environment; blocks, by default for 30 seconds at the most, besides assuming a role.

    One client serves a connection until that has changed or a call fails: the next one then makes its own. Where AWS
    denies access, the credentials may have been replaced elsewhere: then that is done at once.

    :param connection: an Airflow connection of type ``aws``
    :param environment: the environment's name
    :raises AirflowApiError: AWS gives none; the text has the remedy
    """
    hook = _MwaaHook(connection)
    key = ClientKey(connection.conn_id, None, None, "", Purpose.LOGIN)
    client, shared, built = None, None, list[str]()
    try:
        shared = shared_client(key, partial(hook.build, built))
        if shared[1] != _content(connection):
            discard(key, shared)
            shared = shared_client(key, partial(hook.build, built))
        client = shared[0]
        answer = client.create_web_login_token(Name=environment)
    except Exception as err:
        if not is_of_aws(err):  # of the amazon provider, the file system and others, about the connection
            told = err if isinstance(err, ConfigurationError) else None
            error = told or foreign(_OPERATION, err, maybe_sent=client is not None)
            passes = isinstance(error, InternalServiceError)
            raise AirflowApiError(_refused(connection, environment, error, client), may_pass=passes) from err
        error = translated(_OPERATION, err)
        if shared is not None:
            discard(key, shared)
        if built or not isinstance(error, AccessDeniedError):
            passes = isinstance(error, ThrottledError | InternalServiceError)
            raise AirflowApiError(_refused(connection, environment, error, client), may_pass=passes) from err
    else:
        return WebLogin(answer["WebServerHostname"], answer["WebToken"], hook.verify)
    return web_login(connection, environment)


def _content(connection: Any) -> tuple[Any, ...]:
    return connection.login, connection.password, connection.host, connection.schema, connection.extra


def _refused(connection: Any, environment: str, error: DataPipelineError, client: Any) -> str:
    if not isinstance(error, ServiceError):  # which says already what to correct
        return _told(connection, environment, str(error))
    what = f"{error.operation}: {error.code}: {error.detail}"
    if isinstance(error, CredentialsError) or error.operation != _OPERATION:
        return _told(connection, environment, what, "Correct the connection's credentials, or its role.")
    if isinstance(error, AccessDeniedError):
        arn = f"arn:{client.meta.partition}:airflow:{client.meta.region_name}:ACCOUNT:role/{environment}/User"
        return _told(connection, environment, what, f"Allow airflow:{_OPERATION} on {arn} to its identity.")
    if client is None:
        return _told(connection, environment, what, "Correct the connection or the AWS configuration.")
    if isinstance(error, InvalidRequestError) or error.code == _NOT_FOUND:
        remedy = f"If there is no such environment in {client.meta.region_name}, correct env_name or region_name."
        return _told(connection, environment, what, remedy)
    return _told(connection, environment, what, "The next request tries again.")


def _told(connection: Any, environment: str, what: str, remedy: str = "") -> str:
    period = "" if what.endswith((".", "!", "?")) else "."
    return (
        f"No web token for the MWAA environment {environment!r} with the connection {connection.conn_id!r} "
        f"(airflow_conn_id): {what}{period} {remedy}"
    ).rstrip()
