"""Every way in which a call can fail has one of this package's errors."""

from __future__ import annotations

import inspect
import socket

import botocore.session  # type: ignore[import-untyped]  # ships no types
import pytest
from aiohttp import ClientConnectorError, ClientOSError
from aiohttp.client_reqrep import ConnectionKey
from botocore import exceptions as boto  # type: ignore[import-untyped]  # ships no types
from botocore.retries.standard import ThrottledRetryableChecker  # type: ignore[import-untyped]  # ships no types
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

from airflow_provider_datapipeline import exceptions
from airflow_provider_datapipeline.exceptions import (
    AccessDeniedError,
    ConfigurationError,
    CredentialsError,
    InternalServiceError,
    InvalidRequestError,
    ServiceError,
    ThrottledError,
)
from airflow_provider_datapipeline.hooks._errors import (
    error_class,
    from_aws_error,
    from_other_error,
    is_aws_error,
    remember_uncertainty,
)

OPERATIONS = [
    "PollForTask",
    "ReportTaskProgress",
    "ReportTaskRunnerHeartbeat",
    "SetTaskStatus",
    "EvaluateExpression",
    "DescribeObjects",
    "QueryObjects",
    "SetStatus",
]
MODEL = botocore.session.get_session().get_service_model("datapipeline")
MODELLED = sorted({shape.name for name in OPERATIONS for shape in MODEL.operation_model(name).error_shapes})


def refused(code: str, status: int = 400) -> boto.ClientError:
    return boto.ClientError(
        {"Error": {"Code": code, "Message": "why"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "SetTaskStatus"
    )


def test_the_model_still_has_the_five_errors() -> None:
    assert len(MODELLED) == 5


@pytest.mark.parametrize("code", MODELLED)
@pytest.mark.parametrize("prefix", ["", "com.amazon.setl.webservice#"])
def test_every_modelled_error_has_a_class_of_its_own(prefix, code) -> None:
    """When the service model has a new error, this test fails until the error has a class."""
    cls = error_class(prefix + code)

    assert cls is not ServiceError
    assert cls.__name__ == code.removesuffix("Exception").removesuffix("Error") + "Error"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ThrottlingException", ThrottledError),
        ("RequestLimitExceeded", ThrottledError),
        ("AccessDenied", AccessDeniedError),
        ("AccessDeniedException", AccessDeniedError),
        ("UnrecognizedClientException", CredentialsError),
        ("InvalidSignatureException", CredentialsError),
        ("ExpiredToken", CredentialsError),
        ("ExpiredTokenException", CredentialsError),
        ("MissingAuthenticationToken", CredentialsError),
        ("MissingAuthenticationTokenException", CredentialsError),
        ("ValidationException", InvalidRequestError),
        ("SomethingNew", ServiceError),
    ],
)
def test_errors_that_the_model_lacks_are_known_by_code(code, expected) -> None:
    error = from_aws_error("SetTaskStatus", refused(code))

    assert type(error) is expected
    assert str(error) == f"SetTaskStatus: {code}: why. {expected.remedy}"


def test_what_botocore_retries_as_throttling_is_throttling_or_a_server_error() -> None:
    """Codes of other services (DynamoDB, EC2, S3) have no class. This list names them."""
    foreign = {
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "BandwidthLimitExceeded",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
    }
    codes = set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES) - foreign

    assert {code for code in codes if error_class(code) is not ThrottledError} == set()


@pytest.mark.parametrize(("status", "code"), [(500, "Unheard"), (502, "502"), (503, "503"), (504, "")])
def test_a_5xx_of_any_code_is_an_internal_error(status, code) -> None:
    """Proxies and load balancers answer without an error code of AWS."""
    error = from_aws_error("SetTaskStatus", refused(code, status))

    assert type(error) is InternalServiceError
    assert error.code == (code or "HTTP 504")


def blank(cls: type[Exception]) -> Exception:
    """Make an error of a class of botocore without the details that its constructor needs."""
    error = cls.__new__(cls)
    error.kwargs = {}  # type: ignore[attr-defined]  # as BotoCoreError has it
    return error


ALL_OF_BOTOCORE = [cls for _, cls in inspect.getmembers(boto, inspect.isclass) if issubclass(cls, boto.BotoCoreError)]


@pytest.mark.parametrize("cls", ALL_OF_BOTOCORE)
def test_no_error_of_botocore_stays_botocores(cls) -> None:
    """Every error of botocore becomes an error of this package, whose text has the name of the first."""
    mapped = from_aws_error("PollForTask", blank(cls))

    assert type(mapped).__module__ == exceptions.__name__
    assert cls.__name__ in str(mapped)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (boto.NoCredentialsError(), CredentialsError),
        (boto.PartialCredentialsError(provider="env", cred_var="aws_secret_access_key"), CredentialsError),
        (boto.TokenRetrievalError(provider="sso", error_msg="expired"), CredentialsError),
        (boto.NoRegionError(), ConfigurationError),
        (boto.ProfileNotFound(profile="x"), ConfigurationError),
        (boto.ParamValidationError(report="x"), InvalidRequestError),
        (boto.ReadTimeoutError(endpoint_url="x"), InternalServiceError),
        (boto.EndpointConnectionError(endpoint_url="x"), InternalServiceError),
        (boto.SSLError(endpoint_url="x", error="certificate"), InternalServiceError),
        (boto.ProxyConnectionError(proxy_url="x"), InternalServiceError),
    ],
)
def test_errors_short_of_an_answer(error, expected) -> None:
    assert type(from_aws_error("SetTaskStatus", error)) is expected


REFUSED_CONNECTION = ClientConnectorError(
    ConnectionKey("x", 1, False, None, None, None, None), ConnectionRefusedError(111, "refused")
)


@pytest.mark.parametrize(
    ("error", "maybe_delivered"),
    [
        (boto.ReadTimeoutError(endpoint_url="x"), True),
        (boto.ConnectionClosedError(endpoint_url="x"), True),
        (boto.HTTPClientError(error="x"), True),
        (boto.ConnectTimeoutError(endpoint_url="x"), False),
        (boto.SSLError(endpoint_url="x", error="certificate"), False),
        (boto.EndpointConnectionError(endpoint_url="x", error=NewConnectionError(HTTPConnection("x"), "m")), False),
        (boto.EndpointConnectionError(endpoint_url="x", error=socket.gaierror(-2, "unknown")), False),
        (boto.EndpointConnectionError(endpoint_url="x", error=REFUSED_CONNECTION), False),
        (boto.EndpointConnectionError(endpoint_url="x", error=ClientOSError(104, "reset by peer")), True),
    ],
)
def test_a_try_may_have_arrived_unless_it_surely_never_left(error, maybe_delivered) -> None:
    """aiobotocore raises EndpointConnectionError for a connection that was reset, and for one that was never made."""
    remember_uncertainty(None, {}, error)

    assert from_aws_error("SetTaskStatus", error).maybe_delivered is maybe_delivered


@pytest.mark.parametrize(
    ("tries", "maybe_delivered"),
    [
        ([refused("ThrottlingException")], False),
        ([refused("ThrottlingException", 503)], False),
        ([refused("TaskNotFoundException")], False),
        ([refused("InternalServiceError", 500)], True),
        ([refused("InternalServiceError", 500), refused("TaskNotFoundException")], True),
        ([boto.ReadTimeoutError(endpoint_url="x"), refused("ThrottlingException")], True),
        ([refused("ThrottlingException"), refused("TaskNotFoundException")], False),
        ([refused("InternalServiceError", 500), boto.ConnectTimeoutError(endpoint_url="x")], True),
    ],
)
def test_the_last_try_tells_about_those_before_it(tries, maybe_delivered) -> None:
    """botocore hides its retries, so the last error says whether any of the tries may have taken effect."""
    context: dict[str, object] = {}
    for number, error in enumerate(tries):
        answered = isinstance(error, boto.ClientError)
        parsed = {**error.response, "ResponseMetadata": {**error.response["ResponseMetadata"]}} if answered else None
        remember_uncertainty(parsed, context, None if answered else error)
        tries[number] = boto.ClientError(parsed, "SetTaskStatus") if answered else error

    assert from_aws_error("SetTaskStatus", tries[-1]).maybe_delivered is maybe_delivered


def test_a_refused_role_is_not_blamed_on_the_call() -> None:
    """Assuming the connection's role is another call, and the error names it."""
    error = boto.ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole")

    assert str(from_aws_error("SetTaskStatus", error)).startswith("AssumeRole: AccessDenied: no. ")


@pytest.mark.parametrize("maybe_sent", [False, True])
@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (ValueError("Port out of range"), False),
        (NotImplementedError("no such method"), False),
        (FileNotFoundError(2, "No such file", "token"), False),
        (PermissionError(13, "Permission denied", "token"), False),
        (OSError(24, "Too many open files"), True),
        (ConnectionResetError(104, "reset"), True),
        (TimeoutError(), True),
    ],
)
def test_what_comes_from_below_botocore_is_told_by_whether_it_may_pass(error, passes, maybe_sent) -> None:
    told = from_other_error("SetTaskStatus", error, maybe_sent=maybe_sent)

    assert type(told) is (InternalServiceError if passes else ConfigurationError)
    assert type(error).__name__ in str(told)
    assert getattr(told, "maybe_delivered", False) is (passes and maybe_sent)


@pytest.mark.parametrize("error", [KeyError("idp_url"), RuntimeError("no supervisor"), TypeError("x")])
def test_what_nobody_has_thought_of_is_unusable_before_a_client_and_uncertain_with_one(error) -> None:
    assert type(from_other_error("SetTaskStatus", error, maybe_sent=False)) is ConfigurationError
    assert from_other_error("SetTaskStatus", error, maybe_sent=True).maybe_delivered  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused("ExpiredToken"), True),
        (boto.NoRegionError(), True),
        (RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired."), True),
        (RuntimeError("Event loop is closed"), False),
    ],
)
def test_a_defect_is_not_taken_for_an_error_of_aws(error, expected) -> None:
    """botocore itself raises RuntimeError in one case. In all other cases it shows a bug."""
    assert is_aws_error(error) is expected
