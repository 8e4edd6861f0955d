"""The account of the scale benchmark counts what a task runner does, and nothing that the benchmark does."""

from __future__ import annotations

import pytest

from airflow_provider_datapipeline.emulator.errors import ServiceError
from airflow_provider_datapipeline.emulator.rates import BURST
from benchmarks.scale.account import POLLED_GROUP, Account
from benchmarks.scale.figures import HEARTBEAT, REPORT, THROTTLED


@pytest.fixture
def account() -> Account:
    return Account()


def test_a_task_is_held_without_a_call_of_anybody(account: Account) -> None:
    held = account.hand_out("target", minutes=5)

    (attempt,) = account.attempts_of([held]).values()
    assert (attempt.status, attempt.acknowledged is not None, held.timeout) == ("RUNNING", True, 300)
    assert held.task.fields["reportProgressTimeout"] == "5 minutes"
    assert account.calls == []


def test_only_a_submitted_task_is_there_to_be_polled(account: Account) -> None:
    account.hand_out("target", minutes=15)
    assert account.call("PollForTask", {"workerGroup": POLLED_GROUP}) == {}

    account.submit("target")

    assert account.call("PollForTask", {"workerGroup": POLLED_GROUP})["taskObject"]["taskId"]


def test_the_calls_of_a_client_are_remembered_with_what_became_of_them(account: Account) -> None:
    task_id = account.hand_out("target", minutes=15).task.task_id

    account.call(HEARTBEAT, {"taskId": task_id})
    account.call(REPORT, {"taskId": task_id, "taskStatus": "FINISHED"})
    with pytest.raises(ServiceError):
        account.call(HEARTBEAT, {"taskId": task_id})

    assert [(each.operation, each.task_id, each.refused) for each in account.calls] == [
        (HEARTBEAT, task_id, ""),
        (REPORT, task_id, ""),
        (HEARTBEAT, task_id, "TaskNotFoundException"),
    ]


def test_a_lease_begins_anew_with_every_heartbeat(account: Account) -> None:
    task_id = account.hand_out("target", minutes=15).task.task_id
    handed_out = account.renewed[task_id]

    account.call(HEARTBEAT, {"taskId": task_id})
    renewed_at = account.renewed[task_id]
    account.renew(task_id)

    assert handed_out < renewed_at < account.renewed[task_id]


def test_calls_above_the_rate_are_remembered(account: Account) -> None:
    allowed = [account.allows(REPORT) for _ in range(int(BURST) + 2)]

    refused = allowed.count(False)
    assert refused
    assert [each.refused for each in account.calls] == [THROTTLED] * refused
