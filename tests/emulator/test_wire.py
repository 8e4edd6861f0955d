"""The limits, characters and types of botocore's service model."""

from __future__ import annotations

import pytest

from airflow_provider_datapipeline.emulator import EmulatorSettings
from airflow_provider_datapipeline.emulator.errors import ServiceError
from airflow_provider_datapipeline.emulator.wire import operation_name, parse, truncate, validate

STATUS = {"taskId": "t", "taskStatus": "FAILED"}


def refusal(operation, request, **settings):
    with pytest.raises(ServiceError) as caught:
        validate(operation, request, EmulatorSettings(**settings))
    return caught.value


@pytest.mark.parametrize(("member", "longest"), [("taskId", 2048), ("errorId", 1024), ("errorStackTrace", 1024)])
def test_a_text_is_accepted_up_to_its_limit(member, longest):
    """A text that is one character longer is refused with the words of AWS's own framework."""
    validate("SetTaskStatus", {**STATUS, member: "x" * longest}, EmulatorSettings())

    error = refusal("SetTaskStatus", {**STATUS, member: "x" * (longest + 1)})

    assert (error.code, error.status) == ("ValidationException", 400)
    assert f"at '{member}' failed to satisfy constraint" in error.message
    assert error.message.endswith(f"length less than or equal to {longest}")


def test_an_error_message_has_no_limit_of_its_own():
    """The model limits neither its length nor its characters."""
    message = "x\0" * 100_000

    assert validate("SetTaskStatus", {**STATUS, "errorMessage": message}, EmulatorSettings())["errorMessage"] == message


def test_a_limit_counts_utf16_units():
    """With a setting it counts code points."""
    request = {**STATUS, "errorStackTrace": "😀" * 513}

    assert refusal("SetTaskStatus", request).code == "ValidationException"
    validate("SetTaskStatus", request, EmulatorSettings(length_unit="code_points"))


def test_the_stack_trace_limit_of_the_api_page_is_a_setting():
    """It is 4095 on the API page and 1024 in the model."""
    settings = EmulatorSettings(stack_trace_limit=4095)

    validate("SetTaskStatus", {**STATUS, "errorStackTrace": "x" * 4095}, settings)
    assert refusal("SetTaskStatus", {**STATUS, "errorStackTrace": "x" * 4096}, stack_trace_limit=4095)


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x0b", "\ufffe", "\uffff", "\ud800"])
def test_a_character_outside_the_class_is_refused(character):
    """These are control characters, non-characters and single surrogates."""
    assert "regular expression" in refusal("SetTaskStatus", {**STATUS, "errorId": f"a{character}"}).message


@pytest.mark.parametrize("character", ["\t", "\r", "\n", " ", "\x7f", "é", "\ufffd", "\U00010000", "\U0010ffff"])
def test_a_character_of_the_class_is_accepted(character):
    """These include characters beyond U+FFFF, which the model writes as surrogate pairs."""
    validate("SetTaskStatus", {**STATUS, "errorId": character}, EmulatorSettings())


@pytest.mark.parametrize(
    ("operation", "request_", "text"),
    [
        ("SetTaskStatus", {"taskId": "t", "taskStatus": "NONSENSE"}, "enum value set: [FINISHED, FAILED, FALSE]"),
        ("SetTaskStatus", {"taskId": "t"}, "Value null at 'taskStatus'"),
        ("SetTaskStatus", {"taskId": None, "taskStatus": "FAILED"}, "Value null at 'taskId'"),
        ("CreatePipeline", {"name": "", "uniqueId": "u"}, "length greater than or equal to 1"),
        ("ReportTaskProgress", {"taskId": "t", "fields": [{"stringValue": "x"}]}, "'fields.1.member.key'"),
        ("ReportTaskProgress", {"taskId": "t", "fields": [{"key": "k", "stringValue": "x" * 10_241}]}, "10240"),
        ("ReportTaskProgress", {"taskId": "t", "fields": [{"key": "k" * 257}]}, "256"),
    ],
)
def test_a_constraint_is_named_with_the_member_that_breaks_it(operation, request_, text):
    """The members are enumerations, missing, too short, or in lists."""
    assert text in refusal(operation, request_).message


def test_the_type_of_a_refusal_is_a_setting():
    """A minimum length always is a ValidationException, because that error was seen."""
    settings = {"constraint_error": "InvalidRequestException"}

    assert refusal("SetTaskStatus", {**STATUS, "errorId": "\0"}, **settings).code == "InvalidRequestException"
    assert refusal("CreatePipeline", {"name": "", "uniqueId": "u"}, **settings).code == "ValidationException"


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("SetTaskStatus", {"taskId": 1, "taskStatus": "FAILED"}),
        ("ReportTaskProgress", {"taskId": "t", "fields": {}}),
        ("ReportTaskProgress", {"taskId": "t", "fields": ["x"]}),
        ("QueryObjects", {"pipelineId": "p", "sphere": "ATTEMPT", "limit": True}),
        ("QueryObjects", {"pipelineId": "p", "sphere": "ATTEMPT", "limit": "10"}),
        ("DescribeObjects", {"pipelineId": "p", "objectIds": [], "evaluateExpressions": "yes"}),
    ],
)
def test_a_wrong_type_cannot_be_read(operation, request_):
    """The error is a SerializationException for every member."""
    assert refusal(operation, request_).code == "SerializationException"


def test_members_that_the_model_does_not_know_are_ignored():
    """AWS does the same for clients of other versions."""
    assert validate("SetTaskStatus", {**STATUS, "slots": []}, EmulatorSettings()) == STATUS


def test_texts_over_their_limit_may_be_cut():
    """With this setting the operation truncates error texts. An id is never truncated."""
    request = {**STATUS, "errorStackTrace": "x" * 2000}

    assert validate("SetTaskStatus", request, EmulatorSettings(over_limit="truncate")) == request
    assert refusal("SetTaskStatus", {**STATUS, "taskId": "x" * 2049}, over_limit="truncate")
    assert truncate("x" * 2000, 1024, "utf16") == "x" * 1024
    assert truncate("a" + "😀" * 600, 1024, "utf16") == "a" + "😀" * 511
    assert truncate("😀" * 600, 512, "code_points") == "😀" * 512


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"text"', b"\xff\xfe"])
def test_a_body_that_is_no_json_object_cannot_be_read(body):
    """The error is a SerializationException."""
    with pytest.raises(ServiceError, match="SerializationException"):
        parse(body)


@pytest.mark.parametrize("target", [None, "", "PollForTask", "DataPipeline.", "DataPipeline_20121129.PollForTask"])
def test_an_operation_that_is_not_known_is_refused(target):
    """The wrong targets include that of an old guide."""
    with pytest.raises(ServiceError, match="UnknownOperationException"):
        operation_name(target)
