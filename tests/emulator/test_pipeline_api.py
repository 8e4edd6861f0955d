"""Creating, reading and querying pipelines and their objects."""

from __future__ import annotations

import pytest

from airflow_provider_datapipeline.emulator import EmulatorSettings
from airflow_provider_datapipeline.emulator.errors import ServiceError

ACTIVITY = {"id": "A", "type": "ShellCommandActivity", "workerGroup": "group-1"}
INVALID = pytest.raises(ServiceError, match="InvalidRequestException")


def put(account, *objects):
    pipeline_id = account.call("CreatePipeline", name="n", uniqueId="u")["pipelineId"]
    wire = [
        {"id": object_id, "name": object_id, "fields": [{"key": k, **v} for k, v in fields.items()]}
        for object_id, fields in objects
    ]
    return account.call("PutPipelineDefinition", pipelineId=pipeline_id, pipelineObjects=wire)


def text(value):
    return {"stringValue": value}


def test_creating_is_idempotent_by_name_and_unique_id(account):
    """The same pair is the same pipeline until it is deleted."""
    first = account.call("CreatePipeline", name="n", uniqueId="u")

    assert account.call("CreatePipeline", name="n", uniqueId="u") == first
    assert account.call("CreatePipeline", name="n", uniqueId="v") != first
    account.call("DeletePipeline", pipelineId=first["pipelineId"])
    assert account.call("CreatePipeline", name="n", uniqueId="u") != first


def test_a_definition_is_returned_as_it_was_put(account):
    """Objects keep their order. A list is a repeated key. Parameters have values."""
    pipeline_id = account.start(
        {**ACTIVITY, "scriptArgument": ["one", "two"], "input": {"ref": "Data"}, "name": "Name of A"},
        {"id": "Data", "type": "S3DataNode"},
        parameters=[{"id": "myPath", "type": "String", "default": "/tmp"}],
        values={"myPath": "/data"},
    )

    definition = account.call("GetPipelineDefinition", pipelineId=pipeline_id)

    first = definition["pipelineObjects"][0]
    assert [each["id"] for each in definition["pipelineObjects"]] == ["A", "Data"]
    assert first["name"] == "Name of A"
    assert [each for each in first["fields"] if each["key"] in {"scriptArgument", "input"}] == [
        {"key": "scriptArgument", "stringValue": "one"},
        {"key": "scriptArgument", "stringValue": "two"},
        {"key": "input", "refValue": "Data"},
    ]
    assert definition["parameterValues"] == [{"id": "myPath", "stringValue": "/data"}]
    assert definition["parameterObjects"][0]["attributes"][1] == {"key": "default", "stringValue": "/tmp"}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"dependsOn": {"refValue": "Nothing"}}, "refers to 'Nothing'"),
        ({"@status": text("FINISHED")}, "reserved"),
        ({"attemptTimeout": text("soon")}, "period"),
        ({"maximumRetries": text("6")}, "0 to 5"),
        ({"note": text("x" * 10_000), "more": text("x" * 10_000)}, "15360 bytes"),
        ({f"note{number}": text("x") for number in range(51)}, "50 fields"),
    ],
)
def test_a_definition_with_errors_is_not_saved(account, fields, error):
    """The answer lists the errors by object."""
    answer = put(account, ("A", fields))

    assert answer["errored"] is True
    assert answer["validationErrors"][0]["id"] == "A"
    assert error in answer["validationErrors"][0]["errors"][0]
    pipeline_id = account.call("ListPipelines")["pipelineIdList"][0]["id"]
    assert account.call("GetPipelineDefinition", pipelineId=pipeline_id)["pipelineObjects"] == []


def test_an_object_id_can_be_used_once(account):
    """The answer has an error for the id."""
    answer = put(account, ("A", {}), ("A", {}))

    assert "More than one object" in answer["validationErrors"][0]["errors"][0]


def test_an_empty_worker_group_is_fatal(account):
    """The whole definition is refused with the text of the public sample."""
    with pytest.raises(ServiceError, match=r"FATAL errors: \[com.amazon.setl.webservice.ValidationError@"):
        put(account, ("A", {"workerGroup": text("")}))


def test_a_pipeline_without_definition_cannot_be_activated(account):
    """It has no activity to run."""
    pipeline_id = account.call("CreatePipeline", name="n", uniqueId="u")["pipelineId"]

    with INVALID:
        account.call("ActivatePipeline", pipelineId=pipeline_id)


def test_a_pipeline_that_is_not_there_says_so(account):
    """An unknown pipeline and a deleted pipeline have different errors."""
    with pytest.raises(ServiceError, match="PipelineNotFoundException"):
        account.call("DescribePipelines", pipelineIds=["df-0"])
    pipeline_id = account.start(ACTIVITY)
    account.call("DeletePipeline", pipelineId=pipeline_id)
    with pytest.raises(ServiceError, match="PipelineDeletedException"):
        account.call("QueryObjects", pipelineId=pipeline_id, sphere="ATTEMPT")
    assert account.call("ListPipelines")["pipelineIdList"] == []


def test_fields_are_inherited_from_parent_and_default(account):
    """A field nearer to the object overrides one with the same key."""
    account.start(
        {"id": "Default", "workerGroup": "default", "retryDelay": "2 minutes", "maximumRetries": "0"},
        {"id": "Base", "workerGroup": "base", "maximumRetries": "3"},
        {"id": "A", "type": "ShellCommandActivity", "parent": {"ref": "Base"}, "maximumRetries": "5"},
    )

    fields = account.object(account.instance("A"))

    assert (fields["workerGroup"], fields["maximumRetries"], fields["retryDelay"]) == ("base", "5", "2 minutes")
    assert fields["parent"] == "A"


def test_expressions_in_fields_are_evaluated_for_the_run(account):
    """Expressions that the emulator cannot evaluate stay in the text."""
    account.start(
        {
            **ACTIVITY,
            "input": {"ref": "Data"},
            "command": "#{myTool} #{input.path} #{@scheduledStartTime} #{workerGroup} #{format(1,'x')} #{no}",
        },
        {"id": "Data", "type": "S3DataNode", "path": "/in"},
        parameters=[{"id": "myTool", "default": "cp"}],
    )

    command = account.object(account.instance("A"))["command"]

    assert command == "cp /in 2012-12-12T00:00:00 group-1 #{format(1,'x')} #{no}"


def test_parameter_values_can_be_given_at_activation(account):
    """They replace the values of the definition."""
    pipeline_id = account.start({**ACTIVITY, "command": "#{myPath}"}, values={"myPath": "/old"})
    account.call("ActivatePipeline", pipelineId=pipeline_id, parameterValues=[{"id": "myPath", "stringValue": "/new"}])

    assert account.object(account.instance("A"))["command"] == "/new"


def evaluate(account, object_id, expression):
    request = {"pipelineId": account.pipeline_ids[-1], "objectId": object_id, "expression": expression}
    return account.call("EvaluateExpression", **request)["evaluatedExpression"]


def test_an_expression_is_evaluated_in_the_place_of_an_object(account):
    """The object is a component or an attempt. The text around the expression stays."""
    account.start({**ACTIVITY, "input": {"ref": "Data"}}, {"id": "Data", "type": "S3DataNode", "path": "/in"})
    attempt_id = account.poll()["attemptId"]

    assert evaluate(account, "A", "from #{input.path} to #{workerGroup}") == "from /in to group-1"
    assert evaluate(account, attempt_id, "#{@componentParent.type} at #{@scheduledStartTime}") == (
        "ShellCommandActivity at 2012-12-12T00:00:00"
    )
    assert evaluate(account, attempt_id, "nothing to do") == "nothing to do"


@pytest.mark.parametrize(("object_id", "expression"), [("A", "#{no.such}"), ("A", "#{1 + 1}"), ("Nothing", "x")])
def test_an_expression_that_cannot_be_evaluated_is_refused(account, object_id, expression):
    """The name or the object is unknown, or the expression has an operator."""
    account.start(ACTIVITY)

    with INVALID:
        evaluate(account, object_id, expression)


def test_the_answer_to_an_unknown_object_is_a_setting(account):
    """There is a setting for expressions and one for descriptions."""
    pipeline_id = account.start(ACTIVITY)
    account.configure(unknown_expression_object="task_not_found", unknown_object="omit")

    with pytest.raises(ServiceError, match="TaskNotFoundException"):
        evaluate(account, "Nothing", "x")
    described = account.call("DescribeObjects", pipelineId=pipeline_id, objectIds=["Nothing", "A"])
    assert [each["id"] for each in described["pipelineObjects"]] == ["A"]


def query(account, sphere, *selectors, **more):
    wire = [{"fieldName": f, "operator": {"type": t, "values": v}} for f, t, *v in selectors]
    request = {"pipelineId": account.pipeline_ids[-1], "sphere": sphere, "query": {"selectors": wire}}
    return account.call("QueryObjects", **request, **more)["ids"]


def test_objects_are_found_by_their_fields(account):
    """A query can ask for values, references and times. An object without the field never matches."""
    account.start(ACTIVITY, {**ACTIVITY, "id": "B", "dependsOn": {"ref": "A"}})
    account.clock.advance(hours=1)
    account.take()
    a, b = "@A_2012-12-12T00:00:00", "@B_2012-12-12T00:00:00"

    assert query(account, "component") == ["A", "B"]
    assert query(account, "INSTANCE", ("@status", "EQ", "RUNNING", "FAILED")) == [a]
    assert query(account, "INSTANCE", ("@componentParent", "REF_EQ", "B")) == [b]
    assert query(account, "INSTANCE", ("@componentParent", "EQ", "B")) == []
    assert query(account, "ATTEMPT", ("name", "EQ", f"{a}_Attempt=1")) == [f"{a}_Attempt=1"]
    assert query(account, "INSTANCE", ("@actualStartTime", "GE", "2012-12-12T01:00:00")) == [a]
    assert query(account, "INSTANCE", ("@actualStartTime", "LE", "2012-12-12T00:59:59")) == []
    between = ("@scheduledStartTime", "BETWEEN", "2012-12-11T00:00:00", "2012-12-13T00:00:00")
    assert query(account, "INSTANCE", between, ("@status", "EQ", "RUNNING")) == [a]


@pytest.mark.parametrize(
    "selector", [("workerGroup", "EQ", "x"), ("name", "GE", "x"), ("@actualStartTime", "BETWEEN", "x")]
)
def test_a_query_that_the_service_does_not_offer_is_refused(account, selector):
    """The field or the operator is not possible, or a value is missing."""
    account.start(ACTIVITY)

    with INVALID:
        query(account, "INSTANCE", selector)


def test_a_sphere_that_does_not_exist_is_refused(account):
    """There are three spheres."""
    account.start(ACTIVITY)

    with INVALID:
        query(account, "UNIVERSE")


def test_results_come_in_pages(account):
    """Each answer except the last has a marker for the next page. An empty marker asks for the first page."""
    account.start(*({**ACTIVITY, "id": f"A{number}"} for number in range(5)))
    request = {"pipelineId": account.pipeline_ids[-1], "sphere": "COMPONENT", "limit": 2}
    pages = [account.call("QueryObjects", **request, marker="")]
    while pages[-1]["hasMoreResults"]:
        pages.append(account.call("QueryObjects", **request, marker=pages[-1]["marker"]))

    assert [page["ids"] for page in pages] == [["A0", "A1"], ["A2", "A3"], ["A4"]]
    assert "marker" not in pages[-1]
    with INVALID:
        account.call("QueryObjects", **request, marker="made up")


def test_descriptions_come_in_pages(account):
    """A request has at most 100 ids. A setting is the size of a page."""
    account.configure(page_size=2)
    account.start(*({**ACTIVITY, "id": f"A{number}"} for number in range(3)))
    request = {"pipelineId": account.pipeline_ids[-1], "objectIds": ["A2", "A0", "A1"]}

    first = account.call("DescribeObjects", **request)
    second = account.call("DescribeObjects", **request, marker=first["marker"])

    assert [each["id"] for each in first["pipelineObjects"] + second["pipelineObjects"]] == ["A2", "A0", "A1"]
    assert (first["hasMoreResults"], second["hasMoreResults"]) == (True, False)
    with INVALID:
        account.call("DescribeObjects", pipelineId=request["pipelineId"], objectIds=["A0"] * 101)


def test_a_setting_has_only_its_choices():
    """A number must not be a text and not be below zero."""
    with pytest.raises(ValueError, match="over_limit is one of reject, truncate"):
        EmulatorSettings(over_limit="cut")
    with pytest.raises(ValueError, match="acknowledge_seconds"):
        EmulatorSettings(acknowledge_seconds=-1)


def test_settings_can_be_set_from_texts():
    """The type of each setting decides how its text is parsed, as on the command line."""
    texts = ["acknowledge_seconds=1.5", "default_maximum_retries=0", "enforce_rates=true", "running_on=poll"]

    assert EmulatorSettings().with_texts(texts) == EmulatorSettings(
        acknowledge_seconds=1.5, default_maximum_retries=0, enforce_rates=True, running_on="poll"
    )
    for text_ in ("nothing=1", "running_on", "enforce_rates=maybe", "running_on=later"):
        with pytest.raises(ValueError, match=r"nothing|running_on|enforce_rates"):
            EmulatorSettings().with_texts([text_])
