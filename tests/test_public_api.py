"""The public API changes only on purpose."""

from __future__ import annotations

from tests.public_api import HOW_TO_ACCEPT, SNAPSHOT, public_api


def test_the_public_api_is_the_one_that_was_accepted() -> None:
    accepted = set(SNAPSHOT.read_text(encoding="utf-8").splitlines())
    found = set(public_api().splitlines())

    changes = [*(f"- {line}" for line in sorted(accepted - found)), *(f"+ {line}" for line in sorted(found - accepted))]

    assert not changes, "\n".join([HOW_TO_ACCEPT, *changes])
