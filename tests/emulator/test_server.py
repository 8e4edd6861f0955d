"""The server over real sockets, with boto3 as the client wherever boto3 can send it."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings, Service
from airflow_provider_datapipeline.emulator.server import _Connection

GROUP = "group-1"


def activities(number):
    return {
        "objects": [
            {"id": "Default", "workerGroup": GROUP, "maximumRetries": "0"},
            *({"id": f"A{index}", "type": "ShellCommandActivity"} for index in range(number)),
        ]
    }


def open_polls(server, region):
    """Return the records of a region's open polls, which have no answer yet."""
    records = server.service.received("PollForTask")
    return [record for record in records if record.region == region and record.status is None]


def configure(server, **settings):
    server.service.settings = EmulatorSettings(
        **{"retry_delay_minimum_seconds": 0, "retry_delay_default_seconds": 0, **settings}
    )


def test_a_task_is_run_with_boto3_alone(server, client):
    """boto3 creates, defines and activates a pipeline, runs its task with a retry, and reads the result."""
    pipeline_id = client.create_pipeline(name="demo", uniqueId="1", tags=[{"key": "k", "value": "v"}])["pipelineId"]
    fields = {"type": "ShellCommandActivity", "workerGroup": GROUP, "command": "echo hello"}
    put = client.put_pipeline_definition(
        pipelineId=pipeline_id,
        pipelineObjects=[
            {"id": "A", "name": "A", "fields": [{"key": key, "stringValue": value} for key, value in fields.items()]}
        ],
    )
    client.activate_pipeline(pipelineId=pipeline_id)
    first = client.poll_for_task(workerGroup=GROUP, hostname="worker-7")["taskObject"]
    canceled = client.report_task_progress(
        taskId=first["taskId"], fields=[{"key": "percentComplete", "stringValue": "50"}]
    )["canceled"]
    client.set_task_status(taskId=first["taskId"], taskStatus="FAILED", errorId="E", errorMessage="broken")
    second = client.poll_for_task(workerGroup=GROUP)["taskObject"]
    client.report_task_progress(taskId=second["taskId"])
    client.set_task_status(taskId=second["taskId"], taskStatus="FINISHED")

    ids = client.query_objects(pipelineId=pipeline_id, sphere="ATTEMPT")["ids"]
    objects = client.describe_objects(pipelineId=pipeline_id, objectIds=ids)["pipelineObjects"]
    shown = [{field["key"]: field.get("stringValue") for field in each["fields"]} for each in objects]
    assert put["errored"] is False
    assert canceled is False
    assert [each["@status"] for each in shown] == ["FAILED", "FINISHED"]
    assert (shown[0]["errorMessage"], shown[0]["hostname"], shown[0]["percentComplete"]) == ("broken", "worker-7", "50")
    description = client.describe_pipelines(pipelineIds=[pipeline_id])["pipelineDescriptionList"][0]
    assert {"key": "@pipelineState", "stringValue": "FINISHED"} in description["fields"]
    assert client.list_pipelines()["pipelineIdList"] == [{"id": pipeline_id, "name": "demo"}]
    assert client.report_task_runner_heartbeat(taskrunnerId="r")["terminate"] is False
    assert (
        client.evaluate_expression(pipelineId=pipeline_id, objectId="A", expression="#{command}!")[
            "evaluatedExpression"
        ]
        == "echo hello!"
    )
    client.delete_pipeline(pipelineId=pipeline_id)
    with pytest.raises(client.exceptions.PipelineDeletedException):
        client.set_task_status(taskId=second["taskId"], taskStatus="FINISHED")


def test_a_canceled_task_learns_it(server, client, region, hello):
    """SetStatus cancels the task, and the answer to progress has ``canceled``."""
    pipeline_id = server.service.start_pipeline(hello, region=region)
    task_id = client.poll_for_task(workerGroup=GROUP)["taskObject"]["taskId"]
    ids = client.query_objects(pipelineId=pipeline_id, sphere="INSTANCE")["ids"]

    client.set_status(pipelineId=pipeline_id, objectIds=ids, status="TRY_CANCEL")

    assert client.report_task_progress(taskId=task_id)["canceled"] is True
    with pytest.raises(client.exceptions.TaskNotFoundException):
        client.set_task_status(taskId=task_id, taskStatus="FINISHED")


def test_an_error_message_cannot_change_the_report(server, client, region, hello):
    """The server parses the body as JSON only, even if it could also be parsed as a form."""
    server.service.start_pipeline(hello, region=region)
    task_id = client.poll_for_task(workerGroup=GROUP)["taskObject"]["taskId"]
    message = "http://x/?a=b&taskStatus=FINISHED&Action=ListPipelines&taskId=ZZ&errorId=other&"

    client.set_task_status(taskId=task_id, taskStatus="FAILED", errorMessage=message)

    attempt = server.service.attempts(region)[0]
    assert (attempt.status, attempt.error_message, attempt.error_id) == ("FAILED", message, None)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"taskId": "x" * 5000, "taskStatus": "FAILED"}, "ValidationException"),
        ({"taskId": "x", "taskStatus": "BOGUS"}, "ValidationException"),
        ({"taskId": "x", "taskStatus": "FAILED", "errorStackTrace": "x" * 1025}, "ValidationException"),
        ({"taskId": "x", "taskStatus": "FAILED", "errorId": "\x1b[31m"}, "ValidationException"),
        ({"taskId": "x", "taskStatus": "FAILED"}, "TaskNotFoundException"),
    ],
)
def test_the_server_checks_what_boto3_does_not_check(client, parameters, code):
    """Each error has a type of its own, without a prefix, and status 400."""
    with pytest.raises(ClientError) as caught:
        client.set_task_status(**parameters)

    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    ("operation", "body", "error"),
    [
        ("NoSuchOperation", b"{}", "UnknownOperationException"),
        ("DeactivatePipeline", b'{"pipelineId": "df-0"}', "UnknownOperationException"),
        ("PollForTask", b"{", "SerializationException"),
        ("PollForTask", b"{}", "ValidationException"),
    ],
)
def test_every_error_is_json(http, operation, body, error):
    """The errors are an unknown operation, one that the emulator lacks, a broken body, a missing member."""
    status, content_type, content = http.send(body, http.headers(operation, body))

    assert (status, content_type) == (400, "application/x-amz-json-1.1")
    assert json.loads(content)["__type"] == error


def test_a_defect_of_the_emulator_is_an_internal_error(server, client, caplog, monkeypatch):
    """The answer is JSON with status 500, and the log has a traceback."""
    monkeypatch.setattr(server.service, "call", lambda *_, **__: 1 / 0)

    with pytest.raises(ClientError, match="InternalServiceError"):
        client.list_pipelines()

    assert "ZeroDivisionError" in caplog.text


def test_connections_are_kept_alive(http):
    """One connection serves two requests."""
    body = b'{"taskrunnerId": "r"}'
    connection = HTTPConnection(http.url.removeprefix("http://"), timeout=10)
    sockets = []
    for _ in range(2):
        connection.request("POST", "/", body, http.headers("ReportTaskRunnerHeartbeat", body))
        assert connection.getresponse().read() == b'{"terminate": false}'
        sockets.append(connection.sock)

    assert sockets[0] is sockets[1] is not None
    connection.close()


def test_answers_are_not_held_back_by_nagle(server, http, tools):
    """Nagle's algorithm would delay each answer on a kept connection by 40 ms."""
    connection = http.start_request("PollForTask", b'{"workerGroup": "group-1"}')
    tools.eventually(lambda: open_polls(server, http.region))

    own = [
        each.get_extra_info("socket")
        for (peer, _), each in _Connection._open_transports.items()
        if peer == connection.getsockname()
    ]

    assert [each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0 for each in own] == [True]
    connection.close()


def test_regions_have_nothing_in_common(server, tools, region, hello):
    """The region in the scope of the signature chooses the state."""
    server.service.start_pipeline(hello, region=region)
    configure(server, long_poll_seconds=0)

    elsewhere = tools.connect(server, "elsewhere")

    assert "taskObject" not in elsewhere.poll_for_task(workerGroup=GROUP)
    assert "taskObject" in tools.connect(server, region).poll_for_task(workerGroup=GROUP)


@pytest.mark.parametrize(("shape", "body"), [("empty", {}), ("null", {"taskObject": None})])
def test_a_poll_without_work_ends_empty(server, http, shape, body):
    """It ends after the time of a long poll. A setting chooses between two bodies."""
    configure(server, long_poll_seconds=0.05, empty_poll_body=shape)
    request = b'{"workerGroup": "nobody"}'

    status, _, content = http.send(request, http.headers("PollForTask", request))

    assert (status, json.loads(content)) == (200, body)


def test_new_work_ends_an_open_poll(server, client, region, hello, tools):
    """The poll ends at once, not after 90 seconds."""
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(client.poll_for_task, workerGroup=GROUP)
        tools.eventually(lambda: open_polls(server, region))

        server.service.start_pipeline(hello, region=region)

        assert poll.result(timeout=5)["taskObject"]["attemptId"].startswith("@SayHello_")


def test_a_timeout_ends_an_open_poll(server, client, region, hello):
    """A missed acknowledgement ends the poll without another request."""
    configure(server, acknowledge_seconds=0.3)
    server.service.start_pipeline(hello, region=region)
    first = client.poll_for_task(workerGroup=GROUP)["taskObject"]

    second = client.poll_for_task(workerGroup=GROUP)["taskObject"]

    assert second["attemptId"] == first["attemptId"]
    assert second["taskId"] != first["taskId"]


def test_a_controlled_clock_ends_an_open_poll(clock, tools, hello, region):
    """The poll ends after ``tick()``."""
    service = Service(clock=clock)
    with EmulatorServer(service) as server, ThreadPoolExecutor(1) as pool:
        client = tools.connect(server, region)
        service.start_pipeline(hello, region=region)
        client.poll_for_task(workerGroup=GROUP)
        poll = pool.submit(client.poll_for_task, workerGroup=GROUP)
        tools.eventually(lambda: open_polls(server, region))

        clock.advance(minutes=2)
        service.tick()

        assert "taskObject" in poll.result(timeout=5)


def test_several_pollers_get_each_task_once(server, client, region):
    """Eight threads share sixty tasks. The last poll of each thread finds no task."""
    configure(server, long_poll_seconds=0.2)
    server.service.start_pipeline(activities(60), region=region)

    def work(_):
        taken = []
        while task := client.poll_for_task(workerGroup=GROUP).get("taskObject"):
            client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
            taken.append(task["attemptId"])
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = [attempt_id for each in pool.map(work, range(8)) for attempt_id in each]

    assert len(taken) == len(set(taken)) == 60
    assert {each.status for each in server.service.attempts(region)} == {"FINISHED"}


def test_many_polls_are_open_without_threads_and_served_in_turn(server, region, http, client, tools):
    """Each task ends one of a hundred polls, the oldest first. Other calls still work meanwhile."""
    threads = threading.active_count()
    connections = []
    for index in range(100):
        connections.append(http.start_request("PollForTask", b'{"workerGroup": "group-1"}'))
        tools.eventually(lambda index=index: len(open_polls(server, region)) > index)

    assert threading.active_count() <= threads  # those of earlier tests may end meanwhile
    assert client.report_task_runner_heartbeat(taskrunnerId="r")["terminate"] is False
    server.service.start_pipeline(activities(60), region=region)
    tools.eventually(lambda: len(open_polls(server, region)) == 40)
    answers = [tools.received_answer(each) for each in connections[:60]]
    server.service.start_pipeline(activities(40), region=region)
    answers += [tools.received_answer(each) for each in connections[60:]]

    assert len({answer["taskObject"]["taskId"] for answer in answers}) == 100


def test_a_poll_whose_client_has_gone_still_takes_a_task(server, http, hello, tools):
    """A client that gives up before the 90 seconds loses this task for ``acknowledge_seconds``."""
    connection = http.start_request("PollForTask", b'{"workerGroup": "group-1"}')
    tools.eventually(lambda: open_polls(server, http.region))
    connection.close()

    server.service.start_pipeline(hello, region=http.region)

    tools.eventually(lambda: not open_polls(server, http.region))
    assert server.service.has_ready(http.region, GROUP) is False


def test_a_poll_whose_client_has_gone_may_end(server, http, hello, tools):
    """With this setting the task stays for the next poll."""
    configure(server, abandoned_poll="ends")
    connection = http.start_request("PollForTask", b'{"workerGroup": "group-1"}')
    tools.eventually(lambda: open_polls(server, http.region))
    connection.close()
    tools.eventually(lambda: not open_polls(server, http.region))

    server.service.start_pipeline(hello, region=http.region)

    assert server.service.has_ready(http.region, GROUP) is True


def test_stopping_answers_open_polls_at_once(tools, region):
    """The server does not wait for the end of the 90 seconds."""
    with ThreadPoolExecutor(1) as pool:
        with EmulatorServer() as server:
            poll = pool.submit(tools.connect(server, region).poll_for_task, workerGroup=GROUP)
            tools.eventually(lambda: open_polls(server, region))

        assert "taskObject" not in poll.result(timeout=5)


def test_a_request_can_be_made_to_fail(server, client, region, hello):
    """As many requests as wanted get the error with its own status. They are not executed."""
    server.service.start_pipeline(hello, region=region)
    task_id = client.poll_for_task(workerGroup=GROUP)["taskObject"]["taskId"]
    server.service.fail_next("SetTaskStatus", "ThrottlingException")
    server.service.fail_next("SetTaskStatus", "InternalServiceError", times=2)
    seen = []
    for _ in range(3):
        with pytest.raises(ClientError) as caught:
            client.set_task_status(taskId=task_id, taskStatus="FINISHED")
        response = caught.value.response
        seen.append((response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]))

    assert seen == [("ThrottlingException", 400), ("InternalServiceError", 500), ("InternalServiceError", 500)]
    assert server.service.attempts(region)[0].reported_status is None
    client.set_task_status(taskId=task_id, taskStatus="FINISHED")


def test_an_answer_can_be_lost(server, client, tools, region, hello):
    """The report is executed. A client that repeats it gets a success, and nothing is executed twice."""
    server.service.start_pipeline(hello, region=region)
    task_id = client.poll_for_task(workerGroup=GROUP)["taskObject"]["taskId"]
    server.service.lose_next_answer("SetTaskStatus", times=2)

    with pytest.raises(ConnectionClosedError):
        client.set_task_status(taskId=task_id, taskStatus="FINISHED")
    lost = server.service.attempts(region)[0]
    patient = tools.connect(server, region, retries={"mode": "standard", "total_max_attempts": 2})
    patient.set_task_status(taskId=task_id, taskStatus="FINISHED")

    attempt = server.service.attempts(region)[0]
    assert lost.status == "FINISHED"
    assert (attempt.accepted_reports, attempt.repeated_reports) == (1, 2)


def test_a_connection_can_be_dropped_before_anything_happens(server, client, region, hello):
    """The report is not executed."""
    server.service.start_pipeline(hello, region=region)
    task_id = client.poll_for_task(workerGroup=GROUP)["taskObject"]["taskId"]
    server.service.drop_next("SetTaskStatus")

    with pytest.raises(ConnectionClosedError):
        client.set_task_status(taskId=task_id, taskStatus="FINISHED")

    assert server.service.attempts(region)[0].reported_status is None
    assert server.service.received("SetTaskStatus")[-1].fault == "drop"


def test_a_request_can_be_swallowed(server, tools, region, hello):
    """The request is neither executed nor answered. The connection is closed at the end."""
    hasty = tools.connect(server, region, read_timeout=0.2)
    server.service.start_pipeline(hello, region=region)
    task_id = hasty.poll_for_task(workerGroup=GROUP)["taskObject"]["taskId"]
    server.service.swallow_next("SetTaskStatus", 0.5, times=2)

    with pytest.raises(ReadTimeoutError):
        hasty.set_task_status(taskId=task_id, taskStatus="FINISHED")
    with pytest.raises(ConnectionClosedError):
        tools.connect(server, region).set_task_status(taskId=task_id, taskStatus="FINISHED")

    assert server.service.attempts(region)[0].reported_status is None


def test_an_answer_can_be_late(server, tools, region, hello):
    """The report was executed before the client stops waiting."""
    hasty = tools.connect(server, region, read_timeout=0.2)
    server.service.start_pipeline(hello, region=region)
    task_id = hasty.poll_for_task(workerGroup=GROUP)["taskObject"]["taskId"]
    server.service.delay_next("SetTaskStatus", 1)

    with pytest.raises(ReadTimeoutError):
        hasty.set_task_status(taskId=task_id, taskStatus="FINISHED")

    assert server.service.attempts(region)[0].status == "FINISHED"


def test_the_published_rates_can_be_enforced(clock, tools, region):
    """After a burst of a hundred heartbeats the account has one heartbeat each second."""
    service = Service(EmulatorSettings(enforce_rates=True), clock=clock)
    with EmulatorServer(service) as server:
        client = tools.connect(server, region)
        for _ in range(100):
            client.report_task_runner_heartbeat(taskrunnerId="r")
        with pytest.raises(ClientError, match=r"ThrottlingException.*Rate exceeded"):
            tools.connect(server, "elsewhere").report_task_runner_heartbeat(taskrunnerId="r")
        clock.advance(seconds=1)
        client.report_task_runner_heartbeat(taskrunnerId="r")
        client.list_pipelines()
        with pytest.raises(ClientError, match="ThrottlingException"):
            client.report_task_runner_heartbeat(taskrunnerId="r")


def test_a_taken_port_is_an_error(server):
    """Otherwise no client would reach the server."""
    with pytest.raises(OSError, match="in use"):
        EmulatorServer(port=int(server.url.rpartition(":")[2]))


def test_a_server_that_is_left_at_once_leaves_its_port():
    with EmulatorServer() as server:
        pass
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()
