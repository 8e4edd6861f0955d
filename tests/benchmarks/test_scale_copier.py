"""What the trigger of a copied run is given."""

from __future__ import annotations

import json

import pytest

from benchmarks.scale.copier import of_copy

ORIGINAL = ("first", {"number": 1})
COPY = ("second", {"number": 2})


@pytest.mark.parametrize(
    ("value", "copied"),
    [
        ("first", "second"),
        ('{"number": 1}', '{"number": 2}'),
        ('{"number":1}', '{"number": 2}'),
        ('{"number": 3}', '{"number": 3}'),
        ("{{ dag_run.conf | tojson }}", "{{ dag_run.conf | tojson }}"),
        ("datapipeline_scale", "datapipeline_scale"),
        (60.0, 60.0),
        (None, None),
    ],
)
def test_what_is_of_the_original_becomes_what_is_of_the_copy(value: object, copied: object) -> None:
    assert of_copy(value, ORIGINAL, COPY) == copied


def test_what_it_is_given_can_be_read() -> None:
    assert json.loads(str(of_copy('{"number": 1}', ORIGINAL, COPY))) == COPY[1]
