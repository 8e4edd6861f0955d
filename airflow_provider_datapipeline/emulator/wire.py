"""
Parses and validates requests in AWS JSON 1.1.

The operations, types, limits and characters are those of the service model in botocore.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader  # type: ignore[import-untyped]  # botocore ships no types
from botocore.model import (  # type: ignore[import-untyped]  # botocore ships no types
    ListShape,
    MapShape,
    ServiceModel,
    Shape,
    StringShape,
    StructureShape,
)

from airflow_provider_datapipeline.emulator.errors import ServiceError

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator.settings import EmulatorSettings

CONTENT_TYPE = "application/x-amz-json-1.1"
TARGET_PREFIX = "DataPipeline."
_TRUNCATABLE = frozenset({"errorId", "errorStackTrace"})
_SURROGATE_PAIR = re.compile(r"\\u(D[89AB][0-9A-F]{2})\\u(D[C-F][0-9A-F]{2})")


@cache
def service_model() -> ServiceModel:
    """Return the service model of botocore, version 2012-10-29."""
    return ServiceModel(Loader().load_service_model("datapipeline", "service-2", "2012-10-29"), "datapipeline")


def operation_name(target: str | None) -> str:
    """
    Return the name of the operation in an ``X-Amz-Target`` header.

    :raises ServiceError: the header is missing or names no operation of the service
    """
    name = (target or "").removeprefix(TARGET_PREFIX)
    if not (target or "").startswith(TARGET_PREFIX) or name not in service_model().operation_names:
        raise ServiceError("UnknownOperationException", f"The operation '{target or ''}' is not known.")
    return name


def parse(body: bytes) -> dict[str, Any]:
    """
    Return the JSON object in a request body. An empty body is an empty object.

    :raises ServiceError: the body is not a JSON object
    """
    try:
        parsed = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", f"The body is not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise ServiceError("SerializationException", "The body is not a JSON object.")
    return parsed


def validate(operation: str, request: dict[str, Any], settings: EmulatorSettings) -> dict[str, Any]:
    """
    Return the members of the request that the model knows and that are not null.

    :raises ServiceError: a member is missing or has a wrong type, length or character, or is not in its enumeration
    """
    shape = service_model().operation_model(operation).input_shape
    if shape is None:
        return {}
    known_members: dict[str, Any] = _Validator(settings).value(request, shape, "")
    return known_members


def has_answer_body(operation: str) -> bool:
    """Return whether the operation has an output in the model. Otherwise the body of its answer is empty."""
    return service_model().operation_model(operation).output_shape is not None


def text_length(text: str, unit: str) -> int:
    """Return the length in UTF-16 units, or in code points if ``unit`` is ``code_points``."""
    return len(text) if unit == "code_points" else len(text.encode("utf-16-le", "surrogatepass")) // 2


def truncate(text: str | None, limit: int, unit: str) -> str | None:
    """Return the longest start of the text that is within the limit."""
    if text is None or text_length(text, unit) <= limit:
        return text
    if unit == "code_points":
        return text[:limit]
    return text.encode("utf-16-le", "surrogatepass")[: 2 * limit].decode("utf-16-le", "ignore")


@cache
def _compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of the model. The model writes characters beyond U+FFFF as surrogate pairs; Python does not."""

    def character(match: re.Match[str]) -> str:
        high, low = int(match[1], 16), int(match[2], 16)
        return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"

    return re.compile(_SURROGATE_PAIR.sub(character, pattern))


class _Validator:
    """Validates values against their shapes in the model."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self._settings = settings

    def value(self, value: Any, shape: Shape, path: str) -> Any:
        """
        Return the value without members that the model does not know.

        :param path: the path of the member, as error messages show it
        """
        if isinstance(shape, StructureShape):
            return self._validate_structure(value, shape, path)
        if isinstance(shape, ListShape):
            self._check_type(value, list, path)
            self._check_length(len(value), value, shape, path)
            return [self.value(each, shape.member, f"{path}.{i}.member") for i, each in enumerate(value, start=1)]
        if isinstance(shape, MapShape):
            self._check_type(value, dict, path)
            return {key: self.value(each, shape.value, f"{path}.{key}") for key, each in value.items()}
        if isinstance(shape, StringShape):
            self._check_type(value, str, path)
            self._check_string(value, shape, path)
        elif shape.type_name == "boolean":
            self._check_type(value, bool, path)
        elif shape.type_name == "integer" and isinstance(value, bool):
            raise _wrong_type(path)
        elif shape.type_name == "integer":
            self._check_type(value, int, path)
        return value

    def _validate_structure(self, value: Any, shape: StructureShape, path: str) -> dict[str, Any]:
        self._check_type(value, dict, path)
        members = {name: value[name] for name in shape.members if value.get(name) is not None}
        for name in shape.required_members:
            if name not in members:
                raise self._violation(None, _member_path(path, name), "Member must not be null", minimum=True)
        return {
            name: self.value(member, shape.members[name], _member_path(path, name)) for name, member in members.items()
        }

    def _check_string(self, value: str, shape: StringShape, path: str) -> None:
        if shape.enum and value not in shape.enum:
            choices = ", ".join(shape.enum)
            raise self._violation(value, path, f"Member must satisfy enum value set: [{choices}]")
        if not (path in _TRUNCATABLE and self._settings.over_limit == "truncate"):
            self._check_length(text_length(value, self._settings.length_unit), value, shape, path)
        pattern = shape.metadata.get("pattern")
        if pattern and not _compile_pattern(pattern).fullmatch(value):
            raise self._violation(value, path, f"Member must satisfy regular expression pattern: {pattern}")

    def _check_length(self, size: int, value: Any, shape: Shape, path: str) -> None:
        minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
        if path == "errorStackTrace":
            maximum = self._settings.stack_trace_limit
        if minimum is not None and size < minimum:
            text = f"Member must have length greater than or equal to {minimum}"
            raise self._violation(value, path, text, minimum=True)
        if maximum is not None and size > maximum:
            raise self._violation(value, path, f"Member must have length less than or equal to {maximum}")

    def _violation(self, value: Any, path: str, constraint: str, *, minimum: bool = False) -> ServiceError:
        shown = "null" if value is None else f"'{str(value)[:100]}'"
        text = f"1 validation error detected: Value {shown} at '{path}' failed to satisfy constraint: {constraint}"
        return ServiceError("ValidationException" if minimum else self._settings.constraint_error, text)

    def _check_type(self, value: Any, expected: type, path: str) -> None:
        if not isinstance(value, expected):
            raise _wrong_type(path)


def _wrong_type(path: str) -> ServiceError:
    return ServiceError("SerializationException", f"The value of '{path or 'the request'}' has the wrong type.")


def _member_path(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
