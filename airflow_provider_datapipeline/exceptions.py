"""
Every error that this package raises itself.

::

    DataPipelineError
    ├── InvalidReportError(ValueError)   a report that the service would refuse; nothing was sent
    ├── ConnectionMissingError           the Airflow connection does not exist
    ├── ConfigurationError               the connection or the AWS configuration cannot be used
    ├── NoPipelineTaskError              neither a parameter nor the DAG run's conf names a Data Pipeline task
    ├── DeliveryTimeoutError             no answer within the time allowed
    ├── DeadlineNotReportedError         a missed deadline of a DAG run could not be reported; the message says why
    ├── AirflowApiError                  airflow_conn_id does not open Airflow's own API
    └── ServiceError                     the service (or the network before it) refused a call
        ├── TaskNotFoundError            already reported, canceled, or re-assigned to another runner
        ├── PipelineNotFoundError
        ├── PipelineDeletedError
        ├── InvalidRequestError
        ├── InternalServiceError
        ├── ThrottledError
        └── AccessDeniedError            the identity may not do this
            └── CredentialsError         there is no valid identity: expired, unknown, wrong or no credentials

Every class survives pickling: Airflow hands exceptions from process to process.
"""

from __future__ import annotations


class DataPipelineError(Exception):
    """Base class of the errors below."""


class InvalidReportError(DataPipelineError, ValueError):
    """A value is outside the service's limits. The message names the value and the limit."""


class ConnectionMissingError(DataPipelineError):
    """The Airflow connection named by ``aws_conn_id`` does not exist."""


class ConfigurationError(DataPipelineError):
    """No AWS client can be made or used: no region, an unknown profile, a missing bundle of certificates, a bad URL."""


class NoPipelineTaskError(DataPipelineError):
    """A report cannot be made, because the Data Pipeline task that it is about is not known."""


class DeliveryTimeoutError(DataPipelineError):
    """The service gave no answer within the time allowed; the report may or may not have arrived."""


class DeadlineNotReportedError(DataPipelineError):
    """A missed deadline could not be reported. It is raised so that Airflow shows the deadline's callback as failed."""


class AirflowApiError(DataPipelineError):
    """
    Airflow's own API cannot be used with the connection named by ``airflow_conn_id``. The message has the remedy.

    :param may_pass: whether the same request may succeed later although nobody has corrected anything
    """

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        self.may_pass = may_pass
        super().__init__(message)


class ServiceError(DataPipelineError):
    """
    The service refused a call, or could not be reached.

    :param operation: the API operation, as AWS spells it (``SetTaskStatus``)
    :param code: AWS's error code, or the name of the network error
    :param detail: AWS's message, as received
    :param maybe_delivered: whether the call, or an earlier try that botocore has repeated by itself, may have taken
        effect although no answer confirmed it: there was no answer in time, the connection was lost after the request
        was sent, or the answer was a 5xx
    """

    remedy = "See the code and the message of the service."

    def __init__(self, operation: str, code: str, detail: str, *, maybe_delivered: bool = False) -> None:
        self.operation = operation
        self.code = code
        self.detail = detail
        self.maybe_delivered = maybe_delivered
        period = "" if detail.endswith((".", "!", "?")) else "."
        super().__init__(f"{operation}: {code}: {detail}{period} {self.remedy}")

    def __reduce__(self) -> tuple[type[ServiceError], tuple[str, str, str], dict[str, object]]:
        return type(self), (self.operation, self.code, self.detail), self.__dict__


class TaskNotFoundError(ServiceError):
    """The service does not know the task, or does not know it any more."""

    remedy = (
        "The task was already reported, canceled, or given to another runner because it was not acknowledged "
        "within 2 minutes or showed no progress within its reportProgressTimeout."
    )


class PipelineNotFoundError(ServiceError):
    """There is no such pipeline in this account and region."""

    remedy = "Check the region and the account of the Airflow connection."


class PipelineDeletedError(ServiceError):
    """The pipeline was deleted; its tasks need no report."""

    remedy = "Nothing is left to report to; stop the work."


class InvalidRequestError(ServiceError):
    """The service refused the request because of its content."""

    remedy = "Correct the value that the message names; repeating the same request will not help."


class InternalServiceError(ServiceError):
    """The service failed, or could not be reached."""

    remedy = "Try again later; the call may or may not have taken effect."


class ThrottledError(ServiceError):
    """The account's request rate was exceeded, retries included."""

    remedy = (
        "Rates are per account: PollForTask 2/s, ReportTaskProgress and SetTaskStatus 10/s. "
        "Lower the number of tasks at once, or ask AWS for a higher rate."
    )


class AccessDeniedError(ServiceError):
    """The identity of the credentials is not allowed to do this."""

    remedy = (
        "Grant the operation to the identity of the Airflow connection (aws_conn_id; None: the ambient one); see the "
        "IAM policy in the README."
    )


class CredentialsError(AccessDeniedError):
    """The credentials have expired, are unknown, do not belong together, or are missing."""

    remedy = (
        "Put valid credentials into the Airflow connection (aws_conn_id; None: into the ambient configuration); the "
        "next call reads them anew. If the text says 'Signature expired' or 'not yet current', set the clock instead."
    )
