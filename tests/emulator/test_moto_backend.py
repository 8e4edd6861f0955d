"""The emulator inside moto's mock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from airflow_provider_datapipeline.emulator import EmulatorSettings, moto_backend

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP = "group-1"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    yield
    moto_backend.uninstall()


def run(hello, **report):
    """Run one task until its final status, and return the attempt."""
    client = boto3.client("datapipeline")
    moto_backend.service_of().start_pipeline(hello)
    task_id = client.poll_for_task(workerGroup=GROUP)["taskObject"]["taskId"]
    assert client.report_task_progress(taskId=task_id)["canceled"] is False
    client.set_task_status(taskId=task_id, **report)
    return moto_backend.service_of().attempts()[0]


def test_a_task_runs_in_a_mock_that_begins_afterwards(hello):
    """``install()`` is called before ``mock_aws``."""
    moto_backend.install()

    with mock_aws():
        assert run(hello, taskStatus="FINISHED").status == "FINISHED"


def test_a_task_runs_in_a_mock_that_is_open(hello):
    """``install()`` is called inside ``mock_aws``."""
    with mock_aws():
        boto3.client("datapipeline").list_pipelines()
        moto_backend.install()

        assert run(hello, taskStatus="FINISHED").status == "FINISHED"


def test_each_mock_starts_anew(hello):
    """Each region and each account also has its own state."""
    moto_backend.install()
    with mock_aws():
        run(hello, taskStatus="FINISHED")
        elsewhere = boto3.client("datapipeline", region_name="eu-west-1")
        assert elsewhere.list_pipelines()["pipelineIdList"] == []

    with mock_aws():
        assert boto3.client("datapipeline").list_pipelines()["pipelineIdList"] == []
        assert moto_backend.service_of().requests[0].operation == "ListPipelines"


def test_an_error_message_cannot_change_the_report(hello):
    """moto alone also parses the JSON body as a form, and would find FINISHED in the message."""
    moto_backend.install()
    message = "http://x/?a=b&taskStatus=FINISHED&Action=ListPipelines&taskId=ZZ&errorId=other&"

    with mock_aws():
        attempt = run(hello, taskStatus="FAILED", errorMessage=message)

    assert (attempt.reported_status, attempt.error_message, attempt.error_id) == ("FAILED", message, None)


def test_a_poll_without_work_answers_at_once(hello):
    """During a call in a mock, nobody else could add a task. So waiting is useless."""
    moto_backend.install()

    with mock_aws():
        assert "taskObject" not in boto3.client("datapipeline").poll_for_task(workerGroup=GROUP)


@pytest.mark.parametrize(
    ("call", "parameters", "code"),
    [
        ("set_task_status", {"taskId": "x", "taskStatus": "FINISHED"}, "TaskNotFoundException"),
        ("set_task_status", {"taskId": "x", "taskStatus": "BOGUS"}, "ValidationException"),
        ("describe_pipelines", {"pipelineIds": ["df-0"]}, "PipelineNotFoundException"),
        ("deactivate_pipeline", {"pipelineId": "df-0"}, "UnknownOperationException"),
    ],
)
def test_errors_are_typed(call, parameters, code):
    """moto alone raises NotImplementedError or KeyError to the caller."""
    moto_backend.install()

    with mock_aws(), pytest.raises(ClientError) as caught:
        getattr(boto3.client("datapipeline"), call)(**parameters)

    assert caught.value.response["Error"]["Code"] == code


def test_settings_and_failures_reach_the_mock(hello):
    """``install()`` accepts settings, and a test can inject errors."""
    moto_backend.install(EmulatorSettings(precondition_false_status="FALSE"))

    with mock_aws():
        moto_backend.service_of().fail_next("SetTaskStatus", "AccessDeniedException")
        with pytest.raises(ClientError, match="AccessDeniedException"):
            run(hello, taskStatus="FALSE")
        run(hello, taskStatus="FALSE")
        assert [each.status for each in moto_backend.service_of().attempts()] == ["RUNNING", "FALSE"]


def test_moto_answers_for_all_other_services():
    """The emulator replaces one service only."""
    moto_backend.install()

    with mock_aws():
        assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_uninstalling_gives_moto_back():
    """moto then answers itself, and there is no service of the emulator."""
    moto_backend.install()
    moto_backend.uninstall()

    with mock_aws():
        with pytest.raises(NotImplementedError):
            boto3.client("datapipeline").poll_for_task(workerGroup=GROUP)
        with pytest.raises(LookupError, match="install"):
            moto_backend.service_of()
