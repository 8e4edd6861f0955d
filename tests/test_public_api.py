"""The public API changes only on purpose."""

from __future__ import annotations

import pytest

from airflow_provider_datapipeline import links
from airflow_provider_datapipeline.links.datapipeline import DataPipelineTargetRunLink
from tests.public_api import HOW_TO_ACCEPT, SNAPSHOT, public_api


def test_the_public_api_is_the_one_that_was_accepted() -> None:
    accepted = set(SNAPSHOT.read_text(encoding="utf-8").splitlines())
    found = set(public_api().splitlines())

    changes = [*(f"- {line}" for line in sorted(accepted - found)), *(f"+ {line}" for line in sorted(found - accepted))]

    assert not changes, "\n".join([HOW_TO_ACCEPT, *changes])


def test_the_old_path_of_the_link_works_with_a_warning() -> None:
    """Version 0.4 removes it."""
    with pytest.warns(DeprecationWarning, match=r"has moved to airflow_provider_datapipeline\.links\.datapipeline\."):
        old = links.DataPipelineTargetRunLink

    assert old is DataPipelineTargetRunLink
    with pytest.raises(AttributeError, match="has no attribute 'Misspelt'"):
        _ = links.Misspelt
