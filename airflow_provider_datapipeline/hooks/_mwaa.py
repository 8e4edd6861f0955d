"""Makes the one call of Amazon MWAA's own API that the package needs, and explains its refusals."""

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
from airflow_provider_datapipeline.hooks._clients import ClientKey, use_client
from airflow_provider_datapipeline.hooks._config import Purpose, client_config
from airflow_provider_datapipeline.hooks._errors import from_aws_error, from_other_error, is_aws_error

_OPERATION = "CreateWebLoginToken"
_NOT_FOUND = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class WebLogin:
    """
    AWS's answer to an identity that may log in to an environment.

    :param host: the environment's web server, which speaks https
    :param token: valid for one login, within 60 seconds
    :param verify: whether to verify certificates, or the path of a bundle to verify them with, as the connection has it
    """

    host: str
    token: str = field(repr=False)
    verify: bool | str | None


@dataclass(frozen=True, eq=False)
class _MwaaClient:
    """
    A client of Amazon MWAA.

    :param content: of the connection that the client was made from
    """

    client: Any
    content: tuple[Any, ...] = field(repr=False)

    def close(self) -> None:
        self.client.close()


class _MwaaHook(AwsBaseHook):
    """Makes clients for a connection that has been read already."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection.conn_id, client_type="mwaa")
        self._connection = connection

    @cached_property
    def conn_config(self) -> AwsConnectionWrapper:
        return AwsConnectionWrapper(conn=self._connection)

    def build(self, built: list[str]) -> _MwaaClient:
        """Return a new client, and add the connection's name to ``built``."""
        built.append(self._connection.conn_id)
        check_bundles(self.conn_config)
        client = self.get_client_type(config=client_config(Purpose.LOGIN, self.config))
        return _MwaaClient(client, _content(self._connection))


def web_login(connection: Any, environment: str) -> WebLogin:
    """
    Ask AWS for a web token of an environment; blocks, by default for 30 seconds at the most, besides assuming a role.

    One client serves a connection until the connection has changed or a call fails; the next call then makes its own.
    If AWS denies access to a client that was made for an earlier call, its credentials may have been replaced
    elsewhere: the call is made once more, at once, with a new client.

    :param connection: an Airflow connection of type ``aws``
    :param environment: the environment's name
    :raises AirflowApiError: AWS gives none; the text has the remedy
    """
    hook = _MwaaHook(connection)
    key = ClientKey(connection.conn_id, None, None, "", Purpose.LOGIN)
    content = _content(connection)
    client, built = None, list[str]()
    try:
        with use_client(key, partial(hook.build, built), fits=lambda made: made.content == content) as used:
            client = used.client.client
            try:
                answer = client.create_web_login_token(Name=environment)
            except Exception as err:
                if is_aws_error(err):
                    used.discard()
                raise
    except Exception as err:
        if not is_aws_error(err):  # of the amazon provider, the file system and others, about the connection
            known = err if isinstance(err, ConfigurationError) else None
            error = known or from_other_error(_OPERATION, err, maybe_sent=client is not None)
            may_pass = isinstance(error, InternalServiceError)
            raise AirflowApiError(_refusal(connection, environment, error, client), may_pass=may_pass) from err
        error = from_aws_error(_OPERATION, err)
        if built or not isinstance(error, AccessDeniedError):
            may_pass = isinstance(error, ThrottledError | InternalServiceError)
            raise AirflowApiError(_refusal(connection, environment, error, client), may_pass=may_pass) from err
    else:
        return WebLogin(answer["WebServerHostname"], answer["WebToken"], hook.verify)
    return web_login(connection, environment)


def _content(connection: Any) -> tuple[Any, ...]:
    return connection.login, connection.password, connection.host, connection.schema, connection.extra


def _refusal(connection: Any, environment: str, error: DataPipelineError, client: Any) -> str:
    if not isinstance(error, ServiceError):  # its text says already what to correct
        return _message(connection, environment, str(error))
    what = f"{error.operation}: {error.code}: {error.detail}"
    if isinstance(error, CredentialsError) or error.operation != _OPERATION:
        return _message(connection, environment, what, "Correct the connection's credentials, or its role.")
    if isinstance(error, AccessDeniedError):
        arn = f"arn:{client.meta.partition}:airflow:{client.meta.region_name}:ACCOUNT:role/{environment}/User"
        return _message(connection, environment, what, f"Allow airflow:{_OPERATION} on {arn} to its identity.")
    if client is None:
        return _message(connection, environment, what, "Correct the connection or the AWS configuration.")
    if isinstance(error, InvalidRequestError) or error.code == _NOT_FOUND:
        remedy = f"If there is no such environment in {client.meta.region_name}, correct env_name or region_name."
        return _message(connection, environment, what, remedy)
    return _message(connection, environment, what, "The next request tries again.")


def _message(connection: Any, environment: str, what: str, remedy: str = "") -> str:
    period = "" if what.endswith((".", "!", "?")) else "."
    return (
        f"No web token for the MWAA environment {environment!r} with the connection {connection.conn_id!r} "
        f"(airflow_conn_id): {what}{period} {remedy}"
    ).rstrip()
