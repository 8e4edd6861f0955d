"""Turns the errors that a call ends with into this package's exceptions."""

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
    # a malformed request, refused by AWS's framework before it reaches the service
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
    # credentials: unknown, missing, expired, or not those that the request was signed with
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
"""The text of the RuntimeError that botocore raises if a role's new credentials have expired already."""

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
"""Errors of urllib3, socket and aiohttp inside botocore's EndpointConnectionError after which no byte was sent."""

_FILES = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)

_MAYBE_DELIVERED = "DataPipelineMaybeDelivered"

SERVER_ERROR_STATUS = 500


def error_class(code: str, http_status: int = 400) -> type[ServiceError]:
    """Return the class for an error code of AWS, with or without the namespace before a ``#``."""
    known = _BY_CODE.get(code.rpartition("#")[2])
    if known is not None:
        return known
    return InternalServiceError if http_status >= SERVER_ERROR_STATUS else ServiceError


def error_kind(error: DataPipelineError) -> str:
    """Return the kind of an error, by which metrics count it."""
    return next((_KINDS[base] for base in type(error).__mro__ if base in _KINDS), "other")


def remember_uncertainty(
    parsed_response: dict[str, Any] | None, context: dict[str, Any], exception: Exception | None, **_: object
) -> None:
    """
    Remember on the answer whether this try, or an earlier one, may have taken effect: botocore hides its retries.

    This is a handler of botocore's event ``response-received``, which follows every try. All tries of a call share one
    ``context``.
    """
    context[_MAYBE_DELIVERED] = context.get(_MAYBE_DELIVERED, False) or _is_uncertain(parsed_response, exception)
    if parsed_response is not None:
        parsed_response.setdefault("ResponseMetadata", {})[_MAYBE_DELIVERED] = context[_MAYBE_DELIVERED]
    if exception is not None:
        setattr(exception, _MAYBE_DELIVERED, context[_MAYBE_DELIVERED])


def _is_uncertain(parsed_response: dict[str, Any] | None, exception: Exception | None) -> bool:
    if exception is not None:
        if isinstance(exception, boto.EndpointConnectionError):
            # aiobotocore also raises it for a connection that was reset after the request was sent.
            reason = exception.kwargs.get("error")
            return not _NEVER_CONNECTED.intersection(base.__name__ for base in type(reason).__mro__)
        return isinstance(exception, boto.HTTPClientError | boto.ConnectionError) and not isinstance(
            exception, _NEVER_SENT
        )
    code, status = _code_and_status(parsed_response or {})
    return status >= SERVER_ERROR_STATUS and error_class(code, status) is not ThrottledError


def _code_and_status(response: dict[str, Any]) -> tuple[str, int]:
    return response.get("Error", {}).get("Code", ""), response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def is_aws_error(error: Exception) -> bool:
    """Tell whether an error comes from AWS or from botocore, so that :func:`from_aws_error` knows it."""
    if isinstance(error, RuntimeError):
        return _STILL_EXPIRED in str(error)
    return isinstance(error, boto.BotoCoreError | boto.ClientError)


def from_other_error(operation: str, error: Exception, *, maybe_sent: bool) -> DataPipelineError:
    """
    Return this package's error for an error that :func:`from_aws_error` does not know.

    Such an error comes from the amazon provider, the file system or a library below botocore. Usually the connection or
    the AWS configuration cannot be used, for one of more reasons than can be listed. An error that may pass by itself
    becomes an ``InternalServiceError``, any other a ``ConfigurationError``.

    :param maybe_sent: whether there was a client, and so perhaps a request
    """
    is_final = isinstance(error, _FILES) or not isinstance(error, OSError)
    if maybe_sent:
        is_final = isinstance(error, (*_FILES, ValueError, NotImplementedError))
    code, text = type(error).__name__, str(error) or "(no message)"
    if is_final:
        return configuration_error(operation, code, text)
    return InternalServiceError(operation, code, text, maybe_delivered=maybe_sent)


def configuration_error(operation: str, code: str, text: str) -> ConfigurationError:
    """Return the error for a connection, or an AWS configuration, with which no call can be made."""
    period = "" if text.endswith((".", "!", "?")) else "."
    return ConfigurationError(
        f"{operation} cannot be called: {code}: {text}{period} Correct the Airflow connection or the AWS configuration."
    )


def from_aws_error(operation: str, error: Exception) -> DataPipelineError:
    """Return this package's error for an error of AWS or of botocore that ``operation`` ended with."""
    if isinstance(error, boto.ClientError):
        response: dict[str, Any] = error.response
        code, status = _code_and_status(response)
        return error_class(code, status)(
            # Another operation than the caller's if the connection names a role: AssumeRole.
            error.operation_name,
            code.rpartition("#")[2] or f"HTTP {status}",
            response.get("Error", {}).get("Message") or "(no message)",
            maybe_delivered=response.get("ResponseMetadata", {}).get(_MAYBE_DELIVERED, False),
        )
    code = type(error).__name__
    if isinstance(error, _CONFIGURATION):
        return ConfigurationError(f"{code}: {error} Correct the Airflow connection or the AWS configuration.")
    service_error: type[ServiceError] = InternalServiceError
    if isinstance(error, _CREDENTIALS) or _STILL_EXPIRED in str(error):
        service_error = CredentialsError
    elif isinstance(error, boto.ParamValidationError):
        service_error = InvalidRequestError
    return service_error(operation, code, str(error), maybe_delivered=getattr(error, _MAYBE_DELIVERED, False))
