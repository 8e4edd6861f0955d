"""Evaluates ``#{...}`` expressions: names and references, but not the functions and operators of the service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.emulator.definition import inherited_fields

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator.model import Definition, Field

_EXPRESSION = re.compile(r"#\{\s*([^}]*?)\s*\}")
_PATH = re.compile(r"[@*]?[A-Za-z][\w-]*(\.[@*]?[A-Za-z][\w-]*)*")


class UnknownExpressionError(Exception):
    """The emulator cannot evaluate the expression."""


class Evaluator:
    """
    Evaluates the expressions in texts of one object.

    :param definition: the definition that has the parameters and the objects of references
    :param fields: the fields of the object
    :param node: the fields of the activity that the object guards, if the object is a precondition
    """

    def __init__(self, definition: Definition, fields: list[Field], node: list[Field] | None = None) -> None:
        self._definition = definition
        self._fields = fields
        self._node = node

    def evaluate(self, text: str, *, strict: bool) -> str:
        """
        Replace the expressions in a text by their values.

        :param strict: whether an expression that cannot be evaluated is an error; otherwise it stays in the text
        :raises UnknownExpressionError: an expression cannot be evaluated, and ``strict`` is true
        """

        def value_of(match: re.Match[str]) -> str:
            value = self._resolve(match[1].split("."), self._fields) if _PATH.fullmatch(match[1]) else None
            if value is not None:
                return value
            if strict:
                raise UnknownExpressionError(f"Unable to evaluate the expression '{match[0]}'.")
            return match[0]

        return _EXPRESSION.sub(value_of, text)

    def _resolve(self, path: list[str], fields: list[Field]) -> str | None:
        name, *rest = path
        found = next((field for field in fields if field.key == name), None)
        if not rest:
            return found.value if found else self._parameter(name)
        if name == "node" and self._node is not None:
            return self._resolve(rest, self._node)
        if found is None or not found.is_reference or found.value not in self._definition.components:
            return None
        return self._resolve(rest, inherited_fields(self._definition, self._definition.components[found.value]))

    def _parameter(self, name: str) -> str | None:
        for value in self._definition.parameter_values:
            if value["id"] == name:
                return value["stringValue"]
        for parameter in self._definition.parameter_objects:
            if parameter["id"] == name:
                attributes = {each["key"]: each["stringValue"] for each in parameter["attributes"]}
                return attributes.get("default")
        return None
