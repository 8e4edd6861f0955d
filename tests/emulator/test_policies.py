"""IAM policies: what they decide, and which documents are refused because a part of them is not supported."""

from __future__ import annotations

import json

import pytest

from airflow_provider_datapipeline.emulator.policies import AccessRequest, Decision, Policy, decide

PIPELINE = "arn:aws:datapipeline:us-east-1:123456789012:pipeline/df-0937003356ZJEXAMPLE"
GROUP = "datapipeline:workergroup"


def statement(effect="Allow", action="datapipeline:*", resource="*", **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements):
    return Policy.parse({"Version": "2012-10-17", "Statement": list(statements)})


def says(*statements, action="datapipeline:SetTaskStatus", resource=PIPELINE, user_id="AIDAANN", **context):
    values = {key.replace("__", ":").lower(): value for key, value in context.items()}
    return decide([policy(*statements)], AccessRequest(action, resource, values, user_id))


def test_what_nothing_allows_is_not_allowed():
    assert says(statement(action="datapipeline:PollForTask")) is Decision.NOT_ALLOWED
    assert decide([], AccessRequest("datapipeline:PollForTask", "*", {})) is Decision.NOT_ALLOWED


def test_a_deny_wins_wherever_it_stands():
    allow, deny = statement(), statement("Deny", "datapipeline:SetTaskStatus")
    request = AccessRequest("datapipeline:SetTaskStatus", PIPELINE, {})

    assert says(deny, allow) is says(allow, deny) is Decision.DENIED
    assert decide([policy(allow), policy(deny)], request) is Decision.DENIED
    assert says(allow, deny, action="datapipeline:PollForTask") is Decision.ALLOWED


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        ("*", True),
        ("datapipeline:*", True),
        ("datapipeline:Set*", True),
        ("datapipeline:Set????Status", True),
        ("DATAPIPELINE:settaskstatus", True),
        (["s3:GetObject", "datapipeline:SetTaskStatus"], True),
        ("datapipeline:SetStatus", False),
        ("datapipeline:SetTask", False),
        ("datapipeline:Set?Status", False),
        ("datapipelineX:*", False),
        ([], False),
    ],
)
def test_an_action_is_matched_whole_with_wildcards_whatever_its_case(pattern, allowed):
    assert (says(statement(action=pattern)) is Decision.ALLOWED) is allowed


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        ("*", True),
        (PIPELINE, True),
        ("arn:aws:datapipeline:us-east-1:123456789012:pipeline/*", True),
        ("arn:aws:datapipeline:*:*:pipeline/df-09370033??ZJEXAMPLE", True),
        ("arn:aws:datapipeline", True),
        ([PIPELINE + "X", PIPELINE], True),
        (PIPELINE + "X", False),
        (PIPELINE.lower(), False),
        ("arn:aws:datapipeline:eu-west-1:123456789012:pipeline/*", False),
        ("arn:aws:datapipeline:us-east-1:999999999999:pipeline/*", False),
        ("arn:aws:datapipeline:*:pipeline/*", False),
        ("arn:aws:s3:::*", False),
    ],
)
def test_an_arn_is_matched_part_by_part(pattern, allowed):
    assert (says(statement(resource=pattern)) is Decision.ALLOWED) is allowed


def test_an_action_without_a_resource_needs_all_resources():
    """A statement for all pipelines does not allow PollForTask."""
    poll = {"action": "datapipeline:PollForTask", "resource": "*"}

    assert says(statement(resource="arn:aws:datapipeline:*:*:*"), **poll) is Decision.NOT_ALLOWED
    assert says(statement(resource="*"), **poll) is Decision.ALLOWED


def test_the_two_negations_stand_for_all_the_others():
    but_polling = {"Effect": "Allow", "NotAction": "datapipeline:Poll*", "Resource": "*"}
    but_one = {"Effect": "Allow", "Action": "*", "NotResource": PIPELINE}

    assert says(but_polling) is Decision.ALLOWED
    assert says(but_polling, action="datapipeline:PollForTask") is Decision.NOT_ALLOWED
    assert says(but_one) is Decision.NOT_ALLOWED
    assert says(but_one, resource=PIPELINE + "X") is Decision.ALLOWED


@pytest.mark.parametrize(
    ("operator", "expected", "values", "holds"),
    [
        ("StringEquals", "a", ["a"], True),
        ("StringEquals", ["a", "b"], ["b"], True),
        ("StringEquals", "a", ["A"], False),
        ("StringEquals", "a*", ["ab"], False),
        ("StringEquals", "a", [], False),
        ("StringEquals", "a", ["b", "a"], True),
        ("StringEqualsIfExists", "a", [], True),
        ("StringEqualsIfExists", "a", ["b"], False),
        ("StringNotEquals", "a", ["b"], True),
        ("StringNotEquals", ["a", "b"], ["b"], False),
        ("StringNotEquals", "a", [], True),
        ("StringNotEquals", "a", ["b", "a"], False),
        ("StringEqualsIgnoreCase", "a", ["A"], True),
        ("StringNotEqualsIgnoreCase", "a", ["A"], False),
        ("StringLike", "a*", ["abc"], True),
        ("StringLike", "a?", ["abc"], False),
        ("StringLike", "[ab]", ["a"], False),
        ("StringNotLike", "a*", ["abc"], False),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", "a", [], True),
        ("ForAnyValue:StringEquals", ["a", "b"], ["c", "b"], True),
        ("ForAnyValue:StringEquals", "a", ["c"], False),
        ("ForAnyValue:StringEquals", "a", [], False),
        ("ForAnyValue:StringLike", "a*", ["c", "ab"], True),
        ("ForAllValues:StringNotEquals", "a", ["b", "c"], True),
        ("ForAllValues:StringNotEquals", "a", ["b", "a"], False),
        ("Null", "true", [], True),
        ("Null", "true", ["a"], False),
        ("Null", "false", ["a"], True),
    ],
)
def test_a_condition_holds_as_in_iam(operator, expected, values, holds):
    """This includes keys without values and keys with several values."""
    conditional = statement(Condition={operator: {"datapipeline:workerGroup": expected}})

    assert (says(conditional, datapipeline__workerGroup=values) is Decision.ALLOWED) is holds


def test_all_conditions_of_a_statement_must_hold():
    conditional = statement(
        Condition={
            "StringEquals": {"datapipeline:Tag/environment": "production", "datapipeline:Tag/team": "orders"},
            "StringLike": {"datapipeline:PipelineCreator": "AIDA*"},
        }
    )
    context = {
        "datapipeline:tag/environment": ["production"],
        "datapipeline:tag/team": ["orders"],
        "datapipeline:pipelinecreator": ["AIDAANN"],
    }

    assert says(conditional, **context) is Decision.ALLOWED
    for key in context:
        assert says(conditional, **{**context, key: ["other"]}) is Decision.NOT_ALLOWED


def test_the_owner_is_whose_id_the_policy_leaves_open():
    """The policy is AWS's example that grants an owner full access."""
    owner = statement(Condition={"ForAnyValue:StringEquals": {"datapipeline:PipelineCreator": "${aws:userid}"}})
    creator = {"datapipeline__PipelineCreator": ["AIDAANN"]}

    assert says(owner, **creator) is Decision.ALLOWED
    assert says(owner, user_id="AIDABOB", **creator) is Decision.NOT_ALLOWED


def test_a_policy_is_read_from_json_and_may_have_one_statement():
    document = {"Version": "2012-10-17", "Id": "runner", "Statement": statement(Sid="All")}
    request = AccessRequest("datapipeline:SetTaskStatus", PIPELINE, {})

    assert decide([Policy.parse(json.dumps(document))], request) is Decision.ALLOWED


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ([], "an object with a Statement"),
        ({"Statement": []}, "an object with a Statement"),
        ({"Version": "2020-01-01", "Statement": statement()}, "2020-01-01"),
        ({"Statment": [], "Statement": statement()}, "Statment"),
        ({"Statement": ["all"]}, "'all'"),
        ({"Statement": statement(effect="allow")}, "'allow'"),
        ({"Statement": statement(Principal="*")}, "Principal"),
        ({"Statement": {"Effect": "Allow", "Action": "*"}}, "either Resource or NotResource"),
        ({"Statement": statement(NotAction="*")}, "either Action or NotAction"),
        ({"Statement": statement(action="PollForTask")}, "'PollForTask'"),
        ({"Statement": statement(action=7)}, "7"),
        ({"Statement": statement(resource="df-0937003356ZJEXAMPLE")}, "df-0937003356ZJEXAMPLE"),
        ({"Statement": statement(resource="arn:aws:datapipeline:*:*:pipeline/${aws:username}")}, "aws:username"),
        ({"Statement": statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})}, "IpAddress"),
        ({"Statement": statement(Condition={"ForSomeValues:StringLike": {"a": "b"}})}, "ForSomeValues:StringLike"),
        ({"Statement": statement(Condition={"StringEquals": {"a": 7}})}, "7"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(document, named):
    """If the emulator ignored it, it would allow or deny what nobody checked."""
    with pytest.raises(ValueError, match=r".") as caught:
        Policy.parse(document)

    assert named in str(caught.value)
