"""Policies over a real socket: which action on which resource a call needs, and what a refusal says."""

from __future__ import annotations

import itertools

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from airflow_provider_datapipeline.emulator import Credentials, EmulatorServer, EmulatorSettings

GROUP = "group-1"
_numbers = itertools.count()
TAGS = [{"key": "environment", "value": "production"}]


@pytest.fixture(scope="module")
def own_server():
    with EmulatorServer(EmulatorSettings(long_poll_seconds=0), credentials=Credentials()) as server:
        yield server


@pytest.fixture
def user(own_server, region):
    """Create a client in the test's region. Policies with the given statements apply to its identity."""

    def make(*statements, elsewhere=None, everything=False):
        key = f"AKIA{next(_numbers)}"
        policies = None if everything else [{"Version": "2012-10-17", "Statement": each} for each in statements]
        own_server.credentials.add(key, "s3cret", arn=f"arn:aws:iam::123456789012:user/{key}", policies=policies)
        return boto3.session.Session().client(
            "datapipeline",
            endpoint_url=own_server.url,
            region_name=elsewhere or region,
            aws_access_key_id=key,
            aws_secret_access_key="s3cret",
            config=Config(retries={"total_max_attempts": 1}),
        )

    return make


@pytest.fixture
def pipeline_id(own_server, hello, region):
    """A pipeline with one task that waits for a task runner."""
    return own_server.service.start_pipeline(hello, region=region)


def allow(*actions, resource="*", **condition):
    names = [f"datapipeline:{action}" for action in actions]
    return {"Effect": "Allow", "Action": names, "Resource": resource, **condition}


@pytest.fixture
def arn(region):
    return lambda pipeline_id: f"arn:aws:datapipeline:{region}:123456789012:pipeline/{pipeline_id}"


def refusal(call, **parameters):
    """Return the text of the AccessDeniedException, without the name of the user."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDeniedException", error
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Message"].partition(" is not authorized to perform: ")[2]


def test_without_policies_everything_is_allowed(user, pipeline_id):
    client = user(everything=True)

    assert client.poll_for_task(workerGroup=GROUP)["taskObject"]
    client.delete_pipeline(pipelineId=pipeline_id)


def test_a_refusal_names_user_action_resource_and_reason(own_server, user, arn, pipeline_id):
    """The text is that of AWS. It has no resource if the action has none."""
    client = user(
        allow("ListPipelines"), {"Effect": "Deny", "Action": "datapipeline:DeletePipeline", "Resource": arn("*")}
    )

    with pytest.raises(
        ClientError, match=r"User: arn:aws:iam::123456789012:user/AKIA\d+ is not authorized to perform: "
    ):
        client.poll_for_task(workerGroup=GROUP)
    assert refusal(client.poll_for_task, workerGroup=GROUP) == (
        "datapipeline:PollForTask because no identity-based policy allows the datapipeline:PollForTask action"
    )
    assert refusal(client.query_objects, pipelineId=pipeline_id, sphere="ATTEMPT") == (
        f"datapipeline:QueryObjects on resource: {arn(pipeline_id)} because no identity-based policy allows the "
        "datapipeline:QueryObjects action"
    )
    assert refusal(client.delete_pipeline, pipelineId=pipeline_id) == (
        f"datapipeline:DeletePipeline on resource: {arn(pipeline_id)} with an explicit deny in an identity-based policy"
    )
    assert own_server.service.requests[-1].error_code == "AccessDeniedException"


def test_a_refused_call_has_no_effect(own_server, user, region, pipeline_id):
    task = user(everything=True).poll_for_task(workerGroup=GROUP)["taskObject"]

    refusal(user().set_task_status, taskId=task["taskId"], taskStatus="FAILED")

    (attempt,) = [each for each in own_server.service.attempts(region) if each.pipeline_id == pipeline_id]
    assert attempt.reported_status is None


@pytest.mark.parametrize("operator", ["StringEquals", "ForAllValues:StringEquals", "ForAnyValue:StringLike"])
def test_polling_may_be_bound_to_worker_groups(user, operator):
    client = user(allow("PollForTask", Condition={operator: {"datapipeline:workerGroup": ["idle-1", "idle-2"]}}))

    assert "taskObject" not in client.poll_for_task(workerGroup="idle-2")
    refusal(client.poll_for_task, workerGroup="idle-3")
    refusal(client.poll_for_task, workerGroup="IDLE-1")


def test_tasks_may_be_bound_to_pipelines(user, own_server, arn, region, hello):
    """A task id belongs to a pipeline. An unknown task id belongs to none."""
    mine, other = (own_server.service.start_pipeline(hello, region=region) for _ in range(2))
    everybody = user(everything=True)
    tasks = {
        task["pipelineId"]: task["taskId"]
        for task in (everybody.poll_for_task(workerGroup=GROUP)["taskObject"] for _ in range(2))
    }
    client = user(allow("ReportTaskProgress", "SetTaskStatus", "DescribePipelines", resource=arn(mine)))

    client.report_task_progress(taskId=tasks[mine])
    client.set_task_status(taskId=tasks[mine], taskStatus="FINISHED")
    client.describe_pipelines(pipelineIds=[mine])

    assert arn(other) in refusal(client.report_task_progress, taskId=tasks[other])
    assert arn(other) in refusal(client.set_task_status, taskId=tasks[other], taskStatus="FINISHED")
    assert arn("*") in refusal(client.set_task_status, taskId="unknown", taskStatus="FINISHED")
    assert arn(other) in refusal(client.describe_pipelines, pipelineIds=[mine, other])


def test_a_task_is_not_bound_by_its_worker_group(user, own_server, pipeline_id):
    """SetTaskStatus has no condition key, so a condition on the group never holds."""
    task_id = user(everything=True).poll_for_task(workerGroup=GROUP)["taskObject"]["taskId"]
    condition = {"StringEquals": {"datapipeline:workerGroup": GROUP}}

    refusal(user(allow("SetTaskStatus", Condition=condition)).set_task_status, taskId=task_id, taskStatus="FINISHED")


def test_a_policy_may_name_another_region(user, arn, pipeline_id):
    client = user(allow("*", resource=arn("*")), elsewhere="eu-west-1")

    assert "eu-west-1" in refusal(client.get_pipeline_definition, pipelineId=pipeline_id)


def test_tags_and_creators_decide(user):
    """The policies are the three examples of AWS's developer guide."""
    reads = ("Describe*", "GetPipelineDefinition", "ValidatePipelineDefinition", "QueryObjects")
    production = {"StringEquals": {"datapipeline:Tag/environment": "production"}}
    own = {"ForAnyValue:StringEquals": {"datapipeline:PipelineCreator": "${aws:userid}"}}
    creator = user(allow("CreatePipeline", "AddTags"), allow("*", Condition=own))
    reader = user(allow(*reads, Condition=production))
    tagged = creator.create_pipeline(name="a", uniqueId="tags-1", tags=TAGS)["pipelineId"]
    bare = creator.create_pipeline(name="b", uniqueId="tags-2")["pipelineId"]
    foreign = user(everything=True).create_pipeline(name="c", uniqueId="tags-3")["pipelineId"]

    reader.describe_pipelines(pipelineIds=[tagged])
    refusal(reader.describe_pipelines, pipelineIds=[bare])
    refusal(reader.delete_pipeline, pipelineId=tagged)
    refusal(creator.delete_pipeline, pipelineId=foreign)
    creator.delete_pipeline(pipelineId=bare)


def test_tags_may_be_asked_for_at_creation(user):
    """A request with tags also needs AddTags, as the service authorization reference says."""
    wanted = {"StringEquals": {"aws:RequestTag/environment": "production"}}
    client = user(allow("CreatePipeline", "AddTags", Condition=wanted))
    without = user(allow("CreatePipeline"))

    client.create_pipeline(name="a", uniqueId="request-1", tags=TAGS)
    refusal(client.create_pipeline, name="a", uniqueId="request-2")
    without.create_pipeline(name="a", uniqueId="request-3")
    assert "datapipeline:AddTags" in refusal(without.create_pipeline, name="a", uniqueId="request-4", tags=TAGS)


def test_definitions_may_be_bound_to_worker_groups(user, own_server, hello):
    """The condition applies to new and to stored definitions."""
    pipeline_id = user(everything=True).create_pipeline(name="a", uniqueId="groups-1")["pipelineId"]
    client = user(allow("*", Condition={"ForAllValues:StringEquals": {"datapipeline:workerGroup": ["team-1"]}}))

    def put(group):
        fields = [{"key": "type", "stringValue": "ShellCommandActivity"}, {"key": "workerGroup", "stringValue": group}]
        return {"pipelineId": pipeline_id, "pipelineObjects": [{"id": "A", "name": "A", "fields": fields}]}

    client.put_pipeline_definition(**put("team-1"))
    client.get_pipeline_definition(pipelineId=pipeline_id)
    refusal(client.put_pipeline_definition, **put("team-2"))
    user(everything=True).put_pipeline_definition(**put("team-2"))
    refusal(client.activate_pipeline, pipelineId=pipeline_id)


def test_a_pipeline_tells_who_made_it(user):
    client = user(everything=True)
    pipeline_id = client.create_pipeline(name="a", uniqueId="creator-1")["pipelineId"]

    (described,) = client.describe_pipelines(pipelineIds=[pipeline_id])["pipelineDescriptionList"]

    (creator,) = [field["stringValue"] for field in described["fields"] if field["key"] == "pipelineCreator"]
    assert creator.startswith("AIDA")
    assert {"key": "@userId", "stringValue": creator} in described["fields"]


def test_a_call_without_a_pipeline_needs_its_action(user):
    refusal(user().list_pipelines)
    refusal(user().report_task_runner_heartbeat, taskrunnerId="r")

    user(allow("ListPipelines")).list_pipelines()
    user(allow("ReportTaskRunnerHeartbeat")).report_task_runner_heartbeat(taskrunnerId="r")


def test_a_policy_that_cannot_be_read_is_no_policy(own_server):
    with pytest.raises(ValueError, match="Principal"):
        own_server.credentials.add("key", "s3cret", policies=['{"Statement": {"Principal": "*"}}'])
    assert own_server.credentials.find("key") is None
