"""Polled tasks, and their form in the conf of a DAG run."""

from __future__ import annotations

import json
import pickle
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pendulum
import pytest
from hypothesis import given, strategies as st

from airflow_provider_datapipeline.pipeline_task import Asked, PipelineTask
from airflow_provider_datapipeline.plugins import macros

if TYPE_CHECKING:
    from collections.abc import Mapping

TASK_ID = "2xaM4wRs5z" + "o+/=" * 240 + "XO50TgDNyo8/g==:1"
ATTEMPT = "@SayHello_2012-12-12T00:00:00_Attempt=1"
PIPELINE = "df-0937003356ZJEXAMPLE"

# Like the only example that AWS publishes, but with a second object and repeated keys.
TASK_OBJECT: dict[str, Any] = {
    "taskId": TASK_ID,
    "pipelineId": PIPELINE,
    "attemptId": ATTEMPT,
    "objects": {
        ATTEMPT: {
            "id": ATTEMPT,
            "name": ATTEMPT,
            "fields": [
                {"key": "@scheduledStartTime", "stringValue": "2012-12-12T00:00:00"},
                {"key": "scriptArgument", "stringValue": "one"},
                {"key": "parent", "refValue": "SayHello"},
                {"key": "@actualStartTime", "stringValue": "2012-12-13T01:40:50"},
                {"key": "command", "stringValue": "echo hello"},
                {"key": "scriptArgument", "stringValue": "two"},
                {"key": "@scheduledEndTime", "stringValue": "2012-12-12T01:00:00"},
                {"key": "scriptArgument", "refValue": "Three"},
                {"key": "empty", "stringValue": ""},
            ],
        },
        "Three": {"id": "Three", "name": "Three", "fields": [{"key": "path", "stringValue": "s3://bucket"}]},
        "Bare": {"id": "Bare"},
    },
}


def a_task(**fields: str | list[str]) -> PipelineTask:
    return PipelineTask(task_id="t", pipeline_id="p", attempt_id="a", fields=fields)


def test_a_task_object_is_flattened() -> None:
    task = PipelineTask.from_task_object(TASK_OBJECT)

    assert (task.task_id, task.pipeline_id, task.attempt_id) == (TASK_ID, PIPELINE, ATTEMPT)
    assert task.fields == {
        "@scheduledStartTime": "2012-12-12T00:00:00",
        "@scheduledEndTime": "2012-12-12T01:00:00",
        "@actualStartTime": "2012-12-13T01:40:50",
        "parent": "SayHello",
        "command": "echo hello",
        "scriptArgument": ["one", "two", "Three"],
        "empty": "",
    }
    assert task.objects == {"Three": {"path": "s3://bucket"}, "Bare": {}}


def test_times_are_in_utc() -> None:
    task = PipelineTask.from_task_object(TASK_OBJECT)

    assert task.scheduled_start_time == pendulum.datetime(2012, 12, 12, tz="UTC")
    assert task.scheduled_end_time == pendulum.datetime(2012, 12, 12, 1, tz="UTC")
    assert task.actual_start_time == pendulum.datetime(2012, 12, 13, 1, 40, 50, tz="UTC")
    assert isinstance(task.actual_start_time, pendulum.DateTime)
    assert task.actual_start_time.timezone_name == "UTC"


@pytest.mark.parametrize(
    "value",
    ["", "soon", "2012-12-12", "2012-13-12T00:00:00", "2012-12-12T00:00:00Z", "2012-12-12T25:00:00", ["2012", "2013"]],
)
def test_a_time_that_is_absent_or_unreadable_is_none(value: str | list[str]) -> None:
    assert a_task(**{"@scheduledStartTime": value}).scheduled_start_time is None
    assert a_task().actual_start_time is None


@pytest.mark.parametrize(
    ("value", "longest"),
    [
        ("15 minutes", pendulum.duration(minutes=15)),
        ("2 Hours", pendulum.duration(hours=2)),
        (" 1  Day ", pendulum.duration(days=1)),
        ("1 week", pendulum.duration(weeks=1)),
        ("1 month", pendulum.duration(days=31)),
        ("2 Months", pendulum.duration(days=62)),
        ("1 year", pendulum.duration(days=366)),
        ("2 Years", pendulum.duration(days=732)),
    ],
)
def test_a_period_is_never_taken_for_shorter_than_it_may_be(value: str, longest: pendulum.Duration) -> None:
    """The cases have every unit of the developer guide. A period that is too long is harmless: the service ends it."""
    assert a_task(attemptTimeout=value).period_seconds("attemptTimeout") == longest.total_seconds()


@pytest.mark.parametrize("value", ["", "0 days", "-1 day", "1.5 hours", "1 fortnight", "month", "1 month 2 days"])
def test_a_period_that_is_zero_or_unreadable_is_none(value: str) -> None:
    assert a_task(attemptTimeout=value).period_seconds("attemptTimeout") is None
    assert a_task().period_seconds("attemptTimeout") is None


def test_a_task_without_objects_can_still_be_reported() -> None:
    ids = {"taskId": "t", "pipelineId": "p", "attemptId": "a"}

    assert PipelineTask.from_task_object(ids) == a_task()
    assert PipelineTask.from_task_object({**ids, "objects": {"other": {"fields": []}}}).fields == {}


def test_a_field_without_a_value_is_empty() -> None:
    fields = [
        {"key": "a"},
        {"key": "b", "stringValue": None, "refValue": "B"},
        {"key": "c", "stringValue": "", "refValue": None},
    ]

    task = PipelineTask.from_task_object(
        {"taskId": "t", "pipelineId": "p", "attemptId": "a", "objects": {"a": {"fields": fields}}}
    )

    assert task.fields == {"a": "", "b": "B", "c": ""}


def test_the_conf_of_a_dag_run_is_plain_and_flat() -> None:
    conf = PipelineTask.from_task_object(TASK_OBJECT).to_conf()

    assert json.loads(json.dumps(conf)) == conf
    assert conf["datapipeline"].keys() == {"taskId", "pipelineId", "attemptId", "fields", "objects"}
    fields = conf["datapipeline"]["fields"]
    assert isinstance(fields, dict)
    assert fields["command"] == "echo hello"


def test_a_conf_is_a_copy() -> None:
    task = a_task(arguments=["one"])

    conf: Any = task.to_conf()
    conf["datapipeline"]["fields"]["arguments"].append("two")

    assert task.fields == {"arguments": ["one"]}


@pytest.mark.parametrize(
    "conf",
    [
        TASK_OBJECT,
        {"datapipeline": TASK_OBJECT},
        {"datapipeline": TASK_OBJECT, "other": 1},
        PipelineTask.from_task_object(TASK_OBJECT).to_conf(),
        PipelineTask.from_task_object(TASK_OBJECT).to_conf()["datapipeline"],
    ],
    ids=["task object", "nested task object", "beside other keys", "flattened", "flattened at top level"],
)
def test_every_form_of_conf_is_read(conf: Mapping[str, object]) -> None:
    assert PipelineTask.from_conf(conf) == PipelineTask.from_task_object(TASK_OBJECT)


names = st.text(min_size=1, max_size=20)
fields_strategy = st.dictionaries(
    names | st.just("fields"), st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=3), max_size=4
)
tasks = st.builds(
    PipelineTask,
    task_id=names,
    pipeline_id=names,
    attempt_id=names,
    fields=fields_strategy,
    objects=st.dictionaries(names, fields_strategy, max_size=3),
)


@given(tasks)
def test_a_task_survives_the_conf_and_json(task: PipelineTask) -> None:
    assert PipelineTask.from_conf(task.to_conf()) == task
    assert PipelineTask.from_conf(json.loads(json.dumps(task.to_conf()))) == task


field_entries = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["stringValue", "refValue"]), st.text(max_size=5)), max_size=8
)


@given(objects=st.dictionaries(st.sampled_from(["attempt", "Schedule", "fields"]), field_entries))
def test_no_field_is_lost_and_their_order_is_kept(objects: dict[str, list[tuple[str, str, str]]]) -> None:
    task_object = {
        "taskId": "t",
        "pipelineId": "p",
        "attemptId": "attempt",
        "objects": {
            name: {"id": name, "fields": [{"key": key, kind: value} for key, kind, value in entries]}
            for name, entries in objects.items()
        },
    }

    task = PipelineTask.from_conf(task_object)

    for name, entries in objects.items():
        flattened = task.fields if name == "attempt" else task.objects[name]
        for key in "abc":
            values = [value for field, _, value in entries if field == key]
            assert flattened.get(key, []) == (values[0] if len(values) == 1 else values)


IDS = {"taskId": "t", "pipelineId": "p", "attemptId": "a"}


@pytest.mark.parametrize(
    ("conf", "complaint"),
    [
        (None, "the DAG run's conf is None, not a mapping that carries a Data Pipeline task"),
        ("taskId", "the DAG run's conf is of type str"),
        ({}, "the DAG run's conf has neither 'datapipeline' nor 'taskId'"),
        ({"datapipeline": None}, r"conf\['datapipeline'\] is None, not a mapping"),
        ({"datapipeline": "t"}, r"conf\['datapipeline'\] is of type str, not a mapping"),
        ({"datapipeline": {}}, "taskObject has no 'taskId'"),
        ({"datapipeline": {"fields": {}}}, r"conf\['datapipeline'\] has no 'taskId'"),
        ({"taskId": "t"}, "taskObject has no 'pipelineId'"),
        ({"taskId": "t", "pipelineId": "p"}, "taskObject has no 'attemptId'"),
        (IDS | {"taskId": ""}, r"taskObject\['taskId'\] is empty"),
        (IDS | {"taskId": 17}, r"taskObject\['taskId'\] is of type int, not a string"),
        (IDS | {"pipelineId": None}, r"taskObject\['pipelineId'\] is None, not a string"),
        (IDS | {"objects": []}, "taskObject.objects is of type list, not a mapping"),
        (IDS | {"objects": {"a": 1}}, r"taskObject.objects\['a'\] is of type int, not a mapping"),
        (IDS | {"objects": {"a": {"fields": "x"}}}, r"objects\['a'\].fields is of type str, not a list"),
        (IDS | {"objects": {"a": {"fields": ["x"]}}}, r"an entry of .*\['a'\].fields is of type str, not a mapping"),
        (IDS | {"objects": {"a": {"fields": [{}]}}}, "the key of an entry of .* is None, not a string"),
        (
            IDS | {"objects": {"a": {"fields": [{"key": "k", "stringValue": 1}]}}},
            "the value of 'k' in an entry of .* is of type int, not a string",
        ),
        (IDS | {"fields": []}, "fields is of type list, not a mapping"),
        (IDS | {"fields": {"k": 1}}, r"fields\['k'\] is of type int, not a string or a list of strings"),
        (IDS | {"fields": {"k": ["x", 1]}}, r"fields\['k'\] is of type list, not a string or a list of strings"),
        (IDS | {"fields": {}, "objects": {"o": {"k": None}}}, r"objects\['o'\]\['k'\] is None, not a string"),
    ],
)
def test_an_unusable_conf_is_refused_with_what_is_missing(conf: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        PipelineTask.from_conf(conf)


def test_neither_the_id_nor_the_fields_flood_a_log() -> None:
    task = PipelineTask.from_task_object(TASK_OBJECT)

    assert task.short_id == "2xaM4wRs5z...Nyo8/g==:1"
    assert repr(task) == f"PipelineTask('2xaM4wRs5z...Nyo8/g==:1', pipeline_id='{PIPELINE}', attempt_id='{ATTEMPT}')"
    assert a_task().short_id == "t"


def test_tasks_are_values() -> None:
    task = PipelineTask.from_task_object(TASK_OBJECT)

    assert pickle.loads(pickle.dumps(task)) == task
    assert {task, PipelineTask.from_task_object(TASK_OBJECT)} == {task}


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"type": "ShellCommandActivity"}, Asked.ACTIVITY),
        ({"type": "S3KeyExists"}, Asked.PRECONDITION),
        ({"type": ["S3KeyExists", "S3KeyExists"]}, Asked.UNKNOWN),
        ({"type": ""}, Asked.UNKNOWN),
        ({}, Asked.UNKNOWN),
    ],
)
def test_the_type_decides_the_kind_of_task(fields: dict[str, Any], asked: Asked) -> None:
    assert a_task(**fields).asked is asked


def test_templates_read_the_task_with_a_macro() -> None:
    """Templates call it as ``macros.datapipeline.task(dag_run)``."""
    assert macros.task(SimpleNamespace(conf=a_task(command="x").to_conf())).fields == {"command": "x"}

    with pytest.raises(ValueError, match="carries no Data Pipeline task"):
        macros.task(SimpleNamespace(conf={"day": "2026-11-22"}))
