"""A strict SetTaskStatus: its limits and characters are those of botocore's service model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import botocore.loaders  # type: ignore[import-untyped] # it has no types of its own
import pytest

StrictServer = Callable[[dict[str, str]], None]

_SURROGATE_PAIRS = (
    r"\uD800\uDC00-\uDBFF\uDFFF"  # how the model, which is written for UTF-16, spells the characters below
)
_ASTRAL = "\U00010000-\U0010ffff"


@pytest.fixture(scope="session")
def strict_server() -> StrictServer:
    model = botocore.loaders.Loader().load_service_model("datapipeline", "service-2")
    shapes = model["shapes"]
    members = shapes["SetTaskStatusInput"]["members"]
    assert _SURROGATE_PAIRS in shapes["string"]["pattern"]
    characters = re.compile(shapes["string"]["pattern"].replace(_SURROGATE_PAIRS, _ASTRAL))

    def take(request: dict[str, str]) -> None:
        assert request.keys() <= members.keys() - {"taskId"}
        assert request["taskStatus"] in shapes[members["taskStatus"]["shape"]]["enum"]
        for key, value in request.items():
            shape = shapes[members[key]["shape"]]
            assert type(value) is str
            assert value, f"{key} is empty"
            assert len(value.encode("utf-16-le")) // 2 <= shape.get("max", 1_000_000), f"{key} is too long"
            assert characters.fullmatch(value), f"{key} has illegal characters: {value!r}"
            assert len(value.encode()) <= 10_240, f"{key} is too long for a field"
        assert not request.get("errorId", "").startswith("Service_")
        # A third of the object is left for the other fields of the attempt.
        assert sum(len(key) + len(value.encode()) for key, value in request.items()) <= 15_360 * 2 // 3 + 34
        assert json.loads(json.dumps(request)) == request

    return take
