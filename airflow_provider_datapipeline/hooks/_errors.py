"""What went wrong with a call, told in this package's exceptions."""

from __future__ import annotations

from typing import Any

from botocore import exceptions as boto  # type: ignore[import-untyped]  # ships no types

from airflow_provider_datapipeline.exceptions import (
    AccessDeniedError,
    ConfigurationError,
    ConnectionMissingError,
    CredentialsError,
    DataPipelineError,
    InternalServiceError,
    InvalidRequestError,
    PipelineDeletedError,
    PipelineNotFoundError,
    ServiceError,
    TaskNotFoundError,
    ThrottledError,
)

_BY_CODE: dict[str, type[ServiceError]] = {
    # the five of the service model
    "TaskNotFoundException": TaskNotFoundError,
    "PipelineNotFoundException": PipelineNotFoundError,
    "PipelineDeletedException": PipelineDeletedError,
    "InvalidRequestException": InvalidRequestError,
    "InternalServiceError": InternalServiceError,
    # AWS's framework before the service refuses a malformed request
    "ValidationException": InvalidRequestError,
    "ValidationError": InvalidRequestError,
    "SerializationException": InvalidRequestError,
    "UnknownOperationException": InvalidRequestError,
    # rates: the codes that botocore's standard mode retries as throttling
    "Throttling": ThrottledError,
    "ThrottlingException": ThrottledError,
    "ThrottledException": ThrottledError,
    "RequestThrottled": ThrottledError,
    "RequestThrottledException": ThrottledError,
    "RequestLimitExceeded": ThrottledError,
    "TooManyRequestsException": ThrottledError,
    "LimitExceededException": ThrottledError,
    "SlowDown": ThrottledError,
    # rights
    "AccessDenied": AccessDeniedError,
    "AccessDeniedException": AccessDeniedError,
    "UnauthorizedOperation": AccessDeniedError,
    "NotAuthorized": AccessDeniedError,
    "OptInRequired": AccessDeniedError,
    "SubscriptionRequiredException": AccessDeniedError,
    # credentials: not known, not signed with, not valid any more
    "UnrecognizedClient": CredentialsError,
    "UnrecognizedClientException": CredentialsError,
    "InvalidClientTokenId": CredentialsError,
    "InvalidAccessKeyId": CredentialsError,
    "InvalidSignatureException": CredentialsError,
    "SignatureDoesNotMatch": CredentialsError,
    "IncompleteSignature": CredentialsError,
    "IncompleteSignatureException": CredentialsError,
    "MissingAuthenticationToken": CredentialsError,
    "MissingAuthenticationTokenException": CredentialsError,
    "ExpiredToken": CredentialsError,
    "ExpiredTokenException": CredentialsError,
    "RequestExpired": CredentialsError,
}

_KINDS: dict[type[DataPipelineError], str] = {
    AccessDeniedError: "access_denied",
    ConfigurationError: "configuration",
    ConnectionMissingError: "configuration",
    InternalServiceError: "unavailable",
    InvalidRequestError: "refused",
    PipelineDeletedError: "not_found",
    PipelineNotFoundError: "not_found",
    TaskNotFoundError: "not_found",
    ThrottledError: "throttled",
}

_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
    boto.SSOError,
)

_STILL_EXPIRED = "refreshed credentials are still expired"
"""How botocore, in a bare RuntimeError, puts it that the credentials of a role have ended when they come."""

_CONFIGURATION = (
    boto.BaseEndpointResolverError,
    boto.ProfileNotFound,
    boto.ConfigParseError,
    boto.ConfigNotFound,
    boto.InvalidRegionError,
    boto.InvalidConfigError,
    boto.InvalidProxiesConfigError,
    boto.InvalidRetryConfigurationError,
    boto.UnknownSignatureVersionError,
)

_NEVER_SENT = (boto.ConnectTimeoutError, boto.ProxyConnectionError, boto.SSLError)

_NEVER_CONNECTED = {"NewConnectionError", "gaierror", "ClientConnectorError"}
"""Reasons (urllib3, socket, aiohttp) inside botocore's EndpointConnectionError that mean: no byte was sent."""

_FILES = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)

_MARK = "DataPipelineMaybeDelivered"

SERVER_ERROR_STATUS = 500


def error_class(code: str, http_status: int = 400) -> type[ServiceError]:
    """Return the class for an error code of AWS, with or without the namespace before a ``#``."""
    known = _BY_CODE.get(code.rpartition("#")[2])
    if known is not None:
        return known
    return InternalServiceError if http_status >= SERVER_ERROR_STATUS else ServiceError


def kind_of(error: DataPipelineError) -> str:
    """Return of which kind an error is, as metrics tell them apart."""
    return next((_KINDS[base] for base in type(error).__mro__ if base in _KINDS), "other")


def note_attempt(
    parsed_response: dict[str, Any] | None, context: dict[str, Any], exception: Exception | None, **_: object
) -> None:
    """
    Remember on the answer whether this try, or one before it, may have taken effect: botocore retries unseen.

    A handler of botocore's event ``response-received``, called after every try; ``context`` lasts as long as the call.
    """
    context[_MARK] = context.get(_MARK, False) or _is_uncertain(parsed_response, exception)
    if parsed_response is not None:
        parsed_response.setdefault("ResponseMetadata", {})[_MARK] = context[_MARK]
    if exception is not None:
        setattr(exception, _MARK, context[_MARK])


def _is_uncertain(parsed_response: dict[str, Any] | None, exception: Exception | None) -> bool:
    if exception is not None:
        if isinstance(exception, boto.EndpointConnectionError):
            # aiobotocore raises it for a connection that was reset under way, too
            reason = exception.kwargs.get("error")
            return not _NEVER_CONNECTED.intersection(base.__name__ for base in type(reason).__mro__)
        return isinstance(exception, boto.HTTPClientError | boto.ConnectionError) and not isinstance(
            exception, _NEVER_SENT
        )
    code, status = _code_and_status(parsed_response or {})
    return status >= SERVER_ERROR_STATUS and error_class(code, status) is not ThrottledError


def _code_and_status(response: dict[str, Any]) -> tuple[str, int]:
    return response.get("Error", {}).get("Code", ""), response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def is_of_aws(error: Exception) -> bool:
    """Tell whether ``translated`` knows the error."""
    if isinstance(error, RuntimeError):
        return _STILL_EXPIRED in str(error)
    return isinstance(error, boto.BotoCoreError | boto.ClientError)


def foreign(operation: str, error: Exception, *, maybe_sent: bool) -> DataPipelineError:
    """
    Return this package's error for one that ``translated`` does not know.

    It comes from the amazon provider, the file system or a library below botocore, where the connection or the AWS
    configuration is unusable in a way that nobody can list. What may pass by itself is told from the rest.

    :param maybe_sent: whether there was a client, and so perhaps a request
    """
    is_final = isinstance(error, _FILES) or not isinstance(error, OSError)
    if maybe_sent:
        is_final = isinstance(error, (*_FILES, ValueError, NotImplementedError))
    code, text = type(error).__name__, str(error) or "(no message)"
    if is_final:
        return unusable(operation, code, text)
    return InternalServiceError(operation, code, text, maybe_delivered=maybe_sent)


def unusable(operation: str, code: str, text: str) -> ConfigurationError:
    """Return the error for a connection, or an AWS configuration, with which there is nothing to be called."""
    period = "" if text.endswith((".", "!", "?")) else "."
    return ConfigurationError(
        f"{operation} cannot be called: {code}: {text}{period} Correct the Airflow connection or the AWS configuration."
    )


def translated(operation: str, error: Exception) -> DataPipelineError:
    """Return this package's error for an error of AWS's libraries that ``operation`` ended with."""
    if isinstance(error, boto.ClientError):
        response: dict[str, Any] = error.response
        code, status = _code_and_status(response)
        return error_class(code, status)(
            # not always the caller's: AssumeRole, when the connection names a role
            error.operation_name,
            code.rpartition("#")[2] or f"HTTP {status}",
            response.get("Error", {}).get("Message") or "(no message)",
            maybe_delivered=response.get("ResponseMetadata", {}).get(_MARK, False),
        )
    code = type(error).__name__
    if isinstance(error, _CONFIGURATION):
        return ConfigurationError(f"{code}: {error} Correct the Airflow connection or the AWS configuration.")
    service_error: type[ServiceError] = InternalServiceError
    if isinstance(error, _CREDENTIALS) or _STILL_EXPIRED in str(error):
        service_error = CredentialsError
    elif isinstance(error, boto.ParamValidationError):
        service_error = InvalidRequestError
    return service_error(operation, code, str(error), maybe_delivered=getattr(error, _MARK, False))
