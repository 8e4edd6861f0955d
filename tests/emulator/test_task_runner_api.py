"""Progress, heartbeats and final statuses: what the service stores, what it refuses, and which settings change this."""

from __future__ import annotations

import pytest

from airflow_provider_datapipeline.emulator.errors import ServiceError

ACTIVITY = {"id": "A", "type": "ShellCommandActivity", "workerGroup": "group-1"}
TASK_NOT_FOUND = pytest.raises(ServiceError, match="TaskNotFoundException")
INVALID = pytest.raises(ServiceError, match="InvalidRequestException")


def attempt(account):
    return account.service.attempts()[0]


def test_what_a_runner_reports_lands_on_the_attempt(account):
    """The attempt has the host, the progress and the three error fields."""
    account.start({**ACTIVITY, "maximumRetries": "0"})
    task_id = account.poll(hostname="worker-7")["taskId"]
    account.progress(task_id, percentComplete="20")
    account.clock.advance(seconds=60)
    account.progress(task_id, percentComplete="50", attemptStatus="copying")
    running = account.object(attempt(account).attempt_id)
    account.clock.advance(seconds=5)

    account.report(
        task_id, "FAILED", errorId="ValueError", errorMessage="no such file\n€ 😀", errorStackTrace="Traceback\n\tat"
    )

    ended = account.object(attempt(account).attempt_id)
    assert running["hostname"] == "worker-7"
    assert running["percentComplete"] == "50"
    assert running["attemptStatus"] == "copying"
    assert running["reportProgressTime"] == "2012-12-12T00:01:00"
    assert ended["errorId"] == "ValueError"
    assert ended["errorMessage"] == "no such file\n€ 😀"
    assert ended["errorStackTrace"] == "Traceback\n\tat"
    assert ended["@actualEndTime"] == "2012-12-12T00:01:05"
    assert attempt(account).seconds == 65


def test_a_final_status_needs_no_acknowledgement(account):
    """A short task can end without any progress report."""
    account.start(ACTIVITY)
    task_id = account.poll()["taskId"]

    account.report(task_id, "FINISHED")

    assert account.attempts() == {"A#1": "FINISHED"}
    assert attempt(account).accepted_reports == 1


def test_a_task_can_be_given_to_another_runner(account):
    """The first task runner's task id is unknown then. The second one's report counts."""
    account.start(ACTIVITY)
    first = account.poll()["taskId"]
    account.progress(first)

    second = account.service.reassign(first)

    with TASK_NOT_FOUND:
        account.progress(first)
    with TASK_NOT_FOUND:
        account.report(first, "FAILED")
    account.progress(second)
    account.report(second, "FINISHED")
    assert account.attempts() == {"A#1": "FINISHED"}
    with pytest.raises(KeyError):
        account.service.reassign("no such task")


def test_a_runner_that_was_given_a_task_must_acknowledge_it(account):
    """Otherwise the task is handed out again."""
    account.start(ACTIVITY)
    first = account.poll()["taskId"]
    account.progress(first)

    second = account.service.reassign(first)
    account.clock.advance(seconds=121)

    assert account.poll()["taskId"] not in (first, second)


def test_an_unknown_task_is_not_found(account):
    """Both progress and a final status get this error."""
    with TASK_NOT_FOUND:
        account.progress("no such task")
    with TASK_NOT_FOUND:
        account.report("no such task", "FINISHED")


def test_a_repeat_of_the_final_status_is_success(account):
    """It changes nothing, and has a counter of its own."""
    account.start({**ACTIVITY, "maximumRetries": "0"})
    task_id = account.take()
    account.report(task_id, "FAILED", errorMessage="first")

    account.report(task_id, "FAILED", errorMessage="second")

    view = attempt(account)
    assert (view.error_message, view.accepted_reports, view.repeated_reports) == ("first", 1, 1)


def test_another_final_status_is_refused(account):
    """The first final status counts."""
    account.start({**ACTIVITY, "maximumRetries": "0"})
    task_id = account.take()
    account.report(task_id, "FAILED")

    with TASK_NOT_FOUND:
        account.report(task_id, "FINISHED")

    assert account.attempts() == {"A#1": "FAILED"}


def test_progress_after_the_end_is_not_found(account):
    """A setting gives the other answer."""
    account.start(ACTIVITY)
    task_id = account.take()
    account.report(task_id, "FINISHED")

    with TASK_NOT_FOUND:
        account.progress(task_id)

    account.configure(progress_after_end="canceled")
    assert account.progress(task_id) is True


def ended(account, how):
    """Return the id of a task that has ended: it was reported, was canceled, or was taken away."""
    account.start(ACTIVITY)
    task_id = account.take()
    if how == "status_after_cancel":
        account.command("TRY_CANCEL", "A")
    elif how == "status_after_reassignment":
        account.clock.advance(minutes=15)
    else:
        account.report(task_id, "FINISHED" if how == "repeated_status" else "FAILED")
    return task_id


LATE_STATUS_SETTINGS = ["repeated_status", "conflicting_status", "status_after_cancel", "status_after_reassignment"]


@pytest.mark.parametrize("setting", LATE_STATUS_SETTINGS)
def test_a_late_status_is_answered_by_its_setting_and_changes_nothing(account, setting):
    """The test tries each of the three possible answers."""
    task_id = ended(account, setting)
    before = account.attempts()

    account.configure(**{setting: "accept"})
    account.report(task_id, "FINISHED")
    account.configure(**{setting: "task_not_found"})
    with TASK_NOT_FOUND:
        account.report(task_id, "FINISHED")
    account.configure(**{setting: "invalid_request"})
    with INVALID:
        account.report(task_id, "FINISHED")

    assert account.attempts() == before
    assert attempt(account).accepted_reports == (0 if "after" in setting else 1)


@pytest.mark.parametrize(
    ("setting", "how"),
    [("progress_after_cancel", "status_after_cancel"), ("progress_after_reassignment", "status_after_reassignment")],
)
def test_late_progress_is_answered_by_its_setting(account, setting, how):
    """The answer is ``canceled`` or an error."""
    task_id = ended(account, how)

    account.configure(**{setting: "canceled"})
    assert account.progress(task_id) is True
    account.configure(**{setting: "task_not_found"})
    with TASK_NOT_FOUND:
        account.progress(task_id)


def test_a_reserved_error_id_is_refused_and_changes_nothing(account):
    """``Service_`` is the prefix of the service itself. A setting allows it."""
    account.start({**ACTIVITY, "maximumRetries": "0"})
    task_id = account.take()

    with INVALID:
        account.report(task_id, "FAILED", errorId="Service_Mine")
    assert account.attempts() == {"A#1": "RUNNING"}

    account.configure(enforce_reserved_error_id=False)
    account.report(task_id, "FAILED", errorId="Service_Mine")
    assert attempt(account).error_id == "Service_Mine"


def test_a_report_that_makes_the_attempt_too_large_is_refused(account):
    """The whole object may have 15,360 bytes of UTF-8. A smaller report is accepted afterwards."""
    account.start({**ACTIVITY, "maximumRetries": "0"})
    task_id = account.take()

    with INVALID:
        account.report(task_id, "FAILED", errorMessage="é" * 7600)
    assert account.attempts() == {"A#1": "RUNNING"}
    assert attempt(account).error_message is None
    account.report(task_id, "FAILED", errorMessage="é" * 7000)

    assert attempt(account).error_message == "é" * 7000


def test_an_attempt_may_be_cut_to_its_size(account):
    """With this setting errorMessage is truncated after a whole character."""
    account.configure(over_object_size="truncate")
    account.start({**ACTIVITY, "maximumRetries": "0"})

    account.report(account.take(), "FAILED", errorMessage="😀" * 10_000, errorStackTrace="kept")

    fields = account.object(attempt(account).attempt_id)
    assert 14_000 < sum(len((key + value).encode()) for key, value in fields.items()) <= 15_360
    assert set(fields["errorMessage"]) == {"😀"}
    assert fields["errorStackTrace"] == "kept"


def test_the_size_of_an_attempt_may_not_matter(account):
    """With this setting everything is stored."""
    account.configure(over_object_size="ignore")
    account.start({**ACTIVITY, "maximumRetries": "0"})

    account.report(account.take(), "FAILED", errorMessage="x" * 100_000)

    assert len(attempt(account).error_message) == 100_000


def test_an_attempt_takes_fifty_fields_and_no_more(account):
    """A report that is refused does not change the earlier progress."""
    account.start(ACTIVITY)
    task_id = account.take()
    account.progress(task_id, percentComplete="1")

    with INVALID:
        account.progress(task_id, **{f"field{number}": "x" for number in range(50)})
    with INVALID:
        account.progress(task_id, big="x" * 10_000, bigger="x" * 10_000)

    assert attempt(account).progress == {"percentComplete": "1"}


def test_fields_of_the_service_cannot_be_reported(account):
    """``@status`` is read-only. With a setting it is ignored."""
    account.start(ACTIVITY)
    task_id = account.take()

    with INVALID:
        account.progress(task_id, **{"@status": "FINISHED"})
    account.configure(reserved_progress_field="ignore")
    account.progress(task_id, **{"@status": "FINISHED", "percentComplete": "2"})

    assert attempt(account).progress == {"percentComplete": "2"}
    assert account.attempts() == {"A#1": "RUNNING"}


def test_a_heartbeat_says_whether_to_terminate(account):
    """Only a setting decides this."""
    request = {"taskrunnerId": "runner-1"}

    before = account.call("ReportTaskRunnerHeartbeat", **request)
    account.configure(terminate_runners=True)

    assert before == {"terminate": False}
    assert account.call("ReportTaskRunnerHeartbeat", **request) == {"terminate": True}


def test_an_empty_worker_group_is_refused(account):
    """The service does not treat it as a group without tasks."""
    with INVALID:
        account.poll("")


def test_referenced_objects_are_a_setting(account):
    """Without them, the task object contains only the attempt."""
    node = {"id": "Data", "type": "S3DataNode", "directoryPath": "s3://bucket/#{@scheduledStartTime}"}
    account.start({**ACTIVITY, "input": {"ref": "Data"}}, {**ACTIVITY, "id": "B", "input": {"ref": "Data"}}, node)

    full = account.poll()
    account.configure(referenced_objects=False)
    alone = account.poll()

    path = {"key": "directoryPath", "stringValue": "s3://bucket/2012-12-12T00:00:00"}
    assert path in full["objects"]["Data"]["fields"]
    assert list(alone["objects"]) == [alone["attemptId"]]
