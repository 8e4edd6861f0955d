"""
Identity-based policies as IAM writes them, and what they say to a request.

Elements: Version, Id, Statement; in it Sid, Effect, Action or NotAction, Resource or NotResource, Condition. Operators:
StringEquals, StringNotEquals, StringEqualsIgnoreCase, StringNotEqualsIgnoreCase, StringLike, StringNotLike and Null,
with ``ForAllValues:``, ``ForAnyValue:`` and ``IfExists``. Of the policy variables ``${aws:userid}``. What else IAM may
hold is refused when the policy is read: a part of a policy that were passed over would prove nothing.

UNCONFIRMED: a plain operator on a key with several values, as in AWS's own examples for worker groups. Here one value
that matches is enough, and for a negated operator one is too many.
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
    What somebody wants to do.

    :param resource: an ARN, or ``*`` where the action has no resource
    :param context: the values of condition keys, whose names are in lower case
    """

    action: str
    resource: str
    context: Mapping[str, Sequence[str]]
    user_id: str = ""


class Decision(Enum):
    """What policies say to a request."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not allowed by any statement"
    DENIED = "denied by a statement"


def decide(policies: Sequence[Policy], request: AccessRequest) -> Decision:
    """A Deny wins over every Allow; what nothing allows is not allowed."""
    effects = {each.effect for policy in policies for each in policy.statements if each.applies_to(request)}
    if "Deny" in effects:
        return Decision.DENIED
    return Decision.ALLOWED if "Allow" in effects else Decision.NOT_ALLOWED


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document that has been read."""

    statements: tuple[Statement, ...]

    @classmethod
    def parse(cls, document: Mapping[str, Any] | str) -> Policy:
        """
        Read a document, as JSON or as what JSON gives.

        :raises ValueError: not a policy, or one with something that is not understood here; the text names it
        """
        read = json.loads(document) if isinstance(document, str) else document
        if not isinstance(read, Mapping) or not read.get("Statement"):
            raise ValueError("A policy is an object with a Statement.")
        _reject_unknown_elements(read, {"Version", "Id", "Statement"})
        version = read.get("Version", _VERSIONS[-1])
        if version not in _VERSIONS:
            raise ValueError(f"Version is one of {', '.join(_VERSIONS)}, not {version!r}.")
        statements = read["Statement"] if isinstance(read["Statement"], list) else [read["Statement"]]
        return cls(tuple(Statement.parse(each) for each in statements))


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; it applies where its action, its resource and all of its conditions do."""

    effect: str
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...]
    not_resources: bool
    conditions: tuple[Condition, ...]

    @classmethod
    def parse(cls, read: Any) -> Statement:
        """Read a statement; a ``ValueError`` says what is wrong with it."""
        if not isinstance(read, Mapping):
            raise ValueError(f"A statement is an object, not {read!r}.")  # noqa: TRY004  # of a document
        _reject_unknown_elements(read, _ELEMENTS)
        if read.get("Effect") not in ("Allow", "Deny"):
            raise ValueError(f"Effect is Allow or Deny, not {read.get('Effect')!r}.")
        actions, resources = _element_or_negation(read, "Action"), _element_or_negation(read, "Resource")
        for action in actions:
            if action != "*" and action.count(":") != 1:
                raise ValueError(f"An action is * or service:operation, not {action!r}.")
        for resource in resources:
            if resource != "*" and not resource.startswith("arn:"):
                raise ValueError(f"A resource is * or an ARN, not {resource!r}.")
        conditions = tuple(
            Condition.parse(operator, key, expected)
            for operator, keys in read.get("Condition", {}).items()
            for key, expected in keys.items()
        )
        return cls(read["Effect"], actions, "NotAction" in read, resources, "NotResource" in read, conditions)

    def applies_to(self, request: AccessRequest) -> bool:
        """Whether the statement's effect is one on this request."""
        action = any(_wildcard_matches(pattern.lower(), request.action.lower()) for pattern in self.actions)
        resource = any(_resource_matches(pattern, request) for pattern in self.resources)
        return (
            action != self.not_actions
            and resource != self.not_resources
            and all(each.holds_for(request) for each in self.conditions)
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key."""

    operator: str
    set_operator: str | None
    if_exists: bool
    key: str
    expected: tuple[str, ...]

    @classmethod
    def parse(cls, operator: str, key: str, expected: Any) -> Condition:
        """Read a condition; a ``ValueError`` says what is wrong with it."""
        match = _OPERATOR.fullmatch(operator)
        if match is None or match["operator"] not in (*_COMPARISONS, "Null"):
            raise ValueError(f"The condition operator {operator!r} is not understood here.")
        return cls(match["operator"], match["set"], bool(match["if_exists"]), key.lower(), _texts(key, expected))

    def holds_for(self, request: AccessRequest) -> bool:
        """Whether the request meets the condition."""
        values = request.context.get(self.key, ())
        if self.operator == "Null":
            return str(not values).lower() in self.expected
        negated, compare = _COMPARISONS[self.operator]
        if not values:
            return self.set_operator == "ForAllValues" or (self.set_operator is None and (self.if_exists or negated))
        expected = [text.replace(_VARIABLE, request.user_id) for text in self.expected]
        good = [any(compare(text, value) for text in expected) != negated for value in values]
        if self.set_operator is None:
            return all(good) if negated else any(good)
        return all(good) if self.set_operator == "ForAllValues" else any(good)


def _wildcard_matches(pattern: str, text: str) -> bool:
    """``*`` stands for any characters, ``?`` for one."""
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
"""Whether the operator is the negation of its comparison, and the comparison."""


def _resource_matches(pattern: str, request: AccessRequest) -> bool:
    """Each of the six parts of an ARN is matched on its own; parts that are left out stand for all."""
    if "*" in (pattern, request.resource):
        return pattern == "*"
    patterns = pattern.replace(_VARIABLE, request.user_id).split(":", _ARN_PARTS - 1)
    patterns += ["*"] * (_ARN_PARTS - len(patterns))
    parts = request.resource.split(":", _ARN_PARTS - 1)
    return all(_wildcard_matches(each, part) for each, part in zip(patterns, parts, strict=True))


def _element_or_negation(read: Mapping[str, Any], name: str) -> tuple[str, ...]:
    present = [each for each in (name, f"Not{name}") if each in read]
    if len(present) != 1:
        raise ValueError(f"A statement has either {name} or Not{name}.")
    return _texts(present[0], read[present[0]])


def _texts(name: str, value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"{name} is a text or a list of texts, not {text!r}.")  # noqa: TRY004  # of a document
        if "${" in text.replace(_VARIABLE, ""):
            raise ValueError(f"Of the policy variables only {_VARIABLE} is understood here, not those of {text!r}.")
    return tuple(texts)


def _reject_unknown_elements(read: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(read) - known):
        raise ValueError(f"{', '.join(unknown)} is not understood here.")
