"""
Parses identity-based IAM policies and decides whether they allow a request.

A policy may contain the elements Version, Id and Statement. A statement may contain Sid, Effect, Action or NotAction,
Resource or NotResource, and Condition. The condition operators are StringEquals, StringNotEquals,
StringEqualsIgnoreCase, StringNotEqualsIgnoreCase, StringLike, StringNotLike and Null, with ``ForAllValues:``,
``ForAnyValue:`` and ``IfExists``. The only policy variable is ``${aws:userid}``. ``Policy.parse`` refuses a policy with
anything else that IAM knows: a test that ignored a part of a policy would prove nothing.

UNCONFIRMED: the meaning of an operator without ``ForAllValues:`` or ``ForAnyValue:`` on a key with several values, as
in AWS's own examples for worker groups. Here the condition holds if at least one value matches. A condition with a
negated operator holds if no value matches.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

_VERSIONS = ("2012-10-17", "2008-10-17")
_ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
_OPERATOR = re.compile(r"(?:(?P<set>ForAllValues|ForAnyValue):)?(?P<operator>\w+?)(?P<if_exists>IfExists)?")
_VARIABLE = "${aws:userid}"
_ARN_PARTS = 6


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """
    An action on a resource that a caller requests.

    :param action: ``service:operation``, such as ``datapipeline:PollForTask``
    :param resource: an ARN, or ``*`` for an action that has no resource
    :param context: the values of each condition key; the names of the keys are in lower case
    :param user_id: the unique id of the caller, which is the value of ``${aws:userid}``
    """

    action: str
    resource: str
    context: Mapping[str, Sequence[str]]
    user_id: str = ""


class Decision(Enum):
    """The decision of policies about a request."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not allowed by any statement"
    DENIED = "denied by a statement"


def decide(policies: Sequence[Policy], request: AccessRequest) -> Decision:
    """Decide about a request. A Deny overrides every Allow. A request that no statement allows is not allowed."""
    statements = [statement for policy in policies for statement in policy.statements]
    effects = {statement.effect for statement in statements if statement.applies_to(request)}
    if "Deny" in effects:
        return Decision.DENIED
    return Decision.ALLOWED if "Allow" in effects else Decision.NOT_ALLOWED


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy document."""

    statements: tuple[Statement, ...]

    @classmethod
    def parse(cls, document: Mapping[str, Any] | str) -> Policy:
        """
        Parse a policy document, which is a JSON text or parsed JSON.

        :raises ValueError: this is not a policy, or it contains something unsupported, which the text names
        """
        policy = json.loads(document) if isinstance(document, str) else document
        if not isinstance(policy, Mapping) or not policy.get("Statement"):
            raise ValueError("A policy is an object with a Statement.")
        _reject_unknown_elements(policy, {"Version", "Id", "Statement"})
        version = policy.get("Version", _VERSIONS[-1])
        if version not in _VERSIONS:
            raise ValueError(f"Version is one of {', '.join(_VERSIONS)}, not {version!r}.")
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        return cls(tuple(Statement.parse(each) for each in statements))


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One statement of a policy. It applies to a request if its actions, its resources and all its conditions match.

    :param effect: ``Allow`` or ``Deny``
    :param not_actions: whether the statement has NotAction, so that ``actions`` are those that do not match
    :param not_resources: whether it has NotResource, so that ``resources`` are those that do not match
    """

    effect: str
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...]
    not_resources: bool
    conditions: tuple[Condition, ...]

    @classmethod
    def parse(cls, element: Any) -> Statement:
        """
        Parse a statement.

        :raises ValueError: the statement is not valid; the text says why
        """
        if not isinstance(element, Mapping):
            raise ValueError(f"A statement is an object, not {element!r}.")  # noqa: TRY004  # the document is wrong
        _reject_unknown_elements(element, _ELEMENTS)
        effect = element.get("Effect")
        if effect not in ("Allow", "Deny"):
            raise ValueError(f"Effect is Allow or Deny, not {effect!r}.")
        actions = _element_or_negation(element, "Action")
        resources = _element_or_negation(element, "Resource")
        for action in actions:
            if action != "*" and action.count(":") != 1:
                raise ValueError(f"An action is * or service:operation, not {action!r}.")
        for resource in resources:
            if resource != "*" and not resource.startswith("arn:"):
                raise ValueError(f"A resource is * or an ARN, not {resource!r}.")
        conditions = tuple(
            Condition.parse(operator, key, expected)
            for operator, keys in element.get("Condition", {}).items()
            for key, expected in keys.items()
        )
        return cls(effect, actions, "NotAction" in element, resources, "NotResource" in element, conditions)

    def applies_to(self, request: AccessRequest) -> bool:
        """Return whether the statement applies to the request."""
        action_listed = any(_wildcard_matches(pattern.lower(), request.action.lower()) for pattern in self.actions)
        resource_listed = any(_resource_matches(pattern, request) for pattern in self.resources)
        return (
            action_listed != self.not_actions
            and resource_listed != self.not_resources
            and all(condition.holds_for(request) for condition in self.conditions)
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """
    One operator on one condition key.

    :param operator: the operator without its prefix and suffix, such as ``StringEquals``
    :param set_operator: ``ForAllValues``, ``ForAnyValue`` or None
    :param if_exists: whether the operator has the suffix ``IfExists``
    """

    operator: str
    set_operator: str | None
    if_exists: bool
    key: str
    expected: tuple[str, ...]

    @classmethod
    def parse(cls, operator: str, key: str, expected: Any) -> Condition:
        """
        Parse a condition.

        :raises ValueError: the condition is not valid; the text says why
        """
        match = _OPERATOR.fullmatch(operator)
        if match is None or match["operator"] not in (*_COMPARISONS, "Null"):
            raise ValueError(f"The condition operator {operator!r} is not understood here.")
        return cls(match["operator"], match["set"], bool(match["if_exists"]), key.lower(), _texts(key, expected))

    def holds_for(self, request: AccessRequest) -> bool:
        """Return whether the request meets the condition."""
        values = request.context.get(self.key, ())
        if self.operator == "Null":
            return ("true" if not values else "false") in self.expected
        negated, compare = _COMPARISONS[self.operator]
        if not values:
            if self.set_operator is None:
                return self.if_exists or negated
            return self.set_operator == "ForAllValues"
        expected = [text.replace(_VARIABLE, request.user_id) for text in self.expected]
        satisfied = [any(compare(text, value) for text in expected) != negated for value in values]
        if self.set_operator == "ForAllValues" or (self.set_operator is None and negated):
            return all(satisfied)
        return any(satisfied)


def _wildcard_matches(pattern: str, text: str) -> bool:
    """Return whether the whole text matches. ``*`` matches any characters, ``?`` matches one character."""
    return _wildcard_regex(pattern).fullmatch(text) is not None


@cache
def _wildcard_regex(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


_COMPARISONS: dict[str, tuple[bool, Callable[[str, str], bool]]] = {
    "StringEquals": (False, str.__eq__),
    "StringNotEquals": (True, str.__eq__),
    "StringEqualsIgnoreCase": (False, lambda expected, value: expected.lower() == value.lower()),
    "StringNotEqualsIgnoreCase": (True, lambda expected, value: expected.lower() == value.lower()),
    "StringLike": (False, _wildcard_matches),
    "StringNotLike": (True, _wildcard_matches),
}
"""For each operator: whether it negates its comparison, and the comparison."""


def _resource_matches(pattern: str, request: AccessRequest) -> bool:
    """Return whether the pattern matches the resource, part by part of the ARN. Missing parts match anything."""
    if "*" in (pattern, request.resource):
        return pattern == "*"
    patterns = pattern.replace(_VARIABLE, request.user_id).split(":", _ARN_PARTS - 1)
    patterns += ["*"] * (_ARN_PARTS - len(patterns))
    parts = request.resource.split(":", _ARN_PARTS - 1)
    return all(_wildcard_matches(each, part) for each, part in zip(patterns, parts, strict=True))


def _element_or_negation(statement: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the texts of the element ``name`` or of its negation. A statement has exactly one of the two."""
    present = [each for each in (name, f"Not{name}") if each in statement]
    if len(present) != 1:
        raise ValueError(f"A statement has either {name} or Not{name}.")
    return _texts(present[0], statement[present[0]])


def _texts(name: str, value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"{name} is a text or a list of texts, not {text!r}.")  # noqa: TRY004  # as above
        if "${" in text.replace(_VARIABLE, ""):
            raise ValueError(f"Of the policy variables only {_VARIABLE} is understood here, not those of {text!r}.")
    return tuple(texts)


def _reject_unknown_elements(elements: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(elements) - known):
        raise ValueError(f"{', '.join(unknown)} is not understood here.")
