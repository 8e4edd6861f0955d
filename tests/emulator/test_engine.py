"""The state machine of instances and attempts, with a clock that the tests control."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_datapipeline.emulator.errors import ServiceError
from airflow_provider_datapipeline.emulator.settings import EmulatorSettings

GROUP = "group-1"


def activity(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "type": "ShellCommandActivity", "workerGroup": GROUP, **fields}


def ref(name: str) -> dict[str, str]:
    return {"ref": name}


def test_a_polled_task_has_the_form_of_the_public_sample(account):
    """It has the fields of the PollForTask example in the API reference."""
    pipeline_id = account.start(
        activity("SayHello", command="echo hello", schedule=ref("Schedule")),
        {"id": "Schedule", "type": "Schedule", "period": "1 hour"},
    )
    account.clock.advance(hours=1)

    task = account.poll()

    attempt_id = "@SayHello_2012-12-12T00:00:00_Attempt=1"
    assert (task["pipelineId"], task["attemptId"]) == (pipeline_id, attempt_id)
    attempt = task["objects"][attempt_id]
    assert attempt["id"] == attempt["name"] == attempt_id
    sample = [
        {"key": "@componentParent", "refValue": "SayHello"},
        {"key": "@scheduledStartTime", "stringValue": "2012-12-12T00:00:00"},
        {"key": "parent", "refValue": "SayHello"},
        {"key": "@sphere", "stringValue": "ATTEMPT"},
        {"key": "workerGroup", "stringValue": GROUP},
        {"key": "@instanceParent", "refValue": "@SayHello_2012-12-12T00:00:00"},
        {"key": "type", "stringValue": "ShellCommandActivity"},
        {"key": "@status", "stringValue": "WAITING_FOR_RUNNER"},
        {"key": "@version", "stringValue": "1"},
        {"key": "schedule", "refValue": "Schedule"},
        {"key": "@actualStartTime", "stringValue": "2012-12-12T01:00:00"},
        {"key": "command", "stringValue": "echo hello"},
        {"key": "@activeInstances", "refValue": "@SayHello_2012-12-12T00:00:00"},
        {"key": "@pipelineId", "stringValue": pipeline_id},
    ]
    extra = [field for field in attempt["fields"] if field not in sample]
    assert [field for field in sample if field not in attempt["fields"]] == []
    assert [field["key"] for field in extra] == ["@scheduledEndTime"]
    assert [field["key"] for field in task["objects"]["Schedule"]["fields"]][:3] == ["@sphere", "type", "period"]


def test_identifiers_look_like_the_real_ones(account):
    """A pipeline id is df-0 and upper-case base 36. A task id is long and has ``+/=:``."""
    pipeline_id = account.start(activity("A"))

    task_id = account.poll()["taskId"]

    assert len(pipeline_id) == 23
    assert pipeline_id.startswith("df-0")
    assert pipeline_id.removeprefix("df-").isalnum()
    assert pipeline_id[3:] == pipeline_id[3:].upper()
    assert 900 < len(task_id) < 1000
    assert set("+/=:") <= set(task_id)


def test_a_run_goes_from_waiting_over_running_to_finished(account):
    """Each step shows in the status of the attempt and of the instance."""
    pipeline_id = account.start(activity("A"))
    steps = [(account.attempts()["A#1"], account.statuses()["A"])]
    task_id = account.poll()["taskId"]
    steps.append((account.attempts()["A#1"], account.statuses()["A"]))
    account.progress(task_id)
    steps.append((account.attempts()["A#1"], account.statuses()["A"]))
    account.report(task_id, "FINISHED")
    steps.append((account.attempts()["A#1"], account.statuses()["A"]))

    described = account.call("DescribePipelines", pipelineIds=[pipeline_id])["pipelineDescriptionList"][0]

    assert steps == [
        ("WAITING_FOR_RUNNER", "WAITING_FOR_RUNNER"),
        ("WAITING_FOR_RUNNER", "WAITING_FOR_RUNNER"),
        ("RUNNING", "RUNNING"),
        ("FINISHED", "FINISHED"),
    ]
    assert {"key": "@pipelineState", "stringValue": "FINISHED"} in described["fields"]
    assert {"key": "@healthStatus", "stringValue": "HEALTHY"} in described["fields"]


def test_a_poll_may_make_the_attempt_running(account):
    """With this setting the poll starts the attempt. The polled object still has the old status."""
    account.configure(running_on="poll")
    account.start(activity("A"))

    task = account.poll()

    assert {"key": "@status", "stringValue": "WAITING_FOR_RUNNER"} in task["objects"][task["attemptId"]]["fields"]
    assert account.attempts() == {"A#1": "RUNNING"}


def test_a_worker_group_matches_exactly(account):
    """Another case, a prefix or an added blank is the name of another group, not an error."""
    account.start(activity("A"))

    assert [account.poll(group) for group in ("Group-1", "group", "group-1 ")] == [None, None, None]
    assert account.poll(GROUP) is not None


def test_a_failure_is_retried_after_the_delay_until_no_tries_are_left(account):
    """By default there are two retries with a delay of two minutes. Then the instance is FAILED."""
    account.start(activity("A", retryDelay="1 minute"))
    for _ in range(2):
        account.report(account.take(), "FAILED")
        account.clock.advance(seconds=119)
        assert account.poll() is None
        assert account.statuses() == {"A": "WAITING_FOR_RUNNER"}
        account.clock.advance(seconds=1)
    account.report(account.take(), "FAILED")
    account.clock.advance(hours=1)

    assert account.poll() is None
    assert account.attempts() == {"A#1": "FAILED", "A#2": "FAILED", "A#3": "FAILED"}
    assert account.statuses() == {"A": "FAILED"}
    assert account.object(account.instance("A"))["@attemptCount"] == "3"


def test_a_retry_can_succeed(account):
    """The first attempt is FAILED and the second is FINISHED, so the instance is FINISHED."""
    account.start(activity("A", retryDelay="10 minutes"))
    account.report(account.take(), "FAILED")
    account.clock.advance(minutes=10)
    account.report(account.take(), "FINISHED")

    instance = account.object(account.instance("A"))

    assert instance["@status"] == "FINISHED"
    assert instance["@triesLeft"] == "1"
    assert instance["@headAttempt"].endswith("_Attempt=2")


@pytest.mark.parametrize("retries", [0, 5])
def test_maximum_retries_counts_the_attempts_after_the_first(account, retries):
    """The service allows from none to five."""
    account.configure(retry_delay_minimum_seconds=0, retry_delay_default_seconds=0)
    account.start(activity("A", maximumRetries=str(retries)))
    for _ in range(retries + 1):
        account.report(account.take(), "FAILED")

    assert account.poll() is None
    assert len(account.attempts()) == retries + 1


def test_a_task_that_nobody_acknowledges_is_handed_out_again(account):
    """After two minutes the attempt gets a new task id. The old task id is invalid."""
    account.start(activity("A"))
    first = account.poll()
    account.clock.advance(seconds=119)
    assert account.poll() is None
    account.clock.advance(seconds=1)

    second = account.poll()

    assert second["attemptId"] == first["attemptId"]
    assert second["taskId"] != first["taskId"]
    with pytest.raises(ServiceError, match="TaskNotFoundException"):
        account.progress(first["taskId"])
    assert account.progress(second["taskId"]) is False


def test_a_missed_acknowledgement_may_leave_the_task_id_as_it_was(account):
    """The task runner that was late can then continue with its task id."""
    account.configure(redelivered_task_id="same")
    account.start({"id": "A", "type": "ShellCommandActivity", "workerGroup": "group-1"})
    first = account.poll()["taskId"]
    account.clock.advance(seconds=121)

    assert account.poll()["taskId"] == first
    account.progress(first)
    account.report(first, "FINISHED")
    assert account.attempts() == {"A#1": "FINISHED"}


def test_a_missed_acknowledgement_may_be_a_new_attempt(account):
    """With this setting there is a new attempt, which does not use up a retry."""
    account.configure(missed_acknowledgement="new_attempt")
    account.start(activity("A"))
    account.poll()
    account.clock.advance(minutes=2)

    task = account.poll()

    assert task["attemptId"].endswith("_Attempt=2")
    assert account.object(account.instance("A"))["@triesLeft"] == "2"
    assert account.service.attempts()[0].error_id.startswith("Service_")


def test_a_task_without_progress_is_stalled(account):
    """After 15 minutes without a report the attempt fails with an error of the service."""
    account.start(activity("A"))
    task_id = account.take()
    for _ in range(3):
        account.clock.advance(minutes=14)
        assert account.progress(task_id) is False
    account.clock.advance(minutes=15)

    assert account.attempts()["A#1"] == "FAILED"
    assert account.service.attempts()[0].error_id.startswith("Service_")
    with pytest.raises(ServiceError, match="TaskNotFoundException"):
        account.report(task_id, "FINISHED")
    account.clock.advance(minutes=2)
    assert account.poll()["attemptId"].endswith("_Attempt=2")


def test_a_definition_sets_its_own_progress_timeout(account):
    """``reportProgressTimeout`` may even be shorter than the time for the acknowledgement."""
    account.start(activity("A", reportProgressTimeout="1 minute", maximumRetries="0"))
    account.take()
    account.clock.advance(seconds=60)

    assert account.attempts() == {"A#1": "FAILED"}


def test_an_attempt_timeout_ends_even_a_task_that_reports(account):
    """``attemptTimeout`` begins when the task is handed out."""
    account.start(activity("A", attemptTimeout="30 minutes", maximumRetries="0"))
    task_id = account.take()
    for _ in range(3):
        account.clock.advance(minutes=10)
        assert account.statuses() == ({"A": "RUNNING"} if account.clock.now.minute < 30 else {"A": "FAILED"})
        if account.clock.now.minute < 30:
            account.progress(task_id)

    assert account.statuses() == {"A": "FAILED"}


def test_an_attempt_timeout_may_be_left_to_the_runner(account):
    """The developer guide does not say who ends the attempt."""
    account.service.settings = EmulatorSettings(attempt_timeout="runner")
    account.start(activity("A", attemptTimeout="30 minutes", reportProgressTimeout="2 hours", maximumRetries="0"))
    account.take()
    account.clock.advance(minutes=60)

    assert account.statuses() == {"A": "RUNNING"}


def test_the_next_deadline_is_known(account):
    """A server needs it to set its timer."""
    account.start(activity("A"))
    account.poll()

    assert (account.service.next_deadline() - account.clock()).total_seconds() == 120


def test_an_activity_waits_for_what_it_depends_on(account):
    """It waits for its ``dependsOn`` and for the activity that writes its input."""
    account.start(
        activity("A", output=ref("Data")),
        activity("B", dependsOn=ref("A")),
        activity("C", input=ref("Data")),
        {"id": "Data", "type": "S3DataNode"},
    )
    task_id = account.take()

    assert account.poll() is None
    assert account.object(account.instance("B"))["@waitingOn"] == account.instance("A")
    account.report(task_id, "FINISHED")
    assert {account.poll()["attemptId"][1], account.poll()["attemptId"][1]} == {"B", "C"}


def test_a_failure_cascades_to_consumers_that_ask_for_it(account):
    """Without ``failureAndRerunMode`` cascade a consumer waits for ever."""
    account.start(
        activity("A", maximumRetries="0"),
        activity("B", dependsOn=ref("A"), failureAndRerunMode="CASCADE"),
        activity("C", dependsOn=ref("B"), failureAndRerunMode="cascade"),
        activity("D", dependsOn=ref("A")),
    )
    account.report(account.take(), "FAILED")

    assert account.statuses() == {
        "A": "FAILED",
        "B": "CASCADE_FAILED",
        "C": "CASCADE_FAILED",
        "D": "WAITING_ON_DEPENDENCIES",
    }
    assert account.object(account.instance("C"))["@cascadeFailedOn"] == account.instance("B")


def test_a_rerun_revives_what_had_cascaded(account):
    """RERUN of the failed object runs its consumers too. RERUN of a consumer alone fails again."""
    default = {"id": "Default", "failureAndRerunMode": "cascade"}
    account.start(default, activity("A", maximumRetries="0"), activity("B", dependsOn=ref("A")))
    account.report(account.take(), "FAILED")

    account.command("RERUN", "B")
    assert account.statuses()["B"] == "CASCADE_FAILED"

    account.command("rerun", "A")
    assert account.statuses() == {"A": "WAITING_FOR_RUNNER", "B": "WAITING_ON_DEPENDENCIES"}
    account.report(account.take(), "FINISHED")
    account.report(account.take(), "FINISHED")
    assert account.attempts() == {"A#1": "FAILED", "A#2": "FINISHED", "B#1": "FINISHED"}


@pytest.mark.parametrize("command", ["TRY_CANCEL", "cancel"])
def test_a_canceled_task_learns_it_from_its_progress_report(account, command):
    """The instance and its attempt are CANCELED at once. There is no retry."""
    account.start(activity("A"))
    task_id = account.take()

    account.command(command, "A")

    assert account.progress(task_id) is True
    assert account.attempts() == {"A#1": "CANCELED"}
    account.clock.advance(hours=1)
    assert account.poll() is None


def test_a_task_canceled_before_a_poll_is_not_handed_out(account):
    """The poll gets the other task."""
    account.start(activity("A"), activity("B"))

    account.command("TRY_CANCEL", "A")

    assert account.poll()["attemptId"].startswith("@B_")
    assert account.poll() is None


def test_marking_finished_lets_consumers_run(account):
    """A user does this after a repair by hand."""
    account.start(activity("A", maximumRetries="0"), activity("B", dependsOn=ref("A")))
    account.report(account.take(), "FAILED")

    account.command("MARK_FINISHED", "A")

    assert account.statuses()["A"] == "FINISHED"
    assert account.poll()["attemptId"].startswith("@B_")


def test_a_paused_component_is_not_handed_out_until_it_resumes(account):
    """PAUSE and RESUME are for components, and their case does not matter."""
    pipeline_id = account.start(activity("A"))
    account.call("SetStatus", pipelineId=pipeline_id, objectIds=["A"], status="pause")
    assert account.poll() is None
    assert account.object("A")["@status"] == "PAUSED"

    account.call("SetStatus", pipelineId=pipeline_id, objectIds=["A"], status="RESUME")

    assert account.poll() is not None


@pytest.mark.parametrize(
    ("objects", "status"),
    [
        (["A", "{instance}"], "PAUSE"),
        (["A"], "RERUN"),
        (["{instance}"], "PAUSE"),
        (["Nothing"], "PAUSE"),
        ([], "PAUSE"),
    ],
)
def test_a_command_that_cannot_be_meant_is_refused(account, objects, status):
    """The spheres are mixed, the command is for another sphere, or an object is unknown."""
    pipeline_id = account.start(activity("A"))
    ids = [each.format(instance=account.instance("A")) for each in objects]

    with pytest.raises(ServiceError, match="InvalidRequestException"):
        account.call("SetStatus", pipelineId=pipeline_id, objectIds=ids, status=status)


def test_a_finished_pipeline_takes_no_commands(account):
    """The API reference of SetStatus says this."""
    account.start(activity("A"))
    account.report(account.take(), "FINISHED")

    with pytest.raises(ServiceError, match="FINISHED pipeline"):
        account.command("RERUN", "A")


def guarded(**fields: Any) -> list[dict[str, Any]]:
    return [
        activity("Copy", precondition=ref("Ready"), **fields),
        {"id": "Ready", "type": "ShellCommandPrecondition", "command": "test -e #{node.command}"},
    ]


def test_a_precondition_is_a_task_of_its_own_before_its_activity(account):
    """It has the activity's worker group and refers to the activity."""
    account.start(*guarded(command="/data"))

    task = account.poll()

    fields = {each["key"]: each for each in task["objects"][task["attemptId"]]["fields"]}
    assert fields["type"]["stringValue"] == "ShellCommandPrecondition"
    assert fields["node"]["refValue"] == account.instance("Copy")
    assert fields["workerGroup"]["stringValue"] == GROUP
    assert fields["command"]["stringValue"] == "test -e /data"
    assert account.poll() is None
    account.report(task["taskId"], "FINISHED")
    assert account.poll()["attemptId"].startswith("@Copy_")


def test_a_precondition_that_does_not_hold_ends_false(account):
    """The attempt shows FALSE. The activity waits, because by default nothing cascades."""
    account.start(*guarded())

    account.report(account.take(), "FALSE")

    view = account.service.attempts()[0]
    assert (view.status, view.reported_status, view.accepted_reports) == ("FAILED", "FALSE", 1)
    assert account.object(view.attempt_id)["attemptStatus"] == "FALSE"
    assert account.statuses() == {"Ready": "FAILED", "Copy": "WAITING_ON_DEPENDENCIES"}
    account.clock.advance(hours=1)
    assert account.poll() is None


def test_a_precondition_that_does_not_hold_cascades_to_its_activity(account):
    """The activity is CASCADE_FAILED with ``failureAndRerunMode`` cascade."""
    account.start(*guarded(failureAndRerunMode="cascade"))

    account.report(account.take(), "FALSE")

    assert account.statuses() == {"Ready": "FAILED", "Copy": "CASCADE_FAILED"}


@pytest.mark.parametrize("status", ["FALSE", "FINISHED"])
def test_the_status_of_a_false_attempt_is_a_setting(account, status):
    """With these settings the attempt is FALSE, or FINISHED with a negative result."""
    account.configure(precondition_false_status=status)
    account.start(*guarded())

    account.report(account.take(), "FALSE")

    assert account.attempts() == {"Ready#1": status}
    assert account.statuses()["Copy"] == "WAITING_ON_DEPENDENCIES"


def test_the_service_may_repeat_preconditions(account):
    """With this setting the service retries preconditions as it retries activities."""
    account.configure(precondition_retries="service")
    account.start(*guarded())
    account.report(account.take(), "FALSE")
    account.clock.advance(minutes=2)

    account.report(account.take(), "FINISHED")

    assert account.attempts() == {"Ready#1": "FAILED", "Ready#2": "FINISHED", "Copy#1": "WAITING_FOR_RUNNER"}


def test_the_preconditions_of_a_canceled_activity_are_canceled(account):
    """Their result is not needed any more."""
    account.start(*guarded())

    account.command("TRY_CANCEL", "Copy")

    assert account.statuses() == {"Ready": "CANCELED", "Copy": "CANCELED"}
    assert account.poll() is None


def test_a_precondition_shared_by_two_activities_runs_for_each(account):
    """Each run refers to its own activity."""
    account.start(
        activity("A", precondition=ref("Ready")),
        activity("B", precondition=ref("Ready")),
        {"id": "Ready", "type": "Exists"},
    )

    nodes = set()
    for _ in range(2):
        task = account.poll()
        fields = task["objects"][task["attemptId"]]["fields"]
        nodes |= {each["refValue"] for each in fields if each["key"] == "node"}

    assert nodes == {account.instance("A"), account.instance("B")}


def test_a_precondition_of_the_service_counts_as_met(account):
    """AWS checks S3KeyExists and similar preconditions, not a task runner."""
    account.start(activity("A", precondition=ref("Key")), {"id": "Key", "type": "S3KeyExists"})

    assert account.poll()["attemptId"].startswith("@A_")


def test_another_activation_is_another_run(account):
    """The new instances have new ids, even within the same second."""
    pipeline_id = account.start(activity("A"))
    account.report(account.take(), "FINISHED")

    account.call("ActivatePipeline", pipelineId=pipeline_id)
    account.report(account.take(), "FINISHED")

    assert [each.attempt_id for each in account.service.attempts()] == [
        "@A_2012-12-12T00:00:00_Attempt=1",
        "@A_2012-12-12T00:00:01_Attempt=1",
    ]


def test_activating_a_running_pipeline_cancels_and_reruns(account):
    """The API page says this. A setting gives the error that a user reported."""
    pipeline_id = account.start(activity("A"), activity("B", dependsOn=ref("A")))
    task_id = account.take()

    account.call("ActivatePipeline", pipelineId=pipeline_id)

    assert account.progress(task_id) is True
    assert account.poll() is not None
    account.configure(reactivation="invalid_request")
    with pytest.raises(ServiceError, match="InvalidRequestException"):
        account.call("ActivatePipeline", pipelineId=pipeline_id)


def test_an_activity_on_a_managed_resource_is_no_runners_task(account):
    """``runsOn`` has precedence over ``workerGroup``."""
    account.start(activity("A", runsOn=ref("Ec2")), {"id": "Ec2", "type": "Ec2Resource"})

    assert account.poll() is None
    assert account.statuses() == {"A": "WAITING_FOR_RUNNER"}


def test_a_deleted_pipeline_hands_out_nothing(account):
    """Calls for its tasks answer that it was deleted."""
    pipeline_id = account.start(activity("A"), activity("B"))
    task_id = account.take()

    account.call("DeletePipeline", pipelineId=pipeline_id)

    assert account.poll() is None
    with pytest.raises(ServiceError, match="PipelineDeletedException"):
        account.report(task_id, "FINISHED")
    account.clock.advance(hours=1)
    account.service.tick()
