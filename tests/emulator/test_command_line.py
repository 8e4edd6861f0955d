"""The emulator as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "airflow_provider_datapipeline.emulator"]


@pytest.fixture
def definition(tmp_path, hello):
    path = tmp_path / "hello.json"
    path.write_text(json.dumps(hello), encoding="utf-8")
    return path


def test_it_serves_a_definition_until_it_is_interrupted(definition, tools):
    """It prints one line, offers a task, and stops at ctrl-C although a poll is open."""
    options = ["--port", "0", "--definition", definition, "--setting", "acknowledge_seconds=7"]
    process = subprocess.Popen(
        [*COMMAND, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline()
        server = SimpleNamespace(url=line.split()[-1])
        client = tools.connect(server, "us-east-1")
        task = client.poll_for_task(workerGroup="group-1")["taskObject"]
        client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
        connection = tools.Http(server.url, "us-east-1").start_request("PollForTask", b'{"workerGroup": "group-1"}')
        client.list_pipelines()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=5)
    finally:
        process.kill()
        process.wait()

    assert line.startswith("AWS Data Pipeline emulator at http://127.0.0.1:")
    assert task["attemptId"].startswith("@SayHello_")
    assert tools.received_answer(connection) == {}
    assert (process.returncode, output, errors) == (0, "", "")


def test_the_key_pair_may_be_bound_by_policies(tmp_path, tools):
    """The command line accepts several policies and another key pair."""
    options = ["--port", "0", "--credentials", "AKIAANN:s3cret"]
    for action in ("ListPipelines", "ReportTaskRunnerHeartbeat"):
        path = tmp_path / f"{action}.json"
        statement = {"Effect": "Allow", "Action": f"datapipeline:{action}", "Resource": "*"}
        path.write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}), encoding="utf-8")
        options += ["--policy", path]
    process = subprocess.Popen([*COMMAND, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        http = tools.Http(process.stdout.readline().split()[-1], "us-east-1")
        answers = {}
        for action, body in [
            ("ListPipelines", b"{}"),
            ("ReportTaskRunnerHeartbeat", b'{"taskrunnerId": "r"}'),
            ("PollForTask", b'{"workerGroup": "airflow"}'),
        ]:
            signed = http.headers(action, body, key="AKIAANN", secret="s3cret")
            answers[action] = json.loads(http.send(body, signed)[2]).get("__type")
    finally:
        process.kill()
        process.communicate()

    assert answers == {
        "ListPipelines": None,
        "ReportTaskRunnerHeartbeat": None,
        "PollForTask": "AccessDeniedException",
    }


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--host", "0.0.0.0"], "other machines"),
        (["--credentials", "nocolon"], "KEY:SECRET"),
        (["--setting", "nothing=1"], "nothing=1"),
        (["--definition", "no-such-file.json"], "no-such-file.json"),
        (["--definition", "BROKEN"], "refers to 'Nothing'"),
        (["--policy", "no-such-file.json"], "no-such-file.json"),
        (["--policy", "BROKEN"], "an object with a Statement"),
        (["--policy", "ALL", "--host", "0.0.0.0"], "other machines"),
    ],
)
def test_options_that_cannot_be_used_are_explained(tmp_path, capsys, options, error):
    """The exit status is 2, and stderr has a message without a traceback."""
    from airflow_provider_datapipeline.emulator.__main__ import main

    broken = tmp_path / "broken.json"
    broken.write_text('{"objects": [{"id": "A", "dependsOn": {"ref": "Nothing"}}]}', encoding="utf-8")
    everything = tmp_path / "all.json"
    everything.write_text('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}', encoding="utf-8")
    options = [{"BROKEN": str(broken), "ALL": str(everything)}.get(each, each) for each in options]

    with pytest.raises(SystemExit) as caught:
        main(["--port", "0", *options])

    assert caught.value.code == 2
    assert error in capsys.readouterr().err
